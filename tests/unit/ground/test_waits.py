"""Waits end when what they wait for is there, when their time is over, or when something is raised in the thread."""

from __future__ import annotations

import threading
import time

import pytest

from prefect import _waits
from prefect._time_limits import raise_in_thread
from prefect._waits import acquire_alertly, wait_alertly


class Wanted(Exception):
    """Raised in a thread that waits."""


def held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


def test_a_free_lock_is_taken() -> None:
    lock = threading.Lock()
    assert acquire_alertly(lock)
    assert lock.locked()


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01])
def test_a_lock_that_is_not_free_in_time_is_not_taken(seconds: float) -> None:
    assert not acquire_alertly(held(), seconds)


def test_a_lock_is_taken_when_it_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waits, "LONGEST_SLEEP_SECONDS", 0.001)
    lock = held()
    threading.Timer(0.02, lock.release).start()
    assert acquire_alertly(lock)


def test_a_condition_is_looked_at_first() -> None:
    condition = threading.Condition()
    with condition:
        assert wait_alertly(condition, lambda: True, 0.0)
        assert not wait_alertly(condition, lambda: False, 0.01)


@pytest.mark.parametrize("what", ["lock", "condition"])
def test_what_is_raised_in_a_waiting_thread_ends_the_wait(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_waits, "LONGEST_SLEEP_SECONDS", 0.01)
    waiting, caught = threading.Event(), threading.Event()
    condition = threading.Condition()

    def wait() -> None:
        try:
            waiting.set()
            if what == "lock":
                acquire_alertly(held())
            else:
                with condition:
                    wait_alertly(condition, lambda: False)
        except Wanted:
            caught.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    waiting.wait(60)
    assert thread.ident is not None
    deadline = time.monotonic() + 60
    assert raise_in_thread(thread.ident, Wanted)
    thread.join(deadline - time.monotonic())
    assert caught.is_set()
