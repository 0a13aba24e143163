"""Steps that others interrupt: in the main thread, in other threads, in coroutines; nested, late, and never twice."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from prefect._interruptible import Interruptible
from prefect._steps import Call, run_awaiting, run_blocking

PATIENCE_SECONDS = 60.0


class Stopped(BaseException):
    """What is raised here."""


def asked_while(blocked: Callable[[], object], interruptible: Interruptible) -> BaseException | None:
    """Carry out a step that blocks, and interrupt it from another thread once it does; what it raised."""
    begun, ended = threading.Event(), threading.Event()

    def body() -> None:
        begun.set()
        blocked()

    def ask() -> None:
        assert begun.wait(PATIENCE_SECONDS)
        interruptible.ask()
        while not ended.wait(0.05):
            interruptible.insist()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        interruptible(Call(body)).block()
    except BaseException as error:
        return error
    finally:
        ended.set()
        asking.join()
    return None


def naps() -> None:
    """Block in many short calls, as long as a test may last."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        time.sleep(0.001)


def in_thread(body: Callable[[], object]) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            body()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def test_a_blocking_call_of_the_main_thread_ends() -> None:
    interruptible = Interruptible(Stopped)
    error = asked_while(lambda: threading.Event().wait(PATIENCE_SECONDS), interruptible)
    assert error is not None
    assert interruptible.is_own(error)
    assert isinstance(error, Stopped)


def test_code_of_another_thread_ends() -> None:
    def body() -> None:
        interruptible = Interruptible(Stopped)
        error = asked_while(naps, interruptible)
        assert error is not None
        assert interruptible.is_own(error)

    in_thread(body)


def test_code_of_the_main_thread_ends_although_the_program_has_taken_the_alarm(taken_alarm: None) -> None:
    error = asked_while(naps, Interruptible(Stopped))
    assert isinstance(error, Stopped)


@pytest.fixture
def taken_alarm() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    yield
    signal.signal(signal.SIGALRM, before)


def test_between_two_steps_the_next_one_is_not_begun() -> None:
    interruptible = Interruptible(Stopped)
    begun: list[int] = []
    interruptible(Call(begun.append, (1,))).block()
    interruptible.ask()
    with pytest.raises(Stopped):
        interruptible(Call(begun.append, (2,))).block()
    with pytest.raises(Stopped):
        asyncio.run(interruptible(Call(begun.append, (3,))).wait())
    assert begun == [1]


def test_a_second_time_does_nothing() -> None:
    interruptible = Interruptible(Stopped)

    def catches() -> str:
        try:
            naps()
        except Stopped:
            interruptible.ask()
            naps_a_little()
        return "caught"

    def naps_a_little() -> None:
        for _ in range(20):
            time.sleep(0.001)

    done: list[str] = []
    assert asked_while(lambda: done.append(catches()), interruptible) is None
    assert done == ["caught"]


def test_nested_ones_are_told_apart() -> None:
    outer, inner = Interruptible(Stopped), Interruptible(Stopped)
    seen: list[bool] = []

    def nested() -> None:
        try:
            inner(Call(naps)).block()
        except Stopped as error:
            seen.append(inner.is_own(error))
            raise

    error = asked_while(nested, outer)
    assert error is not None
    assert seen == [False]
    assert outer.is_own(error)


def test_what_is_not_to_be_reached_is_stopped_at_its_next_step() -> None:
    interruptible = Interruptible(Stopped)
    done: list[int] = []

    def body() -> None:
        interruptible.ask(reach=False)
        done.append(1)

    interruptible(Call(body)).block()
    interruptible.insist()
    assert done == [1]
    with pytest.raises(Stopped):
        interruptible(Call(done.append, (2,))).block()


def test_a_coroutine_ends_and_its_task_goes_on() -> None:
    interruptible = Interruptible(Stopped)

    async def main() -> str:
        asking = threading.Timer(0, interruptible.ask)

        async def waits() -> None:
            asking.start()
            await asyncio.sleep(PATIENCE_SECONDS)

        with pytest.raises(Stopped) as caught:
            await interruptible(Call(waits)).wait()
        assert interruptible.is_own(caught.value)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(0)
        return "went on"

    assert asyncio.run(main()) == "went on"


def test_a_cancellation_by_others_is_theirs() -> None:
    interruptible = Interruptible(Stopped)

    async def main() -> None:
        task = asyncio.create_task(_wait(interruptible(Call(asyncio.sleep, (PATIENCE_SECONDS,))).wait()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


async def _wait(awaitable: object) -> None:
    await awaitable  # type: ignore[misc]


def test_the_carrier_is_known_while_a_step_is_carried_out() -> None:
    interruptible = Interruptible(Stopped)
    seen: list[object] = []
    interruptible(Call(lambda: seen.append(interruptible.carrier))).block()
    assert seen == [threading.get_ident()]
    assert interruptible.carrier is None


def test_steps_give_what_they_give() -> None:
    interruptible = Interruptible(Stopped)

    def life() -> object:
        value = yield interruptible(Call(lambda: 1))
        return value

    assert run_blocking(life()) == 1  # type: ignore[arg-type]
    assert asyncio.run(run_awaiting(life())) == 1  # type: ignore[arg-type]
