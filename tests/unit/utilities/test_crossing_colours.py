"""Between blocking and async code."""

import asyncio
import contextvars
import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from prefect.utilities import asyncutils
from prefect.utilities.asyncutils import (
    GatherIncomplete,
    LazySemaphore,
    add_event_loop_shutdown_callback,
    asyncnullcontext,
    create_gather_task_group,
    create_task,
    gather,
    in_async_main_thread,
    in_async_worker_thread,
    is_async_fn,
    is_async_gen_fn,
    run_async_from_worker_thread,
    run_async_in_new_loop,
    run_coro_as_sync,
    run_sync_in_worker_thread,
    sync,
    sync_compatible,
)

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def double(x: int) -> int:
    await asyncio.sleep(0)
    return 2 * x


async def current_thread() -> str:
    return threading.current_thread().name


# --- Telling apart ---


def test_async_functions_are_seen_through_decorators_and_partials() -> None:
    @functools.wraps(double)
    def wrapper(*args: Any) -> Any:
        return double(*args)

    async def items() -> AsyncIterator[int]:
        yield 1

    assert is_async_fn(double)
    assert is_async_fn(wrapper)
    assert is_async_fn(functools.partial(functools.partial(double, 1)))
    assert not is_async_fn(lambda: double(1))
    assert not is_async_fn(items)
    assert is_async_gen_fn(items)
    assert not is_async_gen_fn(double)


# --- From blocking to async ---


@pytest.mark.parametrize("force_new_thread", [False, True])
class TestRunCoroAsSync:
    def test_returns_what_the_coroutine_returns(self, force_new_thread: bool) -> None:
        assert run_coro_as_sync(double(2), force_new_thread=force_new_thread) == 4

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("x"),
            TimeoutError("of the coroutine"),
            SystemExit(3),
            KeyboardInterrupt(),
            asyncio.CancelledError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_raises_what_the_coroutine_raises(self, force_new_thread: bool, error: BaseException) -> None:
        async def fail() -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            run_coro_as_sync(fail(), force_new_thread=force_new_thread)
        assert caught.value.args == error.args
        assert run_coro_as_sync(double(1), force_new_thread=force_new_thread) == 2

    def test_carries_context_variables(self, force_new_thread: bool) -> None:
        async def read() -> str:
            return variable.get()

        token = variable.set("carried")
        try:
            assert run_coro_as_sync(read(), force_new_thread=force_new_thread) == "carried"
        finally:
            variable.reset(token)

    def test_works_while_a_loop_runs_in_this_thread(self, force_new_thread: bool) -> None:
        async def main() -> int | None:
            return run_coro_as_sync(double(2), force_new_thread=force_new_thread)

        assert asyncio.run(main()) == 4

    def test_an_interruption_cancels_the_coroutine(self, force_new_thread: bool) -> None:
        cancelled = threading.Event()

        async def wait_for_ever() -> None:
            os.kill(os.getpid(), signal.SIGALRM)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        with alarm_raises(ZeroDivisionError), pytest.raises(ZeroDivisionError):
            run_coro_as_sync(wait_for_ever(), force_new_thread=force_new_thread)
        assert cancelled.wait(timeout=60)


@contextmanager
def alarm_raises(error: type[Exception]) -> Iterator[None]:
    def handle(signum: int, frame: FrameType | None) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def test_calls_within_calls_do_not_wait_for_one_another() -> None:
    async def inner() -> int | None:
        return run_coro_as_sync(double(1))

    async def outer() -> list[int | None]:
        in_a_worker = await run_sync_in_worker_thread(lambda: run_coro_as_sync(inner()))
        return [run_coro_as_sync(inner()), in_a_worker]

    assert run_coro_as_sync(outer()) == [2, 2]


