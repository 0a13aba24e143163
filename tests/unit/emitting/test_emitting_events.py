"""`emit_event`, from anywhere: what becomes of the event, what it is related to, and that nobody waits for it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prefect import flow, tags, task
from prefect.client.orchestration import get_client
from prefect.events import Event, RelatedResource, Resource, emit_event
from prefect.events import worker as worker_module
from prefect.events._sockets import RefusedError
from prefect.events.clients import AssertingEventsClient
from prefect.events.worker import EventsWorker
from prefect.exceptions import EventTooLarge
from prefect.schemas.bases import now
from prefect.settings import temporary_settings

THING = {"prefect.resource.id": "thing.1"}
PATIENCE_SECONDS = 60.0


def emitted() -> list[Event]:
    """Everything that was emitted, by its time."""
    assert EventsWorker.instance().drain(PATIENCE_SECONDS)
    events = [event for client in AssertingEventsClient.all for event in client.events]
    return sorted(events, key=lambda event: event.occurred)


def stored() -> list[Event]:
    assert EventsWorker.instance().drain(PATIENCE_SECONDS)
    page = get_client(sync_client=True).read_events()
    return sorted(page.events, key=lambda event: event.occurred)


def test_an_event_is_returned_and_sent(asserting: type[AssertingEventsClient]) -> None:
    related = {**THING, "prefect.resource.role": "r"}
    event = emit_event("thing.happened", THING, payload={"how": "well"}, related=[related])
    assert event is not None
    assert emitted() == [event]
    assert (event.payload, event.related) == ({"how": "well"}, [RelatedResource(related)])


def test_without_a_server_events_are_in_the_store() -> None:
    events = [emit_event(f"thing.happened.{number}", THING) for number in range(3)]
    assert [event.id for event in stored()] == [event.id for event in events if event is not None]


@pytest.mark.parametrize(("minutes", "follows"), [(0, True), (4, True), (6, False), (-6, False)])
def test_events_follow_each_other_only_when_they_are_close(
    asserting: type[AssertingEventsClient], minutes: float, follows: bool
) -> None:
    first = emit_event("first", THING)
    assert first is not None
    second = emit_event("second", THING, occurred=now() + timedelta(minutes=minutes), follows=first)
    assert second is not None
    assert second.follows == (first.id if follows else None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"resource": {}},
        {"resource": {"prefect.resource.id": ""}},
        {"related": [{"prefect.resource.id": "x"}]},
    ],
)
def test_what_is_no_event_is_logged_and_harms_nobody(
    arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("prefect").propagate = True
    with caplog.at_level("ERROR"):
        assert emit_event("odd.event", **{"resource": THING, **arguments}) is None
    assert "odd.event" in caplog.text


@pytest.mark.parametrize(
    "value", [object(), b"\xff", "\ud800", 10**400], ids=["object", "bytes", "surrogate", "large"]
)
def test_what_json_cannot_say_is_logged_and_harms_nobody(
    value: Any, asserting: type[AssertingEventsClient], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("prefect").propagate = True
    assert emit_event("odd.event", THING, payload={"x": value}) is None
    assert "odd.event" in caplog.text
    assert emitted() == []


def test_what_becomes_of_a_payload_does_not_concern_the_event(asserting: type[AssertingEventsClient]) -> None:
    counts = {"n": 0, "seen": {1}}
    for number in range(3):
        counts["n"] = number
        emit_event("counted", THING, payload={"counts": counts})
    assert [event.payload["counts"] for event in emitted()] == [{"n": n, "seen": [1]} for n in range(3)]


def test_too_large_an_event_is_an_error() -> None:
    with pytest.raises(EventTooLarge) as info:
        emit_event("large", THING, payload={"x": "y" * 1_500_000})
    assert info.value.maximum == 1_500_000


# --- what an event is related to ------------------------------------------------------------------------


def ids_and_roles(event: Event) -> list[tuple[str, str]]:
    return [(resource.id.rpartition(".")[0], resource.role) for resource in event.related]


def test_the_run_and_its_flow_and_tags_are_added(asserting: type[AssertingEventsClient]) -> None:
    @task(tags=["of-task"])
    def tell() -> None:
        emit_event("in.task", THING)

    @flow
    def work() -> None:
        emit_event("in.flow", THING, related=[{**THING, "prefect.resource.role": "mine"}])
        tell()

    with tags("of-flow"):
        work()
    in_flow, in_task = emitted()
    assert ids_and_roles(in_flow) == [
        ("thing", "mine"),
        ("prefect.flow-run", "flow-run"),
        ("prefect.flow", "flow"),
        ("prefect.tag", "tag"),
    ]
    assert ids_and_roles(in_task) == [
        ("prefect.flow-run", "flow-run"),
        ("prefect.task-run", "task-run"),
        ("prefect.flow", "flow"),
        ("prefect.tag", "tag"),
        ("prefect.tag", "tag"),
    ]
    assert in_task.resource_in_role["flow"].name == "work"
    assert [tag.id for tag in in_task.resources_in_role["tag"]] == [
        "prefect.tag.of-flow",
        "prefect.tag.of-task",
    ]


def test_what_an_event_is_about_is_not_related_to_it(asserting: type[AssertingEventsClient]) -> None:
    @flow
    def work() -> None:
        from prefect.runtime import flow_run

        emit_event("me", {"prefect.resource.id": f"prefect.flow-run.{flow_run.id}"})

    work()
    (event,) = emitted()
    assert ids_and_roles(event) == [("prefect.flow", "flow")]


def test_a_task_outside_of_flows_is_related_to_itself(asserting: type[AssertingEventsClient]) -> None:
    @task
    def tell() -> None:
        emit_event("in.task", THING)

    tell()
    (event,) = emitted()
    assert ids_and_roles(event) == [("prefect.task-run", "task-run")]


# --- the worker -----------------------------------------------------------------------------------------


class Server:
    """Stands for what events are sent to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.got: list[str] = []
        self.trouble: list[Exception] = []
        self.refused: set[str] = set()
        self.open = threading.Event()
        self.open.set()
        monkeypatch.setattr(worker_module, "_send", self.take)
        monkeypatch.setattr(worker_module, "_FIRST_WAIT_SECONDS", 0.0)

    def take(self, events: list[Event]) -> None:
        assert self.open.wait(PATIENCE_SECONDS)
        if self.trouble:
            raise self.trouble.pop(0)
        if self.refused & {event.event for event in events}:
            raise ValueError("one of them is not to our taste")
        self.got += [event.event for event in events]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def drained() -> bool:
    return EventsWorker.instance().drain(PATIENCE_SECONDS)


