"""Other processes of a test: programs over a PREFECT_HOME of their own, a look into what they stored, and waiting.

Not here: what is asked of them (the tests), Prefect 3.9 (`original`), stores of this process (`databases`).
"""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

PATIENCE_SECONDS = 180.0
"""How long a test waits for what must happen; only a defect makes it wait that long."""

_LOOK_SECONDS = 0.02
_PORTS = range(10_000, 32_000)
"""Those that the system gives to nobody who only wants some port, as every client does."""

T = TypeVar("T")
Process = subprocess.Popen[str]


def eventually(read: Callable[[], T], enough: Callable[[T], object] = bool, what: str = "") -> T:
    """What is read once it is enough.

    Raises:
        AssertionError: it was not enough for very long.
    """
    ends = time.monotonic() + PATIENCE_SECONDS
    while not enough(found := read()):
        assert time.monotonic() < ends, (
            f"not within {PATIENCE_SECONDS:g} seconds: {what or f'still {found!r}'}"
        )
        time.sleep(_LOOK_SECONDS)
    return found


def free_port() -> int:
    """A port that nobody listens at, and that nobody comes upon by chance before a server does, or does again."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port := random.SystemRandom().choice(_PORTS)))
            except OSError:
                continue
            return port


def bare_environment(**variables: str) -> dict[str, str]:
    """The environment without any of Prefect's variables, and with these."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | variables


def answers(url: str) -> bool:
    """Whether a server says that all is well."""
    try:
        return httpx.get(url, timeout=10, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def is_gone(pid: int) -> bool:
    """Whether a process ends soon, or has ended (it may still wait for its parent to take note of it)."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(1_000 * PATIENCE_SECONDS))
    finally:
        os.close(process)


class Programs:
    """Starts programs in a directory; ends those that are left when the test is over.

    Attributes:
        store: the file in which their runs are recorded.
        environment: theirs, which a test may add to.
    """

    def __init__(self, home: Path, directory: Path | None = None, **variables: str) -> None:
        self.home = home
        self.directory = directory or home.parent
        self.store = home / "runs.db"
        self.environment = bare_environment(PREFECT_HOME=str(home), **variables)
        self._started: list[Process] = []

    def start(self, *command: str, **options: Any) -> Process:
        """Start a program, given as text, as a path or as `-m module`, with its output in pipes."""
        how = command if command[0].endswith(".py") or command[0].startswith("-") else ("-c", *command)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(
            [sys.executable, *how], env=self.environment, cwd=self.directory, **{**pipes, **options}
        )
        self._started.append(process)
        return process

    def run(self, *command: str, code: int = 0, **options: Any) -> str:
        """Run a program to its end, which must have that exit code; its output."""
        process = self.start(*command, **options)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == code, (process.returncode, out, err)
        return str(out)

    def fail(self, *command: str, **options: Any) -> str:
        """Run a program to its end, which must be a failure; the last line of its error output."""
        process = self.start(*command, **options)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 1, (process.returncode, out, err)
        return str(err).strip().splitlines()[-1]

    def prefect(self, *arguments: str, code: int = 0) -> str:
        """Run a command, which must have that exit code; all it says."""
        return self.run("-m", "prefect", *arguments, code=code, stderr=subprocess.STDOUT)

    def interrupt(self, process: Process, number: signal.Signals, group: bool = False) -> tuple[str, float]:
        """Send a signal to a program that has said "waiting"; what it still says, and its seconds to the end.

        Args:
            group: send it to all processes of its group, as a terminal does.
        """
        await_line(process, "waiting")
        sent = time.monotonic()
        if group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
        return out, time.monotonic() - sent

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the store, as it is; it is not made by that."""
        connection = sqlite3.connect(f"{self.store.as_uri()}?mode=rw", uri=True, timeout=PATIENCE_SECONDS)
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
        [(state, message)] = self.rows(query)
        return state, message

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


def await_line(process: Process, line: str) -> None:
    """Wait until a program says a line, the next one it says.

    Raises:
        AssertionError: it says something else, or has ended.
    """
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == f"{line}\n", (said, process.communicate()[1])