def test_calls_share_a_loop_so_that_what_belongs_to_it_can_be_used_again() -> None:
    async def make() -> asyncio.Event:
        event = asyncio.Event()
        waiting = create_task(event.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        return event

    async def use(event: asyncio.Event) -> bool:
        event.set()
        return await asyncio.wait_for(event.wait(), 60)

    event = run_coro_as_sync(make())
    assert event is not None
    assert run_coro_as_sync(use(event))


def test_not_waiting_returns_at_once_and_the_coroutine_goes_on() -> None:
    may_end, ended = threading.Event(), threading.Event()

    async def work() -> None:
        await asyncio.to_thread(may_end.wait, 60)
        ended.set()

    assert run_coro_as_sync(work(), wait_for_result=False) is None
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(timeout=60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_gets_a_loop_of_its_own() -> None:
    # in a program of its own: the threads of the tests may hold locks that a child of theirs would never get
    program = """
import os
from prefect.utilities.asyncutils import run_coro_as_sync

async def double(x):
    return 2 * x

run_coro_as_sync(double(1))
pid = os.fork()
if pid == 0:
    os._exit(run_coro_as_sync(double(3)))
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 6


def test_a_new_loop_in_this_thread() -> None:
    assert run_async_in_new_loop(current_thread) == threading.current_thread().name


# --- From async to blocking ---


def test_blocking_code_runs_in_a_worker_thread_with_the_context() -> None:
    def read() -> tuple[str, bool, bool]:
        return variable.get(), in_async_worker_thread(), in_async_main_thread()

    async def main() -> tuple[str, bool, bool]:
        variable.set("carried")
        assert in_async_main_thread()
        assert not in_async_worker_thread()
        return await run_sync_in_worker_thread(read)

    assert asyncio.run(main()) == ("carried", True, False)
    assert not in_async_worker_thread()


def test_errors_and_arguments_pass_through() -> None:
    def divide(a: int, *, b: int) -> float:
        return a / b

    assert asyncio.run(run_sync_in_worker_thread(divide, 4, b=2)) == 2
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_sync_in_worker_thread(divide, 1, b=0))


def test_workers_that_wait_for_workers_do_not_run_out() -> None:
    async def nested(depth: int) -> int:
        if depth == 0:
            return 0
        return 1 + await run_sync_in_worker_thread(lambda: run_async_in_new_loop(nested, depth - 1))

    assert asyncio.run(nested(40)) == 40


def test_worker_threads_reach_the_loop_that_waits_for_them() -> None:
    async def main() -> tuple[str, str]:
        def work() -> tuple[str, str]:
            return run_async_from_worker_thread(current_thread), sync(current_thread)

        return await run_sync_in_worker_thread(work)

    name = threading.current_thread().name
    assert asyncio.run(main()) == (name, name)
    with pytest.raises(RuntimeError, match="run_coro_as_sync"):
        run_async_from_worker_thread(current_thread)


# --- Both ---


def test_sync_compatible_functions_take_the_colour_of_their_caller() -> None:
    either: Any = sync_compatible(double)

    async def main() -> int:
        assert either(1, _sync=True) == 2
        return int(await either(2))

    assert either(2) == 4
    assert asyncio.run(main()) == 4
    assert asyncio.run(either(2, _sync=False)) == 4
    assert asyncio.run(either.aio(2)) == 4
    with pytest.raises(TypeError, match="async function"):
        sync_compatible(len)  # type: ignore[arg-type]


# --- Within async code ---


def test_gathering_keeps_the_order() -> None:
    first_may_end = asyncio.Event()

    async def first() -> str:
        await first_may_end.wait()
        return "first"

    async def second() -> str:
        first_may_end.set()
        return "second"

    assert asyncio.run(gather(first, second)) == ["first", "second"]


def test_the_first_failure_cancels_the_others_and_is_raised_itself() -> None:
    cancelled = []

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def fail() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        asyncio.run(gather(wait_for_ever, fail))
    assert cancelled


def test_results_of_a_group_are_there_when_it_has_ended() -> None:
    async def main() -> None:
        async with create_gather_task_group() as group:
            key = group.start_soon(double, 2)
            task = group.create_task(double(3))
            with pytest.raises(GatherIncomplete):
                group.get_result(key)
            with pytest.raises(RuntimeError, match="start_soon"):
                await group.start(double, 2)
        assert group.get_result(key) == 4
        assert task.result() == 6

    asyncio.run(main())


def test_tasks_are_held_until_they_end() -> None:
    async def main() -> None:
        task = create_task(double(1))
        assert task in asyncutils.BACKGROUND_TASKS
        await task
        await asyncio.sleep(0)
        assert task not in asyncutils.BACKGROUND_TASKS

    asyncio.run(main())


def test_shutdown_callbacks_run_when_the_loop_ends() -> None:
    events = []

    async def main() -> None:
        async def say_goodbye() -> None:
            await asyncio.sleep(0)
            events.append("goodbye")

        await add_event_loop_shutdown_callback(say_goodbye)
        events.append("work")

    asyncio.run(main())
    assert events == ["work", "goodbye"]
    assert not asyncutils.EVENT_LOOP_GC_REFS


def test_a_lazy_semaphore_asks_for_its_value_when_entered() -> None:
    asked = []

    def value() -> int:
        asked.append(True)
        return 1

    async def main() -> None:
        lazy = LazySemaphore(value)
        assert not asked
        async with lazy as semaphore:
            assert semaphore.locked()
        assert not semaphore.locked()
        async with lazy:
            pass

    asyncio.run(main())
    assert len(asked) == 1


def test_the_null_context_gives_its_value() -> None:
    async def main() -> str | None:
        async with asyncnullcontext("value", "ignored", ignored=1) as value:
            return value

    assert asyncio.run(main()) == "value"


def test_the_limiter_for_anyio() -> None:
    pytest.importorskip("anyio")
    limiter = asyncutils.get_thread_limiter()
    assert limiter.total_tokens == asyncutils.MAX_WORKER_THREADS
    assert asyncutils.get_thread_limiter() is limiter
