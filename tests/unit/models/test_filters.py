"""Every criterion of every filter, on every noun it can narrow: what is selected, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from prefect.schemas.bases import uuid7
from prefect.schemas.filters.deployments import DeploymentFilter
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.filters.work_pools import WorkPoolFilter, WorkQueueFilter
from prefect.server.database import tables
from prefect.server.models import filters as conditions
from prefect.server.models.filters import Filters
from prefect.server.models.flow_runs import count_flow_runs, read_flow_runs
from prefect.server.models.flows import count_flows, read_flows
from prefect.server.models.logs import count_logs, read_logs
from prefect.server.models.task_runs import count_task_runs, read_task_runs


def at(minutes: float) -> datetime:
    """A moment so many minutes after the one at which everything begins."""
    return datetime(2026, 1, 2, 12, 0, tzinfo=UTC) + timedelta(minutes=minutes)


def flows(connection: sa.Connection, **filters: Any) -> set[str]:
    found = {flow.name for flow in read_flows(connection, Filters(**filters))}
    assert count_flows(connection, Filters(**filters)) == len(found)
    return found


def flow_runs(connection: sa.Connection, **filters: Any) -> set[str]:
    found = {run.name for run in read_flow_runs(connection, Filters(**filters))}
    assert count_flow_runs(connection, Filters(**filters)) == len(found)
    return found


def task_runs(connection: sa.Connection, **filters: Any) -> set[str]:
    found = {run.name for run in read_task_runs(connection, Filters(**filters))}
    assert count_task_runs(connection, Filters(**filters)) == len(found)
    return found


def flow_filter(**criteria: Any) -> FlowFilter:
    return FlowFilter.model_validate(criteria)


def flow_run_filter(**criteria: Any) -> FlowRunFilter:
    return FlowRunFilter.model_validate(criteria)


def task_run_filter(**criteria: Any) -> TaskRunFilter:
    return TaskRunFilter.model_validate(criteria)


@pytest.fixture
def scene(fill: Any) -> dict[str, Any]:
    """Two flows; a deployment of one; a parent with a subflow; runs in several states."""
    ids: dict[str, Any] = {}
    ids["etl"] = fill.flow("etl", tags=["data", "daily"])
    ids["Report"] = fill.flow("Report")
    pool = fill.insert(tables.work_pool, name="pool", type="process")
    queue = fill.insert(tables.work_queue, name="default", work_pool_id=pool)
    ids["deployment"] = fill.insert(
        tables.deployment, name="nightly", flow_id=ids["etl"], work_queue_id=queue, tags=["prod"], paused=True
    )
    ids["parent"] = fill.flow_run(
        ids["etl"], "parent", tags=["a", "b"], deployment_id=ids["deployment"], work_queue_id=queue,
        work_queue_name="default", flow_version="1", idempotency_key="once",
        created_by={"id": "018f0000-0000-7000-8000-000000000001", "type": "SCHEDULE"},
    )  # fmt: skip
    ids["placeholder"] = fill.task_run(ids["parent"], "placeholder", tags=["a"])
    ids["child"] = fill.flow_run(
        ids["Report"], "child", "Failed/TimedOut", parent_task_run_id=ids["placeholder"]
    )
    due = {"expected_start_time": at(60), "next_scheduled_start_time": at(60)}
    ids["waiting"] = fill.flow_run(ids["Report"], "waiting", "Scheduled", tags=["b"], **due)
    ids["working"] = fill.flow_run(ids["etl"], "working_100%", "Running", start_time=at(30))
    ids["step"] = fill.task_run(ids["working"], "step", "Running", start_time=at(31))
    ids["lone"] = fill.task_run(None, "lone", "Failed")
    return ids


ALL = {"parent", "child", "waiting", "working_100%"}
SCHEDULER = "018f0000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("criteria", "selected"),
    [
        ({}, ALL),
        ({"name": {"any_": ["parent", "nobody"]}}, {"parent"}),
        ({"name": {"any_": []}}, set()),
        ({"name": {"like_": "PAR"}}, {"parent"}),
        ({"name": {"like_": "c%d"}}, {"child"}),
        ({"tags": {"all_": ["a", "b"]}}, {"parent"}),
        ({"tags": {"all_": []}}, ALL),
        ({"tags": {"any_": ["b", "c"]}}, {"parent", "waiting"}),
        ({"tags": {"is_null_": True}}, {"child", "working_100%"}),
        ({"tags": {"is_null_": False}}, {"parent", "waiting"}),
        ({"tags": {"operator": "or_", "all_": ["a"], "is_null_": True}}, {"parent", "child", "working_100%"}),
        ({"deployment_id": {"is_null_": False}}, {"parent"}),
        ({"deployment_id": {"any_": [str(uuid7())]}}, set()),
        ({"work_queue_name": {"any_": ["default"]}}, {"parent"}),
        ({"work_queue_name": {"is_null_": True}}, ALL - {"parent"}),
        ({"state": {"type": {"any_": ["FAILED", "RUNNING"]}}}, {"child", "working_100%"}),
        ({"state": {"type": {"not_any_": ["FAILED"]}}}, ALL - {"child"}),
        ({"state": {"name": {"any_": ["TimedOut"]}}}, {"child"}),
        ({"state": {"name": {"not_any_": ["TimedOut", "Running"]}}}, {"parent", "waiting"}),
        (
            {"state": {"operator": "or_", "type": {"any_": ["SCHEDULED"]}, "name": {"any_": ["Running"]}}},
            {"waiting", "working_100%"},
        ),
        ({"operator": "or_", "state": {}, "name": {"any_": ["child"]}}, {"child"}),
        ({"flow_version": {"any_": ["1"]}}, {"parent"}),
        ({"start_time": {"before_": at(1)}}, {"parent", "child"}),
        ({"start_time": {"after_": at(60)}}, {"waiting"}),
        ({"start_time": {"after_": at(2), "before_": at(59)}}, {"working_100%"}),
        ({"start_time": {"is_null_": True}}, {"waiting"}),
        ({"end_time": {"is_null_": False, "before_": at(2)}}, {"parent", "child"}),
        ({"end_time": {"after_": at(3)}}, set()),
        ({"expected_start_time": {"after_": at(1)}}, {"waiting"}),
        ({"next_scheduled_start_time": {"before_": at(60)}}, {"waiting"}),
        ({"parent_task_run_id": {"is_null_": False}}, {"child"}),
        ({"parent_task_run_id": {"is_null_": True}}, ALL - {"child"}),
        ({"idempotency_key": {"any_": ["once"]}}, {"parent"}),
        ({"idempotency_key": {"not_any_": ["once"]}}, ALL - {"parent"}),
        ({"created_by": {"id_": [SCHEDULER]}}, {"parent"}),
        ({"created_by": {"type_": ["SCHEDULE"]}}, {"parent"}),
        ({"created_by": {"type_": ["USER"]}}, set()),
        ({"created_by": {"is_null_": True}}, ALL - {"parent"}),
        ({"name": {"any_": ["child"]}, "tags": {"all_": ["a"]}}, set()),
        ({"operator": "or_", "name": {"any_": ["child"]}, "tags": {"all_": ["a"]}}, {"parent", "child"}),
    ],
)
def test_flow_runs(connection: sa.Connection, scene: Any, criteria: Any, selected: set[str]) -> None:
    assert flow_runs(connection, flow_runs=flow_run_filter(**criteria)) == selected


def test_flow_runs_by_identifiers(connection: sa.Connection, scene: dict[str, Any]) -> None:
    one, parent = [str(scene["child"])], [str(scene["parent"])]
    assert flow_runs(connection, flow_runs=flow_run_filter(id={"any_": one})) == {"child"}
    assert flow_runs(connection, flow_runs=flow_run_filter(id={"not_any_": one})) == ALL - {"child"}
    assert flow_runs(connection, flow_runs=flow_run_filter(parent_flow_run_id={"any_": parent})) == {"child"}
    assert flow_runs(connection, flow_runs=flow_run_filter(parent_flow_run_id={"any_": one})) == set()
    of_task = {"any_": [str(scene["placeholder"])]}
    assert flow_runs(connection, flow_runs=flow_run_filter(parent_task_run_id=of_task)) == {"child"}
    deployed = {"any_": [str(scene["deployment"])]}
    assert flow_runs(connection, flow_runs=flow_run_filter(deployment_id=deployed)) == {"parent"}


TASKS = {"placeholder", "step", "lone"}


@pytest.mark.parametrize(
    ("criteria", "selected"),
    [
        ({}, TASKS),
        ({"name": {"any_": ["step"]}}, {"step"}),
        ({"name": {"like_": "LO"}}, {"lone"}),
        ({"name": {"like_": "e"}}, TASKS),
        ({"tags": {"all_": ["a"]}}, {"placeholder"}),
        ({"tags": {"is_null_": True}}, {"step", "lone"}),
        ({"state": {"type": {"any_": ["RUNNING"]}}}, {"step"}),
        ({"state": {"name": {"any_": ["Failed"]}}}, {"lone"}),
        ({"start_time": {"after_": at(30)}}, {"step"}),
        ({"start_time": {"is_null_": True}}, set()),
        ({"end_time": {"is_null_": True}}, {"step"}),
        ({"end_time": {"after_": at(2)}}, {"placeholder", "lone"}),
        ({"expected_start_time": {"before_": at(0)}}, TASKS),
        ({"subflow_runs": {"exists_": True}}, {"placeholder"}),
        ({"subflow_runs": {"exists_": False}}, {"step", "lone"}),
        ({"flow_run_id": {"is_null_": True}}, {"lone"}),
        ({"flow_run_id": {"is_null_": False}}, {"placeholder", "step"}),
        ({"operator": "or_", "name": {"any_": ["lone"]}, "tags": {"all_": ["a"]}}, {"placeholder", "lone"}),
    ],
)
def test_task_runs(connection: sa.Connection, scene: Any, criteria: Any, selected: set[str]) -> None:
    assert task_runs(connection, task_runs=task_run_filter(**criteria)) == selected


def test_task_runs_by_identifiers(connection: sa.Connection, scene: dict[str, Any]) -> None:
    by_run = task_run_filter(flow_run_id={"any_": [str(scene["working"])]})
    assert task_runs(connection, task_runs=by_run) == {"step"}
    assert task_runs(connection, task_runs=task_run_filter(id={"any_": [str(scene["lone"])]})) == {"lone"}


@pytest.mark.parametrize(
    ("criteria", "selected"),
    [
        ({}, {"etl", "Report"}),
        ({"name": {"any_": ["etl"]}}, {"etl"}),
        ({"name": {"like_": "rep"}}, {"Report"}),
        ({"tags": {"all_": ["data", "daily"]}}, {"etl"}),
        ({"tags": {"is_null_": True}}, {"Report"}),
        ({"deployment": {"is_null_": True}}, {"Report"}),
        ({"deployment": {"is_null_": False}}, {"etl"}),
    ],
)
def test_flows(connection: sa.Connection, scene: Any, criteria: Any, selected: set[str]) -> None:
    assert flows(connection, flows=flow_filter(**criteria)) == selected


def test_flows_by_identifiers(connection: sa.Connection, scene: dict[str, Any]) -> None:
    one = [str(scene["etl"])]
    assert flows(connection, flows=flow_filter(id={"any_": one})) == {"etl"}
    assert flows(connection, flows=flow_filter(id={"not_any_": one})) == {"Report"}


class TestReachingOver:
    """A filter of another noun asks that there be such another one."""

    def test_flow_runs_by_flow(self, connection: sa.Connection, scene: Any) -> None:
        reports = flow_filter(name={"any_": ["Report"]})
        assert flow_runs(connection, flows=reports) == {"child", "waiting"}
        assert flow_runs(connection, flows=FlowFilter()) == ALL

    def test_flow_runs_by_task_run(self, connection: sa.Connection, scene: Any) -> None:
        assert flow_runs(connection, task_runs=task_run_filter(name={"any_": ["step"]})) == {"working_100%"}
        assert flow_runs(connection, task_runs=TaskRunFilter()) == {"parent", "working_100%"}

    @pytest.mark.parametrize(
        ("criteria", "selected"),
        [
            ({}, {"parent"}),
            ({"name": {"any_": ["nightly"]}}, {"parent"}),
            ({"name": {"like_": "NIGHT"}}, {"parent"}),
            ({"flow_or_deployment_name": {"like_": "etl"}}, {"parent"}),
            ({"flow_or_deployment_name": {"like_": "nothing"}}, set()),
            ({"paused": {"eq_": True}}, {"parent"}),
            ({"paused": {"eq_": False}}, set()),
            ({"tags": {"any_": ["prod"]}}, {"parent"}),
            ({"tags": {"is_null_": True}}, set()),
            ({"work_queue_name": {"any_": ["other"]}}, set()),
            ({"concurrency_limit": {"is_null_": True}}, {"parent"}),
            ({"concurrency_limit": {"ge_": 1}}, set()),
        ],
    )
    def test_flow_runs_by_deployment(
        self, connection: sa.Connection, scene: Any, criteria: Any, selected: set[str]
    ) -> None:
        assert flow_runs(connection, deployments=DeploymentFilter.model_validate(criteria)) == selected

    def test_flow_runs_by_work_pool_and_queue(self, connection: sa.Connection, scene: Any) -> None:
        pool = WorkPoolFilter.model_validate({"name": {"any_": ["pool"]}, "type": {"any_": ["process"]}})
        queue = WorkQueueFilter.model_validate({"name": {"startswith_": ["def"]}})
        other = WorkQueueFilter.model_validate({"name": {"startswith_": ["%"]}})
        assert flow_runs(connection, work_pools=pool) == {"parent"}
        assert flow_runs(connection, work_queues=queue) == {"parent"}
        assert flow_runs(connection, work_pools=pool, work_queues=other) == set()

    def test_task_runs_by_flow_run_and_flow(self, connection: sa.Connection, scene: Any) -> None:
        working = flow_run_filter(state={"type": {"any_": ["RUNNING"]}})
        assert task_runs(connection, flow_runs=working) == {"step"}
        assert task_runs(connection, flows=flow_filter(name={"any_": ["etl"]})) == {"placeholder", "step"}
        assert task_runs(connection, deployments=DeploymentFilter()) == {"placeholder"}

    def test_flows_by_what_they_have(self, connection: sa.Connection, scene: Any) -> None:
        assert flows(connection, flow_runs=flow_run_filter(name={"any_": ["child"]})) == {"Report"}
        assert flows(connection, task_runs=task_run_filter(name={"any_": ["step"]})) == {"etl"}
        assert flows(connection, deployments=DeploymentFilter()) == {"etl"}
        assert flows(connection, work_pools=WorkPoolFilter()) == {"etl"}

    def test_everything_at_once(self, connection: sa.Connection, scene: Any) -> None:
        every = {
            "flows": FlowFilter(),
            "flow_runs": FlowRunFilter(),
            "task_runs": TaskRunFilter(),
            "deployments": DeploymentFilter(),
            "work_pools": WorkPoolFilter(),
        }
        assert flows(connection, **every) == {"etl"}
        assert flow_runs(connection, **every) == {"parent"}
        assert task_runs(connection, **every) == {"placeholder"}


class TestLogs:
    @pytest.fixture(autouse=True)
    def records(self, fill: Any) -> None:
        self.flow_run, self.task_run = uuid7(), uuid7()
        for number, message in enumerate(["Hello world", "error foo bar", "foo", "100% sure", "bar foo"]):
            fill.log(
                message, level=number * 10, timestamp=at(number), name=f"prefect.{number}",
                flow_run_id=self.flow_run if number < 3 else None,
                task_run_id=self.task_run if number == 1 else None,
            )  # fmt: skip

    def found(self, connection: sa.Connection, **criteria: Any) -> list[str]:
        filter = LogFilter.model_validate(criteria)
        messages = [log.message for log in read_logs(connection, filter)]
        assert count_logs(connection, filter) == len(messages)
        return messages

    def test_by_level_and_time(self, connection: sa.Connection) -> None:
        assert self.found(connection, level={"ge_": 10, "le_": 20}) == ["error foo bar", "foo"]
        assert self.found(connection, timestamp={"after_": at(3)}) == ["100% sure", "bar foo"]
        assert self.found(connection, timestamp={"before_": at(0)}) == ["Hello world"]

    def test_by_run(self, connection: sa.Connection) -> None:
        by_flow_run = self.found(connection, flow_run_id={"any_": [str(self.flow_run)]})
        assert by_flow_run == ["Hello world", "error foo bar", "foo"]
        assert self.found(connection, task_run_id={"any_": [str(self.task_run)]}) == ["error foo bar"]

    @pytest.mark.parametrize(
        ("query", "messages"),
        [
            ("foo", ["error foo bar", "foo", "bar foo"]),
            ("FOO hello", ["Hello world", "error foo bar", "foo", "bar foo"]),
            ("wor", ["Hello world"]),
            ("-foo", ["Hello world", "100% sure"]),
            ("!foo", ["Hello world", "100% sure"]),
            ("+foo +bar", ["error foo bar", "bar foo"]),
            ("bar +foo -error", ["bar foo"]),
            ('"foo bar"', ["error foo bar"]),
            ('-"foo bar" foo', ["foo", "bar foo"]),
            ("%", ["100% sure"]),
            ("prefect.3", ["100% sure"]),
            ("\\-foo", []),
            ("", ["Hello world", "error foo bar", "foo", "100% sure", "bar foo"]),
            ('-"', ["Hello world", "error foo bar", "foo", "100% sure", "bar foo"]),
        ],
    )
    def test_by_words(self, connection: sa.Connection, query: str, messages: list[str]) -> None:
        assert self.found(connection, text={"query": query}) == messages


def test_postgresql_has_words_for_every_condition() -> None:
    tags = {"all_": ["a"], "is_null_": True}
    criteria = {"tags": {**tags, "any_": ["b"]}, "created_by": {"id_": [SCHEDULER], "type_": ["x"]}}
    filters = Filters(
        flows=flow_filter(tags=tags, deployment={"is_null_": True}),
        flow_runs=flow_run_filter(**criteria, start_time={"before_": at(1)}),
        task_runs=task_run_filter(tags=tags, subflow_runs={"exists_": True}),
        deployments=DeploymentFilter.model_validate({"flow_or_deployment_name": {"like_": "x"}}),
        work_pools=WorkPoolFilter(),
        work_queues=WorkQueueFilter(),
    )
    query = sa.select(tables.flow_run.c.id).where(*conditions.flow_run_conditions(filters))
    text = str(query.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "jsonb_exists" in text
    assert "->>" in text
    assert "json_each" not in text
