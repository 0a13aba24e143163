"""Servers over PostgreSQL in trouble: twenty flows run while database and server are killed; starts that race.

The database is a PostgreSQL of the test's own. Skipped where its programs are not installed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from processes import PATIENCE_SECONDS, answers, bare_environment, eventually, free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL's programs are not installed"),
]

TEN_FLOWS = """
    import sys, time
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    from prefect import flow, task

    directory, part = Path(sys.argv[1]), sys.argv[2]

    @task
    def step(number):
        return number

    @flow
    def steps(name):
        done = 0
        (directory / f"running-{part}-{name}").touch()
        while not (directory / "go on").exists():
            step(done)
            done += 1
            time.sleep(0.05)
        return done

    with ThreadPoolExecutor(10) as threads:
        print(sum(threads.map(steps, range(10))))
"""


class Database:
    """A PostgreSQL server of our own, which can be killed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:  # it does not run as root
            shutil.chown(directory, self.user)
        self._run("initdb", "-D", str(directory / "data"), "-U", "postgres", "-A", "trust", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.directory} -c fsync=off"
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-l", str(self.directory / "log"), "-w",
                  "-t", "120", "-o", options, "start")  # fmt: skip

    def kill(self) -> None:
        """As if its machine had lost its power."""
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-m", "immediate", "-w", "stop")

    def ask(self, query: str) -> Any:
        import psycopg

        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def _run(self, program: str, *arguments: str) -> None:
        given: dict[str, Any] = {"user": self.user} if os.geteuid() == 0 else {}
        # its output goes to files: a pipe would be held open by the server that it starts
        with (self.directory / f"{program}.txt").open("wb") as said:
            subprocess.run(
                [PROGRAMS[-1] / program, *arguments],
                stdout=said, stderr=said, cwd="/", timeout=PATIENCE_SECONDS, check=True, **given,
            )  # fmt: skip


class Servers:
    """Our servers on one port over one database, one after the other."""

    def __init__(self, home: Path, database: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.environment = bare_environment(
            PREFECT_HOME=str(home), PREFECT_SERVER_DATABASE_CONNECTION_URL=database
        )
        self.log = home.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        eventually(self.is_ready, what="the server answers")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def is_ready(self) -> bool:
        """Whether it answers and reaches its database."""
        return answers(f"{self.url}/ready")


@pytest.fixture
def database() -> Iterator[Database]:
    directory = Path(tempfile.mkdtemp(prefix="prefect-postgres-"))
    made = Database(directory)
    made.start()
    yield made
    made.kill()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def servers(tmp_path: Path, database: Database) -> Iterator[Servers]:
    made = Servers(tmp_path / "server", database.url)
    made.start()
    yield made
    made.kill()


def test_twenty_flows_outlive_database_and_server(
    tmp_path: Path, database: Database, servers: Servers
) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(TEN_FLOWS))
    environment = bare_environment(PREFECT_API_URL=servers.url, PREFECT_HOME=str(tmp_path / "client"))
    programs = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path), part],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for part in ("a", "b")
    ]  # fmt: skip
    try:
        eventually(lambda: len(list(tmp_path.glob("running-*"))) == 20, what="twenty flows run")
        before = steps_recorded(database)
        database.kill()
        eventually(lambda: not servers.is_ready(), what="the server says that its database is gone")
        database.start()
        eventually(servers.is_ready, what="the server has its database again")
        eventually(lambda: steps_recorded(database) > before, what="steps are recorded again")
        servers.kill()
        servers.start()
        (tmp_path / "go on").touch()
        told = [program.communicate(timeout=PATIENCE_SECONDS) for program in programs]
        assert [program.returncode for program in programs] == [0, 0], told
        assert database.ask("SELECT state_name, count(*) FROM flow_run GROUP BY 1") == [("Completed", 20)]
        done = sum(int(out) for out, _ in told)
        assert database.ask("SELECT state_name, count(*) FROM task_run GROUP BY 1") == [("Completed", done)]
        assert database.ask("SELECT count(*) FROM task_run_state") == [(3 * done,)]
        assert database.ask("SELECT count(*) FROM lease WHERE kind IN ('flow_run', 'task_run', 'lock')") == [
            (0,)
        ]
    finally:
        for program in programs:
            program.send_signal(signal.SIGKILL)
            program.communicate()


def test_two_servers_and_two_migrations_race_on_an_empty_database(tmp_path: Path, database: Database) -> None:
    servers = [Servers(tmp_path / f"server-{number}", database.url) for number in range(2)]
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
    migrations = [
        subprocess.Popen(
            command, env=servers[0].environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    try:
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(Servers.start, servers))
        for migration in migrations:
            said, _ = migration.communicate(timeout=PATIENCE_SECONDS)
            assert migration.returncode == 0, said
        for server in servers:
            assert "Traceback" not in server.log.read_text()
        made = httpx.post(
            f"{servers[0].url}/flows/", json={"name": "shared"}, timeout=60, trust_env=False
        ).json()
        found = httpx.get(f"{servers[1].url}/flows/{made['id']}", timeout=60, trust_env=False).json()
        assert found == made
        assert database.ask("SELECT count(*) FROM alembic_version") == [(1,)]
    finally:
        for process in [*migrations, *(server.process for server in servers)]:
            if process is not None:
                process.kill()
                process.wait(PATIENCE_SECONDS)


def steps_recorded(database: Database) -> int:
    return int(database.ask("SELECT count(*) FROM task_run WHERE state_name = 'Completed'")[0][0])
