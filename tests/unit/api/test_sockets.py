"""The sockets of a real server: what clients say and hear, and how they are shown the door."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import websockets
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect
from websockets.uri import parse_uri

from event_samples import an_event, related
from prefect.schemas import states
from prefect.schemas.actions.runs import TaskRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.bases import now
from prefect.schemas.events import ReceivedEvent
from prefect.schemas.filters.task_workers import TaskWorkerFilter
from prefect.schemas.operations import OPERATIONS
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import StateDetails, StateType
from prefect.server.database.store import Store, open_store
from prefect.server.events.hub import Message, Subscription
from prefect.server.operations import do
from prefect.settings import temporary_settings
from prefect.testing.server import running_server

PATIENCE_SECONDS = 60.0
AUTH = {"type": "auth", "token": None}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('sockets') / 'runs.db'}")
    keep(store, new_event(event="event.of-old"))
    yield store
    store.close()


@pytest.fixture(scope="module")
def url(store: Store) -> Iterator[str]:
    with running_server(store) as url:
        yield url.replace("http", "ws", 1)


@contextmanager
def opened(url: str, *said: Any, subprotocol: bool = True) -> Iterator[ClientConnection]:
    """A socket on which something was said."""
    offered = [websockets.Subprotocol("prefect")] if subprotocol else None
    with connect(url, subprotocols=offered, open_timeout=PATIENCE_SECONDS) as socket:
        for one in said:
            socket.send(one if isinstance(one, str | bytes) else json.dumps(one))
        yield socket


def heard(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=PATIENCE_SECONDS))


def heard_soon(socket: ClientConnection) -> Any:
    """The next message; None, if none comes for a while."""
    try:
        return json.loads(socket.recv(timeout=0.3))
    except TimeoutError:
        return None


def closed(socket: ClientConnection) -> tuple[int, str]:
    """How the server closes the socket, whatever it says before."""
    with pytest.raises(websockets.ConnectionClosed) as info:
        while True:
            socket.recv(timeout=PATIENCE_SECONDS)
    assert info.value.rcvd is not None
    return info.value.rcvd.code, info.value.rcvd.reason


def new_event(**values: Any) -> ReceivedEvent:
    """An event of now that no other test has."""
    return an_event(1, **{"id": uuid4(), "occurred": now(), "event": f"event.{uuid4()}", **values})


def wish(event: str, **more: Any) -> dict[str, Any]:
    """To want the events of a name."""
    return {"type": "filter", "filter": {"event": {"name": [event]}}, **more}


def keep(store: Store, *events: ReceivedEvent) -> None:
    do(store, OPERATIONS["create_events"](list(events)))


# --- events out -----------------------------------------------------------------------------------------


def test_what_was_comes_first_and_then_what_comes_each_once(store: Store, url: str) -> None:
    name = f"event.{uuid4()}"
    before = [new_event(event=name) for _ in range(3)]
    keep(store, *before)
    with opened(f"{url}/events/out", AUTH, wish(name)) as socket:
        assert heard(socket) == {"type": "auth_success"}
        assert [UUID(heard(socket)["event"]["id"]) for _ in before] == [one.id for one in before]
        after = new_event(event=name)
        keep(store, new_event(), after)
        message = heard(socket)
    assert message["type"] == "event"
    assert (
        ReceivedEvent.model_validate(message["event"]).model_copy(update={"received": after.received})
        == after
    )


def test_without_backfill_only_what_comes_is_sent(store: Store, url: str) -> None:
    name = "event.of-old"
    with opened(f"{url}/events/out", AUTH, wish(name, backfill=False)) as socket:
        heard(socket)
        sent: list[ReceivedEvent] = []
        message: Any = None
        while message is None:
            # some may come before the socket is known to be watching
            sent.append(new_event(event=name))
            keep(store, sent[-1])
            message = heard_soon(socket)
    assert message["event"]["id"] in [str(one.id) for one in sent]


def test_states_of_runs_come_as_events(store: Store, url: str) -> None:
    with opened(f"{url}/events/out", AUTH, wish("prefect.task-run.Running")) as socket:
        heard(socket)
        run = TaskRun(name="add-1", task_key="add", dynamic_key="1")
        state: states.State[Any] = states.State(type=StateType.RUNNING)
        store.journal.record_task_run(run, state)
        message = heard(socket)
    assert message["event"]["id"] == str(state.id)
    assert message["event"]["resource"]["prefect.resource.id"] == f"prefect.task-run.{run.id}"


@pytest.mark.parametrize(
    ("said", "code", "reason"),
    [
        (["garbage"], 1008, "Expected 'auth' message"),
        ([b"\x00\xff"], 1003, "JSON"),
        ([{"type": "filter"}], 1008, "Expected 'auth' message"),
        ([["auth"]], 1008, "Expected 'auth' message"),
        ([AUTH, "garbage"], 1002, "Expected 'filter' message"),
        ([AUTH, AUTH], 1002, "Expected 'filter' message"),
        ([AUTH, {"type": "filter"}], 1002, "Invalid filter: 'filter' is missing"),
        ([AUTH, {"type": "filter", "filter": {"x": 1}}], 1002, "Invalid filter: x"),
        ([AUTH, {"type": "filter", "filter": {"text": {"query": "x" * 201}}}], 1002, "text.query"),
        ([AUTH, "x" * 1_600_000], 1009, "1600000 characters"),
        ([AUTH, "x" * 3_000_000], 1009, ""),
    ],
)
def test_what_is_not_understood_closes_the_socket(url: str, said: list[Any], code: int, reason: str) -> None:
    with opened(f"{url}/events/out", *said) as socket:
        got, told = closed(socket)
    assert got == code
    assert reason in told


def test_a_client_without_the_subprotocol_says_what_it_wants_at_once(store: Store, url: str) -> None:
    event = new_event()
    keep(store, event)
    with opened(f"{url}/events/out", wish(event.event), subprotocol=False) as socket:
        assert heard(socket)["event"]["id"] == str(event.id)


class Deaf:
    """A client that says what it wants and then does not read, until it is told to."""

    def __init__(self, url: str, *said: dict[str, Any]) -> None:
        uri = parse_uri(url)
        self._protocol = ClientProtocol(uri, subprotocols=[websockets.Subprotocol("prefect")], max_size=None)
        self._socket = socket.create_connection((uri.host, uri.port))
        self._socket.settimeout(PATIENCE_SECONDS)
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        while self._protocol.state is not State.OPEN:
            self._protocol.receive_data(self._socket.recv(1024))
        for one in said:
            self._protocol.send_text(json.dumps(one).encode())
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self._socket.sendall(data)

    def read_to_the_end(self) -> tuple[int | None, str | None]:
        """How the server closes the socket."""
        while data := self._socket.recv(1_000_000):
            self._protocol.receive_data(data)
            self._protocol.events_received()
            self._flush()
        self._socket.close()
        received = self._protocol.close_rcvd
        return (received.code, received.reason) if received else (None, None)


def test_a_watcher_who_does_not_read_is_let_go(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    overflowed = threading.Event()
    offer = Subscription.offer

    def noted(subscription: Subscription, message: Message) -> None:
        offer(subscription, message)
        if subscription.overflowed:
            overflowed.set()

    monkeypatch.setattr("prefect.server.events.hub.Subscription.__init__.__defaults__", (10, 10_000_000))
    monkeypatch.setattr(Subscription, "offer", noted)
    name = f"event.{uuid4()}"
    deaf = Deaf(f"{url}/events/out", AUTH, wish(name))
    for _ in range(200):
        keep(store, *(new_event(event=name, payload={"x": "y" * 500_000}) for _ in range(3)))
        if overflowed.wait(0.05):
            break
    assert deaf.read_to_the_end() == (1013, "Messages are not read as fast as they come; connect again.")


def test_more_watchers_than_may_be_are_asked_to_come_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefect.server.events.hub.MOST_WATCHERS", 0)
    with opened(f"{url}/events/out", AUTH, wish("anything")) as socket:
        code, reason = closed(socket)
    assert code == 1013
    assert "no room" in reason


def test_a_server_ends_although_somebody_does_not_answer_its_goodbye(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'runs.db'}") as http_url:
        url = http_url.replace("http", "ws", 1)
        deaf = Deaf(f"{url}/events/out", AUTH, {"type": "nonsense"})
        with opened(f"{url}/events/out", AUTH, wish("anything")) as socket:
            heard(socket)
    assert deaf.read_to_the_end() == (1002, "Expected 'filter' message")


# --- events in ------------------------------------------------------------------------------------------


def test_events_that_are_sent_are_kept_in_order(store: Store, url: str) -> None:
    name = f"event.{uuid4()}"
    sent = [new_event(event=name) for _ in range(50)]
    with opened(f"{url}/events/out", AUTH, wish(name)) as watching:
        heard(watching)
        with opened(f"{url}/events/in", AUTH, *(one.model_dump(mode="json") for one in sent)):
            assert [UUID(heard(watching)["event"]["id"]) for _ in sent] == [one.id for one in sent]


def test_what_is_sent_before_a_client_goes_is_kept(store: Store, url: str) -> None:
    event = new_event()
    with opened(f"{url}/events/out", AUTH, wish(event.event)) as watching:
        heard(watching)
        with opened(f"{url}/events/in", event.model_dump(mode="json"), subprotocol=False):
            pass
        assert heard(watching)["event"]["id"] == str(event.id)


def test_states_that_clients_send_are_recorded(store: Store, url: str) -> None:
    run = uuid4()
    told = new_event(
        event="prefect.task-run.Completed",
        resource={"prefect.resource.id": f"prefect.task-run.{run}", "prefect.orchestration": "client"},
        related=[related(f"prefect.flow-run.{uuid4()}", "flow-run")],
        payload={
            "validated_state": {"type": "COMPLETED", "name": "Completed"},
            "task_run": {"name": "add-1", "task_key": "add", "dynamic_key": "1", "run_count": 1},
        },
    )
    with opened(f"{url}/events/out", AUTH, wish(told.event)) as watching:
        heard(watching)
        with opened(f"{url}/events/in", AUTH, told.model_dump(mode="json")):
            assert heard(watching)["event"]["id"] == str(told.id)
    found = do(store, OPERATIONS["read_task_run"](run))
    assert (found.state_name, found.state_id, found.run_count) == ("Completed", told.id, 1)


@pytest.mark.parametrize(
    ("said", "code", "reason"),
    [
        (["garbage"], 1007, "Invalid event: message"),
        ([b"\x00"], 1003, "JSON"),
        ([{"event": "x"}], 1007, "Invalid event: resource: Field required"),
        ([{"event": "x", "resource": {}}], 1007, "prefect.resource.id"),
        ([{"event": "e" * 1025, "resource": {"prefect.resource.id": "x"}}], 1007, "1025 characters"),
        (["[" * 100_000], 1007, "Invalid event"),
    ],
)
def test_what_is_no_event_closes_the_socket(url: str, said: list[Any], code: int, reason: str) -> None:
    with opened(f"{url}/events/in", AUTH, *said) as socket:
        got, told = closed(socket)
    assert got == code
    assert reason in told


# --- logs -----------------------------------------------------------------------------------------------


def test_log_records_come_as_they_are_written(store: Store, url: str) -> None:
    run = uuid4()
    wanted = {"type": "filter", "filter": {"flow_run_id": {"any_": [str(run)]}}}
    with opened(f"{url}/logs/out", AUTH, wanted) as socket:
        heard(socket)
        message: Any = None
        while message is None:
            store.journal.record_log("prefect.flow_runs", 20, "not wanted", now(), uuid4(), None)
            store.journal.record_log("prefect.flow_runs", 20, "Hello", now(), run, None)
            message = heard_soon(socket)
    assert message["type"] == "log"
    assert (message["log"]["message"], message["log"]["flow_run_id"]) == ("Hello", str(run))


def test_logs_are_not_streamed_where_the_settings_say_so(tmp_path: Path) -> None:
    with (
        temporary_settings({"server.logs.stream_out_enabled": False}),
        running_server(f"sqlite:///{tmp_path / 'runs.db'}") as url,
        opened(f"{url}/logs/out".replace("http", "ws", 1), AUTH, {"type": "filter", "filter": {}}) as socket,
    ):
        code, reason = closed(socket)
    assert code == 1013
    assert "PREFECT_SERVER_LOGS_STREAM_OUT_ENABLED" in reason


# --- who may ask ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/events/out", "/events/in", "/logs/out", "/task_runs/subscriptions/scheduled"]
)
def test_only_who_knows_the_secret_comes_in(tmp_path: Path, path: str) -> None:
    with (
        temporary_settings({"server.api.auth_string": "admin:secret"}),
        running_server(f"sqlite:///{tmp_path / 'runs.db'}") as http_url,
    ):
        url = http_url.replace("http", "ws", 1) + path
        with opened(url, {"type": "auth", "token": "admin:secret"}) as socket:
            assert heard(socket) == {"type": "auth_success"}
        for token in (None, "admin:wrong", 7, ""):
            with opened(url, {"type": "auth", "token": token}) as socket:
                code, reason = closed(socket)
                assert (code, "secret" in reason) == (1008, False)
        with opened(url, subprotocol=False) as socket:
            assert closed(socket)[0] == 1002


# --- task runs for workers ------------------------------------------------------------------------------

SCHEDULED = "task_runs/subscriptions/scheduled"


def a_deferred_run(store: Store, key: str, seconds: float = 0.0, deferred: bool = True) -> UUID:
    """A task run that waits for a worker."""
    details = StateDetails(deferred=deferred, scheduled_time=now() + timedelta(seconds=seconds))
    state = StateCreate(type=StateType.SCHEDULED, state_details=details)
    asked = TaskRunCreate(id=uuid4(), task_key=key, dynamic_key="0", state=state)
    return do(store, OPERATIONS["create_task_run"](asked)).id


def serving(key: str, worker: str = "worker") -> dict[str, Any]:
    return {"type": "subscribe", "keys": [key], "client_id": worker}


def said(socket: ClientConnection, type: str) -> None:
    socket.send(json.dumps({"type": type}))


def test_a_run_goes_to_one_worker_that_serves_its_task(store: Store, url: str) -> None:
    key = f"task-{uuid4()}"
    runs = [a_deferred_run(store, key, seconds=number - 10) for number in range(3)]
    a_deferred_run(store, key, seconds=3600)
    a_deferred_run(store, key, deferred=False)
    a_deferred_run(store, f"another-{key}")
    with opened(f"{url}/{SCHEDULED}", AUTH, serving(key)) as one:
        heard(one)
        assert UUID(heard(one)["id"]) == runs[0]
        with opened(f"{url}/{SCHEDULED}", AUTH, serving(key, "other")) as two:
            heard(two)
            # the first is given to another, who has not said yet that it has it
            assert UUID(heard(two)["id"]) == runs[1]
            said(two, "ack")
            assert UUID(heard(two)["id"]) == runs[2]
            said(two, "ack")
            said(one, "ack")
            assert heard_soon(one) is None
            assert heard_soon(two) is None


@pytest.mark.parametrize("goodbye", ["quit", None])
def test_a_run_that_was_not_taken_goes_to_another(store: Store, url: str, goodbye: str | None) -> None:
    key = f"task-{uuid4()}"
    run = a_deferred_run(store, key)
    with opened(f"{url}/{SCHEDULED}", AUTH, serving(key)) as socket:
        heard(socket)
        assert UUID(heard(socket)["id"]) == run
        if goodbye is not None:
            said(socket, goodbye)
            assert closed(socket)[0] == 1000
    with opened(f"{url}/{SCHEDULED}", AUTH, serving(key, "another")) as socket:
        heard(socket)
        assert UUID(heard(socket)["id"]) == run


def test_workers_are_listed_while_they_are_there(store: Store, url: str) -> None:
    key = f"task-{uuid4()}"

    def workers() -> list[str]:
        wanted = TaskWorkerFilter(task_keys=[key])
        return [one.identifier for one in do(store, OPERATIONS["read_task_workers"](wanted))]

    run = a_deferred_run(store, key)
    with opened(f"{url}/{SCHEDULED}", AUTH, serving(key, f"worker-of-{key}")) as socket:
        heard(socket)
        assert UUID(heard(socket)["id"]) == run
        assert workers() == [f"worker-of-{key}"]
        said(socket, "quit")
        closed(socket)
    assert workers() == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"type": "hello"}, "Expected 'subscribe' message"),
        ({"type": "subscribe", "keys": [], "client_id": "x"}, "expected 'keys'"),
        ({"type": "subscribe", "keys": [7], "client_id": "x"}, "expected 'keys'"),
        ({"type": "subscribe", "keys": ["a"]}, "expected 'client_id'"),
    ],
)
def test_who_does_not_say_what_it_serves_gets_nothing(url: str, said: dict[str, Any], reason: str) -> None:
    with opened(f"{url}/{SCHEDULED}", AUTH, said) as socket:
        code, told = closed(socket)
    assert code == 4001
    assert reason in told


# --- several servers ------------------------------------------------------------------------------------


def test_what_one_server_is_told_another_streams(postgres_url: str) -> None:
    """Two servers over one PostgreSQL are as one."""
    told, name = open_store(postgres_url), f"event.{uuid4()}"
    with running_server(postgres_url) as one, running_server(told):
        with opened(f"{one.replace('http', 'ws', 1)}/events/out", AUTH, wish(name)) as socket:
            heard(socket)
            events = [new_event(event=name) for _ in range(3)]
            for event in events:
                keep(told, event)
            assert [UUID(heard(socket)["event"]["id"]) for _ in events] == [event.id for event in events]
        with opened(
            f"{one.replace('http', 'ws', 1)}/events/out", AUTH, wish("prefect.task-run.Running")
        ) as socket:
            heard(socket)
            state: states.State[Any] = states.State(type=StateType.RUNNING)
            told.journal.record_task_run(TaskRun(name="add-1", task_key="add", dynamic_key="1"), state)
            assert heard(socket)["event"]["id"] == str(state.id)
    told.close()
