"""How an operation is declared: one annotated function without a body, from which everything else is made.

    FlowId = Annotated[UUID, wire("id")]

    @operation("GET", "/flows/{id}")
    def read_flow(flow_id: FlowId) -> Flow:
        \"\"\"The flow with that id.\"\"\"

The clients get a method `read_flow` with that signature, the HTTP transport learns what to send and expect,
the server what to route. Where an argument goes follows from its name on the wire: one that the path names
goes there, others into the query of a GET or DELETE and into the JSON body of everything else. Calling an
operation gives a `Request`: the operation with its arguments, to be carried out by a transport. Not here:
any operation, what one does (`server/operations`), how a request travels (`client/orchestration`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Generic, ParamSpec, TypeVar, get_args, get_origin
from uuid import UUID

from prefect.utilities.callables import Binder

if TYPE_CHECKING:
    from httpx import Response as Response
else:

    class Response:
        """Stands for the answer of the transport itself (`httpx.Response`) in signatures."""


P = ParamSpec("P")
R = TypeVar("R")


# --- arguments ------------------------------------------------------------------------------------------


class wire:
    """Part of an argument's annotation: how it travels.

    Args:
        name: its name in path, query or body, where that differs.
        whole: it is the body itself, not a member of it.
        default: what leaving it out means to the server, where that is not None.
        at_least, at_most: bounds of a number; of a duration, in seconds; of a list, of its length.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        whole: bool = False,
        default: Any = None,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        self.name = name
        self.whole = whole
        self.default = default
        self.at_least = at_least
        self.at_most = at_most

    @property
    def is_bounded(self) -> bool:
        """Whether there are values out of bounds."""
        return self.at_least is not None or self.at_most is not None


_PLAIN = wire()


class Argument:
    """One argument of an operation.

    Attributes:
        name: in Python.
        wire_name: in path, query or body.
        type: what it takes, without how it travels.
        default: `inspect.Parameter.empty` where it must be given.
        place: "path", "query", "body" (a member of the body) or "whole" (the body).
        travels: the annotation that says how.
    """

    __slots__ = ("default", "name", "place", "travels", "type", "wire_name")

    def __init__(self, parameter: inspect.Parameter, path_names: set[str], in_query: bool) -> None:
        self.name = parameter.name
        self.type, self.travels = _parted(parameter.annotation)
        self.default = parameter.default
        self.wire_name = self.travels.name or self.name
        if self.travels.whole:
            self.place = "whole"
        elif self.wire_name in path_names:
            self.place = "path"
        else:
            self.place = "query" if in_query else "body"

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is inspect.Parameter.empty

    def check(self, value: Any) -> None:
        """Hold a value to the argument's bounds; None is within.

        Raises:
            ValueError: it is out of bounds.
        """
        if value is None:
            return
        size = _size(value)
        least, most = self.travels.at_least, self.travels.at_most
        if least is not None and size < least:
            raise ValueError(f"{self.name} must be at least {least:g}; got {size:g}.")
        if most is not None and size > most:
            raise ValueError(f"{self.name} must be at most {most:g}; got {size:g}.")


def _size(value: Any) -> float:
    if isinstance(value, timedelta):
        return value.total_seconds()
    size: float = len(value) if isinstance(value, list) else value
    return size


def _parted(annotation: Any) -> tuple[Any, wire]:
    if get_origin(annotation) is not Annotated:
        return annotation, _PLAIN
    type, *notes = get_args(annotation)
    # annotations may be nested: the outer one says more about this argument
    return type, next((note for note in reversed(notes) if isinstance(note, wire)), _PLAIN)


# --- operations -----------------------------------------------------------------------------------------


