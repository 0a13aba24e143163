"""A page of a long list is the slice it stands for, wherever it is sought from."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from prefect._clock import VirtualClock, use_clock
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.server.database import tables
from prefect.server.models import deletion, flow_runs, pages, task_runs
from prefect.server.models.filters import NO_FILTERS, Filters

COMPLETED = Filters(flow_runs=FlowRunFilter.model_validate({"state": {"type": {"any_": ["COMPLETED"]}}}))


def minutes(number: float) -> datetime:
    """So many minutes after a moment."""
    return datetime(2026, 1, 2, 12, 0, tzinfo=UTC) + timedelta(minutes=number)


@pytest.fixture(autouse=True)
def _strides_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "STRIDE", 3)


@pytest.fixture
def many(fill: Any) -> Any:
    """Thirty flow runs, of equal times and names in part."""
    chance = random.Random(7)
    flow = fill.flow()
    for number in range(30):
        state = chance.choice(["Completed", "Completed", "Running", "Scheduled"])
        fill.flow_run(flow, f"run-{number % 4}", state, expected_start_time=minutes(number // 3))
    return flow


def ids(
    connection: sa.Connection, sort: FlowRunSort, offset: int, filters: Filters = NO_FILTERS, limit: int = 4
) -> list[Any]:
    return [run.id for run in flow_runs.read_flow_runs(connection, filters, sort, limit, offset)]


class TestWholeLists:
    @pytest.mark.parametrize("sort", FlowRunSort)
    @pytest.mark.parametrize("filters", [NO_FILTERS, COMPLETED], ids=["all", "completed"])
    @pytest.mark.usefixtures("many")
    def test_every_page_is_a_slice_in_whichever_order_they_are_read(
        self, connection: sa.Connection, sort: FlowRunSort, filters: Filters
    ) -> None:
        whole = [run.id for run in flow_runs.read_flow_runs(connection, filters, sort)]
        offsets = list(range(len(whole) + 3)) * 2
        random.Random(sort.value).shuffle(offsets)
        for offset in offsets:
            assert ids(connection, sort, offset, filters) == whole[offset : offset + 4], offset

    @pytest.mark.parametrize("sort", TaskRunSort)
    def test_task_runs_too(self, connection: sa.Connection, fill: Any, sort: TaskRunSort) -> None:
        for number in range(20):
            fill.task_run(None, f"task-{number % 3}", expected_start_time=minutes(number // 2))
        whole = [run.id for run in task_runs.read_task_runs(connection, sort=sort)]
        for offset in (15, 5, 10, 25, 12):
            found = task_runs.read_task_runs(connection, sort=sort, limit=4, offset=offset)
            assert [run.id for run in found] == whole[offset : offset + 4]

    def test_an_empty_list_has_empty_pages(self, connection: sa.Connection) -> None:
        assert ids(connection, FlowRunSort.ID_DESC, 10) == []


class TestWhatChanges:
    def test_rows_that_come_to_the_front_shift_no_page(
        self, connection: sa.Connection, fill: Any, many: Any
    ) -> None:
        ids(connection, FlowRunSort.ID_DESC, 20)
        for _ in range(3):
            fill.flow_run(many)
            whole = [run.id for run in flow_runs.read_flow_runs(connection)]
            assert ids(connection, FlowRunSort.ID_DESC, 20) == whole[20:24]

    def test_a_list_that_has_grown_much_is_looked_at_anew(
        self, connection: sa.Connection, fill: Any, many: Any
    ) -> None:
        ids(connection, FlowRunSort.ID_DESC, 20)
        for _ in range(9):
            fill.flow_run(many)
        whole = [run.id for run in flow_runs.read_flow_runs(connection)]
        assert ids(connection, FlowRunSort.ID_DESC, 20) == whole[20:24]

    def test_what_this_process_deletes_is_known_at_once(self, connection: sa.Connection, many: Any) -> None:
        before = ids(connection, FlowRunSort.ID_DESC, 20)
        for id in ids(connection, FlowRunSort.ID_DESC, 10):
            deletion.delete_flow_run(connection, id)
        assert ids(connection, FlowRunSort.ID_DESC, 16) == before

    def test_what_others_delete_is_known_after_a_while(self, connection: sa.Connection, many: Any) -> None:
        with use_clock(VirtualClock()) as clock:
            before = ids(connection, FlowRunSort.ID_DESC, 20)
            for id in ids(connection, FlowRunSort.ID_DESC, 10):
                connection.execute(sa.delete(tables.flow_run).where(tables.flow_run.c.id == id))
            clock.sleep(pages.REMEMBERED_FOR.total_seconds() + 1)
            assert ids(connection, FlowRunSort.ID_DESC, 16) == before

    def test_memory_is_bounded(
        self, connection: sa.Connection, many: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "MOST_LISTS", 2)
        monkeypatch.setattr(pages, "MOST_PLACES", 5)
        for sort in FlowRunSort:
            whole = [run.id for run in flow_runs.read_flow_runs(connection, sort=sort)]
            for offset in range(25):
                assert ids(connection, sort, offset) == whole[offset : offset + 4]
        memory = pages._memory_of(connection)
        assert len(memory._lists) == 2
        assert all(len(known.places) <= 5 for known in memory._lists.values())


@pytest.fixture
def walked(connection: sa.Connection) -> Iterator[list[str]]:
    """The plans of the queries that find places."""
    plans: list[str] = []
    driver: Any = connection.connection.driver_connection

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "LIMIT" in statement:
            rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(row[3] for row in rows)

    sa.event.listen(connection, "before_cursor_execute", note)
    yield plans
    sa.event.remove(connection, "before_cursor_execute", note)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sort", FlowRunSort)
@pytest.mark.usefixtures("many")
def test_every_order_is_found_in_an_index_alone(
    connection: sa.Connection, walked: list[str], sort: FlowRunSort
) -> None:
    for offset in (0, 10):
        ids(connection, sort, offset)
    of_pages = [plan for plan in walked if plan.startswith("SCAN flow_run")]
    assert of_pages
    assert {plan for plan in of_pages if "COVERING INDEX" not in plan} == set()
