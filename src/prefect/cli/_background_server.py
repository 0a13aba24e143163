"""The server that runs in the background: started as a process of its own, found again by its file, ended.

The file `server.pid` in PREFECT_HOME holds its process number; in a second line what tells that process from
a later one of the same number, in a third its URL. Not here: serving (`prefect.server.api.serving`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from prefect._clock import clock
from prefect.settings import get_current_settings

LONGEST_START_SECONDS = 60.0
LONGEST_END_SECONDS = 30.0
_POLL_SECONDS = 0.05
_LAST_LINES = 20


class Process(NamedTuple):
    """A server in the background."""

    pid: int
    started: str
    url: str

    def is_running(self) -> bool:
        """Whether that very process lives."""
        from prefect.server.database.holders import process_start

        return process_start(self.pid) == self.started


def pid_file() -> Path:
    """Where the process is written down."""
    return get_current_settings().home / "server.pid"


def log_file() -> Path:
    """Where it says what it has to say."""
    return get_current_settings().home / "server.log"


def running() -> Process | None:
    """The server in the background; None if there is none."""
    try:
        pid, started, url = [*pid_file().read_text("utf-8").split("\n"), "", ""][:3]
        process = Process(int(pid), started, url)
    except (OSError, ValueError):
        return None
    return process if process.is_running() else None


def start(
    arguments: Sequence[str], environment: Mapping[str, str], url: str, is_ready: Callable[[], bool]
) -> tuple[Process | None, str]:
    """Start a server in the background and wait until it answers.

    Args:
        arguments: of `prefect server start`.
        environment: what it is told besides what this process was.
        url: where its API will be.
        is_ready: whether it answers.

    Returns:
        The process, or None and the last that it said when it ended at once.
    """
    from prefect.server.database.holders import process_start

    pid_file().parent.mkdir(parents=True, exist_ok=True)
    with log_file().open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    process = Process(child.pid, process_start(child.pid) or "", url)
    try:
        pid_file().write_text("".join(f"{fact}\n" for fact in process), "utf-8")
    except OSError:
        # nobody would find it again
        child.kill()
        child.wait()
        raise
    if (
        _waited(lambda: child.poll() is not None or is_ready(), LONGEST_START_SECONDS)
        and child.poll() is None
    ):
        return process, ""
    if child.poll() is None:
        end(process)
    pid_file().unlink(missing_ok=True)
    said = log_file().read_text("utf-8", "replace").splitlines()
    return None, "\n".join(said[-_LAST_LINES:])


def end(process: Process) -> bool:
    """End the server; False: it had to be killed, since it did not end in time."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
    in_time = _waited(lambda: not process.is_running(), LONGEST_END_SECONDS)
    if not in_time:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        _waited(lambda: not process.is_running(), LONGEST_END_SECONDS)
    pid_file().unlink(missing_ok=True)
    return in_time


def _waited(is_so: Callable[[], bool], longest_seconds: float) -> bool:
    """Wait until something is so; False: it was not in time."""
    for _ in range(int(longest_seconds / _POLL_SECONDS)):
        if is_so():
            return True
        clock().sleep(_POLL_SECONDS)
    return is_so()
