"""Limits on running code, in the main thread, in others and in event loops; what they leave behind."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from prefect import _time_limits
from prefect._time_limits import awaiting_time_limit, raise_in_thread, time_limit

MOMENT = 0.01
FOREVER = 60.0


class TooLong(TimeoutError):
    pass


class Other(TimeoutError):
    pass


def spin() -> None:
    while True:
        pass


def in_main_thread(code: Callable[[], Any]) -> Any:
    return code()


def in_another_thread(code: Callable[[], Any]) -> Any:
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(code())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(FOREVER)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


anywhere = pytest.mark.parametrize("run", [in_main_thread, in_another_thread])


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    yield
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@anywhere
def test_code_that_takes_too_long_is_interrupted(run: Any) -> None:
    def code() -> None:
        with time_limit(MOMENT, TooLong):
            spin()

    with pytest.raises(TooLong, match=r"exceeded the time limit of 0\.01 second\(s\)") as caught:
        run(code)
    assert type(caught.value) is TooLong


@anywhere
@pytest.mark.parametrize("seconds", [None, 0, FOREVER])
def test_code_in_time_is_not_touched(run: Any, seconds: Any) -> None:
    def code() -> str:
        with time_limit(seconds, TooLong):
            return "in time"

    assert run(code) == "in time"


@anywhere
def test_an_equal_error_of_the_code_itself_is_not_taken_for_the_limit(run: Any) -> None:
    def code() -> None:
        with time_limit(FOREVER, TooLong):
            raise TooLong("own")

    with pytest.raises(TooLong, match=r"^own$"):
        run(code)


def reach_every_limit() -> None:
    """The time of all limits in force is up now."""
    for limit in _time_limits._alarm._limits:
        limit.expires = 0
    watcher = _time_limits._watcher
    with watcher._lock:
        watcher._due = [(0.0, tie, limit) for _, tie, limit in watcher._due]
        watcher._wakeup.notify()
    if threading.current_thread() is threading.main_thread():
        _time_limits._alarm._set_up()


@anywhere
def test_the_nearest_limit_fires_and_the_outer_one_stays_in_force(run: Any) -> None:
    def code() -> list[str]:
        fired = []
        try:
            with time_limit(FOREVER, Other):
                try:
                    with time_limit(10 * MOMENT, TooLong):
                        spin()
                except TooLong:
                    fired.append("inner")
                reach_every_limit()
                spin()
        except Other:
            fired.append("outer")
        return fired

    assert run(code) == ["inner", "outer"]


@anywhere
def test_an_outer_limit_ends_what_it_encloses(run: Any) -> None:
    def code() -> None:
        with time_limit(MOMENT, TooLong), time_limit(FOREVER, TooLong):
            spin()

    with pytest.raises(TooLong, match=r"limit of 0\.01 second"):
        run(code)


@anywhere
def test_code_that_catches_the_error_is_not_interrupted_again(run: Any) -> None:
    def code() -> str:
        with time_limit(FOREVER, TooLong):
            with suppress(TimeoutError):
                reach_every_limit()
                spin()
            started = time.monotonic()
            while time.monotonic() < started + 2 * MOMENT:
                pass
            return "went on"

    assert run(code) == "went on"


@anywhere
def test_clean_up_runs(run: Any) -> None:
    log = []

    def code() -> None:
        with time_limit(FOREVER, TooLong):
            try:
                reach_every_limit()
                spin()
            finally:
                log.append("cleaned up")

    with pytest.raises(TooLong):
        run(code)
    assert log == ["cleaned up"]


def test_a_blocking_system_call_of_the_main_thread_ends() -> None:
    started = time.monotonic()
    with pytest.raises(TooLong), time_limit(MOMENT, TooLong):
        time.sleep(FOREVER)
    assert time.monotonic() < started + FOREVER / 2


def test_limits_of_several_threads_are_kept_apart() -> None:
    def limited() -> str:
        try:
            with time_limit(MOMENT, TooLong):
                spin()
        except TooLong:
            return "interrupted"
        return "ended"

    outcomes: list[str] = []
    threads = [threading.Thread(target=lambda: outcomes.append(limited())) for _ in range(4)]
    for thread in threads:
        thread.start()
    with time_limit(FOREVER, TooLong):
        for thread in threads:
            thread.join(FOREVER)
    assert outcomes == ["interrupted"] * 4


def test_limits_that_were_not_reached_are_not_kept() -> None:
    watcher = _time_limits._Watcher()

    def code() -> int:
        for _ in range(5 * _time_limits._MOST_KEPT):
            with watcher.armed(_time_limits._Limit(3600, TooLong)):
                pass
        return len(watcher._due)

    assert in_another_thread(code) <= _time_limits._MOST_KEPT


def test_limits_in_force_survive_the_sweep() -> None:
    watcher = _time_limits._Watcher()

    def code() -> bool:
        limit = _time_limits._Limit(FOREVER, TooLong)
        with watcher.armed(limit):
            for _ in range(3 * _time_limits._MOST_KEPT):
                with watcher.armed(_time_limits._Limit(3600, Other)):
                    pass
            return limit in [kept for _, _, kept in watcher._due]

    assert in_another_thread(code)


# --- the alarm of the main thread -----------------------------------------------------------------------


def test_an_alarm_that_python_overlooks_rings_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As CPython 3.11 does at times while another thread waits within a system call."""
    monkeypatch.setattr(_time_limits._Alarm, "_set_timer", lambda alarm, due: None)
    with pytest.raises(TooLong), time_limit(FOREVER, Other), time_limit(MOMENT, TooLong):
        spin()


