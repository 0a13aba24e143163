"""Ends processes in the ways docs/crash-safety.md speaks of, and holds the store against what it promises."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
WAIT_FOR_SIGNAL = 'print("waiting", flush=True); time.sleep(60)'


class Store:
    """One PREFECT_HOME, the programs that run on it, and a look into its file."""

    def __init__(self, home: Path) -> None:
        self.environment = os.environ | {"PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "CRITICAL"}
        self.file = home / "runs.db"

    def start(self, program: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", program], env=self.environment, stdout=subprocess.PIPE, text=True
        )

    def run(self, program: str) -> int:
        process = self.start(program)
        process.communicate(timeout=60)
        return process.returncode

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.file)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def flow_run(self, name: str = "main") -> tuple[str, str | None]:
        """State and message of the one run of a flow."""
        query = f"""
            SELECT run.state_name, state.message FROM flow_run run
            JOIN flow_run_state state ON state.flow_run_id = run.id AND state.id = run.state_id
            JOIN flow ON flow.id = run.flow_id WHERE flow.name = '{name}'
        """
        (found,) = self.rows(query)
        return found

    def recover(self) -> None:
        """Open the store from another process, as any command does."""
        assert self.run("from prefect import flow\n\n@flow\ndef other(): pass\n\nother()") == 0


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_killed_run_is_crashed_with_the_reason_for_whoever_looks_next(store: Store) -> None:
    assert store.run(PROGRAM.format(persists=False, steps=3, end=KILL)) == -signal.SIGKILL
    assert store.flow_run()[0] == "Running"
    store.recover()
    state, message = store.flow_run()
    assert state == "Crashed"
    assert message is not None
    assert "is gone" in message
    assert store.rows("SELECT count(*) FROM lease") == [(0,)]
    assert store.rows("SELECT count(*) FROM task_run WHERE end_time IS NULL") == [(0,)]


@pytest.mark.parametrize("steps", [1, 40, 3_000])
def test_what_is_stored_of_a_killed_run_is_a_prefix_of_what_happened(store: Store, steps: int) -> None:
    store.run(PROGRAM.format(persists=False, steps=steps, end=KILL))
    histories = store.rows(
        "SELECT group_concat(type) FROM task_run_state GROUP BY task_run_id ORDER BY task_run_id"
    )
    whole = ("PENDING,RUNNING,COMPLETED",)
    assert all(history == whole for history in histories[:-1])
    assert not histories or whole[0].startswith(histories[-1][0])


def test_a_kept_result_survives_the_kill_that_follows_it(store: Store) -> None:
    store.run(PROGRAM.format(persists=True, steps=3, end=KILL))
    states = store.rows("SELECT state_type FROM task_run")
    assert states == [("COMPLETED",)] * 3


@pytest.mark.parametrize(("sent", "said"), [(signal.SIGTERM, "termination"), (signal.SIGINT, "interrupt")])
def test_a_signal_closes_the_run_and_the_process_dies_of_it(
    store: Store, sent: signal.Signals, said: str
) -> None:
    process = store.start(PROGRAM.format(persists=False, steps=3, end=WAIT_FOR_SIGNAL))
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(sent)
    output, _ = process.communicate(timeout=60)
    assert output == "hook: Crashed\n"
    assert process.returncode == -sent
    state, message = store.flow_run()
    assert state == "Crashed"
    assert message is not None
    assert said in message
    assert store.rows("SELECT count(*) FROM task_run WHERE state_type = 'COMPLETED'") == [(3,)]