class Operation(Generic[P, R]):
    """An operation on the records of runs, as declared.

    Attributes:
        name: of the operation, of the client's method and of the function that does it.
        method, path: of its route; the path is below the API's prefix.
        status: of the answer when all went well.
        tag: the title that the API's documentation groups it under.
        conflict_means_existing: a conflict (409) means that what was to be made is there already.
        signature: with plain types, as users see it.
        arguments: by Python name.
        result: the type of what it returns.
        doc: what it does.
    """

    def __init__(
        self,
        declaration: Callable[P, R],
        method: str,
        path: str,
        status: int,
        tag: str | None,
        conflict_means_existing: bool,
    ) -> None:
        self.name = declaration.__name__
        self.module = declaration.__module__
        self.declaration = declaration
        self.method = method
        self.path = path
        self.status = status
        self.conflict_means_existing = conflict_means_existing
        self.tag = tag or _title(declaration.__module__)
        self.doc = inspect.getdoc(declaration) or ""

    @cached_property
    def _declared(self) -> inspect.Signature:
        return inspect.signature(self.declaration, eval_str=True)

    @cached_property
    def result(self) -> Any:
        return _parted(self._declared.return_annotation)[0]

    @cached_property
    def result_is_text(self) -> bool:
        """Whether the answer is the result itself, not JSON."""
        return _parted(self._declared.return_annotation)[1].whole

    @cached_property
    def takes_members(self) -> bool:
        """Whether the body is an object of arguments."""
        return any(one.place == "body" for one in self.arguments.values())

    @property
    def repeatable(self) -> bool:
        """Whether it does no harm to ask twice, when the first answer got lost."""
        return is_repeatable(self.method, self.path)

    @cached_property
    def arguments(self) -> Mapping[str, Argument]:
        path_names = set(re.findall(r"{(\w+)}", self.path))
        in_query = self.method in ("GET", "DELETE")
        parameters = self._declared.parameters.values()
        return {one.name: Argument(one, path_names, in_query) for one in parameters}

    @cached_property
    def signature(self) -> inspect.Signature:
        parameters = [
            parameter.replace(annotation=self.arguments[name].type)
            for name, parameter in self._declared.parameters.items()
        ]
        return self._declared.replace(parameters=parameters, return_annotation=self.result)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The arguments that take one identifier; it may be given as text."""
        return tuple(name for name, one in self.arguments.items() if one.type in _IDS)

    @cached_property
    def _bounded(self) -> tuple[Argument, ...]:
        return tuple(one for one in self.arguments.values() if one.travels.is_bounded)

    @cached_property
    def _binder(self) -> Binder:
        return Binder(self.signature, self.name)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request[R]:
        """The request that a call with these arguments is.

        Raises:
            ParameterBindError: they do not fit the signature.
            ValueError: a text that should be an identifier is none, or a number is out of bounds.
        """
        arguments = self._binder.bind(args, kwargs)
        for name in self.ids:
            if type(arguments[name]) is str:
                arguments[name] = _id_from(name, arguments[name])
        for argument in self._bounded:
            argument.check(arguments[argument.name])
        return Request(self, arguments)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Request[R]:
        return self.bind(args, kwargs)

    def __repr__(self) -> str:
        return f"<operation {self.name}: {self.method} {self.path}>"


_POSTS_THAT_READ = frozenset(
    {"filter", "count", "paginate", "history", "lateness", "get_scheduled_flow_runs"}
)
_IDS = (UUID, UUID | str, UUID | None)


def is_repeatable(method: str, path: str) -> bool:
    """Whether such a request does no harm when it is sent twice."""
    return method != "POST" or path.rpartition("/")[2] in _POSTS_THAT_READ


def _id_from(name: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(f"{name} must be a UUID; got {text!r}.") from None


def _title(module: str) -> str:
    return module.rpartition(".")[2].replace("_", " ").title()


class Request(Generic[R]):
    """An operation with its arguments."""

    __slots__ = ("arguments", "operation")

    def __init__(self, operation: Operation[Any, R], arguments: dict[str, Any]) -> None:
        self.operation = operation
        self.arguments = arguments


def operation(
    method: str,
    path: str,
    status: int = 200,
    tag: str | None = None,
    conflict_means_existing: bool = True,
) -> Callable[[Callable[P, R]], Operation[P, R]]:
    """Declare an operation by a function without a body; its name, signature and docstring count.

    Args:
        method, path: of its route, the path below the API's prefix.
        status: of the answer when all went well.
        tag: the title that the API's documentation groups it under; by default that of the module.
        conflict_means_existing: a conflict (409) means that what was to be made is there already.
    """

    def declare(declaration: Callable[P, R]) -> Operation[P, R]:
        return Operation(declaration, method, path, status, tag, conflict_means_existing)

    return declare