def test_who_listens_for_overlooked_alarms_leaves_when_there_is_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_time_limits, "_LOOK_SECONDS", 0)
    bell = _time_limits._SecondBell()
    bell.make_ready()
    thread = bell._thread
    assert thread is not None
    thread.join(FOREVER)
    assert not thread.is_alive()
    assert bell._thread is None


def test_a_program_that_uses_the_alarm_itself_keeps_it() -> None:
    def own(signum: int, frame: FrameType | None) -> None: ...

    signal.signal(signal.SIGALRM, own)
    try:
        with pytest.raises(TooLong), time_limit(MOMENT, TooLong):
            assert signal.getsignal(signal.SIGALRM) is own
            spin()
        assert signal.getsignal(signal.SIGALRM) is own
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_limits_of_interleaved_coroutines_end_in_any_order() -> None:
    """`with time_limit()` around an `await` is not how it is meant, but must not end the process."""

    async def limited(entered: asyncio.Event, leave: asyncio.Event) -> None:
        with time_limit(FOREVER):
            entered.set()
            await leave.wait()

    async def main() -> None:
        events = [asyncio.Event() for _ in range(4)]
        first = asyncio.ensure_future(limited(events[0], events[1]))
        await events[0].wait()
        second = asyncio.ensure_future(limited(events[2], events[3]))
        await events[2].wait()
        events[1].set()
        await first
        assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
        events[3].set()
        await second

    asyncio.run(main())


class Clockwork:
    """Stands in for the `time` module: the limit is reached when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def ring_at(step: int, clockwork: Clockwork, later: float) -> Callable[..., Any]:
    """A trace function: time jumps, and the alarm rings, before one bytecode of the module under test."""
    left = step

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != _time_limits.__file__ or frame.f_code.co_name == "_ring":
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                clockwork.now = later
                sys.settrace(None)
                _time_limits._alarm._ring(signal.SIGALRM, None)
        return trace

    return trace


@pytest.mark.parametrize("later", [15.0, 25.0], ids=["inner limit reached", "both reached"])
def test_the_alarm_may_ring_at_any_bytecode(monkeypatch: pytest.MonkeyPatch, later: float) -> None:
    """Whenever it rings: the limit's error or none, and nothing is left behind that would ring again."""
    clockwork = Clockwork()
    monkeypatch.setattr(_time_limits, "time", clockwork)
    monkeypatch.setattr(_time_limits._second_bell, "_ring", lambda limit: None)
    outcomes: set[type[BaseException] | None] = set()
    for step in range(1, 1000):
        clockwork.now, outcome = 0.0, None
        sys.settrace(ring_at(step, clockwork, later))
        try:
            with time_limit(20, Other), time_limit(10, TooLong):
                pass
        except TimeoutError as error:
            outcome = type(error)
        traced_to_the_end = sys.gettrace() is not None
        sys.settrace(None)
        outcomes.add(outcome)
        assert _time_limits._alarm._limits == []
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
        if traced_to_the_end:
            break
    else:
        pytest.fail("the block has more bytecodes than expected")
    assert outcomes == {None, TooLong} if later < 20 else outcomes >= {None, Other}


# --- awaiting code --------------------------------------------------------------------------------------


def test_awaiting_code_is_cancelled() -> None:
    log = []

    async def main() -> None:
        async with awaiting_time_limit(MOMENT, TooLong):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                log.append("cancelled")
                raise

    with pytest.raises(TooLong, match=r"0\.01 second"):
        asyncio.run(main())
    assert log == ["cancelled"]


@pytest.mark.parametrize("seconds", [None, 0, FOREVER])
def test_awaiting_code_in_time_is_not_touched(seconds: Any) -> None:
    async def main() -> str:
        async with awaiting_time_limit(seconds, TooLong):
            await asyncio.sleep(0)
            return "in time"

    assert asyncio.run(main()) == "in time"


@pytest.mark.parametrize("error", [TimeoutError("own"), TooLong("own"), asyncio.CancelledError("own")])
def test_an_error_of_awaiting_code_is_its_own(error: BaseException) -> None:
    async def main() -> None:
        async with awaiting_time_limit(FOREVER, TooLong):
            raise error

    with pytest.raises(type(error)) as caught:
        asyncio.run(main())
    assert caught.value.args == ("own",)


# --- interrupting a thread ------------------------------------------------------------------------------


def test_an_error_is_raised_in_another_thread() -> None:
    started, outcome = threading.Event(), []

    def run() -> None:
        try:
            started.set()
            spin()
        except TooLong:
            outcome.append("interrupted")

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(FOREVER)
    assert thread.ident is not None
    assert raise_in_thread(thread.ident, TooLong)
    thread.join(FOREVER)
    assert outcome == ["interrupted"]


def test_there_may_be_no_such_thread_any_more() -> None:
    assert raise_in_thread(2**40 + 1, TooLong) is False
