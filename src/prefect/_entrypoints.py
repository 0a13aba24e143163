"""Finding flows in files and modules: by running these, or by reading their source where they cannot be run.

An entrypoint is `path/to/file.py:name`, `package.module:name` or `package.module.name`; the name may lead
through classes (`Class.method`). `prefect.flows` offers what is here. Not here: flows of deployments, whose
files must be fetched first (`deployments`).
"""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from functools import update_wrapper
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from prefect.exceptions import MissingFlowError, ScriptError, UnspecifiedFlowError
from prefect.flows import Flow, FlowDecorator
from prefect.utilities.importtools import load_module, load_script_as_module
from prefect.utilities.namespaces import function_without_body, safe_load_namespace

P = ParamSpec("P")
R = TypeVar("R")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Entrypoint(NamedTuple):
    """An entrypoint, taken apart: a file or module, and a name in it."""

    place: str
    name: str

    @property
    def is_file(self) -> bool:
        """Whether the place is a file."""
        return self.place.endswith(".py")

    @property
    def missing(self) -> MissingFlowError:
        """The error that there is no such name."""
        return MissingFlowError(
            f"There is no {self.name!r} in {self.place!r}. Is the name of the flow right?"
        )


def parsed(entrypoint: str) -> Entrypoint:
    """An entrypoint, taken apart.

    Raises:
        ValueError: it has none of the forms of an entrypoint.
    """
    place, _, name = entrypoint.rpartition(":" if ":" in entrypoint else ".")
    if not place or not name or entrypoint.endswith(".py"):
        raise ValueError(
            f"{entrypoint!r} does not say where a flow is. "
            "Write 'path/to/file.py:name' or 'package.module.name'."
        )
    return Entrypoint(place, name)


# --- by running -----------------------------------------------------------------------------------------


def load_flow_from_entrypoint(entrypoint: str, use_placeholder_flow: bool = True) -> Flow[P, Any]:
    """The flow at an entrypoint. Its file or module is run (`if __name__ == "__main__"` parts are not).

    Args:
        entrypoint: where the flow is.
        use_placeholder_flow: when the file or module cannot be run here (a requirement is missing, …), give a
            flow that is declared the same and raises the reason when it is called. False: raise it now.

    Raises:
        MissingFlowError: there is no such name, or it is no flow.
        ScriptError: the file or module raised.
        FileNotFoundError, ModuleNotFoundError: there is no such file or module.
        ValueError: the entrypoint is malformed.
    """
    try:
        found = _loaded(parsed(entrypoint))
    except ScriptError as error:
        if not use_placeholder_flow or isinstance(error.user_exc, SyntaxError):
            raise
        return load_placeholder_flow(entrypoint, error.user_exc)
    if not isinstance(found, Flow):
        raise MissingFlowError(
            f"The object at {entrypoint!r} is a {type(found).__name__}, not a flow. Decorate it with `@flow`."
        )
    return found


def load_function_and_convert_to_flow(entrypoint: str) -> Flow[P, Any]:
    """The flow at an entrypoint; a function that is no flow is made one whose prints are logged.

    Raises:
        MissingFlowError: there is no such name, or it is no function.
        ScriptError: the file or module raised.
    """
    found = _loaded(parsed(entrypoint))
    if isinstance(found, Flow):
        return found
    if not callable(found):
        kind = type(found).__name__
        raise MissingFlowError(f"The object at {entrypoint!r} is a {kind}, neither a flow nor a function.")
    return Flow(found, log_prints=True)


def _loaded(place: Entrypoint) -> Any:
    """The object at an entrypoint, whatever it is."""
    found: Any = load_script_as_module(place.place) if place.is_file else _loaded_module(place.place)
    for name in place.name.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            raise place.missing from error
    return found


def _loaded_module(name: str) -> Any:
    try:
        return load_module(name)
    except Exception as error:
        # A module that is not there is one thing; that one of its own requirements is missing, another.
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            raise
        raise ScriptError(user_exc=error, path=name) from error


def select_flow(
    flows: Iterable[Flow[P, R]], flow_name: str | None = None, from_message: str | None = None
) -> Flow[P, R]:
    """The one flow of that name among `flows`; without a name, the only one.

    Args:
        from_message: where the flows are from, for messages ("in the file x.py").

    Raises:
        MissingFlowError: there is none, or none of that name.
        UnspecifiedFlowError: there are several, and no name is given.
    """
    known = {flow.name: flow for flow in flows}
    where = f" {from_message}" if from_message else ""
    names = ", ".join(map(repr, known)) or "none"
    if flow_name is not None and flow_name not in known:
        raise MissingFlowError(f"There is no flow {flow_name!r}{where}; the flows found are: {names}.")
    if not known:
        raise MissingFlowError(f"There are no flows{where}. Decorate the function with `@flow`.")
    if flow_name is None and len(known) > 1:
        raise UnspecifiedFlowError(
            f"There are {len(known)} flows{where}: {names}. Say which one by its name."
        )
    return known[flow_name] if flow_name is not None else next(iter(known.values()))


# --- by reading -----------------------------------------------------------------------------------------


