"""Programs that record their runs in PostgreSQL: killed and resumed, and with the database taken away from them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import databases
from processes import PATIENCE_SECONDS, Programs, eventually

pytestmark = pytest.mark.slow

PIPELINE = """
import os, sys
from prefect import flow, task

def note(what):
    with open("notes", "a") as notes:
        notes.write(f"{what}\\n")

@task(persist_result=True)
def step(number):
    note(f"step {number}")
    return number

@task(retries=1)
def shaky(seen=[]):
    seen.append(1)
    if len(seen) == 1:
        raise ValueError("once")
    return 1

@flow(persist_result=True)
def child(number):
    return step(number)

@flow
def main(numbers={"b": 1.0, "a": [1e22]}):
    total = step(1) + shaky() + child(2)
    total += sum(future.result() for future in step.map([3, 4, 5]))
    if os.path.exists("deadly"):
        os.kill(os.getpid(), 9)
    total += step.submit(6).result()
    note(f"end {total} {numbers}")

main()
"""

LONG = """
import os, time
from prefect import flow, task

@task
def fleeting(number):
    return number

@task(persist_result=True)
def kept(round, number):
    return number

@flow
def child(round):
    return sum(kept(round, number) for number in range(3)) + sum(fleeting.map(range(10)).result())

@flow
def main():
    rounds = 0
    while not os.path.exists("enough"):
        child(rounds)
        rounds += 1
        open("begun", "w").close()
        time.sleep(0.05)
    with open("rounds", "w") as file:
        file.write(str(rounds))

main()
"""


@pytest.fixture
def database() -> Iterator[str]:
    with databases.new_database("acceptance") as url:
        yield url


class OverPostgreSQL(Programs):
    """Programs over one database."""

    def __init__(self, directory: Path, url: str) -> None:
        super().__init__(
            directory / "home", PREFECT_LOGGING_LEVEL="ERROR", PREFECT_API_DATABASE_CONNECTION_URL=url
        )
        self.url = url

    def ask(self, query: str) -> list[Any]:
        import psycopg

        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def programs(tmp_path: Path, database: str) -> Iterator[OverPostgreSQL]:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "long.py").write_text(LONG)
    programs = OverPostgreSQL(tmp_path, database)
    yield programs
    programs.end()


def notes(programs: OverPostgreSQL) -> list[str]:
    return (programs.directory / "notes").read_text().splitlines()


def test_a_killed_run_is_seen_as_crashed_and_goes_on_from_its_steps(programs: OverPostgreSQL) -> None:
    (programs.directory / "deadly").touch()
    programs.run("pipeline.py", code=-9)
    (programs.directory / "deadly").unlink()

    assert "Crashed" in programs.prefect("flow-run", "ls")
    [(id,)] = programs.ask("SELECT id::text FROM flow_run WHERE state_type = 'CRASHED'")
    assert "is gone" in programs.prefect("flow-run", "inspect", id)

    programs.prefect("flow-run", "resume", id)
    done = notes(programs)
    assert done[-1] == "end 22 {'b': 1.0, 'a': [1e+22]}"
    assert sorted(done[:-1]) == [f"step {number}" for number in range(1, 7)], "each was done once"
    assert programs.ask("SELECT count(*) FROM lease") == [(0,)]
    assert programs.ask("SELECT DISTINCT state_type FROM flow_run") == [("COMPLETED",)]


def take_away(url: str, seconds: float) -> None:
    """Let nobody connect for a while, and throw out who is: what a restart of the server does."""
    name = url.rpartition("/")[2]
    with databases.administrator() as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        time.sleep(seconds)
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_runs_outlive_an_outage_of_their_database(programs: OverPostgreSQL) -> None:
    process = programs.start("long.py")
    begun = programs.directory / "begun"
    eventually(lambda: begun.exists() or process.poll() is not None, what="it has begun")
    for seconds in (0.0, 2.0):
        take_away(programs.url, seconds)
        time.sleep(0.5)
    (programs.directory / "enough").touch()
    said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, said

    rounds = int((programs.directory / "rounds").read_text())
    assert programs.ask("SELECT state_type, count(*) FROM flow_run GROUP BY 1") == [("COMPLETED", rounds + 1)]
    # each subflow has a task run that stands for it
    assert programs.ask("SELECT state_type, count(*) FROM task_run GROUP BY 1") == [
        ("COMPLETED", rounds * 14)
    ]
    entered = "SELECT 1 FROM task_run_state WHERE name <> 'Pending'"
    doubled = f"{entered} GROUP BY task_run_id, name HAVING count(*) > 1"
    assert programs.ask(doubled) == []
    assert programs.ask("SELECT count(*) FROM lease") == [(0,)]


def test_a_server_answers_503_while_its_database_is_away_and_goes_on_afterwards(database: str) -> None:
    import httpx

    from prefect.testing.server import running_server

    with running_server(database) as url, httpx.Client(base_url=url, timeout=60) as client:
        flow = client.post("/flows/", json={"name": "etl"}).json()

        def create() -> int:
            asked = {"flow_id": flow["id"], "name": "run", "state": {"type": "PENDING"}}
            return client.post("/flow_runs/", json=asked).status_code

        assert create() == 201
        with databases.administrator() as server:
            name = database.rpartition("/")[2]
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            assert create() == 503
            assert client.post("/flow_runs/filter", json={}).status_code == 503
            assert client.get("/ready").status_code == 503
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert create() == 201
        assert client.get("/ready").status_code == 200
        assert len(client.post("/flow_runs/filter", json={}).json()) == 2
        # a restart that nobody noticed costs no request
        with databases.administrator() as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        assert create() == 201
        assert len(client.post("/flow_runs/filter", json={}).json()) == 3
