"""Batches of another process: what they hold, what a server makes of them, and of those who may not speak."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa

from prefect.schemas.bases import uuid7
from prefect.schemas.operations import OPERATIONS
from prefect.schemas.recording import Batch, batch_of, transitions_of
from prefect.schemas.runs import FlowRun, FlowRunPolicy, TaskRun, TaskRunPolicy, TaskRunResult
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.database.store import Store, open_store
from prefect.server.models import recording
from prefect.server.operations import do

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 60.0
HERE, ELSEWHERE = "host|boot|1|1", "host|boot|2|2"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url, holder="server|boot|9|9")
    yield opened
    opened.close()


def ask(store: Store, name: str, **arguments: Any) -> Any:
    """Have an operation done."""
    return do(store, OPERATIONS[name](**arguments))


def begun_run(store: Store, holder: str = HERE, **fields: Any) -> UUID:
    """A flow run that a process elsewhere runs."""
    run = FlowRun(id=uuid7(), name="run", flow_id=uuid7(), **fields)
    state = State[Any](type=StateType.PENDING, name="Pending")
    begun = ask(store, "begin_flow_run", flow_run=run, state=state, flow_name="flow", holder=holder)
    assert begun.begun
    return run.id


def proposed(store: Store, run_id: UUID, type: StateType, **how: Any) -> Any:
    """What becomes of a state proposed for a flow run."""
    state = State[Any](type=type, state_details=StateDetails(transition_id=uuid7()))
    asked = {"flow_run_id": run_id, "state": state, "holder": HERE, "attempt": 1, **how}
    return ask(store, "propose_flow_run_state", **asked)


def task_run(flow_run_id: UUID | None, **fields: Any) -> TaskRun:
    known = {"name": "task-1", "task_key": "task-abc", "dynamic_key": str(uuid7()), **fields}
    return TaskRun(id=uuid7(), flow_run_id=flow_run_id, **known)


def entered(run: TaskRun, *types: StateType) -> list[Any]:
    """The transitions of a run through these states."""
    moments = [MOMENT + timedelta(seconds=number) for number in range(len(types))]
    return [
        (run, State[Any](type=type, timestamp=moment), number, MOMENT, None, timedelta(seconds=number))
        for number, (type, moment) in enumerate(zip(types, moments, strict=True))
    ]


def batch(transitions: list[Any], logs: list[Any] | None = None, **fields: Any) -> Batch:
    """A batch as it arrives: made by the one side, sent as JSON, read by the other."""
    content = {"holder": HERE, **batch_of(transitions, logs or []), **fields}
    return Batch.model_validate_json(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))


def told(store: Store, transitions: list[Any], logs: list[Any] | None = None, **fields: Any) -> Any:
    return ask(store, "record", batch=batch(transitions, logs, **fields))


def states_of(store: Store, run: TaskRun) -> list[StateType]:
    return [state.type for state in ask(store, "read_task_run_states", task_run_id=run.id)]


# --- what travels ---------------------------------------------------------------------------------------


def test_a_batch_says_everything_that_is_stored_of_a_run() -> None:
    upstream = TaskRunResult(id=uuid7())
    run = task_run(
        uuid7(),
        task_version="2",
        flow_run_run_count=3,
        empirical_policy=TaskRunPolicy(retries=2, retry_delay=[1, 2.5], retry_jitter_factor=0.5),
        tags=["a", "b"],
        labels={"name": "text", "number": 1, "yes": True},
        task_inputs={"x": [upstream], "y": []},
        expected_start_time=MOMENT,
    )
    details = StateDetails(cache_key="key", cache_expiration=MOMENT, scheduled_time=MOMENT, deferred=True)
    data = {"type": "reference", "storage_key": "there"}
    state = State[Any](
        type=StateType.SCHEDULED,
        name="Waiting",
        timestamp=MOMENT,
        message="why",
        state_details=details,
        data=data,
    )
    end, total = MOMENT + timedelta(hours=1), timedelta(microseconds=1_500_001)

    [(there, then, run_count, start_time, end_time, total_run_time)] = transitions_of(
        batch([(run, state, 4, MOMENT, end, total)])
    )

    counters = {"run_count": 4, "start_time": MOMENT, "end_time": end, "total_run_time": total}
    cached = {"cache_key": "key", "cache_expiration": MOMENT}
    assert there == run.model_copy(update={**counters, **cached})
    ids = {"flow_run_id": run.flow_run_id, "task_run_id": run.id}
    assert then.state_details == details.model_copy(update=ids)
    assert (then.id, then.type, then.name, then.timestamp) == (state.id, state.type, "Waiting", MOMENT)
    assert (then.message, then.data) == ("why", data)
    assert (run_count, start_time, end_time, total_run_time) == (4, MOMENT, end, total)


def test_values_do_not_travel() -> None:
    run = task_run(None)
    state = State[Any](type=StateType.COMPLETED, data=object())
    [(_, then, *_)] = transitions_of(batch([(run, state, 1, None, None, timedelta(0))]))
    assert then.data is None


def test_a_run_travels_once_in_a_batch() -> None:
    one, other = task_run(None), task_run(None)
    content = batch_of(
        [*entered(one, StateType.PENDING, StateType.RUNNING), *entered(other, StateType.PENDING)], []
    )
    assert [line[0] for line in content["runs"]] == [one.id, other.id]
    assert [line[0] for line in content["states"]] == [0, 0, 1]


def test_a_state_of_a_run_that_is_not_there_is_refused(store: Store) -> None:
    contradictory = batch(entered(task_run(None), StateType.PENDING))
    contradictory.runs = []
    with pytest.raises(ValueError, match="names its run 0"):
        ask(store, "record", batch=contradictory)


# --- recording ------------------------------------------------------------------------------------------


def test_a_batch_is_stored(store: Store) -> None:
    flow_run_id = begun_run(store)
    run = task_run(flow_run_id)
    line = (uuid7(), "my.logger", 20, "hello", MOMENT, flow_run_id, run.id)
    receipt = told(store, entered(run, StateType.PENDING, StateType.RUNNING, StateType.COMPLETED), [line])
    assert receipt.lost == []
    assert states_of(store, run) == [StateType.PENDING, StateType.RUNNING, StateType.COMPLETED]
    stored = ask(store, "read_task_run", task_run_id=run.id)
    assert (stored.state_type, stored.run_count) == (StateType.COMPLETED, 2)
    [log] = ask(store, "read_logs")
    assert (log.id, log.message, log.task_run_id) == (line[0], "hello", run.id)


def test_a_batch_that_comes_again_changes_nothing(store: Store) -> None:
    flow_run_id = begun_run(store)
    run = task_run(flow_run_id)
    first = entered(run, StateType.PENDING, StateType.RUNNING)
    line = (uuid7(), "my.logger", 20, "hello", MOMENT, flow_run_id, run.id)
    told(store, first, [line])
    last = [(run, State[Any](type=StateType.COMPLETED), 2, MOMENT, MOMENT, timedelta(seconds=9))]
    told(store, last)
    before = ask(store, "read_task_run", task_run_id=run.id)

    told(store, first, [line])

    assert ask(store, "read_task_run", task_run_id=run.id) == before
    assert len(states_of(store, run)) == 3
    assert len(ask(store, "read_logs")) == 1


def test_of_two_who_tell_the_same_at_once_the_later_changes_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(postgres_url)
    flow_run_id = begun_run(store)
    run = task_run(flow_run_id)
    first = entered(run, StateType.PENDING, StateType.RUNNING)
    last = [(run, State[Any](type=StateType.COMPLETED), 2, MOMENT, MOMENT, timedelta(seconds=9))]
    has_looked, may_go_on = threading.Event(), threading.Event()
    known = recording._known

    def look(*asked: Any) -> set[bytes]:
        found = known(*asked)
        if threading.current_thread().name == "slow":
            has_looked.set()
            may_go_on.wait(PATIENCE_SECONDS)
        return found

    monkeypatch.setattr(recording, "_known", look)
    slow = threading.Thread(target=told, args=(store, first), name="slow")
    quick = threading.Thread(target=lambda: (told(store, first), told(store, last)))
    slow.start()
    assert has_looked.wait(PATIENCE_SECONDS)
    quick.start()
    while quick.is_alive() and not is_waited_for_a_lock(store):
        pass
    may_go_on.set()
    slow.join(PATIENCE_SECONDS)
    quick.join(PATIENCE_SECONDS)
    assert ask(store, "read_task_run", task_run_id=run.id).state_type is StateType.COMPLETED
    store.close()


def is_waited_for_a_lock(store: Store) -> bool:
    query = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
    with store.reading() as connection:
        return bool(connection.execute(query).scalar())


def test_nobody_speaks_for_a_run_that_another_process_has_taken(store: Store) -> None:
    flow_run_id = begun_run(store)
    proposed(store, flow_run_id, StateType.RUNNING)
    proposed(store, flow_run_id, StateType.CRASHED, force=True)
    again = proposed(store, flow_run_id, StateType.PENDING, holder=ELSEWHERE, begin=True)
    assert (again.status, again.attempt) == ("ACCEPT", 2)
    run = task_run(flow_run_id)
    assert told(store, entered(run, StateType.PENDING)).lost == [flow_run_id]
    assert states_of(store, run) == []
    assert told(store, entered(run, StateType.PENDING), holder=ELSEWHERE).lost == []


def test_nobody_speaks_for_a_run_that_was_given_up(store: Store) -> None:
    flow_run_id = begun_run(store)
    proposed(store, flow_run_id, StateType.CANCELLED, force=True, attempt=None, holder=ELSEWHERE)
    run = task_run(flow_run_id)
    assert told(store, entered(run, StateType.PENDING)).lost == [flow_run_id]
    assert states_of(store, run) == []


def test_the_rest_of_a_run_that_has_ended_well_is_stored(store: Store) -> None:
    flow_run_id = begun_run(store)
    proposed(store, flow_run_id, StateType.RUNNING)
    proposed(store, flow_run_id, StateType.COMPLETED)
    run = task_run(flow_run_id)
    assert told(store, entered(run, StateType.PENDING)).lost == []
    assert states_of(store, run) == [StateType.PENDING]


def test_task_runs_of_an_unknown_flow_run_are_left_out(store: Store) -> None:
    unknown = uuid7()
    run = task_run(unknown)
    assert told(store, entered(run, StateType.PENDING)).lost == [unknown]
    assert states_of(store, run) == []


def test_a_task_run_outside_flows_holds_a_lease_while_it_runs(store: Store) -> None:
    run = task_run(None)
    first, second, last = entered(run, StateType.PENDING, StateType.RUNNING, StateType.COMPLETED)
    told(store, [first, second])
    assert leases(store) == [("task_run", run.id.bytes, HERE)]
    told(store, [last])
    assert leases(store) == []


# --- flow runs ------------------------------------------------------------------------------------------


def test_a_flow_run_begins_once(store: Store) -> None:
    run = FlowRun(id=uuid7(), name="run", flow_id=uuid7())
    state = State[Any](type=StateType.PENDING, name="Pending")
    asked = {"flow_run": run, "state": state, "flow_name": "flow", "holder": HERE}
    first = ask(store, "begin_flow_run", **asked)
    again = ask(store, "begin_flow_run", **asked)
    assert first == again
    assert ask(store, "read_flow", flow_id=first.flow_id).name == "flow"
    assert leases(store) == [("flow_run", run.id.bytes, HERE)]


def test_a_subflow_does_not_begin_once_its_caller_is_lost(store: Store) -> None:
    parent = begun_run(store)
    placeholder = task_run(parent)
    told(store, entered(placeholder, StateType.PENDING))
    proposed(store, parent, StateType.CRASHED, force=True)
    run = FlowRun(id=uuid7(), name="run", flow_id=uuid7(), parent_task_run_id=placeholder.id)
    asked = {
        "flow_run": run,
        "state": State[Any](type=StateType.PENDING),
        "flow_name": "flow",
        "holder": HERE,
    }
    assert not ask(store, "begin_flow_run", **asked).begun
    # whoever was away does not know, and is not to lose what it did
    assert ask(store, "begin_flow_run", **asked, late=True).begun


def test_a_proposal_that_comes_again_is_answered_as_before(store: Store) -> None:
    run_id = begun_run(store)
    state = State[Any](type=StateType.RUNNING, state_details=StateDetails(transition_id=uuid7()))
    asked = {"flow_run_id": run_id, "state": state, "holder": HERE, "attempt": 1}
    first = ask(store, "propose_flow_run_state", **asked)
    again = ask(store, "propose_flow_run_state", **asked)
    assert (again.status, again.run_count) == (first.status, first.run_count) == ("ACCEPT", 1)
    assert len(ask(store, "read_flow_run_states", flow_run_id=run_id)) == 2


def test_a_failure_that_comes_again_uses_up_one_retry(store: Store) -> None:
    run_id = begun_run(store, empirical_policy=FlowRunPolicy(retries=1, retry_delay=0))
    proposed(store, run_id, StateType.RUNNING)
    state = State[Any](type=StateType.FAILED, state_details=StateDetails(transition_id=uuid7()))
    asked = {"flow_run_id": run_id, "state": state, "holder": HERE, "attempt": 1}
    first = ask(store, "propose_flow_run_state", **asked)
    again = ask(store, "propose_flow_run_state", **asked)
    assert (first.status, first.state.name) == (again.status, again.state.name) == ("REJECT", "AwaitingRetry")


def test_leases_are_renewed(store: Store) -> None:
    mine = begun_run(store)
    begun_run(store, holder=ELSEWHERE)
    before = expiry(store, mine)
    assert ask(store, "renew_leases", holder=HERE, lease_seconds=3600.0) == [mine]
    assert expiry(store, mine) > before
    proposed(store, mine, StateType.COMPLETED)
    assert ask(store, "renew_leases", holder=HERE) == []


def test_it_is_told_where_flow_runs_stand(store: Store) -> None:
    one, other = begun_run(store), begun_run(store, holder=ELSEWHERE)
    running = proposed(store, one, StateType.RUNNING).state
    standings = ask(store, "read_standings", flow_run_ids=[one, other, uuid7()])
    assert standings.keys() == {one, other}
    assert (standings[one].id, standings[one].type, standings[one].name) == (
        running.id,
        StateType.RUNNING,
        "Running",
    )


# --- heard of late --------------------------------------------------------------------------------------


def test_late_news_of_a_run_that_was_taken_for_dead_count(store: Store) -> None:
    flow_run_id = begun_run(store)
    proposed(store, flow_run_id, StateType.RUNNING)
    proposed(store, flow_run_id, StateType.CRASHED, force=True, attempt=None)
    run = task_run(flow_run_id)

    receipt = told(store, entered(run, StateType.PENDING), attempts={str(flow_run_id): 1}, late=True)
    outcome = proposed(store, flow_run_id, StateType.COMPLETED, late=True)

    assert receipt.lost == []
    assert states_of(store, run) == [StateType.PENDING]
    assert outcome.status == "ACCEPT"
    assert ask(store, "read_flow_run", flow_run_id=flow_run_id).state_type is StateType.COMPLETED
    assert leases(store) == []


def test_late_news_give_way_to_a_later_attempt(store: Store) -> None:
    flow_run_id = begun_run(store)
    proposed(store, flow_run_id, StateType.RUNNING)
    proposed(store, flow_run_id, StateType.CRASHED, force=True, attempt=None)
    proposed(store, flow_run_id, StateType.PENDING, begin=True, holder=ELSEWHERE)
    assert proposed(store, flow_run_id, StateType.COMPLETED, late=True).status == "ABORT"
    run = task_run(flow_run_id)
    receipt = told(store, entered(run, StateType.PENDING), attempts={str(flow_run_id): 1}, late=True)
    assert receipt.lost == [flow_run_id]


def test_late_news_give_way_to_a_users_word(store: Store) -> None:
    flow_run_id = begun_run(store)
    proposed(store, flow_run_id, StateType.CANCELLED, force=True, attempt=None)
    assert proposed(store, flow_run_id, StateType.RUNNING, late=True).status == "ABORT"


def test_late_news_that_come_again_change_nothing(store: Store) -> None:
    flow_run_id = begun_run(store)
    states = [State[Any](type=type) for type in (StateType.RUNNING, StateType.SCHEDULED, StateType.RUNNING)]
    asked = {"flow_run_id": flow_run_id, "holder": HERE, "attempt": 1, "late": True}
    for state in [*states, *states]:
        ask(store, "propose_flow_run_state", state=state, **asked)
    assert len(ask(store, "read_flow_run_states", flow_run_id=flow_run_id)) == 4
    assert ask(store, "read_flow_run", flow_run_id=flow_run_id).run_count == 2


def test_a_run_heard_of_late_holds_a_lease_until_its_end(store: Store) -> None:
    flow_run_id = begun_run(store)
    proposed(store, flow_run_id, StateType.CRASHED, force=True, attempt=None)
    proposed(store, flow_run_id, StateType.RUNNING, late=True)
    assert leases(store) == [("flow_run", flow_run_id.bytes, HERE)]


# --- locks ----------------------------------------------------------------------------------------------


def test_a_lock_is_for_one_holder(store: Store) -> None:
    take = {"key": "k", "process": HERE, "hold_seconds": 60.0}
    assert ask(store, "take_lock", holder="me", **take)
    assert not ask(store, "take_lock", holder="you", **take)
    assert ask(store, "read_lock", key="k").holder == "me"
    assert not ask(store, "release_lock", key="k", holder="you")
    assert ask(store, "release_lock", key="k", holder="me")
    assert ask(store, "read_lock", key="k") is None


def leases(store: Store) -> list[Any]:
    with store.journal.reading() as connection:
        return [
            (kind, resource, holder)
            for kind, resource, holder in connection.execute("SELECT kind, resource_id, holder FROM lease")
            if kind != "lock"
        ]


def expiry(store: Store, run_id: UUID) -> int:
    with store.journal.reading() as connection:
        query = "SELECT expires_at FROM lease WHERE kind = 'flow_run' AND resource_id = ?"
        return int(connection.execute(query, (run_id.bytes,)).fetchone()[0])
