"""Events over kills, and task runs that the original's client tells: everything once, nothing lost."""

from __future__ import annotations

import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from prefect.client.orchestration import SyncPrefectClient
from prefect.schemas.bases import uuid7
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, StateType
from prefect.server.database.store import open_store
from prefect.server.database.tables import event, event_outbox, event_resource, task_run_state
from prefect.server.events.feed import Feed
from prefect.testing.server import running_server

ORIGINAL_PYTHON = os.environ.get("PREFECT_ORIGINAL_PYTHON")
PATIENCE_SECONDS = 180

pytestmark = pytest.mark.slow

TELL = """
import sys
from prefect.server.database.store import open_store
from prefect.server.services.event_persister import EventPersister

persister = EventPersister(open_store(sys.argv[1]))
while True:
    persister.step()
    print("told", flush=True)
"""


def test_a_server_killed_while_it_tells_tells_everything_once(programs: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    store = open_store(url)
    Feed(store).step()
    runs = [TaskRun(id=uuid7(), name="r", task_key="k", dynamic_key=str(number)) for number in range(200)]
    for run in runs:
        for type in (StateType.PENDING, StateType.RUNNING, StateType.COMPLETED):
            store.journal.record_task_run(run, State(type=type))
    store.flush()

    def left() -> int:
        with store.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(event_outbox)).scalar_one()

    assert left() == 600
    kills = 0
    while left():
        teller = programs.start(TELL, url)
        # killed in the middle of whatever it does after a slice, sooner or later
        for _ in range(1 + kills % 3):
            teller.stdout.readline()
        teller.kill()
        teller.communicate(timeout=PATIENCE_SECONDS)
        kills += 1
    assert kills > 3
    with store.reading() as connection:
        told = set(connection.execute(sa.select(event.c.id)).scalars())
        assert told == set(connection.execute(sa.select(task_run_state.c.id)).scalars())
        resources = connection.execute(sa.select(event_resource.c.event_id).distinct()).scalars()
        assert set(resources) == told
    store.close()


PROGRAM = """
from prefect import flow, task

tries = []

@task(retries=2, tags=["flaky"])
def flaky(x):
    tries.append(x)
    if len(tries) < 3:
        raise ValueError("not yet")
    return x

@task
def add(x):
    return x + 1

@task
def fail():
    raise RuntimeError("no")

@flow
def inner(y):
    return add(y)

@flow(name="outer")
def outer():
    first = flaky.submit(1)
    more = add.map([1, 2, 3])
    fail(return_state=True)
    inner(7)
    return [add(first), *more.result()]

assert outer() == [2, 2, 3, 4]
"""


@pytest.mark.skipif(not ORIGINAL_PYTHON, reason="PREFECT_ORIGINAL_PYTHON names no interpreter")
def test_task_runs_of_the_original_are_recorded_as_it_says(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'server.db'}") as url:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        told = {"PREFECT_HOME": str(tmp_path / "home"), "PREFECT_API_URL": url, "DO_NOT_TRACK": "1"}
        ran = subprocess.run(
            [str(ORIGINAL_PYTHON), "-c", textwrap.dedent(PROGRAM)],
            env=kept | told,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        with SyncPrefectClient(url) as client:
            runs = {run.id: run for run in client.read_task_runs()}
            histories = {id: [state.name for state in client.read_task_run_states(id)] for id in runs}
            events = _events(client, sum(map(len, histories.values())))
    by_key: dict[str, list[Any]] = {}
    for run in sorted(runs.values(), key=lambda run: run.id):
        by_key.setdefault(run.task_key.partition("-")[0], []).append(run)

    (flaky,) = by_key["flaky"]
    assert histories[flaky.id] == ["Pending", "Running", "Retrying", "Retrying", "Completed"]
    assert (flaky.run_count, flaky.tags, flaky.state_name) == (3, ["flaky"], "Completed")
    assert [run.state_name for run in by_key["add"]] == ["Completed"] * 5
    assert all(run.run_count == 1 and run.end_time >= run.start_time for run in by_key["add"])
    (failed,) = by_key["fail"]
    assert (failed.state.message or "").endswith("RuntimeError: no")
    (placeholder,) = [run for run in runs.values() if histories[run.id][-1:] and run.name.startswith("inner")]
    assert histories[placeholder.id] == ["Pending", "Running", "Completed"]

    # each state is told once, whoever told it
    assert len({one.id for one in events}) == len(events) == sum(map(len, histories.values()))


def _events(client: SyncPrefectClient, expected: int) -> list[Any]:
    """The events of task runs, once there are as many as expected, or no more come for long."""
    wanted = EventFilter.model_validate({"event": {"prefix": ["prefect.task-run."]}})
    for _ in range(5000):
        page = client.read_events(wanted)
        if page.total >= expected:
            break
    events = list(page.events)
    while page.next_page:
        page = client.read_events_page(str(page.next_page))
        events += page.events
    return events
