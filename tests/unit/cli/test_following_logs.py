"""`prefect flow-run logs --follow`: everything once, over servers that go away, until the run has ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from prefect import flow, get_run_logger
from prefect._clock import VirtualClock, use_clock
from prefect.cli import _following
from prefect.cli._following import LATE, LOOK_SECONDS, LOOKS_AFTER_THE_END, Follower
from prefect.cli._server_client import ServerAway
from prefect.client.orchestration.local import close_stores
from prefect.schemas.logs import Log
from prefect.testing.server import running_server

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def record(number: int, seconds: float | None = None) -> Log:
    at = T0 + timedelta(seconds=number if seconds is None else seconds)
    return Log(id=UUID(int=number), name="prefect", level=20, message=str(number), timestamp=at)


class Run:
    """A run whose log grows each time somebody looks whether it has ended."""

    def __init__(self, *growth: list[Log] | Exception) -> None:
        self.growth = list(growth)
        self.log: list[Log] = []
        self.asked_after: list[datetime | None] = []

    def has_ended(self) -> bool:
        if not self.growth:
            return True
        grown = self.growth.pop(0)
        if isinstance(grown, Exception):
            raise grown
        self.log += grown
        return not self.growth

    def logs(self, after: datetime | None, offset: int) -> list[Log]:
        self.asked_after.append(after)
        found = sorted(self.log, key=lambda one: (one.timestamp, one.id))
        wanted = [one for one in found if after is None or one.timestamp >= after]
        return wanted[offset : offset + _following.PAGE]


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    with use_clock(clock):
        yield clock


class Reader:
    """What somebody who follows is shown."""

    def __init__(self, run: Run) -> None:
        self.shown: list[int] = []
        self.told: list[str] = []
        self.follower = Follower(run, self.show, lambda error: self.told.append(str(error)))

    def show(self, records: list[Log]) -> None:
        self.shown += [one.id.int for one in records]


def test_everything_is_shown_once_until_the_end(clock: VirtualClock) -> None:
    reader = Reader(Run([record(1), record(2)], [], [record(3)], [record(4)]))
    reader.follower.run()
    assert reader.shown == [1, 2, 3, 4]
    assert clock.slept == [LOOK_SECONDS] * (3 + LOOKS_AFTER_THE_END - 1)


def test_what_comes_late_is_shown_late() -> None:
    """Another process wrote it before, but stored it after what is shown."""
    reader = Reader(Run([record(1), record(20)], [record(2, seconds=20 - LATE.total_seconds())]))
    reader.follower.run()
    assert reader.shown == [1, 20, 2]


def test_what_comes_after_the_end_is_shown() -> None:
    run = Run([record(1)])
    reader = Reader(run)
    looks = iter([[], [record(2)]])
    original = run.has_ended

    def has_ended() -> bool:
        ended = original()
        run.log += next(looks, [])
        return ended

    run.has_ended = has_ended  # type: ignore[method-assign]
    reader.follower.run()
    assert reader.shown == [1, 2]


def test_only_what_is_new_is_asked_for() -> None:
    run = Run([record(1)], [record(100)], [record(101)])
    Reader(run).follower.run()
    times = [record(number).timestamp - LATE for number in (1, 100)]
    assert run.asked_after[:3] == [None, *times]


def test_a_server_that_is_away_is_waited_for_and_told_of_once() -> None:
    away = ServerAway("nobody answers")
    reader = Reader(Run([record(1)], away, away, [record(2)], away, [record(3)]))
    reader.follower.run()
    assert reader.shown == [1, 2, 3]
    assert reader.told == ["nobody answers", "nobody answers"]


def test_a_reader_that_goes_away_is_no_server_that_does() -> None:
    def closed(records: list[Log]) -> None:
        raise BrokenPipeError

    told: list[ServerAway] = []
    with pytest.raises(BrokenPipeError):
        Follower(Run([record(1)], [record(2)]), closed, told.append).run()
    assert told == []


def test_more_than_a_page_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_following, "PAGE", 3)
    reader = Reader(Run([record(number, seconds=1) for number in range(1, 9)]))
    reader.follower.run()
    assert reader.shown == [1, 2, 3, 4, 5, 6, 7, 8]


# --- the command ----------------------------------------------------------------------------------------


@flow(flow_run_name="told")
def work() -> None:
    for number in range(3):
        get_run_logger().info("line %d", number)


@pytest.fixture(params=["with a server", "without a server"])
def run_id(request: pytest.FixtureRequest, home: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    state = work(return_state=True)
    id = str(state.state_details.flow_run_id)
    # the last records of the run may still wait to be written, and the server reads what is stored
    close_stores()
    if request.param == "with a server":
        with running_server() as url:
            monkeypatch.setenv("PREFECT_API_URL", url)
            yield id
    else:
        yield id
    close_stores()


def test_a_log_is_followed_to_its_end(run_id: str, prefect: Any) -> None:
    shown = prefect("flow-run", "logs", run_id, "--follow")
    assert shown.code == 0
    assert [line.rpartition(" - ")[2] for line in shown.out.splitlines() if "line" in line] == [
        "line 0",
        "line 1",
        "line 2",
    ]


def test_the_last_lines_are_followed(run_id: str, prefect: Any) -> None:
    shown = prefect("flow-run", "logs", "told", "-f", "-n", "2")
    assert (shown.code, [line.rpartition(" - ")[2] for line in shown.out.splitlines()]) == (
        0,
        ["line 2", "Finished in state Completed()"],
    )


def test_records_are_followed_as_lines_of_json(run_id: str, prefect: Any) -> None:
    shown = prefect("flow-run", "logs", run_id, "-f", "-o", "json")
    messages = [json.loads(line)["message"] for line in shown.out.splitlines()]
    assert "line 1" in messages


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--head"], "--head"), (["--reverse"], "--reverse")],
)
def test_what_makes_no_sense_is_refused(run_id: str, prefect: Any, arguments: list[str], words: str) -> None:
    shown = prefect("flow-run", "logs", run_id, "--follow", *arguments)
    assert shown.code == 1
    assert words in shown.err


def test_a_run_that_is_not_there_is_named(run_id: str, prefect: Any) -> None:
    shown = prefect("flow-run", "logs", "no-such-run", "--follow")
    assert shown.code == 1
    assert "'no-such-run' not found" in shown.err
