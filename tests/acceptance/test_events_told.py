"""Events over kills, and task runs that the original's client tells: everything once, nothing lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from original import needs_original, run_original
from prefect.client.orchestration import SyncPrefectClient
from prefect.schemas.bases import uuid7
from prefect.schemas.event_filters import EventFilter
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, StateType
from prefect.server.database.store import open_store
from prefect.server.database.tables import event, event_outbox, event_resource, task_run_state
from prefect.server.events.feed import Feed
from prefect.testing.server import running_server
from processes import PATIENCE_SECONDS, Programs, await_line, eventually

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


def test_a_server_killed_while_it_tells_tells_everything_once(programs: Programs, tmp_path: Path) -> None:
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
            await_line(teller, "told")
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


@needs_original
def test_task_runs_of_the_original_are_recorded_as_it_says(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'server.db'}") as url:
        run_original(tmp_path, url, program=PROGRAM)
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
    """The events of task runs, once there are as many as expected."""
    wanted = EventFilter.model_validate({"event": {"prefix": ["prefect.task-run."]}})
    page = eventually(lambda: client.read_events(wanted), lambda page: page.total >= expected)
    events = list(page.events)
    while page.next_page:
        page = client.read_events_page(str(page.next_page))
        events += page.events
    return events
