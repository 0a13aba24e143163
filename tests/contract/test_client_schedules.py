"""Runs that schedules ask for, and parameters held to the schema of a deployment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.deployments import DeploymentScheduleCreate
from prefect.schemas.filters.deployments import DeploymentFilter, DeploymentFilterId
from prefect.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.schemas.sorting import FlowRunSort

START = datetime(2030, 5, 1, 0, 30, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "string"}},
    "required": ["x"],
}
HOURLY = IntervalSchedule(interval=timedelta(hours=1), anchor_date=datetime(2026, 1, 1, tzinfo=UTC))


def runs_of(client: Any, deployment_id: UUID) -> list[Any]:
    wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
    found = client.read_flow_runs(deployment_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
    return list(found)


class TestPlanning:
    def test_runs_are_made_ahead_once(self, client: Any, flow_id: UUID, name: str) -> None:
        schedules = [
            DeploymentScheduleCreate(schedule=HOURLY, parameters={"x": 5}, slug="hourly"),
            DeploymentScheduleCreate(schedule=CronSchedule(cron="0 0 * * *"), active=False),
        ]
        id = client.create_deployment(
            flow_id, name, schedules=schedules, parameters={"x": 1, "y": "b"}, tags=["t"]
        )
        for _ in range(2):
            client.schedule_deployment(id, start_time=START)
        runs = runs_of(client, id)
        assert [run.expected_start_time.hour for run in runs] == [1, 2, 3]
        run = runs[0]
        assert run.parameters == {"x": 5, "y": "b"}
        assert sorted(run.tags) == ["auto-scheduled", "t"]
        assert run.auto_scheduled is True
        assert (run.created_by.type, run.created_by.display_value) == ("SCHEDULE", "hourly")
        assert run.state.is_scheduled()
        assert run.state.message == "Flow run scheduled"
        schedule = next(one for one in client.read_deployment(id).schedules if one.active)
        assert run.idempotency_key == f"scheduled {id} {schedule.id} 2030-05-01 01:00:00+00:00"

    @pytest.mark.parametrize(
        ("asked", "number"),
        [
            ({"min_runs": 5}, 5),
            ({"min_time": timedelta(hours=4)}, 4),
            ({"min_runs": 9, "max_runs": 2}, 2),
            ({"min_runs": 9, "end_time": START + timedelta(hours=2)}, 2),
            ({"end_time": START - timedelta(hours=2)}, 0),
        ],
    )
    def test_how_far_ahead(
        self, client: Any, flow_id: UUID, name: str, asked: dict[str, Any], number: int
    ) -> None:
        id = client.create_deployment(flow_id, name, schedules=[DeploymentScheduleCreate(schedule=HOURLY)])
        client.schedule_deployment(id, start_time=START, **asked)
        assert len(runs_of(client, id)) == number

    def test_a_paused_deployment_gets_none(self, client: Any, flow_id: UUID, name: str) -> None:
        schedule = DeploymentScheduleCreate(schedule=HOURLY)
        id = client.create_deployment(flow_id, name, schedules=[schedule], paused=True)
        client.schedule_deployment(id, start_time=START)
        assert runs_of(client, id) == []

    def test_an_unknown_deployment(self, client: Any) -> None:
        with pytest.raises(ObjectNotFound):
            client.schedule_deployment(uuid4())
        with pytest.raises(ObjectNotFound):
            client.work_queue_check_for_deployment(uuid4())

    def test_a_deployment_without_a_queue(self, client: Any, deployment_id: UUID) -> None:
        assert client.work_queue_check_for_deployment(deployment_id) == []


def refused(call: Any, *args: Any, **kwargs: Any) -> str:
    """The words with which a call is refused."""
    with pytest.raises(Exception, match=r"fit|Validation|valid") as caught:
        call(*args, **kwargs)
    return str(caught.value)


class TestParameters:
    @pytest.fixture
    def held(self, client: Any, flow_id: UUID, name: str) -> UUID:
        """A deployment that holds parameters to a schema."""
        id: UUID = client.create_deployment(
            flow_id, name, parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True
        )
        return id

    def test_of_a_run_must_fit(self, client: Any, held: UUID) -> None:
        assert "x" in refused(client.create_flow_run_from_deployment, held, parameters={"x": "text"})
        assert "x" in refused(client.create_flow_run_from_deployment, held, parameters={"y": "text"})
        assert client.create_flow_run_from_deployment(held, parameters={"x": 3}).parameters == {"x": 3}
        assert len(runs_of(client, held)) == 1

    def test_values_are_made_before_they_are_held_to_it(self, client: Any, held: UUID, name: str) -> None:
        client.create_variable(_variable(name, 7))
        for written, value in [
            ({"__prefect_kind": "json", "value": "3"}, 3),
            ({"__prefect_kind": "workspace_variable", "variable_name": name}, 7),
        ]:
            run = client.create_flow_run_from_deployment(held, parameters={"x": written})
            assert run.parameters == {"x": value}

    @pytest.mark.parametrize(
        "written",
        [
            {"__prefect_kind": "json", "value": "{"},
            {"__prefect_kind": "workspace_variable", "variable_name": "there is none"},
            {"__prefect_kind": "jinja", "template": "{{ ''.__class__.__mro__ }}"},
            {"__prefect_kind": "jinja", "template": "{{ unclosed"},
        ],
    )
    def test_what_stands_for_no_value(self, client: Any, held: UUID, written: Any) -> None:
        with pytest.raises(Exception):  # noqa: B017  # ValueError in process, a status over HTTP
            client.create_flow_run_from_deployment(held, parameters={"x": written})
        assert runs_of(client, held) == []

    def test_of_the_deployment_must_fit_but_may_be_left_out(
        self, client: Any, flow_id: UUID, held: UUID, name: str
    ) -> None:
        update = _update(parameters={"x": "text"})
        assert "x" in refused(client.update_deployment, held, update)
        again = {"parameter_openapi_schema": SCHEMA, "enforce_parameter_schema": True}
        assert "x" in refused(client.create_deployment, flow_id, f"{name}-2", parameters={"x": "a"}, **again)
        client.update_deployment(held, _update(parameters={"x": 4}))
        assert client.read_deployment(held).parameters == {"x": 4}

    def test_a_schema_must_be_one(self, client: Any, flow_id: UUID, name: str) -> None:
        refused(client.create_deployment, flow_id, name, parameter_openapi_schema={"type": "nonsense"})

    def test_nothing_is_held_where_nobody_wants_it(self, client: Any, flow_id: UUID, name: str) -> None:
        id = client.create_deployment(
            flow_id, name, parameter_openapi_schema=SCHEMA, enforce_parameter_schema=False
        )
        run = client.create_flow_run_from_deployment(id, parameters={"x": "text"})
        assert run.parameters == {"x": "text"}


def _variable(name: str, value: Any) -> Any:
    from prefect.schemas.actions.records import VariableCreate

    return VariableCreate(name=name, value=value)


def _update(**values: Any) -> Any:
    from prefect.schemas.actions.deployments import DeploymentUpdate

    return DeploymentUpdate(**values)
