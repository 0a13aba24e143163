"""Runs recorded at a server of another make: played by our own, which is asked nothing that others do not know."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.unit.engine_client.conftest import HOLDER, FakeServer, World, enters, notes, task_run_of

from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.foreign import ForeignClient
from prefect.client.engine.foreign_letters import OpenRuns, letters_of
from prefect.client.engine.letters import LOG, TRANSITION
from prefect.client.engine.line import Refused, Unreachable
from prefect.client.engine.opening import is_ours
from prefect.client.engine.spool import Spool
from prefect.client.orchestration._messages import Message
from prefect.exceptions import ObjectUnsupported, ServerUnreachableError
from prefect.logging.handlers import LogRow
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, FlowRunPolicy
from prefect.schemas.states import State, StateDetails, StateType

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class ForeignServer(FakeServer):
    """One that knows nothing of the engine's operations. What it is told of task runs is in `events`."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.events: list[dict[str, Any]] = []

    def _answer(self, message: Message) -> bytes:
        if message.path.startswith("/engine"):
            raise Refused("Not Found", 404)
        if message.path == "/events":
            self.events += orjson.loads(message.body)
            return b""
        return super()._answer(message)


@pytest.fixture
def foreign(world: World) -> World:
    """The world with such a server."""
    world.server = ForeignServer(world.store)
    return world


def client_of(world: World) -> ForeignClient:
    spool = Spool(Path(world.spool_path), 100_000_000)
    dispatch = Dispatch(world.server, spool, HOLDER, in_background=False)
    return ForeignClient(dispatch, HOLDER, in_background=False)


def begun(client: ForeignClient, retries: int = 0, **fields: Any) -> FlowRun:
    policy = FlowRunPolicy(retries=retries, retry_delay=0)
    run = FlowRun(id=uuid7(), name="run", flow_id=client.flow_id("flow"), empirical_policy=policy, **fields)
    assert client.begin_flow_run(run, State(type=StateType.PENDING, name="Pending"))
    return run


def test_a_server_of_another_make_is_known_by_what_it_does_not_know(world: World) -> None:
    assert is_ours(world.server)
    assert not is_ours(ForeignServer(world.store))
    absent = FakeServer(world.store)
    absent.absent = True
    with pytest.raises(Unreachable):
        is_ours(absent)
    refusing = FakeServer(world.store)
    refusing.refuses["/engine"] = 401
    with pytest.raises(Refused):
        is_ours(refusing)


def test_a_flow_run_is_recorded_under_the_id_that_the_server_gives_it(foreign: World) -> None:
    client = client_of(foreign)
    wanted = uuid7()
    run = FlowRun(id=wanted, name="run", flow_id=client.flow_id("flow"))
    state = State[Any](type=StateType.PENDING, name="Pending")
    client.begin_flow_run(run, state)
    assert run.id != wanted
    assert state.state_details.flow_run_id == run.id
    outcome = enters(client, run, "RUNNING")
    assert (outcome.status, outcome.run_count) == ("ACCEPT", 1)
    assert enters(client, run, "COMPLETED").status == "ACCEPT"
    assert foreign.history(run.id) == ["Pending", "Running", "Completed"]


def test_the_rules_are_the_servers(foreign: World) -> None:
    client = client_of(foreign)
    run = begun(client, retries=1)
    enters(client, run, "RUNNING")
    outcome = enters(client, run, "FAILED")
    assert (outcome.status, outcome.state.name) == ("REJECT", "AwaitingRetry")


def test_task_runs_are_told_as_events(foreign: World) -> None:
    client = client_of(foreign)
    run = begun(client)
    task = task_run_of(run)
    notes(client, task, "PENDING", "RUNNING", "COMPLETED")
    client.record_log(LogRow("my.logger", 20, "hello", MOMENT, run.id, task.id))
    client.flush()
    events = foreign.server.events
    assert [event["event"] for event in events] == [
        "prefect.task-run.Pending",
        "prefect.task-run.Running",
        "prefect.task-run.Completed",
    ]
    assert [event["follows"] for event in events] == [None, events[0]["id"], events[1]["id"]]
    assert {event["resource"]["prefect.resource.id"] for event in events} == {f"prefect.task-run.{task.id}"}
    assert [log.message for log in foreign.ask("read_logs")] == ["hello"]


def test_an_event_holds_what_is_to_be_recorded() -> None:
    run = task_run_of(None)
    details = StateDetails(cache_key="key")
    data = {"type": "reference", "storage_key": "there"}
    state = State[Any](type=StateType.COMPLETED, name="Done", state_details=details, data=data)
    entry = (TRANSITION, run, state, 3, MOMENT, None, MOMENT - MOMENT)
    [letter] = letters_of([entry], OpenRuns())
    [event] = orjson.loads(letter.body)
    assert letter.path == "/events"
    assert event["id"] == str(state.id)
    assert event["payload"]["validated_state"]["state_details"] == {"cache_key": "key"}
    assert event["payload"]["validated_state"]["data"] == data
    assert event["payload"]["task_run"]["run_count"] == 3
    assert event["payload"]["task_run"]["task_key"] == run.task_key


def test_what_stands_for_a_subflow_is_made_before_and_followed_by_the_server(foreign: World) -> None:
    client = client_of(foreign)
    parent = begun(client)
    placeholder = task_run_of(parent)
    notes(client, placeholder, "PENDING")
    child = begun(client, parent_task_run_id=placeholder.id)
    assert foreign.ask("read_task_run", task_run_id=placeholder.id).dynamic_key == placeholder.dynamic_key
    told = State[Any](type=StateType.RUNNING, state_details=StateDetails(child_flow_run_id=child.id))
    client.record_task_run(placeholder, told)
    client.flush()
    assert len(foreign.server.events) == 1


def test_many_entries_are_told_in_small_messages() -> None:
    line = (LOG, uuid7(), "my.logger", 20, "hello", MOMENT, uuid7(), None)
    assert [len(orjson.loads(letter.body)) for letter in letters_of(450 * [line], OpenRuns())] == [
        200,
        200,
        50,
    ]


def test_a_run_goes_on_while_the_server_is_away(foreign: World) -> None:
    client = client_of(foreign)
    run = begun(client)
    enters(client, run, "RUNNING")
    foreign.server.absent = True
    task = task_run_of(run)
    notes(client, task, "PENDING", "COMPLETED")
    assert enters(client, run, "COMPLETED").status == "ACCEPT"
    with pytest.raises(ServerUnreachableError, match="begins only with it"):
        begun(client)
    foreign.server.absent = False
    client.close()
    assert foreign.history(run.id) == ["Pending", "Running", "Completed"]
    assert len(foreign.server.events) == 2


def test_what_such_a_server_does_not_know_is_said(foreign: World) -> None:
    client = client_of(foreign)
    with pytest.raises(ObjectUnsupported, match="does not know continuing a flow run"):
        client.children_of(uuid7())
    with pytest.raises(ObjectUnsupported, match="a lock in its database"):
        client.try_lock("key", "me", None)
    assert not client.superseded(uuid7())


def test_it_is_told_where_runs_stand(foreign: World) -> None:
    client = client_of(foreign)
    run = begun(client)
    state = enters(client, run, "RUNNING").state
    assert client.flow_run_states([run.id]) == {run.id: (state.id, StateType.RUNNING)}
