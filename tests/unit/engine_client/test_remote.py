"""Runs recorded at a server: what is there when, what an absent server changes, and what it does not."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from tests.unit.engine_client.conftest import World, begun, enters, notes, task_run_of

from prefect._clock import VirtualClock
from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.remote import RemoteClient
from prefect.client.engine.spool import Spool
from prefect.client.orchestration._messages import Message
from prefect.exceptions import ObjectNotFound, ServerUnreachableError, StoreFullError
from prefect.logging.handlers import LogRow
from prefect.schemas.bases import uuid7
from prefect.schemas.states import State, StateType

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


# --- with a server --------------------------------------------------------------------------------------


def test_a_run_is_recorded_in_order(world: World) -> None:
    client = world.process()
    run = begun(client)
    task = task_run_of(run)
    assert enters(client, run, "RUNNING").status == "ACCEPT"
    notes(client, task, "PENDING", "RUNNING", "COMPLETED")
    client.record_log(LogRow("my.logger", 20, "hello", MOMENT, run.id, task.id))
    assert world.history(task.id) == []

    outcome = enters(client, run, "COMPLETED")

    assert (outcome.status, outcome.run_count, outcome.attempt) == ("ACCEPT", 1, 1)
    assert world.history(run.id) == ["Pending", "Running", "Completed"]
    assert world.history(task.id) == ["Pending", "Running", "Completed"]
    assert [log.message for log in world.ask("read_logs")] == ["hello"]
    assert world.leases() == []


def test_what_was_noted_is_stored_once_flushed(world: World) -> None:
    client = world.process()
    task = task_run_of(begun(client))
    notes(client, task, "PENDING")
    client.flush()
    assert world.history(task.id) == ["Pending"]


def test_many_states_go_in_one_message(world: World) -> None:
    client = world.process()
    run = begun(client)
    for _ in range(100):
        notes(client, task_run_of(run), "PENDING", "RUNNING", "COMPLETED")
    client.flush()
    assert world.server.asked.count("/engine/record") == 1


def test_whoever_notes_too_much_waits_for_the_server(world: World) -> None:
    client = world.process(max_queued=5)
    run = begun(client)
    for _ in range(6):
        notes(client, task_run_of(run), "PENDING")
    assert world.server.asked.count("/engine/record") == 1


def test_a_flow_is_registered_once(world: World) -> None:
    client = world.process()
    assert client.flow_id("flow") == client.flow_id("flow")
    assert world.server.asked.count("/flows/") == 1


def test_the_rules_are_the_servers(world: World) -> None:
    client = world.process()
    run = begun(client, retries=1)
    enters(client, run, "RUNNING")
    outcome = enters(client, run, "FAILED")
    assert (outcome.status, outcome.state.name) == ("REJECT", "AwaitingRetry")


def test_an_unknown_run_is_not_found(world: World) -> None:
    client = world.process()
    with pytest.raises(ObjectNotFound):
        client.propose_flow_run_state(uuid7(), State(type=StateType.RUNNING))
    with pytest.raises(ObjectNotFound):
        client.read_flow_run(uuid7())


def test_names_parameters_and_labels_change(world: World) -> None:
    client = world.process()
    run = begun(client)
    client.rename_flow_run(run.id, "another")
    run.parameters, run.labels = {"x": 1}, {"label": "value"}
    client.amend_flow_run(run)
    stored = client.read_flow_run(run.id)
    assert (stored.name, stored.parameters) == ("another", {"x": 1})
    assert stored.labels["label"] == "value"


def test_reading_sees_what_was_noted(world: World) -> None:
    client = world.process()
    run = begun(client)
    tasks = [task_run_of(run) for _ in range(3)]
    for task in tasks:
        notes(client, task, "PENDING")
    found = client.read_task_runs([task.id for task in tasks])
    assert {one.id for one in found} == {task.id for task in tasks}
    assert client.flow_name(run.flow_id) == "flow"
    assert client.flow_name(uuid7()) is None
    assert client.children_of(run.id) == []
    assert client.step_names(run.id)[run.id].names
    assert client.completed_task_runs(run.id) == []
    assert client.deferred_runs(run.id, "label") == {}
    assert client.kept_parameters(run.id) is None


def test_locks_are_the_servers(world: World) -> None:
    one, other = world.process(), world.process("other|boot|1|1")
    assert one.try_lock("key", "me", None)
    assert not other.try_lock("key", "you", None)
    held = other.held_lock("key")
    assert held is not None
    assert (held.holder, held.expires_at) == ("me", None)
    assert one.release_lock("key", "me")
    assert other.held_lock("key") is None


def test_what_json_cannot_say_is_recorded_as_python_shows_it(world: World) -> None:
    client = world.process()
    run = begun(client, parameters={"name": "\udc80"})
    task = task_run_of(run)
    task.labels["many"] = 2**70
    notes(client, task, "PENDING")
    client.record_log(LogRow("my.logger", 20, "half \udc80 and \0 and all", MOMENT, run.id, None))
    client.flush()
    assert client.read_flow_run(run.id).parameters == {"name": "\\udc80"}
    [log] = world.ask("read_logs")
    assert log.message == "half \\udc80 and \0 and all"
    assert world.history(task.id) == ["Pending"]


# --- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_away", [False, True])
def test_a_message_without_measure_is_cut_and_the_state_recorded(world: World, is_away: bool) -> None:
    client = world.process()
    run = begun(client)
    enters(client, run, "RUNNING")
    world.server.absent = is_away
    task = task_run_of(run)
    client.record_task_run(
        task, State[Any](type=StateType.FAILED, message="x" * 20_000_000, timestamp=MOMENT)
    )
    failed = State[Any](type=StateType.FAILED, message="y" * 20_000_000)
    assert client.propose_flow_run_state(run.id, failed, attempt=1).status == "ACCEPT"
    world.server.absent = False
    client.close()
    [told_of_task] = world.ask("read_task_run_states", task_run_id=task.id)
    told_of_flow = world.ask("read_flow_run", flow_run_id=run.id).state
    for state in (told_of_task, told_of_flow):
        assert len(state.message) < 1_100_000
        assert state.message.endswith("... (19000000 more characters)")


def test_a_refused_batch_is_reported_once_and_holds_up_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    client = world.process()
    run = begun(client)
    world.server.refuses["/engine/record"] = 403
    for _ in range(3):
        notes(client, task_run_of(run), "PENDING")
        client.flush()
    assert enters(client, run, "RUNNING").status == "ACCEPT"
    reports = [record for record in caplog.records if "is not recorded" in record.getMessage()]
    assert len(reports) == 1
    assert "it does not like that" in reports[0].getMessage()


def test_a_refused_run_does_not_begin(world: World) -> None:
    client = world.process()
    world.server.refuses["/engine/flow_runs"] = 403
    with pytest.raises(Exception, match="does not like that"):
        begun(client)


# --- without a server -----------------------------------------------------------------------------------


def test_a_run_goes_on_while_the_server_is_away(world: World) -> None:
    client = world.process()
    run = begun(client)
    enters(client, run, "RUNNING")
    task = task_run_of(run)
    notes(client, task, "PENDING", "RUNNING")
    world.server.absent = True
    client.flush()
    notes(client, task, "COMPLETED")
    assert enters(client, run, "COMPLETED").status == "ACCEPT"
    assert world.history(run.id) == ["Pending", "Running"]

    world.server.absent = False
    client.close()

    assert world.history(run.id) == ["Pending", "Running", "Completed"]
    assert world.history(task.id) == ["Pending", "Running", "Completed"]
    assert world.leases() == []


def test_a_run_begins_while_the_server_is_away(world: World) -> None:
    world.server.absent = True
    client = world.process()
    run = begun(client)
    enters(client, run, "RUNNING")
    enters(client, run, "COMPLETED")
    world.server.absent = False
    client.close()
    assert world.history(run.id) == ["Pending", "Running", "Completed"]
    stored = world.ask("read_flow_run", flow_run_id=run.id)
    assert world.ask("read_flow", flow_id=stored.flow_id).name == "flow"


def test_subflows_begin_while_the_server_is_away(world: World) -> None:
    world.server.absent = True
    client = world.process()
    parent = begun(client)
    placeholder = task_run_of(parent)
    notes(client, placeholder, "PENDING")
    child = begun(client, parent_task_run_id=placeholder.id)
    enters(client, child, "RUNNING")
    enters(client, child, "COMPLETED")
    notes(client, placeholder, "COMPLETED")
    enters(client, parent, "RUNNING")
    enters(client, parent, "COMPLETED")
    world.server.absent = False
    client.close()
    for run_id in (parent.id, child.id):
        assert world.history(run_id) == ["Pending", "Running", "Completed"]
    assert world.history(placeholder.id) == ["Pending", "Completed"]


def test_a_failed_run_is_tried_again_while_the_server_is_away(world: World) -> None:
    client = world.process()
    run = begun(client, retries=1)
    world.server.absent = True
    enters(client, run, "RUNNING")
    first = enters(client, run, "FAILED")
    assert (first.status, first.state.name, first.run_count) == ("REJECT", "AwaitingRetry", 1)
    enters(client, run, "RUNNING")
    last = enters(client, run, "FAILED")
    assert (last.status, last.run_count) == ("ACCEPT", 2)
    world.server.absent = False
    client.close()
    assert world.history(run.id) == ["Pending", "Running", "AwaitingRetry", "Running", "Failed"]
    assert world.ask("read_flow_run", flow_run_id=run.id).run_count == 2


@pytest.mark.parametrize("is_away", [False, True])
def test_a_value_is_no_stored_result_with_and_without_a_server(world: World, is_away: bool) -> None:
    world.server.absent = is_away
    client = world.process()
    run = begun(client)
    enters(client, run, "RUNNING")
    enters(client, run, "COMPLETED", data=42)
    assert enters(client, run, "RUNNING", begin=True).status == "ACCEPT"


def test_the_server_is_spoken_to_directly_once_it_knows_everything(world: World) -> None:
    client = world.process()
    run = begun(client)
    world.server.absent = True
    enters(client, run, "RUNNING")
    world.server.absent = False
    client.close_dead_runs()
    world.server.asked.clear()
    enters(client, run, "COMPLETED")
    assert world.server.asked == [f"/engine/flow_runs/{run.id}/state"]
    assert world.history(run.id) == ["Pending", "Running", "Completed"]


def test_what_a_process_leaves_behind_is_sent_by_the_next(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    first = world.process()
    run = begun(first)
    world.server.absent = True
    enters(first, run, "RUNNING")
    enters(first, run, "COMPLETED")
    first.close()
    assert "is still away" in caplog.text
    assert str(world.spool_path) in caplog.text
    # meanwhile the server has taken the process for dead
    crashed = State[Any](type=StateType.CRASHED, name="Crashed")
    world.server.absent = False
    world.process("reaper|boot|1|1").propose_flow_run_state(run.id, crashed, force=True)

    world.process("next|boot|5|5").close()

    assert world.ask("read_flow_run", flow_run_id=run.id).state_name == "Completed"
    assert world.leases() == []


def test_a_process_killed_while_the_server_is_away_loses_nothing_that_was_flushed(world: World) -> None:
    killed = world.process()
    run = begun(killed)
    enters(killed, run, "RUNNING")
    task = task_run_of(run)
    world.server.absent = True
    notes(killed, task, "PENDING", "RUNNING", "COMPLETED")
    killed.flush()
    del killed
    world.server.absent = False
    world.process("next|boot|5|5").close()
    assert world.history(task.id) == ["Pending", "Running", "Completed"]
    # the run is still under the lease of the process that is gone: the server will see that
    assert world.leases() == ["elsewhere|boot|4711|1"]


def test_answers_that_get_lost_change_nothing(world: World) -> None:
    client = world.process()
    world.server.deaf = True
    run = begun(client, retries=1)
    enters(client, run, "RUNNING")
    task = task_run_of(run)
    notes(client, task, "PENDING", "COMPLETED")
    enters(client, run, "FAILED")
    enters(client, run, "RUNNING")
    enters(client, run, "COMPLETED")
    world.server.deaf = False
    client.close()
    assert world.history(run.id) == ["Pending", "Running", "AwaitingRetry", "Running", "Completed"]
    assert world.history(task.id) == ["Pending", "Completed"]
    assert world.ask("read_flow_run", flow_run_id=run.id).run_count == 2


@pytest.mark.parametrize("cut", range(8))
def test_a_server_may_go_away_anywhere(world: World, cut: int) -> None:
    client = world.process()
    task_ids: list[UUID] = []

    def step(number: int) -> None:
        world.server.absent = number >= cut

    step(0)
    run = begun(client, retries=1)
    for number, type in enumerate(["RUNNING", "FAILED", "RUNNING", "COMPLETED"], start=1):
        step(2 * number - 1)
        task = task_run_of(run)
        task_ids.append(task.id)
        notes(client, task, "PENDING", "RUNNING", "COMPLETED")
        client.flush()
        step(2 * number)
        enters(client, run, type)
    world.server.absent = False
    client.close()
    assert world.history(run.id) == ["Pending", "Running", "AwaitingRetry", "Running", "Completed"]
    assert [world.history(id) for id in task_ids] == 4 * [["Pending", "Running", "Completed"]]
    assert world.leases() == []


def test_it_is_said_once_that_the_server_is_away_and_once_that_it_is_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = world.process()
    run = begun(client)
    world.server.absent = True
    for _ in range(3):
        notes(client, task_run_of(run), "PENDING")
        client.flush()
    world.server.absent = False
    client.close()
    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if "cannot be reached" in text]) == 1
    assert len([text for text in said if "is back, and" in text]) == 1


def test_what_is_kept_is_bounded(world: World) -> None:
    client = world.process(max_bytes=50_000)
    world.server.absent = True
    run = begun(client)
    with pytest.raises(StoreFullError, match="PREFECT_ENGINE_SPOOL_MAX_BYTES"):
        for _ in range(1_000):
            client.record_log(LogRow("my.logger", 20, "x" * 1_000, MOMENT, run.id, None))
            client.flush()


def test_where_a_run_stands_is_known_here_while_the_server_is_away(world: World) -> None:
    client = world.process()
    run = begun(client)
    enters(client, run, "RUNNING")
    enters(client, run, "PAUSED")
    world.server.absent = True
    # first by an answer that fails to come, then because it is known that none will come
    for _ in range(2):
        state = client.flow_run_state(run.id)
        assert state is not None
        assert state.is_paused()
        client.flow_run_states([run.id])
    with pytest.raises(ServerUnreachableError):
        client.flow_run_state(uuid7())


def test_what_is_read_is_not_older_than_what_is_kept_for_the_server(world: World) -> None:
    client = world.process()
    run = begun(client)
    world.server.absent = True
    enters(client, run, "RUNNING")
    with pytest.raises(ServerUnreachableError):
        client.read_flow_run(run.id)
    world.server.absent = False
    assert client.read_flow_run(run.id).state_name == "Running"
    assert world.history(run.id) == ["Pending", "Running"]


def test_a_damaged_spool_does_not_keep_runs_from_a_server_that_is_there(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.spool_path.parent.mkdir()
    world.spool_path.write_bytes(b"not a database" * 1_000)
    client = world.process()
    run = begun(client)
    assert enters(client, run, "COMPLETED").status == "ACCEPT"
    client.close()
    assert world.history(run.id) == ["Pending", "Completed"]
    assert str(world.spool_path) in caplog.text


def test_nothing_is_known_of_the_runs_of_others_while_the_server_is_away(world: World) -> None:
    client = world.process()
    world.server.absent = True
    with pytest.raises(ServerUnreachableError, match="not one of this process"):
        client.propose_flow_run_state(uuid7(), State(type=StateType.RUNNING))
    with pytest.raises(ServerUnreachableError):
        client.read_flow_run(uuid7())


def test_a_letter_that_the_server_refuses_late_does_not_hold_up_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    client = world.process()
    run = begun(client)
    world.server.absent = True
    notes(client, task_run_of(run), "PENDING")
    enters(client, run, "RUNNING")
    world.server.absent = False
    world.server.refuses["/engine/record"] = 422
    client.close()
    assert "is not recorded" in caplog.text
    assert world.history(run.id) == ["Pending", "Running"]


def test_a_letter_that_the_server_fails_over_is_given_up_in_the_end(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    client = world.process()
    run = begun(client)
    world.server.absent = True
    notes(client, task_run_of(run), "PENDING")
    client.flush()
    world.server.absent = False
    world.server.refuses["/engine/record"] = 500
    for _ in range(10):
        client.close_dead_runs()
    assert "the server fails over it" not in caplog.text
    client.close_dead_runs()
    assert "the server fails over it" in caplog.text
    assert enters(client, run, "RUNNING").status == "ACCEPT"


class Silence:
    """A server that takes what it is sent and does not answer before it is told to."""

    url = "http://server.test/api"

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.came = threading.Event()

    def send(self, message: Message) -> bytes:
        self.came.set()
        assert self.may_answer.wait(60)
        return b'{"lost":[]}'

    def close(self) -> None:
        """Nothing to give up."""


@pytest.mark.parametrize("is_strict", [False, True])
def test_what_a_server_does_not_answer_in_time_is_kept_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, is_strict: bool
) -> None:
    line, spool = Silence(), Spool(tmp_path / "spool.db", 10_000_000)
    dispatch = Dispatch(line, spool, "me", is_strict)
    client = RemoteClient(dispatch, "me", flush_seconds=0.001, patience_seconds=0.01)
    notes(client, task_run_of(None), "PENDING")
    assert line.came.wait(60)
    notes(client, task_run_of(None), "PENDING")
    client.close()
    kept = Spool(spool.path, 10_000_000).first()
    line.may_answer.set()
    if is_strict:
        assert "2 records of runs were not stored" in caplog.text
    else:
        assert kept is not None
        assert len(orjson.loads(kept.letter.body)["states"]) == 2
        assert str(spool.path) in caplog.text


# --- strict ---------------------------------------------------------------------------------------------


def test_a_strict_run_fails_without_its_server(world: World) -> None:
    client = world.process(is_strict=True)
    run = begun(client)
    world.server.absent = True
    with pytest.raises(ServerUnreachableError, match=r"http://server\.test/api cannot be reached"):
        enters(client, run, "RUNNING")
    notes(client, task_run_of(run), "PENDING")
    with pytest.raises(ServerUnreachableError):
        client.flush()
    assert not world.spool_path.exists()


def test_a_strict_run_does_not_guess_where_it_stands(world: World) -> None:
    client = world.process(is_strict=True)
    run = begun(client)
    world.server.absent = True
    with pytest.raises(ServerUnreachableError):
        client.flow_run_state(run.id)


def test_a_strict_run_keeps_its_place_for_a_server_that_comes_back(world: World) -> None:
    client = world.process(is_strict=True)
    task = task_run_of(begun(client))
    world.server.absent = True
    notes(client, task, "PENDING", "RUNNING")
    with pytest.raises(ServerUnreachableError):
        client.flush()
    world.server.absent = False
    client.flush()
    assert world.history(task.id) == ["Pending", "Running"]


def test_a_strict_run_does_not_fill_the_memory(world: World) -> None:
    client = world.process(is_strict=True, max_queued=10)
    run = begun(client)
    world.server.absent = True
    with pytest.raises(ServerUnreachableError):
        for _ in range(100):
            notes(client, task_run_of(run), "PENDING")


# --- leases ---------------------------------------------------------------------------------------------


def test_a_run_that_another_process_has_taken_is_lost(world: World, clock: VirtualClock) -> None:
    client, other = world.process(), world.process("other|boot|2|2")
    run = begun(client)
    enters(client, run, "RUNNING")
    enters(other, run, "CRASHED", force=True)
    other.propose_flow_run_state(run.id, State(type=StateType.PENDING, name="Pending"), begin=True)
    assert not client.superseded(run.id)
    clock.sleep(31)
    assert client.superseded(run.id)
    assert not client.superseded(uuid7())


def test_a_batch_tells_that_a_run_is_lost(world: World) -> None:
    client, other = world.process(), world.process("other|boot|2|2")
    run = begun(client)
    enters(client, run, "RUNNING")
    enters(other, run, "CRASHED", force=True)
    other.propose_flow_run_state(run.id, State(type=StateType.PENDING, name="Pending"), begin=True)
    task = task_run_of(run)
    notes(client, task, "PENDING")
    client.flush()
    assert client.superseded(run.id)
    assert world.history(task.id) == []


def test_a_run_is_not_lost_because_the_server_is_away(world: World, clock: VirtualClock) -> None:
    client = world.process()
    run = begun(client)
    world.server.absent = True
    clock.sleep(3_600)
    assert not client.superseded(run.id)


def test_it_is_told_where_runs_stand(world: World) -> None:
    client, other = world.process(), world.process("other|boot|2|2")
    run = begun(client)
    enters(client, run, "RUNNING")
    cancelling = enters(other, run, "CANCELLING", attempt=None).state
    assert client.flow_run_states([run.id]) == {run.id: (cancelling.id, StateType.CANCELLING)}
    state = client.flow_run_state(run.id)
    assert state is not None
    assert state.id == cancelling.id
    assert [one.name for one in client.flow_run_history(run.id)] == ["Pending", "Running", "Cancelling"]
    world.server.absent = True
    assert client.flow_run_states([run.id]) == {}
