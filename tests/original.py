"""Prefect 3.9, where it is installed: PREFECT_ORIGINAL_PYTHON names the interpreter of its environment.

Elsewhere the tests that need it (`needs_original`) are skipped.
"""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from processes import PATIENCE_SECONDS, answers, bare_environment, eventually, free_port

PYTHON = os.environ.get("PREFECT_ORIGINAL_PYTHON", "")

needs_original = pytest.mark.skipif(not PYTHON, reason="PREFECT_ORIGINAL_PYTHON names no interpreter")


def environment_of(directory: Path, **variables: str) -> dict[str, str]:
    """The environment of a process of the original, which keeps what it has in a directory."""
    environment = bare_environment(
        PREFECT_HOME=str(directory / "home"), DO_NOT_TRACK="1", COLUMNS="200", **variables
    )
    environment.pop("PYTHONPATH", None)  # our package has the name of theirs
    return environment


def run_original(directory: Path, url: str, *arguments: str, program: str | None = None) -> str:
    """Run the original at a server, in a directory: its command line, or the text of a program; what it prints."""
    told = ["-c", textwrap.dedent(program)] if program is not None else ["-m", "prefect", *arguments]
    done = subprocess.run(
        [PYTHON, *told],
        env=environment_of(directory, PREFECT_API_URL=url),
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def original_server(directory: Path) -> Iterator[str]:
    """The URL of a server of the original with nothing recorded, which keeps what it has in a directory."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = environment_of(directory, PREFECT_SERVER_ANALYTICS_ENABLED="false")
    command = [PYTHON, "-m", "prefect", "server", "start", "--no-ui", "--port", str(port)]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        eventually(lambda: answers(f"{url}/health") or server.poll() is not None, what="it answers")
        assert server.poll() is None, (directory / "log").read_text()
        yield url
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)
