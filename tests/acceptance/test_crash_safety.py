"""Ends processes in the ways docs/crash-safety.md speaks of, and holds the store against what it promises."""

import signal

import pytest

from processes import Programs

pytestmark = pytest.mark.slow

PROGRAM = """
import os, sys, time
from prefect import flow, task

@task(persist_result={persists})
def step(i):
    return i

def say(flow, flow_run, state):
    print("hook:", state.name, flush=True)

@flow(on_crashed=[say])
def main():
    for i in range({steps}):
        step(i)
    {end}

main()
"""
KILL = "os.kill(os.getpid(), 9)"
WAIT_FOR_SIGNAL = 'print("waiting", flush=True); time.sleep(600)'


def recover(programs: Programs) -> None:
    """Open the store from another process, as any command does."""
    programs.run("from prefect import flow\n\n@flow\ndef other(): pass\n\nother()")


def test_a_killed_run_is_crashed_with_the_reason_for_whoever_looks_next(programs: Programs) -> None:
    programs.run(PROGRAM.format(persists=False, steps=3, end=KILL), code=-signal.SIGKILL)
    assert programs.flow_run()[0] == "Running"
    recover(programs)
    state, message = programs.flow_run()
    assert state == "Crashed"
    assert message is not None
    assert "is gone" in message
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]
    assert programs.rows("SELECT count(*) FROM task_run WHERE end_time IS NULL") == [(0,)]


@pytest.mark.parametrize("steps", [1, 40, 3_000])
def test_what_is_stored_of_a_killed_run_is_a_prefix_of_what_happened(programs: Programs, steps: int) -> None:
    programs.run(PROGRAM.format(persists=False, steps=steps, end=KILL), code=-signal.SIGKILL)
    histories = programs.rows(
        "SELECT group_concat(type) FROM (SELECT * FROM task_run_state ORDER BY task_run_id, timestamp)"
        " GROUP BY task_run_id ORDER BY task_run_id"
    )
    whole = ("PENDING,RUNNING,COMPLETED",)
    assert all(history == whole for history in histories[:-1])
    assert not histories or whole[0].startswith(histories[-1][0])


def test_a_kept_result_survives_the_kill_that_follows_it(programs: Programs) -> None:
    programs.run(PROGRAM.format(persists=True, steps=3, end=KILL), code=-signal.SIGKILL)
    states = programs.rows("SELECT state_type FROM task_run")
    assert states == [("COMPLETED",)] * 3


@pytest.mark.parametrize(("sent", "said"), [(signal.SIGTERM, "termination"), (signal.SIGINT, "interrupt")])
def test_a_signal_closes_the_run_and_the_process_dies_of_it(
    programs: Programs, sent: signal.Signals, said: str
) -> None:
    process = programs.start(PROGRAM.format(persists=False, steps=3, end=WAIT_FOR_SIGNAL))
    output, _ = programs.interrupt(process, sent)
    assert output == "hook: Crashed\n"
    assert process.returncode == -sent
    state, message = programs.flow_run()
    assert state == "Crashed"
    assert message is not None
    assert said in message
    assert programs.rows("SELECT count(*) FROM task_run WHERE state_type = 'COMPLETED'") == [(3,)]
