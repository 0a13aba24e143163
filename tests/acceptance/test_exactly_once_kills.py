"""Kills a program (`kill -9`) at every step of a transfer in turn, resumes it, and counts the money."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import databases

pytestmark = pytest.mark.slow

DRIVER = '''
"""Each attempt is a fork, so that imports are paid once. Prints how many places it was killed at."""

import os, signal, sqlite3, sys, traceback, uuid
from contextlib import closing

from prefect import _steps, flow, task
from prefect.client.orchestration.local import local_client
from prefect.flow_runs import retry_flow_run
from prefect.transactions.exactly_once import database_step

# what the first attempt to resume would import, paid once for all forks
import prefect.server.database.engine
import prefect.server.models.trees

TARGET, HOME = sys.argv[1:]
EXPECTED = [[10, 11], [16, 17]]


def connect():
    if TARGET.startswith("postgresql"):
        import psycopg
        return psycopg.connect(TARGET)
    return sqlite3.connect(TARGET)


@database_step
def move(connection, amount):
    connection.execute(f"UPDATE account SET balance = balance - {amount} WHERE name = 'a'")
    steps_until_death()
    connection.execute(f"UPDATE account SET balance = balance + {amount} WHERE name = 'b'")
    return connection.execute("SELECT balance FROM account WHERE name = 'b'").fetchone()[0]


@task(persist_result=PERSIST)
def transfer(amount):
    with closing(connect()) as connection:
        return [move(connection, amount), move(connection, 1)]


@flow
def bank():
    return [transfer(10), transfer(5)]


def steps_until_death():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def watch(do):
    def block(step):
        steps_until_death()
        return do(step)
    return block


def attempt(kill_at):
    """Run the flow in a process of its own, or resume the run that an attempt before has left; its status."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    status = 1
    try:
        global left
        left = kill_at
        _steps.Call.block = watch(_steps.Call.block)
        result = live()
        assert result == EXPECTED, result
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        local_client().close()
        os._exit(status)


def live():
    with local_client().journal.reading() as connection:
        runs = connection.execute("SELECT id, state_type FROM flow_run").fetchall()
    if not runs:
        return bank()
    [(id, state)] = runs
    if state == "COMPLETED":  # it died after its end
        return EXPECTED
    assert state == "CRASHED", state
    return retry_flow_run(uuid.UUID(bytes=id), flow=bank)


def begin_anew(number):
    os.environ["PREFECT_HOME"] = os.path.join(HOME, str(number))
    from prefect.settings import context
    context._process_wide = None
    with closing(connect()) as connection:
        connection.execute("DROP TABLE IF EXISTS prefect_step")
        connection.execute("DROP TABLE IF EXISTS account")
        connection.execute("CREATE TABLE account (name TEXT, balance INTEGER)")
        connection.execute("INSERT INTO account VALUES ('a', 100), ('b', 0)")
        connection.commit()


def main():
    number = 0
    while True:
        number += 1
        begin_anew(number)
        status = attempt(number)
        killed = os.WIFSIGNALED(status)
        if killed and number % 3 == 0:
            attempt(number // 2)  # killed again, while resuming
        again = attempt(-1) if killed else status
        with closing(connect()) as connection:
            balances = connection.execute("SELECT name, balance FROM account ORDER BY name").fetchall()
            steps = connection.execute("SELECT count(*) FROM prefect_step").fetchone()[0]
        assert (again, balances, steps) == (0, [("a", 83), ("b", 17)], 4), (number, again, balances, steps)
        if not killed:
            print(number - 1)
            return


main()
'''


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield str(tmp_path / "bank.db")
        return
    with databases.new_database("kills") as url:
        yield url


def test_money_moves_once_wherever_the_program_dies(target: str, tmp_path: Path) -> None:
    program = tmp_path / "driver.py"
    # with kept results whole tasks are skipped when resumed; without them only their steps are
    persists = target.startswith("postgresql")
    program.write_text(DRIVER.replace("PERSIST", str(persists)))
    environment = os.environ | {"PREFECT_LOGGING_LEVEL": "CRITICAL"}
    ended = subprocess.run(
        [sys.executable, program, target, tmp_path / "homes"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert int(ended.stdout) > 25
