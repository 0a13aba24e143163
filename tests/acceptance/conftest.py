"""Programs as processes of their own, on a PREFECT_HOME of their own, and a look into what they stored."""

import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 120
"""How long a test waits for what must happen; only a defect makes it wait that long."""


class Programs:
    """Starts programs; ends those that are left when the test is over."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store = home / "runs.db"
        self.environment = os.environ | {
            "PREFECT_HOME": str(home),
            "PREFECT_LOGGING_LEVEL": "CRITICAL",
        }
        self._started: list[subprocess.Popen[str]] = []

    def start(self, program: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a program, given as text or as a path, with its output in a pipe."""
        how = [program] if program.endswith(".py") else ["-c", program]
        process = subprocess.Popen(
            [sys.executable, *how, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        self._started.append(process)
        return process

    def run(self, program: str, *arguments: str, **options: Any) -> str:
        """Run a program to its end, which must be a success; its output."""
        process = self.start(program, *arguments, **options)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, err
        return out

    def fail(self, program: str, *arguments: str, **options: Any) -> str:
        """Run a program to its end, which must be a failure; the last line of its error output."""
        process = self.start(program, *arguments, **options)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 1, (process.returncode, err)
        return err.strip().splitlines()[-1]

    def interrupt(
        self, process: subprocess.Popen[str], number: signal.Signals, group: bool = False
    ) -> tuple[str, float]:
        """Send a signal to a program that has said "waiting"; what it still says, and its seconds to the end.

        Args:
            group: send it to all processes of its group, as a terminal does.
        """
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n", process.communicate()[1]
        sent = time.monotonic()
        if group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
        return out, time.monotonic() - sent

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the store, as it is."""
        connection = sqlite3.connect(self.store)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def task_runs(self) -> dict[str, tuple[str, str | None]]:
        """State and message of every task run, by the name of its task."""
        query = """
            SELECT substr(run.name, 1, length(run.name) - 4), run.state_name, state.message FROM task_run run
            JOIN task_run_state state ON state.task_run_id = run.id AND state.id = run.state_id
        """
        return {name: (state, message) for name, state, message in self.rows(query)}

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


def is_gone(pid: int) -> bool:
    """Whether a process ends soon, or has ended (it may still wait for its parent to take note of it)."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(60_000))
    finally:
        os.close(process)


@pytest.fixture
def gone() -> Callable[[int], bool]:
    return is_gone


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    started = Programs(tmp_path / "home")
    yield started
    started.end()
