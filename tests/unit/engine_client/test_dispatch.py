"""The way to a server that comes and goes, with the threads that see to it; and the leases of a process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from prefect._clock import VirtualClock
from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.heartbeat import Heartbeat
from prefect.client.engine.line import Unreachable
from prefect.client.engine.spool import Letter, Spool, spool_path
from prefect.client.orchestration._messages import Message
from prefect.exceptions import StoreFullError
from prefect.schemas.bases import uuid7
from prefect.schemas.states import State, StateDetails, StateType

PATIENCE_SECONDS = 60.0


class Ends:
    """A line that notes what arrives. While it is cut nothing does; a silent one answers when it may."""

    url = "http://server.test/api"

    def __init__(self) -> None:
        self.cut = False
        self.arrived: list[bytes] = []
        self.all_there = threading.Event()
        self.wanted = 0
        self.is_silent = False
        self.was_asked = threading.Event()
        self.may_answer = threading.Event()
        self.on_first: Callable[[], None] | None = None

    def send(self, message: Message) -> bytes:
        if self.cut:
            raise Unreachable("connection refused")
        if self.is_silent:
            self.was_asked.set()
            assert self.may_answer.wait(PATIENCE_SECONDS)
        if message.method == "GET":
            return b"true"
        if (on_first := self.on_first) is not None:
            self.on_first = None
            on_first()
        self.arrived.append(message.body)
        if len(self.arrived) == self.wanted:
            self.all_there.set()
        return b"{}"

    def close(self) -> None:
        """Nothing to give up."""


def letter(number: int) -> Letter:
    return Letter("POST", "/path", b"%d" % number)


def told(dispatch: Dispatch, number: int) -> bytes | None:
    return dispatch.send(letter(number), lambda: [letter(number)])


@pytest.fixture
def line() -> Ends:
    return Ends()


def dispatch_to(line: Ends, directory: Path, sender: str = "me", **options: Any) -> Dispatch:
    return Dispatch(line, Spool(directory / "spool.db", 10_000_000), sender, **options)


def test_what_is_kept_is_delivered_in_the_background(line: Ends, tmp_path: Path) -> None:
    dispatch = dispatch_to(line, tmp_path)
    line.cut, line.wanted = True, 20
    for number in range(20):
        assert told(dispatch, number) is None
    assert dispatch.is_away
    line.cut = False
    assert dispatch.settle(PATIENCE_SECONDS) == 0
    assert line.arrived == [b"%d" % number for number in range(20)]
    assert not dispatch.is_away
    assert told(dispatch, 20) == b"{}"
    dispatch.close()


def test_a_server_may_go_away_again_and_again(line: Ends, tmp_path: Path) -> None:
    dispatch = dispatch_to(line, tmp_path)
    for number in range(6):
        line.cut = number % 2 == 0
        told(dispatch, number)
        if number % 2:
            assert dispatch.settle(PATIENCE_SECONDS) == 0
    assert line.arrived == [b"%d" % number for number in range(6)]
    dispatch.close()


def test_two_processes_deliver_what_both_have_kept(line: Ends, tmp_path: Path) -> None:
    one = dispatch_to(line, tmp_path, "one", in_background=False)
    other = dispatch_to(line, tmp_path, "other", in_background=False)
    line.cut = True
    for number, dispatch in enumerate([one, other, one, other]):
        told(dispatch, number)
    assert one.spool.count() == 4
    line.cut = False
    assert other.settle(0) == 0
    assert one.settle(0) == 0
    assert line.arrived == [b"0", b"1", b"2", b"3"]


def test_a_server_is_not_back_before_it_answers(line: Ends, tmp_path: Path) -> None:
    dispatch = dispatch_to(line, tmp_path, in_background=False)
    line.cut = True
    dispatch.note_absence(Unreachable("connection refused"))
    assert not dispatch.deliver_kept()
    assert dispatch.is_away
    line.cut = False
    assert dispatch.deliver_kept()
    assert not dispatch.is_away


def test_a_wait_for_an_absent_server_has_an_end(line: Ends, tmp_path: Path) -> None:
    dispatch = dispatch_to(line, tmp_path)
    line.cut = True
    told(dispatch, 1)
    assert dispatch.settle(0.01) == 1
    dispatch.close()


def test_letters_that_are_added_wait_for_their_turn_while_others_are_delivered(
    line: Ends, tmp_path: Path
) -> None:
    dispatch = dispatch_to(line, tmp_path, in_background=False)
    line.cut = True
    for number in range(40):
        told(dispatch, number)
    adding = threading.Thread(target=lambda: [told(dispatch, number) for number in range(40, 50)])
    line.cut, line.on_first = False, adding.start
    assert dispatch.deliver_kept()
    adding.join(PATIENCE_SECONDS)
    assert dispatch.settle(0) == 0
    assert line.arrived == [b"%d" % number for number in range(50)]


def test_a_server_that_does_not_answer_holds_nobody_up(line: Ends, tmp_path: Path) -> None:
    dispatch = dispatch_to(line, tmp_path, in_background=False)
    line.cut = True
    told(dispatch, 0)
    line.cut, line.is_silent = False, True
    trying = threading.Thread(target=dispatch.deliver_kept)
    trying.start()
    assert line.was_asked.wait(PATIENCE_SECONDS)
    told(dispatch, 1)
    assert dispatch.spool.count() == 2
    line.may_answer.set()
    trying.join(PATIENCE_SECONDS)
    assert line.arrived == [b"0", b"1"]


class Stuck(Spool):
    """A spool on a full disk: what is in it stays."""

    def remove(self, number: int) -> None:
        raise StoreFullError(self.path, "database or disk is full")


def test_what_cannot_be_removed_is_sent_once_and_holds_nothing_up(
    line: Ends, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Stuck(tmp_path / "spool.db", 10_000_000)
    dispatch = Dispatch(line, spool, "me", in_background=False)
    line.cut = True
    for number in range(6):
        told(dispatch, number)
    line.cut = False
    assert dispatch.settle(0) == 0
    assert told(dispatch, 6) == b"{}"
    assert line.arrived == [b"%d" % number for number in range(7)]
    assert len([text for text in caplog.messages if "stays in the spool" in text]) == 1


def test_where_no_thread_can_be_started_whoever_waits_delivers(
    line: Ends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TooLate:
        def __init__(self, **_: Any) -> None:
            pass

        def start(self) -> None:
            raise RuntimeError("can't start new thread at interpreter shutdown")

    dispatch = dispatch_to(line, tmp_path)
    monkeypatch.setattr("prefect.client.engine.dispatch.threading", SimpleNamespace(Thread=TooLate))
    line.cut = True
    told(dispatch, 1)
    line.cut = False
    assert dispatch.settle(PATIENCE_SECONDS) == 0
    assert line.arrived == [b"1"]


def test_the_spool_is_its_owners_alone_and_made_when_needed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "deep" / "spool.db", 10_000_000)
    assert spool.count() == 0
    assert spool.first() is None
    assert not spool.path.exists()
    spool.append("me", [letter(1)])
    assert spool.path.stat().st_mode & 0o077 == 0
    spool.close()
    assert Spool(spool.path, 10_000_000).count() == 1


def test_each_server_has_a_spool(tmp_path: Path) -> None:
    paths = {spool_path(tmp_path, url) for url in ("http://a:1/api", "http://a:2/api", "http://a:1/x/api")}
    assert len(paths) == 3
    secret = spool_path(tmp_path, "http://user:password@a:1/api")
    assert "password" not in str(secret)


# --- leases ---------------------------------------------------------------------------------------------


class Renewals:
    """Renews what it is told to hold."""

    def __init__(self) -> None:
        self.held: list[UUID] | None = []
        self.asked = threading.Event()
        self.number = 0

    def __call__(self) -> list[UUID] | None:
        self.number += 1
        self.asked.set()
        return self.held


def test_leases_are_renewed_in_the_background_while_there_are_any() -> None:
    renewals, run = Renewals(), uuid7()
    renewals.held = [run]
    heartbeat = Heartbeat(renewals, lease_seconds=0.01)
    heartbeat.hold(run)
    assert renewals.asked.wait(PATIENCE_SECONDS)
    assert not heartbeat.is_lost(run)
    heartbeat.close()


def test_what_is_not_held_any_more_is_lost(clock: VirtualClock) -> None:
    renewals, kept, taken = Renewals(), uuid7(), uuid7()
    heartbeat = Heartbeat(renewals, 30.0, in_background=False)
    heartbeat.hold(kept)
    heartbeat.hold(taken)
    renewals.held = [kept]
    heartbeat.beat()
    assert heartbeat.is_lost(taken)
    assert not heartbeat.is_lost(kept)
    heartbeat.hold(taken)
    assert not heartbeat.is_lost(taken)


def test_nothing_is_lost_because_nobody_answers(clock: VirtualClock) -> None:
    renewals, run = Renewals(), uuid7()
    heartbeat = Heartbeat(renewals, 30.0, in_background=False)
    heartbeat.hold(run)
    renewals.held = None
    clock.sleep(31)
    assert heartbeat.is_overdue(run)
    heartbeat.beat()
    assert not heartbeat.is_lost(run)
    assert not heartbeat.is_overdue(run)


def test_a_run_that_has_ended_is_not_lost() -> None:
    renewals, run = Renewals(), uuid7()
    heartbeat = Heartbeat(renewals, 30.0, in_background=False)
    heartbeat.hold(run)
    heartbeat.release(run)
    heartbeat.beat()
    assert not heartbeat.is_lost(run)


def test_a_task_run_outside_flows_is_followed_to_its_end() -> None:
    heartbeat = Heartbeat(Renewals(), 30.0, in_background=False)
    run = uuid7()
    for type in (StateType.PENDING, StateType.RUNNING):
        heartbeat.follow_lone(run, State(type=type))
    assert heartbeat.holds_anything
    heartbeat.follow_lone(run, State(type=StateType.COMPLETED))
    assert not heartbeat.holds_anything
    deferred = State[Any](type=StateType.SCHEDULED, state_details=StateDetails(deferred=True))
    heartbeat.follow_lone(run, deferred)
    assert not heartbeat.holds_anything
