"""Public pairs of one body: a function written once as steps, callable from blocking and from async code.

Here: the decorators that make the two faces. Not here: the drivers (`_steps`), any body.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from prefect._steps import Life, run_awaiting, run_blocking, run_to_completion
from prefect.context import FlowRunContext, TaskRunContext

P = ParamSpec("P")
R = TypeVar("R")


def either_colour(life: Callable[P, Life[R]]) -> Callable[P, R]:
    """A function that works in the caller's colour: at once in blocking code, as a coroutine in async code.

    Code is async where an event loop runs in its thread, unless it belongs to the run of a sync flow or task.
    The caller may force a colour with `_sync=True` or `_sync=False`.
    """

    @functools.wraps(life)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        forced = kwargs.pop("_sync", None)
        steps = life(*args, **kwargs)
        if is_async_here() if forced is None else not forced:
            return run_awaiting(steps)  # type: ignore[return-value]
        return run_blocking(steps)

    call.__annotations__ = _with_plain_result(life)
    call.life = life  # type: ignore[attr-defined]
    return call


def twin(call: Callable[P, R]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The async function over the body of an `either_colour` function."""
    life = call.life  # type: ignore[attr-defined]

    @functools.wraps(call)
    async def acall(*args: P.args, **kwargs: P.kwargs) -> R:
        result: R = await run_awaiting(life(*args, **kwargs))
        return result

    acall.__name__ = f"a{call.__name__}"
    acall.__qualname__ = acall.__qualname__.removesuffix(call.__name__) + acall.__name__
    del acall.life  # type: ignore[attr-defined]
    return acall


def steps_of(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Life[R]:
    """The body of an `either_colour` function or method, to go through with `yield from`."""
    life: Callable[..., Life[R]] = call.life  # type: ignore[attr-defined]
    owner = getattr(call, "__self__", None)
    return life(*args, **kwargs) if owner is None else life(owner, *args, **kwargs)


def is_async_here() -> bool:
    """Whether the caller is async code: see `either_colour`."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    run = TaskRunContext.get() or FlowRunContext.get()
    if run is None:
        return True
    code = run.task if isinstance(run, TaskRunContext) else run.flow
    return bool(getattr(code, "isasync", True))


class InThread:
    """A step: call a blocking function; in async code in a worker thread, so that the loop goes on."""

    __slots__ = ("args", "fn")

    def __init__(self, fn: Callable[..., Any], *args: Any) -> None:
        self.fn = fn
        self.args = args

    def block(self) -> Any:
        return self.fn(*self.args)

    async def wait(self) -> Any:
        return await asyncio.to_thread(self.fn, *self.args)


class Either:
    """A step: one of a pair of functions, a blocking one and an async one, called with the same arguments."""

    __slots__ = ("afn", "args", "fn")

    def __init__(self, fn: Callable[..., Any], afn: Callable[..., Awaitable[Any]], *args: Any) -> None:
        self.fn = fn
        self.afn = afn
        self.args = args

    def block(self) -> Any:
        return self.fn(*self.args)

    async def wait(self) -> Any:
        return await self.afn(*self.args)


class MethodOf:
    """A step: call a method of an object that others wrote, whatever colours it has.

    An object may have the method as a blocking one, as a coroutine function, or as a pair (`read_path`,
    `aread_path`). In async code a blocking method runs in a worker thread.
    """

    __slots__ = ("args", "name", "owner")

    def __init__(self, owner: Any, name: str, *args: Any) -> None:
        self.owner = owner
        self.name = name
        self.args = args

    def block(self) -> Any:
        method = getattr(self.owner, self.name)
        if hasattr(method, "life"):
            return run_blocking(steps_of(method, *self.args))
        result = method(*self.args)
        return run_to_completion(result) if inspect.isawaitable(result) else result

    async def wait(self) -> Any:
        method = getattr(self.owner, f"a{self.name}", None) or getattr(self.owner, self.name)
        if inspect.iscoroutinefunction(method):
            return await method(*self.args)
        result = await asyncio.to_thread(method, *self.args)
        return await result if inspect.isawaitable(result) else result


def _with_plain_result(life: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a body, with the type its steps end in as what is returned."""
    annotations = dict(life.__annotations__)
    result = annotations.get("return")
    if isinstance(result, str) and result.startswith("Life["):
        annotations["return"] = result[len("Life[") : -1]
    return annotations
