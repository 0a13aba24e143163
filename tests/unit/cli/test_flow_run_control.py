"""`prefect flow-run cancel`, `pause`, `suspend`, `resume` of what waits, and `watch`: what they do, refuse and say."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.cli._server_client import ServerAway
from prefect.client.orchestration.local import close_stores, local_client
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import State, StateType
from prefect.server.models.transitions import create_flow_run
from prefect.states import Cancelling, Completed, Failed, Paused, Pending, Running, Scheduled, Suspended


@pytest.fixture(autouse=True)
def store(home: Any) -> Iterator[None]:
    yield
    close_stores()


def run_in(*states: State[Any], begin: bool = True, name: str = "the-run") -> FlowRun:
    """A flow run that has gone through these states."""
    client = local_client()
    run = FlowRun(name=name, flow_id=client.flow_id("a flow"))
    create_flow_run(client.journal, run, states[0], begin=begin)
    for state in states[1:]:
        client.propose_flow_run_state(run.id, state, force=True)
    return run


def state_of(run: FlowRun) -> State[Any]:
    state = local_client().flow_run_state(run.id)
    assert state is not None
    return state


def test_a_running_run_is_asked_to_stop(prefect: Any) -> None:
    run = run_in(Pending(), Running())
    outcome = prefect("flow-run", "cancel", str(run.id))
    assert outcome.code == 0
    assert outcome.out == f"Flow run '{run.id}' was successfully scheduled for cancellation.\n"
    assert state_of(run).is_cancelling()


@pytest.mark.parametrize("state", [Scheduled(), Pending(), Paused(timeout_seconds=60), Suspended()])
def test_a_run_that_waits_is_cancelled_at_once(prefect: Any, state: State[Any]) -> None:
    states = (Pending(), Running(), state) if state.is_paused() else (state,)
    run = run_in(*states, begin=not state.is_scheduled())
    outcome = prefect("flow-run", "cancel", "the-run")
    assert (outcome.code, "is Cancelled" in outcome.out) == (0, True), outcome
    assert state_of(run).is_cancelled()
    with local_client().journal.reading() as connection:
        assert connection.execute("SELECT count(*) FROM lease").fetchone()[0] == 0


def test_cancelling_can_be_read_by_programs(prefect: Any) -> None:
    run = run_in(Pending(), Running())
    answer = json.loads(prefect("flow-run", "cancel", "the-run", "--output", "json").out)
    assert (answer["id"], answer["state"]["type"]) == (str(run.id), "CANCELLING")


def test_what_has_ended_is_not_cancelled(prefect: Any) -> None:
    run_in(Pending(), Running(), Completed())
    for command in ("cancel", "pause", "suspend"):
        outcome = prefect("flow-run", command, "the-run")
        assert (outcome.code, "cannot be" in outcome.err, "Completed" in outcome.err) == (1, True, True)


@pytest.mark.parametrize("command", ["cancel", "pause", "suspend", "watch"])
def test_a_run_has_to_be_there_and_be_one(prefect: Any, command: str) -> None:
    outcome = prefect("flow-run", command, "nobody")
    assert (outcome.code, "not found" in outcome.err) == (1, True)
    run_in(Pending())
    run_in(Pending())
    outcome = prefect("flow-run", command, "the-run")
    assert (outcome.code, "can mean several" in outcome.err) == (1, True)


def test_a_run_is_paused_and_goes_on(prefect: Any) -> None:
    run = run_in(Pending(), Running())
    outcome = prefect("flow-run", "pause", "the-run", "--timeout", "60")
    assert (outcome.code, f"prefect flow-run resume {run.id}" in outcome.out) == (0, True)
    paused = state_of(run)
    assert paused.is_paused()
    expiry: datetime | None = paused.state_details.pause_timeout
    assert expiry is not None
    assert 50 < (expiry - paused.timestamp).total_seconds() <= 60
    outcome = prefect("flow-run", "resume", "the-run")
    assert (outcome.code, outcome.out) == (0, "Flow run 'the-run' goes on.\n")
    assert state_of(run).is_running()


def test_a_run_is_suspended_and_its_lease_is_gone(prefect: Any) -> None:
    run = run_in(Pending(), Running())
    assert prefect("flow-run", "suspend", str(run.id)).code == 0
    assert state_of(run).name == "Suspended"
    with local_client().journal.reading() as connection:
        assert connection.execute("SELECT count(*) FROM lease").fetchone()[0] == 0


def test_a_pause_that_is_over_is_not_resumed(prefect: Any) -> None:
    run = run_in(Pending(), Running(), Paused(timeout_seconds=-5))
    outcome = prefect("flow-run", "resume", str(run.id))
    assert (outcome.code, "Cannot resume" in outcome.err) == (1, True)
    assert state_of(run).is_failed()


def test_an_input_is_an_object_in_json(prefect: Any) -> None:
    run_in(Pending(), Running(), Paused(timeout_seconds=60))
    outcome = prefect("flow-run", "resume", "the-run", "--input", "{")
    assert (outcome.code, "no JSON" in outcome.err) == (2, True)
    assert prefect("flow-run", "resume", "the-run", "--input", '{"value": 1}').code == 0


# --- watching -------------------------------------------------------------------------------------------


class Later(VirtualClock):
    """While a command waits, a run goes on."""

    def __init__(self, run: FlowRun, *states: State[Any]) -> None:
        super().__init__()
        self._run = run
        self._states = list(states)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        local_client().propose_flow_run_state(self._run.id, self._states.pop(0), force=True)


@pytest.mark.parametrize(("end", "code"), [(Completed(), 0), (Failed(message="no luck"), 1)])
def test_a_run_is_watched_to_its_end(prefect: Any, end: State[Any], code: int) -> None:
    run = run_in(Pending())
    record_task_run(run)
    with use_clock(Later(run, Running(), end)):
        outcome = prefect("flow-run", "watch", "the-run")
    assert outcome.code == code
    for said in ("tasks: 1 done", "Pending", "Running", end.name, end.message or ""):
        assert said in outcome.out


def record_task_run(run: FlowRun) -> None:
    task_run = TaskRun(name="t-0", flow_run_id=run.id, task_key="t", dynamic_key="0")
    done: State[Any] = State(type=StateType.COMPLETED)
    task_run.state, task_run.state_id = done, done.id
    task_run.state_type, task_run.state_name = done.type, done.name
    local_client().record_task_run(task_run, done)


def test_watching_has_an_end(prefect: Any) -> None:
    run = run_in(Pending(), Running())
    with use_clock(Later(run, *[Running() for _ in range(20)])):
        outcome = prefect("flow-run", "watch", "the-run", "--timeout", "7")
    assert (outcome.code, "has not ended within 7 seconds" in outcome.err) == (1, True)


def test_a_server_that_goes_away_while_a_run_is_watched_is_waited_for(
    prefect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.cli import _flow_run_control as control

    def asked(ask: Any, *args: Any) -> Any:
        looks.append(ask)
        if len(looks) in (3, 4):
            raise ServerAway("nobody answers")
        return ask(*args)

    looks: list[Any] = []
    run = run_in(Pending())
    monkeypatch.setattr(control, "asked", asked)
    with use_clock(Later(run, Running(), Running(), Completed())):
        outcome = prefect("flow-run", "watch", "the-run")
    assert outcome.code == 0
    assert outcome.err == "The server is away (nobody answers); it is waited for.\n"


def test_times_are_told_as_the_clock_on_the_wall(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-5")
    time.tzset()
    try:
        run = run_in(Pending(), Running(), Completed())
        outcome = prefect("flow-run", "watch", "the-run")
        assert outcome.out.startswith(f"{state_of(run).timestamp + timedelta(hours=5):%H:%M:%S}  flow run")
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_cancelling_may_wait_for_the_end(prefect: Any) -> None:
    run = run_in(Pending(), Running())
    with use_clock(Later(run, State(type=StateType.CANCELLED, message="still alive: one thread"))):
        outcome = prefect("flow-run", "cancel", "the-run", "--wait")
    assert (outcome.code, "still alive: one thread" in outcome.out) == (0, True)


def test_what_is_being_cancelled_can_be_cancelled_again(prefect: Any) -> None:
    run_in(Pending(), Running(), Cancelling())
    assert prefect("flow-run", "cancel", "the-run").code == 0