def test_what_cannot_be_sent_is_sent_later_in_order(server: Server) -> None:
    server.trouble = [ConnectionError("away"), ConnectionError("away")]
    for name in "abc":
        emit_event(name, THING)
    assert EventsWorker.instance().wait_until_empty(PATIENCE_SECONDS)
    assert server.got == ["a", "b", "c"]


@pytest.mark.parametrize("kind", [ValueError, TypeError, RefusedError])
def test_what_cannot_be_sent_ever_does_not_hold_up_the_others(server: Server, kind: type[Exception]) -> None:
    """As a batch and alone."""
    server.trouble = [kind("never"), kind("never")]
    for name in "ab":
        emit_event(name, THING)
        assert EventsWorker.instance().wait_until_empty(PATIENCE_SECONDS)
    assert server.got == []
    emit_event("c", THING)
    assert drained()
    assert server.got == ["c"]


def test_one_that_is_refused_does_not_hold_up_the_others(server: Server) -> None:
    server.refused = {"b"}
    server.open.clear()
    for name in "abcd":
        emit_event(name, THING)
    server.open.set()
    assert drained()
    assert server.got == ["a", "c", "d"]


def test_too_many_are_dropped_and_nobody_waits(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("prefect").propagate = True
    server.open.clear()
    with temporary_settings({"events.worker_max_queue_size": 2}):
        # what is under way does not wait any more, so one or two more may be taken
        for number in range(10):
            emit_event(str(number), THING)
    server.open.set()
    assert drained()
    assert 2 <= len(server.got) <= 4
    assert "have been dropped (PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE)" in caplog.text


def test_the_end_of_the_program_does_not_wait_for_ever(server: Server) -> None:
    server.trouble = [ConnectionError("away")] * 1000
    emit_event("a", THING)
    assert not EventsWorker.instance().drain(0.0)
    assert server.got == []
    server.trouble.clear()


def test_at_the_end_nobody_is_asked_in_a_hurry(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_FIRST_WAIT_SECONDS", 0.05)
    server.trouble = [ConnectionError("away") for _ in range(100)]
    emit_event("a", THING)
    assert not EventsWorker.instance().drain(0.2)
    assert len(server.trouble) > 90


@pytest.mark.parametrize("sent", [["a"], []])
def test_what_is_given_to_a_worker_that_was_drained_is_sent_by_another(
    server: Server, sent: list[str]
) -> None:
    first = EventsWorker.instance()
    for name in sent:
        emit_event(name, THING)
    assert first.drain(PATIENCE_SECONDS)
    first.send(Event(event="b", resource=Resource(THING)))
    assert drained()
    assert server.got == [*sent, "b"]


def test_what_was_given_up_is_not_waited_for(server: Server) -> None:
    server.trouble = [ConnectionError("away")] * 1000
    emit_event("a", THING)
    worker = EventsWorker.instance()
    worker.drain(0.0)
    assert not worker.wait_until_empty()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_the_end_of_a_child_waits_for_its_events(tmp_path: Path, method: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(CHILD)
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(script), method],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("['in.child']", "")


CHILD = """
import multiprocessing
import sys

from prefect.client.orchestration import get_client
from prefect.events import emit_event


def tell():
    emit_event("in.child", {"prefect.resource.id": "child"})


if __name__ == "__main__":
    child = multiprocessing.get_context(sys.argv[1]).Process(target=tell)
    child.start()
    child.join()
    print([event.event for event in get_client(sync_client=True).read_events().events])
"""


def test_after_draining_there_is_another_worker(server: Server) -> None:
    emit_event("a", THING)
    first = EventsWorker.instance()
    assert drained()
    emit_event("b", THING)
    assert EventsWorker.instance() is not first
    assert drained()
    assert server.got == ["a", "b"]


def test_each_event_goes_where_it_was_emitted_to(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import get_current_settings

    went: list[tuple[str | None, list[str]]] = []

    def take(events: list[Event]) -> None:
        assert server.open.wait(PATIENCE_SECONDS)
        went.append((get_current_settings().api.url, [event.event for event in events]))

    monkeypatch.setattr(worker_module, "_send", take)
    server.open.clear()
    for url, names in (("http://one/api", "ab"), ("http://two/api", "c"), ("http://one/api", "d")):
        with temporary_settings({"api.url": url}):
            for name in names:
                emit_event(name, THING)
    server.open.set()
    assert drained()
    assert {name: url for url, names in went for name in names} == {
        "a": "http://one/api",
        "b": "http://one/api",
        "c": "http://two/api",
        "d": "http://one/api",
    }
    assert [name for _, names in went for name in names] == ["a", "b", "c", "d"]
