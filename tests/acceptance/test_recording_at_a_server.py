"""Real processes that record their runs at a real server: it is killed, they are killed, and nothing gets lost.

A server is started as users start it, on a port of its own, so that another one can take its place there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from processes import PATIENCE_SECONDS, answers, bare_environment, eventually, free_port

pytestmark = pytest.mark.slow

MANY_STEPS = """
    import sys, time
    from pathlib import Path
    from prefect import flow, task

    @task
    def step(number):
        return number

    @task(persist_result=True)
    def kept(number):
        return number

    @flow
    def many(steps: int, sign: str = "", go_on: str = ""):
        for number in range(steps // 2):
            step(number)
        kept(1)
        if sign:
            Path(sign).touch()
            while not Path(go_on).exists():
                step(-1)
                time.sleep(0.01)
        for number in range(steps // 2):
            step(number)
        return "done"

    if __name__ == "__main__":
        print(many(int(sys.argv[1]), *sys.argv[2:]))
"""


class Place:
    """A port and a store for servers, one after the other, and a home for their clients."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.script = directory / "script.py"
        self.script.write_text(textwrap.dedent(MANY_STEPS))
        self.processes: list[subprocess.Popen[str]] = []

    def start_server(self) -> subprocess.Popen[str]:
        """Start a server over the store; it answers when this returns."""
        command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(self.port)]
        store = f"sqlite:///{self.directory}/server.db"
        home = str(self.directory / "server")
        server = self._start(command, PREFECT_HOME=home, PREFECT_SERVER_DATABASE_CONNECTION_URL=store)
        eventually(lambda: answers(f"{self.url}/health"), what="the server answers")
        return server

    def start_flow(self, *arguments: object, **settings: str) -> subprocess.Popen[str]:
        """Run the script in a process of its own."""
        return self.start_program(str(self.script), *map(str, arguments), **settings)

    def start_program(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Run a program that records its runs at the server."""
        command = [sys.executable, *arguments]
        client = {"PREFECT_API_URL": self.url, "PREFECT_HOME": str(self.directory / "client")}
        return self._start(command, **client, **settings)

    def _start(self, command: list[str], **settings: str) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        process = subprocess.Popen(command, env=bare_environment(**settings), **pipes)
        self.processes.append(process)
        return process

    def ask(self, path: str, **body: Any) -> Any:
        """What the server answers."""
        answer = httpx.post(f"{self.url}{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def flow_run(self) -> Any:
        """The newest flow run."""
        found = self.ask("/flow_runs/filter", limit=1)
        return found[0] if found else None

    def states_of_task_runs(self) -> Counter[str]:
        """How many task runs there are, by the name of their state and how often they ran."""
        found: Counter[str] = Counter()
        offset = 0
        while page := self.ask("/task_runs/filter", limit=200, offset=offset, sort="ID_DESC"):
            found.update(f"{run['state_name']} {run['run_count']}" for run in page)
            offset += len(page)
        return found

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.stop()


def outcome_of(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, said
    return said


def until(path: Path) -> None:
    eventually(path.exists)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=PATIENCE_SECONDS)


def test_a_flow_lives_through_the_death_of_its_server(place: Place, tmp_path: Path) -> None:
    server = place.start_server()
    sign, go_on = tmp_path / "sign", tmp_path / "go-on"
    running = place.start_flow(200, sign, go_on)
    until(sign)
    kill(server)
    go_on.touch()
    # it goes on without, and the server comes back while it does, or while it waits at its end
    place.start_server()
    assert "done" in outcome_of(running).splitlines()

    run = place.flow_run()
    assert (run["state_name"], run["run_count"]) == ("Completed", 1)
    found = place.states_of_task_runs()
    assert list(found) == ["Completed 1"]
    assert found["Completed 1"] >= 201


def test_what_a_flow_did_without_its_server_is_sent_by_a_later_one(place: Place, tmp_path: Path) -> None:
    server = place.start_server()
    sign, go_on = tmp_path / "sign", tmp_path / "go-on"
    alone = place.start_flow(20, sign, go_on, PREFECT_ENGINE_SPOOL_WAIT_SECONDS="0")
    until(sign)
    kill(server)
    go_on.touch()
    assert "is still away" in outcome_of(alone)

    place.start_server()
    outcome_of(place.start_flow(2))

    runs = eventually(
        lambda: place.ask("/flow_runs/filter"),
        lambda runs: [run["state_name"] for run in runs] == 2 * ["Completed"],
    )
    assert len(runs) == 2
    assert list(place.states_of_task_runs()) == ["Completed 1"]


def test_a_killed_flow_run_crashes_and_can_be_continued(place: Place, tmp_path: Path) -> None:
    place.start_server()
    sign = tmp_path / "sign"
    killed = place.start_flow(20, sign, tmp_path / "never")
    until(sign)
    kill(killed)

    run = eventually(place.flow_run, lambda run: run["state_type"] == "CRASHED")

    assert "is gone" in run["state"]["message"]
    # what is durable was stored before its caller saw it
    assert place.states_of_task_runs()["Completed 1"] >= 11
    (tmp_path / "never").touch()
    outcome_of(place.start_program("-m", "prefect", "flow-run", "resume", run["id"]))
    again = place.flow_run()
    assert (again["id"], again["state_name"], again["run_count"]) == (run["id"], "Completed", 2)
    assert "Cached 1" in place.states_of_task_runs()


def test_a_strict_flow_fails_without_its_server(place: Place) -> None:
    settings = {"PREFECT_ENGINE_REQUIRE_SERVER": "1", "PREFECT_CLIENT_MAX_RETRIES": "0"}
    failing = place.start_flow(2, **settings)
    said, _ = failing.communicate(timeout=PATIENCE_SECONDS)
    assert failing.returncode != 0
    assert f"The server at {place.url} cannot be reached" in said


def test_the_public_suite_passes_with_runs_recorded_at_a_server() -> None:
    suite = Path(__file__).parents[1] / "public"
    env = {**os.environ, "PREFECT_TESTS_THROUGH_SERVER": "1"}
    command = [sys.executable, "-m", "pytest", str(suite), "-q", "-p", "no:cacheprovider", "-m", "not slow"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-5_000:]
