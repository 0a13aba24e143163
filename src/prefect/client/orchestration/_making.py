"""Methods of both colours: from declared operations, and from bodies that are written once as steps.

Not here: the operations (`prefect.schemas.operations`), the bodies (`_runs` and its neighbours).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args

from prefect._steps import Life, run_awaiting, run_blocking
from prefect.client.orchestration.transport import Asking
from prefect.schemas.operations import Operation

Method = Callable[..., Any]
Body = Callable[..., Life[Any]]
Source = Operation[Any, Any] | Body
"""What a method is made from."""


def bodies_of(*classes: type[Asking]) -> Iterator[Body]:
    """The public methods of classes whose methods are steps."""
    for cls in classes:
        for name, member in vars(cls).items():
            if inspect.isgeneratorfunction(member) and not name.startswith("_"):
                yield member


def blocking(source: Source) -> Method:
    """A method that does its work in the caller's thread."""
    if isinstance(source, Operation):
        bind = source.bind

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return self._transport.perform(bind(args, kwargs))
    else:
        body = source

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return run_blocking(body(self, *args, **kwargs))

    return _dressed(method, source)


def awaiting(source: Source) -> Method:
    """The same method as a coroutine function."""
    if isinstance(source, Operation):
        bind = source.bind

        async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await self._transport.perform_async(bind(args, kwargs))
    else:
        body = source

        async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await run_awaiting(body(self, *args, **kwargs))

    return _dressed(method, source)


def signature_of(source: Source) -> inspect.Signature:
    """The signature of a method made from it, with plain types."""
    if isinstance(source, Operation):
        receiver = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return source.signature.replace(parameters=[receiver, *source.signature.parameters.values()])
    declared = inspect.signature(source, eval_str=True)
    # a body of steps is a generator; what it ends in is what the method returns
    return declared.replace(return_annotation=get_args(declared.return_annotation)[-1])


def name_of(source: Source) -> str:
    """What a method made from it is called."""
    return source.name if isinstance(source, Operation) else source.__name__


def _dressed(method: Method, source: Source) -> Method:
    method.__name__ = name_of(source)
    method.__doc__ = source.doc if isinstance(source, Operation) else inspect.getdoc(source)
    method.__module__ = "prefect.client.orchestration"
    signature = signature_of(source)
    method.__signature__ = signature  # type: ignore[attr-defined]
    annotations = {name: one.annotation for name, one in signature.parameters.items() if name != "self"}
    method.__annotations__ = {**annotations, "return": signature.return_annotation}
    return method