class _Source:
    """The source of an entrypoint, and the function in it that is meant."""

    def __init__(self, entrypoint: str) -> None:
        place = parsed(entrypoint)
        self.name = place.name
        self.path = place.place if place.is_file else _file_of_module(place.place)
        self.text = Path(self.path).expanduser().read_text(encoding="utf-8")
        self._namespace: dict[str, Any] | None = None
        functions = _functions(ast.parse(self.text, filename=self.path).body, place.name.split("."))
        function = next(functions, None)
        if function is None:
            raise place.missing
        self.function: _Function = function

    @property
    def namespace(self) -> dict[str, Any]:
        """What can be made of the source without running all of it."""
        if self._namespace is None:
            self._namespace = safe_load_namespace(self.text, self.path)
        return self._namespace

    def value_of(self, expression: ast.expr) -> Any:
        """The value of an expression in the source; raises whatever it raises."""
        try:
            return ast.literal_eval(expression)
        except ValueError:
            code = compile(ast.Expression(expression), self.path, "eval", dont_inherit=True)
            return eval(code, self.namespace)

    def keywords_of_decorator(self) -> Iterator[ast.keyword]:
        """The arguments of the `@flow(...)` over the function."""
        for decorator in self.function.decorator_list:
            if isinstance(decorator, ast.Call) and self._makes_flows(decorator.func):
                yield from decorator.keywords

    def _makes_flows(self, decorator: ast.expr) -> bool:
        if ast.unparse(decorator).rpartition(".")[2] == "flow":
            return True
        try:
            return isinstance(self.value_of(decorator), FlowDecorator)
        except Exception:  # it is some other decorator, which cannot be made here
            return False


def _file_of_module(name: str) -> str:
    here = os.getcwd()
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        spec = importlib.util.find_spec(name)
    finally:
        if added:
            sys.path.remove(here)
    if spec is None or not spec.has_location or spec.origin is None:
        raise ModuleNotFoundError(f"There is no source of a module {name!r}.", name=name)
    return spec.origin


def _functions(body: list[ast.stmt], names: list[str]) -> Iterator[_Function]:
    """The functions that a dotted name may mean, also within `if`, `try` and the like, not in functions."""
    name, rest = names[0], names[1:]
    for statement in body:
        if isinstance(statement, _Function):
            if statement.name == name and not rest:
                yield statement
        elif isinstance(statement, ast.ClassDef):
            if statement.name == name and rest:
                yield from _functions(statement.body, rest)
        else:
            for part in ("body", "orelse", "finalbody"):
                yield from _functions(getattr(statement, part, []), names)
            for handler in getattr(statement, "handlers", []):
                yield from _functions(handler.body, names)


def load_flow_arguments_from_entrypoint(
    entrypoint: str, arguments: list[str] | set[str] | None = None
) -> dict[str, Any]:
    """The arguments that a flow's decorator is given, read from its source.

    Args:
        entrypoint: where the flow is.
        arguments: only these; None: all.

    Returns:
        The values by name; what cannot be found out without running the file is left out, except that a name
        is always given.

    Raises:
        MissingFlowError: there is no such function.
        FileNotFoundError, ModuleNotFoundError: there is no such file or module.
    """
    return _declared_arguments(_Source(entrypoint), arguments)


def _declared_arguments(source: _Source, arguments: Iterable[str] | None = None) -> dict[str, Any]:
    wanted = None if arguments is None else set(arguments)
    found: dict[str, Any] = {}
    if wanted is None or "name" in wanted:
        found["name"] = source.function.name.replace("_", "-")
    for keyword in source.keywords_of_decorator():
        if keyword.arg is None or (wanted is not None and keyword.arg not in wanted):
            continue
        try:
            found[keyword.arg] = source.value_of(keyword.value)
        except Exception:  # it needs something that is not there
            continue
    return found


def is_entrypoint_async(entrypoint: str) -> bool:
    """Whether the function at an entrypoint is async, read from its source.

    Raises:
        MissingFlowError: there is no such function.
        FileNotFoundError, ModuleNotFoundError: there is no such file or module.
    """
    return isinstance(_Source(entrypoint).function, ast.AsyncFunctionDef)


def safe_load_flow_from_entrypoint(entrypoint: str) -> Flow[P, Any] | None:
    """The flow at an entrypoint, made without running all of its file; None where that is not possible.

    For looking at it: its function may lack names that it needs when it is called.

    Raises:
        MissingFlowError: there is no such function.
        FileNotFoundError, ModuleNotFoundError: there is no such file or module.
    """
    source = _Source(entrypoint)
    first, *others = source.name.split(".")
    try:
        if first not in source.namespace:
            alone = ast.Module(body=[source.function], type_ignores=[])
            exec(compile(alone, source.path, "exec", dont_inherit=True), source.namespace)
        found = source.namespace[first]
        for name in others:
            found = getattr(found, name)
    except Exception:  # the decorator or a default needs what is not there
        return None
    return found if isinstance(found, Flow) else None


def load_placeholder_flow(entrypoint: str, raises: Exception) -> Flow[P, Any]:
    """A flow that is declared like the one at an entrypoint and raises `raises` when it is called.

    Raises:
        MissingFlowError: there is no such function, or nothing decorates it.
        FileNotFoundError, ModuleNotFoundError: there is no such file or module.
    """
    source = _Source(entrypoint)
    if not source.function.decorator_list:
        raise MissingFlowError(
            f"The object at {entrypoint!r} is a function, not a flow. Decorate it with `@flow`."
        )
    stand_in = _stand_in(source, raises)
    arguments = _declared_arguments(source)
    try:
        return Flow(stand_in, **{**arguments, "validate_parameters": False})
    except Exception:  # an argument that could not be made in full is refused
        return Flow(stand_in, name=arguments["name"], validate_parameters=False)


def _stand_in(source: _Source, raises: Exception) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise raises

    async def arefuse(*args: Any, **kwargs: Any) -> Any:
        raise raises

    chosen = arefuse if isinstance(source.function, ast.AsyncFunctionDef) else refuse
    try:
        return update_wrapper(chosen, function_without_body(source.text, source.name, source.path))
    except AttributeError:  # a method, or within an `if`: it keeps its name only
        chosen.__name__ = chosen.__qualname__ = source.function.name
        return chosen
