"""`prefect flow-run retry`, `resume` and `fork`: which run they take, what they refuse, what they say."""

import io
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect._flows_of_runs import load_flow
from prefect.client.orchestration.local import close_stores, local_client
from prefect.schemas.bases import now
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State, StateType
from prefect.server.models.transitions import create_flow_run
from prefect.states import Crashed, Paused
from prefect.utilities import script_classes

SCRIPT = """
from pathlib import Path
from prefect import flow, task
from prefect.states import Cancelled

@task(persist_result=True)
def load(source):
    return source

@task
def report(text):
    print("reporting", text)

@flow(flow_run_name="the-run")
def main(source="x", factor=2, end="fail"):
    text = load(source) * factor
    report(text)
    if end == "cancel":
        return Cancelled()
    if Path("broken").exists():
        raise ConnectionError("nobody answers")

@flow(flow_run_name="the-run", persist_result=True)
def keeping():
    return 1

@flow(flow_run_name="the-run")
def takes(thing):
    if Path("broken").exists():
        raise ConnectionError("nobody answers")

@flow(flow_run_name="the-run")
async def waits():
    if Path("broken").exists():
        raise ConnectionError("nobody answers")

@flow(flow_run_name="the-run")
def gives():
    yield 1
    if Path("broken").exists():
        raise ConnectionError("nobody answers")
"""


@pytest.fixture(autouse=True)
def place(home: Path, tmp_path: Path) -> Iterator[None]:
    """A directory with the script, in which things are broken; the store and `__main__` as before afterwards."""
    main, path = sys.modules["__main__"], list(sys.path)
    (tmp_path / "flows_here.py").write_text(SCRIPT)
    (tmp_path / "broken").touch()
    yield
    close_stores()
    sys.modules["__main__"], sys.path[:] = main, path
    sys.modules.pop("flows_here", None)
    script_classes._stand_in = None


def run_of(name: str, *args: Any, **kwargs: Any) -> FlowRun:
    """The run that a flow of the script leaves behind."""
    flow: Any = load_flow(f"flows_here.py:{name}")
    if flow.isgenerator:
        with pytest.raises(ConnectionError):
            list(flow())
    elif flow.isasync:
        import asyncio

        asyncio.run(flow(*args, return_state=True, **kwargs))
    else:
        flow(*args, return_state=True, **kwargs)
    return latest()


def latest() -> FlowRun:
    client = local_client()
    with client.reading() as connection:
        from uuid import UUID

        (found,) = connection.exec_driver_sql("SELECT id FROM flow_run ORDER BY id DESC LIMIT 1").one()
    return client.read_flow_run(UUID(bytes=found))


def crash(run: FlowRun, message: str = f"Process 1 on host {socket.gethostname()} is gone.") -> None:
    local_client().propose_flow_run_state(run.id, Crashed(message=message), force=True)


def mend() -> None:
    Path("broken").unlink()


