"""Flow runs under way in other processes: cancelled, paused and watched from here, and killed while they wait."""

import signal
import sqlite3
import uuid
from pathlib import Path

import pytest

from processes import PATIENCE_SECONDS, Programs, await_line, eventually

pytestmark = pytest.mark.slow

BUSY = """
import sys, threading, time
from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

def say(flow, flow_run, state):
    print("hook:", flow.name, state.name, flush=True)

@task
def naps(number):
    while True:
        time.sleep(0.01)

@flow(on_cancellation=[say])
def child():
    time.sleep(600)

@flow(on_cancellation=[say], retries=3, retry_delay_seconds=600)
def main(how):
    print("waiting", flush=True)
    if how == "sleeps":
        time.sleep(600)
    if how == "maps":
        naps.map(range(10)).wait()
    if how == "subflow":
        child()
    if how == "retries":
        raise ValueError

runner = ProcessPoolTaskRunner(max_workers=2) if sys.argv[2] == "processes" else ThreadPoolTaskRunner(max_workers=2)
state = main.with_options(task_runner=runner)(sys.argv[1], return_state=True)
print("state:", state.name, flush=True)
"""


def state_of(programs: Programs, flow: str = "main") -> list[str]:
    """The states of the runs of a flow; none while there is no store."""
    query = f"""
        SELECT run.state_name FROM flow_run run JOIN flow ON flow.id = flow_id
        WHERE flow.name = '{flow}' ORDER BY run.id
    """
    try:
        return [name for (name,) in programs.rows(query)]
    except sqlite3.OperationalError:
        return []


def only_run(programs: Programs) -> str:
    ((id,),) = programs.rows("SELECT id FROM flow_run WHERE parent_task_run_id IS NULL")
    return str(uuid.UUID(bytes=id))


@pytest.mark.parametrize(
    ("how", "where", "ready"),
    [
        ("sleeps", "threads", "Running"),
        ("subflow", "threads", "Running"),
        ("maps", "threads", "Running"),
        ("maps", "processes", "Running"),
        ("retries", "threads", "AwaitingRetry"),
    ],
)
def test_a_run_is_cancelled_from_another_process(
    programs: Programs, how: str, where: str, ready: str
) -> None:
    process = programs.start(BUSY, how, where)
    await_line(process, "waiting")
    eventually(lambda: state_of(programs) == [ready])
    if how == "maps":
        running = "SELECT count(*) FROM task_run WHERE state_name = 'Running'"
        eventually(lambda: programs.rows(running)[0][0] == 2)
    if how == "subflow":
        eventually(lambda: state_of(programs, "child") == ["Running"])
    assert "Cancelled" in programs.prefect("flow-run", "cancel", "--wait", only_run(programs))
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err
    hooks = ["hook: child Cancelled"] if how == "subflow" else []
    assert out.splitlines() == [*hooks, "hook: main Cancelled", "state: Cancelled"]
    open_runs = "SELECT name, state_name FROM task_run WHERE state_name <> 'Cancelled'"
    assert programs.rows(open_runs) == []
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]


PAUSES = """
import sys
from prefect import flow, pause_flow_run, task

@task(persist_result=True)
def step():
    print("step", flush=True)
    return 1

@flow
def main():
    step()
    print("waiting", flush=True)
    pause_flow_run(timeout=3600)
    print("went on", flush=True)

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "pausing.py"
    path.write_text(PAUSES)
    return str(path)


def test_a_paused_run_goes_on_when_another_process_says_so(programs: Programs, script: str) -> None:
    process = programs.start(script)
    eventually(lambda: state_of(programs) == ["Paused"])
    programs.prefect("flow-run", "resume", only_run(programs))
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err
    assert out.splitlines() == ["step", "waiting", "went on"]
    programs.prefect("flow-run", "watch", only_run(programs))


def test_a_run_that_is_killed_while_paused_waits_on_in_its_next_attempt(
    programs: Programs, script: str
) -> None:
    process = programs.start(script)
    eventually(lambda: state_of(programs) == ["Paused"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = programs.start("-m", "prefect", "flow-run", "resume", "--last")
    query = "SELECT json_extract(state_details, '$.pause_timeout') FROM flow_run_state WHERE name = 'Paused'"
    first, second = eventually(lambda: programs.rows(query), lambda ends: len(ends) == 2)
    assert first == second
    programs.prefect("flow-run", "resume", only_run(programs))
    out, err = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 0, err
    # the completed step is not run again
    assert out.splitlines() == ["waiting", "went on"]


def test_a_run_whose_process_is_dead_is_ended_by_whoever_cancels_it(programs: Programs, script: str) -> None:
    process = programs.start(script)
    eventually(lambda: state_of(programs) == ["Paused"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "Crashed" in programs.prefect("flow-run", "cancel", only_run(programs), code=1)
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]


SUSPENDS = PAUSES.replace("pause_flow_run", "suspend_flow_run")


def test_a_suspended_run_ends_its_process_well_and_comes_back(programs: Programs, tmp_path: Path) -> None:
    path = tmp_path / "suspending.py"
    path.write_text(SUSPENDS)
    assert programs.run(str(path)).splitlines() == ["step", "waiting"]
    assert state_of(programs) == ["Suspended"]
    assert programs.run("-m", "prefect", "flow-run", "resume", only_run(programs)) == "waiting\nwent on\n"
    assert state_of(programs) == ["Completed"]
