"""One body, two colours: lives written as generators of steps, and the drivers that carry them out.

A life (of a task run, of a flow run) is a generator. It decides; what takes time or runs foreign code it yields
as a step: `result = yield Call(fn, args, kwargs)`. `run_blocking` carries steps out in this thread,
`run_awaiting` carries the same ones out in an event loop; the life cannot tell the difference. An error in a
step, an interruption by a signal, the cancellation of the awaiting coroutine: each is thrown into the life at
the step it waits for, so that a life handles all of them with ordinary `try`/`except`.

Lives of generator functions also yield `Emit(item)`, which hands an item to whoever iterates; only the two
generator drivers know that step. Not here: any decision about runs (`engine`).
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from prefect._clock import clock
from prefect._time_limits import awaiting_time_limit, time_limit

R = TypeVar("R")


class Step(Protocol):
    """Something a life wants done."""

    def block(self) -> Any:
        """Do it in this thread; return what came of it."""
        ...

    async def wait(self) -> Any:
        """Do it without holding up the event loop; return what came of it."""
        ...


Life = Generator[Step, Any, R]
"""A generator of steps that returns an R."""


class Call:
    """Call a function that may be of either colour.

    Args:
        limit_seconds: a limit on the call's time (None: none). When it is reached `limit_error` is raised.
    """

    __slots__ = ("args", "fn", "kwargs", "limit_error", "limit_seconds")

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        limit_seconds: float | None = None,
        limit_error: type[TimeoutError] = TimeoutError,
    ) -> None:
        self.fn = fn
        self.args = args
        self.kwargs = kwargs
        self.limit_seconds = limit_seconds
        self.limit_error = limit_error

    def block(self) -> Any:
        if not self.limit_seconds:
            result = self.fn(*self.args, **self.kwargs) if self.kwargs else self.fn(*self.args)
        else:
            with time_limit(self.limit_seconds, self.limit_error):
                result = self.fn(*self.args, **(self.kwargs or {}))
        return run_to_completion(result) if inspect.iscoroutine(result) else result

    async def wait(self) -> Any:
        if not self.limit_seconds:
            result = self.fn(*self.args, **(self.kwargs or {}))
            return await result if inspect.isawaitable(result) else result
        async with awaiting_time_limit(self.limit_seconds, self.limit_error):
            with time_limit(self.limit_seconds, self.limit_error):
                result = self.fn(*self.args, **(self.kwargs or {}))
            return await result if inspect.isawaitable(result) else result


class Raised(Exception):
    """Carries a StopIteration that a called function raised: in a generator Python gives it another meaning."""

    def __init__(self, error: StopIteration) -> None:
        super().__init__(error)
        self.error = error


def as_raised(error: BaseException) -> BaseException:
    """What a called function raised, without its carrier."""
    return error.error if isinstance(error, Raised) else error


class Abandoned(BaseException):
    """Nobody wants the rest: the consumer has closed a generator, or a coroutine is thrown away unfinished.

    Lives are thrown this in place of GeneratorExit, which Python would not pass on through `yield from`.
    """


class Sleep:
    """Let time pass."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def block(self) -> None:
        clock().sleep(self.seconds)

    async def wait(self) -> None:
        await clock().asleep(self.seconds)


class Emit:
    """Hand an item to the consumer of a generator life; the result is what the consumer sent."""

    __slots__ = ("item",)

    def __init__(self, item: Any) -> None:
        self.item = item

    def block(self) -> Any:
        raise TypeError("an item can only be emitted by a life that is driven as a generator")

    async def wait(self) -> Any:
        raise TypeError("an item can only be emitted by a life that is driven as a generator")


def run_blocking(life: Life[R], interruption: BaseException | None = None) -> R:
    """Live a life in this thread and return its outcome.

    Args:
        interruption: for a life that has begun: what it is thrown at the step it waits for.
    """
    try:
        step = next(life) if interruption is None else life.throw(interruption)
        while True:
            try:
                result = step.block()
            except StopIteration as error:
                step = life.throw(Raised(error))
            except BaseException as error:
                step = life.throw(error)
            else:
                step = life.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def run_awaiting(life: Life[R], interruption: BaseException | None = None) -> R:
    """Live a life in the running event loop and return its outcome.

    Args:
        interruption: for a life that has begun: what it is thrown at the step it waits for.
    """
    try:
        step = next(life) if interruption is None else life.throw(interruption)
        while True:
            try:
                result = await step.wait()
            except GeneratorExit:
                _end_abandoned(life)
                raise
            except BaseException as error:
                step = life.throw(error)
            else:
                step = life.send(result)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def _end_abandoned(life: Life[Any]) -> None:
    """Let a life record that it was thrown away. Nothing can be awaited any more: the rest is done blocking."""
    with suppress(Abandoned):
        run_blocking(life, Abandoned())


def generate_blocking(life: Life[Any]) -> Generator[Any, Any, Any]:
    """Live a generator life in this thread, as a generator of the items it emits."""
    try:
        step = next(life)
        while True:
            try:
                result = (yield step.item) if isinstance(step, Emit) else step.block()
            except GeneratorExit:
                _end_abandoned(life)
                raise
            except StopIteration as error:
                step = life.throw(Raised(error))
            except BaseException as error:
                step = life.throw(error)
            else:
                step = life.send(result)
    except StopIteration as end:
        return end.value


async def generate_awaiting(life: Life[Any]) -> AsyncGenerator[Any, Any]:
    """Live a generator life in the running event loop, as an async generator of the items it emits."""
    try:
        step = next(life)
        while True:
            try:
                result = (yield step.item) if isinstance(step, Emit) else await step.wait()
            except GeneratorExit:
                if not isinstance(step, Emit):
                    _end_abandoned(life)
                else:  # closed between two items: the generator may still await
                    with suppress(Abandoned):
                        await run_awaiting(life, Abandoned())
                raise
            except StopIteration as error:
                step = life.throw(Raised(error))
            except BaseException as error:
                step = life.throw(error)
            else:
                step = life.send(result)
    except StopIteration:
        return


def run_to_completion(coroutine: Awaitable[R]) -> R:
    """Run a coroutine from blocking code: on a loop of this thread or, inside a running loop, of another."""
    from prefect.utilities.asyncutils import run_coro_as_sync

    return run_coro_as_sync(coroutine)  # type: ignore[return-value]
