"""Flow runs, their states and inputs, asked for through clients."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect import flow
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.schemas.actions import FlowRunCreate, StateCreate
from prefect.schemas.actions.runs import FlowRunUpdate
from prefect.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.schemas.operations import flow_runs
from prefect.schemas.responses import SetStateStatus
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import FlowRunSort
from prefect.schemas.states import StateType
from prefect.states import Cancelled, Completed, Failed, Paused, Pending, Running, Scheduled, Suspended

beyond_original = pytest.mark.beyond_original
ACCEPT, REJECT, WAIT, ABORT = (SetStateStatus[name] for name in ("ACCEPT", "REJECT", "WAIT", "ABORT"))


def of_flow(name: str) -> FlowFilter:
    return FlowFilter(name=FlowFilterName(any_=[name]))


def run_of(flow_name: str) -> Any:
    return flow(lambda x=0: x, name=flow_name)


# --- the runs -------------------------------------------------------------------------------------------


def test_a_flow_run_is_made_and_read(client: Any, name: str) -> None:
    made = client.create_flow_run(run_of(name), name=name, parameters={"x": 3}, tags=["a"], context={"c": 1})
    found = client.read_flow_run(made.id)
    assert isinstance(found, FlowRun)
    assert found == made
    assert (found.name, found.parameters, found.tags, found.context) == (name, {"x": 3}, ["a"], {"c": 1})
    assert found.state_type is StateType.PENDING
    assert found.state is not None
    assert found.state.state_details.flow_run_id == found.id
    assert found.labels["prefect.flow.id"] == str(found.flow_id)
    assert (found.run_count, found.start_time, found.total_run_time) == (0, None, timedelta(0))


def test_the_first_state_counts(client: Any, name: str) -> None:
    running = client.create_flow_run(run_of(name), state=Running())
    assert running.run_count == 1
    assert running.start_time is not None
    due = datetime(2030, 1, 1, tzinfo=UTC)
    scheduled = client.create_flow_run(run_of(name), state=Scheduled(scheduled_time=due))
    assert scheduled.next_scheduled_start_time == scheduled.expected_start_time == due


def test_a_run_is_named_when_it_is_not(client: Any, name: str) -> None:
    assert client.create_flow_run(run_of(name)).name


def test_the_same_key_makes_one_run(client: Any, flow_id: UUID, name: str) -> None:
    asked = flow_runs.create_flow_run(FlowRunCreate(flow_id=flow_id, idempotency_key=name))
    first, second = (perform(client, asked) for _ in range(2))
    assert first.id == second.id


def perform(client: Any, request: Any) -> Any:
    """Carry out a request that no method of the client makes."""
    return client.client._transport.perform(request)


def test_unknown_flow_runs(client: Any) -> None:
    unknown = uuid4()
    for method in ("read_flow_run", "delete_flow_run"):
        with pytest.raises(ObjectNotFound):
            getattr(client, method)(unknown)
    with pytest.raises(ObjectNotFound):
        client.update_flow_run(unknown, name="x")
    with pytest.raises(ObjectNotFound):
        client.set_flow_run_state(unknown, Running())
    assert client.read_flow_run_states(unknown) == []


def test_flow_runs_are_filtered_sorted_and_counted(client: Any, name: str) -> None:
    made = [client.create_flow_run(run_of(name), name=f"{name}-{letter}") for letter in "bac"]
    wanted = of_flow(name)
    assert {run.id for run in client.read_flow_runs(flow_filter=wanted)} == {run.id for run in made}
    by_name = client.read_flow_runs(flow_filter=wanted, sort=FlowRunSort.NAME_ASC, limit=2)
    assert [run.name for run in by_name] == [f"{name}-a", f"{name}-b"]
    assert client.count_flow_runs(flow_filter=wanted) == 3
    assert client.count_flow_runs(flow_filter=wanted, flow_run_filter=in_state(StateType.RUNNING)) == 0
    page = client.paginate_flow_runs(flow_filter=wanted, sort=FlowRunSort.NAME_DESC, limit=2)
    assert [run.name for run in page.results] == [f"{name}-c", f"{name}-b"]
    assert (page.count, page.pages) == (3, 2)


def in_state(type: StateType) -> FlowRunFilter:
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[type])))


def test_a_flow_run_is_changed(client: Any, flow_run: Any) -> None:
    answer = client.update_flow_run(flow_run.id, name="other", tags=["b"], parameters={"x": 5})
    assert answer.status_code == 204
    found = client.read_flow_run(flow_run.id)
    assert (found.name, found.tags, found.parameters) == ("other", ["b"], {"x": 5})
    client.set_flow_run_name(flow_run.id, "third")
    found = client.read_flow_run(flow_run.id)
    assert (found.name, found.tags) == ("third", ["b"])


def test_labels_are_added(client: Any, flow_run: Any) -> None:
    client.update_flow_run_labels(flow_run.id, {"a": 1, "b": "x"})
    client.update_flow_run_labels(flow_run.id, {"a": 2.5})
    labels = client.read_flow_run(flow_run.id).labels
    assert labels == {"prefect.flow.id": str(flow_run.flow_id), "a": 2.5, "b": "x"}


def test_a_flow_run_is_deleted_with_what_is_its(client: Any, task_run: Any) -> None:
    client.delete_flow_run(task_run.flow_run_id)
    with pytest.raises(ObjectNotFound):
        client.read_flow_run(task_run.flow_run_id)
    with pytest.raises(ObjectNotFound):
        client.delete_flow_run(task_run.flow_run_id)


def test_flow_runs_are_deleted_together(client: Any, flow_run: Any) -> None:
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
    assert client.bulk_delete_flow_runs(wanted).deleted == [flow_run.id]
    assert client.count_flow_runs(flow_run_filter=wanted) == 0


def test_history_and_lateness(client: Any, name: str) -> None:
    due = datetime(2020, 1, 1, 12, tzinfo=UTC)
    client.create_flow_run(run_of(name), state=Scheduled(scheduled_time=due))
    start, day = datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=1)
    history = client.flow_run_history(start, start + 2 * day, day, flow_filter=of_flow(name))
    assert [(one.interval_start, len(one.states)) for one in history] == [(start, 1), (start + day, 0)]
    counted = history[0].states[0]
    assert (counted.state_type, counted.state_name, counted.count_runs) == (
        StateType.SCHEDULED,
        "Scheduled",
        1,
    )
    assert counted.sum_estimated_lateness > timedelta(days=365)
    lateness = client.average_flow_run_lateness(flow_filter=of_flow(name))
    assert lateness == pytest.approx((datetime.now(UTC) - due).total_seconds(), rel=0.01)


# --- states ---------------------------------------------------------------------------------------------


def test_a_run_goes_through_its_states(client: Any, flow_run: Any) -> None:
    for state in (Running(), Completed(message="done")):
        result = client.set_flow_run_state(flow_run.id, state)
        assert result.status is ACCEPT
        assert result.state is not None
        assert (result.state.type, result.state.name) == (state.type, state.name)
        assert result.details.type == "accept_details"
    found = client.read_flow_run(flow_run.id)
    assert (found.state_type, found.run_count) == (StateType.COMPLETED, 1)
    assert found.end_time is not None
    assert found.start_time is not None
    assert found.total_run_time == found.end_time - found.start_time
    states = client.read_flow_run_states(flow_run.id)
    assert [state.name for state in states] == ["Pending", "Running", "Completed"]
    assert states[-1].message == "done"
    assert client.read_flow_run_state(states[1].id) == states[1]


def test_the_id_of_a_proposal_may_be_text(client: Any, flow_run: Any) -> None:
    assert client.set_flow_run_state(str(flow_run.id), Running()).status is ACCEPT


def test_a_failed_run_with_retries_left_is_scheduled_again(client: Any, name: str) -> None:
    run = client.create_flow_run(flow(lambda: None, name=name, retries=1, retry_delay_seconds=600))
    client.set_flow_run_state(run.id, Running())
    result = client.set_flow_run_state(run.id, Failed(message="why"))
    assert result.status is REJECT
    assert (result.state.type, result.state.name) == (StateType.SCHEDULED, "AwaitingRetry")
    assert result.details.type == "reject_details"
    assert result.details.reason
    waiting = client.set_flow_run_state(run.id, Running())
    assert (waiting.status, waiting.state.name) == (WAIT, "AwaitingRetry")
    assert 500 < waiting.details.delay_seconds <= 600


def test_force_leaves_the_rules_out(client: Any, name: str) -> None:
    run = client.create_flow_run(
        run_of(name), state=Scheduled(scheduled_time=datetime(2040, 1, 1, tzinfo=UTC))
    )
    assert client.set_flow_run_state(run.id, Running()).status is WAIT
    assert client.set_flow_run_state(run.id, Running(), force=True).status is ACCEPT


@beyond_original
def test_an_ended_run_stays_as_it_ended(client: Any, flow_run: Any) -> None:
    client.set_flow_run_state(flow_run.id, Cancelled())
    result = client.set_flow_run_state(flow_run.id, Completed())
    assert result.status in (ABORT, REJECT)
    assert client.read_flow_run(flow_run.id).state_type is StateType.CANCELLED


def test_the_proposed_state_itself_is_not_changed(client: Any, flow_run: Any) -> None:
    state = Running()
    client.set_flow_run_state(flow_run.id, state)
    assert state.state_details.flow_run_id is None
    assert state.state_details.transition_id is None


def test_states_are_set_together(client: Any, name: str) -> None:
    tagged = [client.create_flow_run(run_of(name), tags=[name]) for _ in range(2)]
    wanted = FlowRunFilter(tags=FlowRunFilterTags(all_=[name]))
    answer = client.bulk_set_flow_run_state(StateCreate(type=StateType.RUNNING), wanted)
    assert {one.flow_run_id for one in answer.results} == {run.id for run in tagged}
    assert {one.status for one in answer.results} == {ACCEPT}
    assert client.count_flow_runs(flow_filter=of_flow(name), flow_run_filter=in_state(StateType.RUNNING)) == 2


def test_unknown_state(client: Any) -> None:
    with pytest.raises(ObjectNotFound):
        client.read_flow_run_state(uuid4())


# --- pauses ---------------------------------------------------------------------------------------------


def test_a_paused_run_goes_on(client: Any, flow_run: Any) -> None:
    client.set_flow_run_state(flow_run.id, Running())
    client.set_flow_run_state(flow_run.id, Paused(timeout_seconds=600))
    result = client.resume_flow_run(flow_run.id)
    assert result.status is ACCEPT
    assert result.state.type is StateType.RUNNING


def test_a_suspended_run_is_scheduled(client: Any, deployment_id: UUID) -> None:
    run = client.create_flow_run_from_deployment(deployment_id)
    client.set_flow_run_state(run.id, Pending())
    client.set_flow_run_state(run.id, Running())
    assert client.set_flow_run_state(run.id, Suspended(timeout_seconds=600)).status is ACCEPT
    result = client.resume_flow_run(run.id)
    assert result.status is ACCEPT
    assert (result.state.type, result.state.name) == (StateType.SCHEDULED, "Resuming")


def test_only_a_paused_run_can_be_resumed(client: Any, flow_run: Any) -> None:
    result = client.resume_flow_run(flow_run.id)
    assert (result.status, result.state) == (ABORT, None)
    assert "not paused" in result.details.reason


def test_the_answer_to_a_pause_is_kept(client: Any, flow_run: Any) -> None:
    schema = '{"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}'
    client.set_flow_run_state(flow_run.id, Running())
    paused = Paused(timeout_seconds=600, pause_key="1")
    paused.state_details.run_input_keyset = {"schema": "paused-1-schema", "response": "paused-1-response"}
    client.set_flow_run_state(flow_run.id, paused)
    client.create_flow_run_input(flow_run.id, "paused-1-schema", schema)
    assert client.resume_flow_run(flow_run.id, run_input={}).status is REJECT
    assert client.resume_flow_run(flow_run.id, run_input={"x": 1}).status is ACCEPT
    assert client.read_flow_run_input(flow_run.id, "paused-1-response") in ('{"x": 1}', '{"x":1}')


# --- inputs ---------------------------------------------------------------------------------------------


def test_inputs_are_given_read_and_taken_away(client: Any, flow_run: Any) -> None:
    client.create_flow_run_input(flow_run.id, "key-1", '{"a": 1}', sender="me")
    assert client.read_flow_run_input(flow_run.id, "key-1") == '{"a": 1}'
    with pytest.raises(ObjectAlreadyExists):
        client.create_flow_run_input(flow_run.id, "key-1", "2")
    client.delete_flow_run_input(flow_run.id, "key-1")
    with pytest.raises(ObjectNotFound):
        client.read_flow_run_input(flow_run.id, "key-1")
    with pytest.raises(ObjectNotFound):
        client.delete_flow_run_input(flow_run.id, "key-1")
    with pytest.raises(ObjectNotFound):
        client.create_flow_run_input(uuid4(), "key", "1")


def test_inputs_are_found_by_the_beginning_of_their_key(client: Any, flow_run: Any) -> None:
    for key in ("ab-1", "ab-2", "ab-3", "xy"):
        client.create_flow_run_input(flow_run.id, key, "1")
    found = client.filter_flow_run_input(flow_run.id, "ab", limit=2, exclude_keys={"ab-1"})
    assert [one.key for one in found] == ["ab-2", "ab-3"]
    assert found[0].decoded_value == 1


def test_what_a_client_can_set_is_what_it_says(client: Any, flow_run: Any) -> None:
    perform(client, flow_runs.update_flow_run(flow_run.id, FlowRunUpdate(infrastructure_pid="here:1")))
    found = client.read_flow_run(flow_run.id)
    assert (found.infrastructure_pid, found.name) == ("here:1", flow_run.name)
