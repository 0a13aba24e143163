"""What is done anew, how often, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.exceptions import StoreError, StoreFullError, StoreLockedError, StoreUnavailableError
from prefect.server.database.repeating import MOST_CONFLICTS, repeated


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with use_clock(VirtualClock()) as clock:
        yield clock  # type: ignore[misc]


class Failing:
    """Fails so many times, and counts how often it is done."""

    def __init__(self, make: Callable[[], StoreError], times: int) -> None:
        self.make, self.times, self.done = make, times, 0

    def __call__(self) -> int:
        self.done += 1
        if self.done <= self.times:
            raise self.make()
        return self.done


def conflict() -> StoreError:
    error = StoreLockedError("there")
    error.passes = True
    return error


def broken() -> StoreError:
    error = StoreUnavailableError("there")
    error.passes = True
    return error


def unsure() -> StoreError:
    error = StoreUnavailableError("there")
    error.is_unsure = True
    return error


def test_what_succeeds_is_done_once() -> None:
    assert repeated(Failing(conflict, 0)) == 1


def test_a_conflict_is_tried_again_soon_but_not_for_ever(clock: VirtualClock) -> None:
    assert repeated(Failing(conflict, MOST_CONFLICTS - 1)) == MOST_CONFLICTS
    endless = Failing(conflict, 10**6)
    with pytest.raises(StoreLockedError):
        repeated(endless)
    assert endless.done == MOST_CONFLICTS
    assert sum(clock.slept) < 5


def test_a_broken_connection_is_replaced_once(clock: VirtualClock) -> None:
    assert repeated(Failing(broken, 1)) == 2
    endless = Failing(broken, 10**6)
    with pytest.raises(StoreUnavailableError):
        repeated(endless)
    assert endless.done == 2
    assert clock.slept == []


def test_the_patient_wait_longer_and_longer_for_a_database(clock: VirtualClock) -> None:
    assert repeated(Failing(broken, 5), patience_seconds=60) == 6
    assert clock.slept == [0.05, 0.1, 0.2, 0.4]
    with pytest.raises(StoreUnavailableError):
        repeated(Failing(broken, 10**6), patience_seconds=60)
    assert max(clock.slept) == 2.0
    assert 60 <= sum(clock.slept[4:]) < 63


def test_what_may_have_been_done_is_done_again_only_if_that_changes_nothing(clock: VirtualClock) -> None:
    assert repeated(Failing(unsure, 1), may_be_done_twice=True) == 2
    once = Failing(unsure, 1)
    with pytest.raises(StoreUnavailableError):
        repeated(once, patience_seconds=60)
    assert once.done == 1


def test_what_does_not_pass_is_said_at_once() -> None:
    full = Failing(lambda: StoreFullError("there"), 1)
    with pytest.raises(StoreFullError):
        repeated(full, patience_seconds=60, may_be_done_twice=True)
    assert full.done == 1
