"""Services are done in slices, survive their errors, and are done by one server where one must suffice."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prefect.exceptions import StoreFullError
from prefect.server.database.store import Store, open_store
from prefect.server.services import Service, Supervisor
from prefect.server.services.supervisor import (
    LONGEST_WAIT_SECONDS,
    STANDBY_SECONDS,
    ServiceRun,
    wait_after_failures,
)

PATIENCE_SECONDS = 60.0


class Duty(Service):
    """Does what it is given."""

    name = "duty"

    def __init__(self, do: Callable[[], float] = lambda: 3600.0) -> None:
        super().__init__()
        self.do = do
        self.closed = False

    def step(self) -> float:
        return self.do()

    def close(self) -> None:
        self.closed = True


class SingleDuty(Duty):
    name = "single-duty"
    single = True


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'runs.db'}")
    yield store
    store.close()


def run_of(service: Service, store: Store, holder: str = "this server") -> ServiceRun:
    return ServiceRun(service, store.journal, holder)


def test_a_slice_says_when_the_next_is_due_and_can_be_woken_before(store: Store) -> None:
    duty = Duty(lambda: 7.0)
    seconds, signal = run_of(duty, store).turn()
    assert seconds == 7.0
    assert not signal.is_set()
    duty.wake()
    assert signal.is_set()


class Waits(threading.Event):
    """Notes how long is waited, and waits not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.noted.append(timeout)
        return self.is_set()


@pytest.mark.parametrize(
    ("seconds", "rest", "rested", "waited"),
    [(7.0, 0.0, [], [7.0]), (7.0, 2.0, [2.0], [5.0]), (2.0, 2.0, [2.0], []), (0.0, 2.0, [], [])],
)
def test_only_the_end_is_waited_for_during_a_rest(
    store: Store, seconds: float, rest: float, rested: list[float], waited: list[float]
) -> None:
    duty = Duty()
    duty.rest_seconds = rest
    run = run_of(duty, store)
    end, signal = Waits(), Waits()
    run._stopping = end
    run.wait(seconds, signal)
    assert (end.noted, signal.noted) == (rested, waited)


def test_waking_during_a_slice_is_not_lost(store: Store) -> None:
    duty = Duty()

    def woken_meanwhile() -> float:
        duty.wake()
        return 3600.0

    duty.do = woken_meanwhile
    _, signal = run_of(duty, store).turn()
    assert signal.is_set()


def test_errors_are_told_once_in_full_and_waited_after(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> float:
        raise RuntimeError("the disk is on fire")

    duty = Duty(fail)
    run = run_of(duty, store)
    with caplog.at_level(logging.WARNING, "prefect.server.services"):
        waits = [run.turn()[0] for _ in range(3)]
        # being woken does not shorten the wait after a failure
        duty.wake()
        assert not run.turn()[1].is_set()
        duty.do = lambda: 5.0
        assert run.turn()[0] == 5.0
        duty.do = fail
        assert run.turn()[0] == waits[0]
    assert waits == sorted(set(waits))
    told = [bool(record.exc_info) for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == [True, False, False, False, False, True]
    assert "works again" in caplog.text


def test_trouble_of_the_store_is_told_in_a_line(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> float:
        raise StoreFullError("/here", "disk full")

    with caplog.at_level(logging.WARNING, "prefect.server.services"):
        run_of(Duty(fail), store).turn()
    (told,) = caplog.records
    assert told.exc_info is None
    assert "/here" in told.getMessage()


def test_waits_are_bounded() -> None:
    waits = [wait_after_failures(failures) for failures in (1, 2, 3, 10_000)]
    assert waits == [1.0, 2.0, 4.0, LONGEST_WAIT_SECONDS]


def test_services_live_in_threads_until_they_are_stopped(store: Store) -> None:
    begun = threading.Event()

    def begin() -> float:
        begun.set()
        return 3600.0

    duty = Duty(begin)
    supervisor = Supervisor([duty], store.journal)
    supervisor.start()
    assert begun.wait(PATIENCE_SECONDS)
    supervisor.stop()
    assert duty.closed


def test_stopping_before_the_start_does_nothing(store: Store) -> None:
    Supervisor([Duty()], store.journal).stop()


def test_one_server_does_a_single_service_and_the_next_takes_over(store: Store) -> None:
    slices: list[str] = []

    def doing(name: str) -> Callable[[], float]:
        def do() -> float:
            slices.append(name)
            return 0.0

        return do

    first = run_of(SingleDuty(doing("first")), store, "first")
    second = run_of(SingleDuty(doing("second")), store, "second")
    first.turn()
    assert second.turn()[0] == STANDBY_SECONDS
    first.turn()
    assert slices == ["first", "first"]
    first.tell_to_stop()
    first.live()
    second.turn()
    assert slices == ["first", "first", "second"]


def test_services_that_are_not_single_are_done_by_every_server(store: Store) -> None:
    assert [run_of(Duty(), store, server).turn()[0] for server in ("first", "second")] == [3600.0, 3600.0]