def answers(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.mark.parametrize("command", ["retry", "resume"])
@pytest.mark.parametrize("flow", ["main", "waits", "gives"])
def test_a_run_is_brought_to_its_end(prefect: Any, command: str, flow: str) -> None:
    run = run_of(flow)
    assert run.state_type is StateType.FAILED
    assert prefect("flow-run", command, "the-run").code == 1
    mend()
    assert prefect("flow-run", command, str(run.id)[:20]).code == 0
    assert latest().run_count == 3
    assert latest().state_type is StateType.COMPLETED


def refusals() -> list[Any]:
    def paused() -> None:
        local_client().propose_flow_run_state(run_of("main").id, Paused(timeout_seconds=60), force=True)

    def running() -> None:
        client = local_client()
        run = FlowRun(name="the-run", flow_id=client.flow_id("some flow"))
        state: State[Any] = State(type=StateType.RUNNING)
        create_flow_run(client.journal, run, state, begin=True)

    def scheduled() -> None:
        client = local_client()
        run = FlowRun(name="the-run", flow_id=client.flow_id("some flow"))
        state: State[Any] = State(type=StateType.SCHEDULED)
        create_flow_run(client.journal, run, state, begin=False)

    def completed() -> None:
        run_of("keeping")

    def cancelled() -> None:
        run_of("main", end="cancel")

    return [
        pytest.param(paused, "it is Paused, it waits to be resumed", id="paused"),
        pytest.param(running, "it is Running, somebody runs it", id="running"),
        pytest.param(scheduled, "it is Scheduled, it has not been run yet", id="scheduled"),
        pytest.param(completed, "it is Completed, and its result is stored", id="completed"),
        pytest.param(cancelled, "it is Cancelled, that is final", id="cancelled"),
    ]


@pytest.mark.parametrize(("make", "said"), refusals())
def test_what_cannot_be_run_again_is_refused_in_words(
    prefect: Any, make: Callable[[], None], said: str
) -> None:
    make()
    before = latest()
    outcome = prefect("flow-run", "retry", "the-run")
    assert (outcome.code, said in outcome.err) == (1, True), outcome
    assert latest() == before


def test_resuming_what_has_completed_is_no_error(prefect: Any) -> None:
    run_of("keeping")
    outcome = prefect("flow-run", "resume", "the-run")
    assert outcome.code == 0
    assert "has completed already; nothing was run" in outcome.out


def test_an_unknown_run_is_an_error_that_says_where_to_look(prefect: Any) -> None:
    for command in ("retry", "resume", "fork"):
        outcome = prefect("flow-run", command, "nobody")
        assert outcome.code == 1
        assert "prefect flow-run ls" in outcome.err


# --- without naming the run -----------------------------------------------------------------------------


def test_the_latest_crashed_run_is_offered(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    crash(run_of("main"))
    mend()
    answers(monkeypatch, "n\n")
    outcome = prefect("--prompt", "flow-run", "resume")
    assert outcome.code == 1
    assert "Resume the flow run 'the-run'" in outcome.out
    assert latest().state_type is StateType.CRASHED
    answers(monkeypatch, "y\n")
    assert prefect("--prompt", "flow-run", "resume").code == 0
    assert latest().state_type is StateType.COMPLETED


def test_nobody_is_asked_where_nobody_is(prefect: Any) -> None:
    crash(run_of("main"))
    outcome = prefect("--no-prompt", "flow-run", "resume")
    assert outcome.code == 2
    assert "--last" in outcome.err
    mend()
    assert prefect("--no-prompt", "flow-run", "resume", "--last").code == 0


def test_runs_that_crashed_on_another_host_are_not_offered(prefect: Any) -> None:
    crash(run_of("main"), "Lease expired, process 7 on host somewhere-else.example has not renewed it.")
    outcome = prefect("flow-run", "resume", "--last")
    assert outcome.code == 1
    assert "No flow run has crashed on this host" in outcome.err


def test_a_subflow_run_is_not_offered_instead_of_the_run_around_it(prefect: Any) -> None:
    crash(run_of("main"))
    child = FlowRun(
        name="child", flow_id=local_client().flow_id("child"), parent_task_run_id=latest().id, end_time=now()
    )
    state: State[Any] = State(type=StateType.PENDING)
    create_flow_run(
        local_client().journal, child.model_copy(update={"parent_task_run_id": None}), state, False
    )
    with local_client().journal.transaction() as connection:
        connection.execute(
            "UPDATE flow_run SET parent_task_run_id = ? WHERE name = 'child'", (child.id.bytes,)
        )
    crash(child)
    mend()
    assert prefect("flow-run", "resume", "--last").code == 0
    with local_client().reading() as connection:
        states = connection.exec_driver_sql("SELECT name, state_name FROM flow_run ORDER BY name").all()
    assert list(map(tuple, states)) == [("child", "Crashed"), ("the-run", "Completed")]


# --- parameters -----------------------------------------------------------------------------------------


def test_parameters_that_were_not_stored_can_be_given(prefect: Any) -> None:
    run_of("takes", object())
    mend()
    outcome = prefect("flow-run", "retry", "the-run")
    assert outcome.code == 1
    assert "'thing'" in outcome.err
    assert "--param name=JSON" in outcome.err
    assert latest().run_count == 1
    assert prefect("flow-run", "retry", "the-run", "--param", 'thing={"a": 1}').code == 0


def test_parameters_that_mean_nothing_are_refused(prefect: Any) -> None:
    run_of("main")
    assert prefect("flow-run", "retry", "the-run", "--param", "nonsense").code == 2
    outcome = prefect("flow-run", "retry", "the-run", "--param", "unknown=1")
    assert (outcome.code, "no parameter 'unknown'" in outcome.err) == (1, True)
    outcome = prefect("flow-run", "retry", "the-run", "--param", "factor=7")
    assert (outcome.code, "fork it" in outcome.err) == (1, True)
    assert latest().run_count == 1


# --- fork -----------------------------------------------------------------------------------------------


def test_a_fork_shows_its_plan_and_asks(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = run_of("main")
    mend()
    answers(monkeypatch, "n\n")
    outcome = prefect("--prompt", "flow-run", "fork", "the-run", "--param", "factor=3")
    assert outcome.code == 1
    assert "changed parameter factor" in outcome.out
    assert "its task does not cache" in outcome.out
    assert latest().id == origin.id
    answers(monkeypatch, "y\n")
    assert prefect("--prompt", "flow-run", "fork", "the-run", "--param", "factor=3").code == 0
    fork = latest()
    assert fork.id != origin.id
    assert fork.parameters["factor"] == 3
    assert fork.parameters["source"] == "x"


def test_a_text_parameter_needs_no_quotes(prefect: Any) -> None:
    run_of("main")
    mend()
    id = str(latest().id)
    assert prefect("flow-run", "fork", id, "--param", "source=words", "--param", "factor=3").code == 0
    assert latest().parameters == {"source": "words", "factor": 3, "end": "fail"}


def test_a_dry_run_runs_nothing(prefect: Any) -> None:
    origin = run_of("main")
    outcome = prefect("flow-run", "fork", "the-run", "--dry-run")
    assert outcome.code == 0
    assert "same source, same inputs, result stored" in outcome.out
    assert "1 reused, 1 run" in outcome.out
    assert latest().id == origin.id


def test_a_fork_without_anything_to_reuse_says_so(prefect: Any) -> None:
    run_of("keeping")
    outcome = prefect("flow-run", "fork", "the-run", "--dry-run")
    assert "no completed steps" in outcome.out
