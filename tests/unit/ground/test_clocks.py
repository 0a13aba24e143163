"""The clock port: the real clock, the virtual one, and putting one in the place of the other."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from prefect import _clock
from prefect._clock import Clock, VirtualClock, clock, use_clock

START = datetime(2030, 1, 1, tzinfo=UTC)


def test_the_real_clock_is_in_force_and_tells_utc() -> None:
    before = datetime.now(UTC)
    now = clock().now()
    assert type(clock()) is Clock
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


def test_the_real_clock_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def asleep(seconds: float) -> None:
        slept.append(seconds)

    # the clock's own names only: other threads of this process sleep meanwhile
    monkeypatch.setattr(_clock, "time", SimpleNamespace(sleep=slept.append))
    monkeypatch.setattr(_clock, "asyncio", SimpleNamespace(sleep=asleep))
    real = Clock()
    for seconds in (2.5, -1):
        real.sleep(seconds)
        asyncio.run(real.asleep(seconds))
    assert slept == [2.5, 2.5, 0, 0]


def test_virtual_time_stands_still_until_somebody_sleeps() -> None:
    virtual = VirtualClock(START)
    started = time.monotonic()
    assert virtual.now() - START < timedelta(milliseconds=1)
    virtual.sleep(3600)
    asyncio.run(virtual.asleep(60))
    assert timedelta(0) < virtual.now() - START - timedelta(seconds=3660) < timedelta(milliseconds=1)
    assert virtual.slept == [3600, 60]
    assert time.monotonic() - started < 60


def test_virtual_time_never_goes_back() -> None:
    virtual = VirtualClock(START)
    virtual.sleep(-10)
    assert virtual.now() > START


def test_no_two_virtual_moments_are_equal() -> None:
    virtual = VirtualClock()
    moments = [virtual.now() for _ in range(10)]
    assert len(set(moments)) == 10
    assert moments == sorted(moments)


def test_clocks_are_put_in_place_and_back() -> None:
    outer, inner, before = VirtualClock(), VirtualClock(), clock()
    with use_clock(outer) as given:
        assert given is outer is clock()
        with pytest.raises(RuntimeError), use_clock(inner):
            assert clock() is inner
            raise RuntimeError
        assert clock() is outer
    assert clock() is before
