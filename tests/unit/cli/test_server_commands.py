"""`prefect server`: started, asked, ended; and why it did not start, in one sentence."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect.cli import _background_server as background
from prefect.server.database.holders import process_start
from prefect.settings import temporary_settings
from prefect.testing.server import running_server

Prefect = Callable[..., Any]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


# --- why it does not start ------------------------------------------------------------------------------


def refused(outcome: Any) -> str:
    """The one sentence (or two) that a server that does not start says."""
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    return str(outcome.err)


def test_a_port_in_use(prefect: Prefect, taken_port: int) -> None:
    assert f"Port {taken_port} of 127.0.0.1 is in use" in refused(
        prefect("server", "start", "--port", str(taken_port))
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_a_public_address_without_credentials(prefect: Prefect, host: str) -> None:
    told = refused(prefect("server", "start", "--host", host, "--port", "0"))
    assert "PREFECT_SERVER_API_AUTH_STRING" in told
    assert "--allow-unauthenticated" in told


def test_an_address_that_is_nowhere(prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "user:s3cr3t")
    told = refused(prefect("server", "start", "--host", "192.0.2.1", "--port", "0"))
    assert "Cannot listen on '192.0.2.1'" in told
    assert "s3cr3t" not in told


def test_a_database_that_is_none(prefect: Prefect, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "note.db").write_text("this is a note, not a database; long enough to have a header" * 10)
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", f"sqlite:///{home / 'note.db'}")
    assert "note.db" in refused(prefect("server", "start", "--port", "0"))


@pytest.mark.parametrize("command", [("start", "--port", "0"), ("database", "upgrade")])
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://user:s3cr3t@host/runs", "not a database URL"),
        ("postgresql://user:s3cr3t@127.0.0.1:1/runs", "Connection refused"),
        ("sqlite:////dev/null/runs.db", "/dev/null/runs.db"),
    ],
)
def test_a_database_that_is_not_to_be_had(
    prefect: Prefect, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], url: str, told: str
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", url)
    said = refused(prefect("server", *command))
    assert told in said
    assert "s3cr3t" not in said


def test_a_database_of_a_later_version(prefect: Prefect, home: Path) -> None:
    import sqlite3

    assert prefect("server", "database", "upgrade", "--yes").code == 0
    with sqlite3.connect(home / "runs.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "9999" in refused(prefect("server", "start", "--port", "0"))


def test_more_than_one_process(prefect: Prefect) -> None:
    assert "one process" in refused(prefect("server", "start", "--workers", "2"))


# --- how it is ------------------------------------------------------------------------------------------


def test_status_of_a_server(prefect: Prefect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'server.db'}", services=[]) as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        assert prefect("server", "status", "--wait").out == f"The server at {url} answers.\n"
        told = json.loads(prefect("server", "status", "-o", "json").out)
    assert told == {"status": "healthy", "url": url}


def test_status_of_none(prefect: Prefect, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", str(free_port))
    outcome = prefect("server", "status", "--wait", "--timeout", "1")
    told = f"Cannot reach the API at http://127.0.0.1:{free_port}/api (Connection refused). "
    assert (outcome.code, outcome.err) == (1, f"{told}Start a server here: prefect server start\n")
    outcome = prefect("server", "status", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["status"], outcome.err) == (1, "unreachable", "")


@pytest.mark.parametrize("url", ["127.0.0.1:4200/api", "ftp://host/api", "http://[bad/api"])
def test_status_of_what_is_no_address(prefect: Prefect, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    told = refused(prefect("server", "status"))
    assert told.startswith(f"Cannot reach the API at {url} (")
    assert told.endswith("PREFECT_API_URL says that it is there.\n")


def test_status_of_what_is_no_web_server(prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{other.getsockname()[1]}/api")
        # it is answered before it asks
        answering = threading.Thread(target=lambda: other.accept()[0].sendall(b"SSH-2.0-something\r\n"))
        answering.start()
        told = refused(prefect("server", "status"))
        answering.join()
    assert "(it does not speak HTTP)" in told


def test_a_server_is_looked_for_where_it_listens(prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", "1")
    for host, address in {"::1": "[::1]", "::": "[::1]", "0.0.0.0": "127.0.0.1"}.items():
        monkeypatch.setenv("PREFECT_SERVER_API_HOST", host)
        assert f"the API at http://{address}:1/api (" in prefect("server", "status").err


def test_there_is_nothing_to_stop(prefect: Prefect) -> None:
    assert prefect("server", "stop").out == "No server runs in the background.\n"


@pytest.mark.parametrize(
    "written",
    ["", "x", "0\n1\n", f"{os.getpid()}\nanother moment\nhttp://x/api\n", "\xff"],
    ids=["empty", "text", "short", "another process", "bytes"],
)
def test_a_file_of_another_process_is_not_believed(prefect: Prefect, home: Path, written: str) -> None:
    (home / "server.pid").write_text(written, "latin-1")
    assert prefect("server", "stop").out == "No server runs in the background.\n"
    assert not (home / "server.pid").exists()


def test_a_server_in_the_background_is_not_started_twice(prefect: Prefect, home: Path) -> None:
    (home / "server.pid").write_text(f"{os.getpid()}\n{process_start(os.getpid())}\nhttp://x/api\n")
    outcome = prefect("server", "start", "--background")
    assert outcome.code == 1
    assert f"process {os.getpid()}" in outcome.err


def test_a_server_in_the_background_is_not_started_where_one_answers(prefect: Prefect, home: Path) -> None:
    with running_server(f"sqlite:///{home / 'server.db'}", services=[]) as url:
        port = url.split(":")[2].removesuffix("/api")
        told = refused(prefect("server", "start", "--background", "--port", port))
    assert f"A server answers at {url} already" in told
    assert not (home / "server.pid").exists()


def test_a_server_in_the_background_needs_a_place_for_its_file(
    prefect: Prefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", "/dev/null/home")
    told = refused(prefect("server", "start", "--background"))
    assert told.startswith("Cannot write to /dev/null/home: ")
    assert "PREFECT_HOME" in told


def test_the_server_of_somebody_else_is_not_ended(
    prefect: Prefect, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    (home / "server.pid").write_text(f"{os.getpid()}\n{process_start(os.getpid())}\nhttp://x/api\n")
    monkeypatch.setattr(os, "kill", refuse)
    assert f"process {os.getpid()}" in refused(prefect("server", "stop"))
    assert (home / "server.pid").exists()


def test_a_server_that_cannot_be_written_down_is_not_left_running(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Sleeping(subprocess.Popen[bytes]):
        def __init__(self, *command: Any, **options: Any) -> None:
            super().__init__([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Sleeping)
    with temporary_settings({"home": home}):
        background.pid_file().mkdir(parents=True)
        with pytest.raises(IsADirectoryError):
            background.start([], {}, "http://here/api", lambda: True)
    (child,) = started
    assert child.poll() is not None


def test_a_level_that_is_none(prefect: Prefect) -> None:
    outcome = prefect("server", "start", "--log-level", "LOUD")
    assert (outcome.code, outcome.out) == (2, "")
    for named in ("--log-level", "'LOUD'", "debug", "critical"):
        assert named in outcome.err


def test_services_are_listed(prefect: Prefect) -> None:
    listed = prefect("server", "services", "ls", "-o", "json").out
    assert isinstance(json.loads(listed), list)
    assert prefect("server", "services", "list", "-o", "json").out == listed


def test_services_are_ended_by_ctrl_c(prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.cli import server_services

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

    monkeypatch.setattr(server_services, "new_event", Interrupted)
    outcome = prefect("server", "services", "start")
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "The services have ended.")


# --- the whole process ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_server_in_the_background(prefect: Prefect, home: Path, free_port: int) -> None:
    outcome = prefect("server", "start", "--port", str(free_port), "--background", "--no-services")
    try:
        assert outcome.code == 0, outcome.err
        process = background.running()
        assert process is not None
        with urllib.request.urlopen(f"{process.url}/health", timeout=60) as answer:
            assert answer.read() == b"true"
        assert prefect("server", "status").code == 0
        assert prefect("server", "start", "--background").code == 1
    finally:
        assert prefect("server", "stop").code == 0
    assert background.running() is None
    assert not (home / "server.pid").exists()
    assert "The server has ended." in (home / "server.log").read_text()


@pytest.mark.slow
def test_a_server_in_the_background_says_why_it_did_not_start(prefect: Prefect, taken_port: int) -> None:
    outcome = prefect("server", "start", "--port", str(taken_port), "--background")
    assert outcome.code == 1
    assert "is in use" in outcome.err or "in the background" in outcome.err


@pytest.mark.slow
def test_a_server_in_the_background_takes_any_free_port(prefect: Prefect) -> None:
    outcome = prefect("server", "start", "--port", "0", "--background", "--no-services")
    try:
        assert outcome.code == 0, outcome.err
        assert ":0/" not in outcome.out
        assert prefect("server", "status").code == 0
    finally:
        assert prefect("server", "stop").code == 0


@pytest.mark.slow
def test_sigterm_ends_a_server_in_order(home: Path, free_port: int) -> None:
    command = [sys.executable, "-u", "-m", "prefect", "server", "start", "--port", str(free_port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    try:
        assert f"http://127.0.0.1:{free_port}/api" in server.stdout.readline()
        server.terminate()
        said, _ = server.communicate(timeout=60)
    finally:
        server.kill()
        server.wait()
    assert server.returncode == 0, said
    assert said.endswith("The server has ended.\n")
