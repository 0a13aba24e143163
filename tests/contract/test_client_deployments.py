"""Deployments, their schedules and runs, asked for through clients."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.schemas.actions import DeploymentFlowRunCreate, DeploymentScheduleCreate, DeploymentUpdate
from prefect.schemas.deployments import Deployment
from prefect.schemas.filters import DeploymentFilter, DeploymentFilterId, DeploymentFilterTags
from prefect.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.schemas.sorting import DeploymentSort
from prefect.schemas.states import StateType
from prefect.states import Pending

DAILY = CronSchedule(cron="0 0 * * *")
HOURLY = IntervalSchedule(interval=timedelta(hours=1))


def test_a_deployment_is_made_and_read(client: Any, deployment_id: UUID, flow_id: UUID, name: str) -> None:
    found = client.read_deployment(deployment_id)
    assert isinstance(found, Deployment)
    assert (found.id, found.name, found.flow_id) == (deployment_id, name, flow_id)
    assert (found.parameters, found.tags, found.paused) == ({"x": 1, "y": 2}, ["deployed"], False)
    assert found.enforce_parameter_schema is True
    assert client.read_deployment(str(deployment_id)) == found
    assert client.read_deployment_by_name(f"{name}/{name}") == found


def test_unknown_deployments(client: Any, name: str) -> None:
    with pytest.raises(ObjectNotFound):
        client.read_deployment(uuid4())
    with pytest.raises(ObjectNotFound):
        client.read_deployment_by_name(f"{name}/{name}")
    with pytest.raises(ValueError, match="UUID"):
        client.read_deployment("no id")
    with pytest.raises(ValueError, match="form"):
        client.read_deployment_by_name("no-slash")
    for method in ("delete_deployment", "pause_deployment", "resume_deployment"):
        with pytest.raises(ObjectNotFound):
            getattr(client, method)(uuid4())
    with pytest.raises(ObjectNotFound):
        client.create_flow_run_from_deployment(uuid4())
    with pytest.raises(ObjectNotFound):
        client.create_deployment(client.create_flow_from_name(name), name, work_pool_name=name)


def test_the_same_name_changes_the_deployment(
    client: Any, deployment_id: UUID, flow_id: UUID, name: str
) -> None:
    again = client.create_deployment(flow_id, name, description="new", schedules=[daily("s")])
    assert again == deployment_id
    found = client.read_deployment(deployment_id)
    assert (found.description, found.tags, found.parameters) == ("new", ["deployed"], {})
    assert [one.slug for one in found.schedules] == ["s"]


def daily(slug: str | None = None) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(schedule=DAILY, slug=slug)


def test_deployments_are_filtered_sorted_and_counted(client: Any, flow_id: UUID, name: str) -> None:
    for letter in "bac":
        client.create_deployment(flow_id, f"{name}-{letter}", tags=[name])
    wanted = DeploymentFilter(tags=DeploymentFilterTags(all_=[name]))
    found = client.read_deployments(deployment_filter=wanted, sort=DeploymentSort.NAME_DESC, limit=2)
    assert [one.name for one in found] == [f"{name}-c", f"{name}-b"]
    assert client.count_deployments(deployment_filter=wanted) == 3
    page = client.paginate_deployments(deployment_filter=wanted, limit=2, page=2)
    assert [one.name for one in page.results] == [f"{name}-c"]


def test_a_deployment_is_changed(client: Any, deployment_id: UUID) -> None:
    client.update_deployment(
        deployment_id, DeploymentUpdate(description="d", tags=["t"], concurrency_limit=3)
    )
    found = client.read_deployment(deployment_id)
    assert (found.description, found.tags, found.parameters) == ("d", ["t"], {"x": 1, "y": 2})
    assert found.global_concurrency_limit.limit == 3
    client.update_deployment(deployment_id, DeploymentUpdate(concurrency_limit=None))
    found = client.read_deployment(deployment_id)
    assert (found.global_concurrency_limit, found.tags) == (None, ["t"])


def test_a_deployment_is_paused_and_resumed(client: Any, deployment_id: UUID) -> None:
    client.pause_deployment(deployment_id)
    assert client.read_deployment(deployment_id).paused
    client.resume_deployment(str(deployment_id))
    assert not client.read_deployment(deployment_id).paused
    client.set_deployment_paused_state(deployment_id, True)
    assert client.read_deployment(deployment_id).paused


def test_a_deployment_is_deleted(client: Any, deployment_id: UUID) -> None:
    planned = client.create_flow_run_from_deployment(deployment_id)
    begun = client.create_flow_run_from_deployment(deployment_id, state=Pending())
    client.delete_deployment(deployment_id)
    with pytest.raises(ObjectNotFound):
        client.read_deployment(deployment_id)
    with pytest.raises(ObjectNotFound):
        client.read_flow_run(planned.id)
    assert client.read_flow_run(begun.id).state_type is StateType.PENDING


def test_deployments_are_deleted_together(client: Any, deployment_id: UUID) -> None:
    wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
    assert client.bulk_delete_deployments(wanted).deleted == [deployment_id]
    assert client.count_deployments(deployment_filter=wanted) == 0


# --- schedules ------------------------------------------------------------------------------------------


def test_schedules_are_added_changed_and_taken_away(client: Any, deployment_id: UUID) -> None:
    (made,) = client.create_deployment_schedules(deployment_id, [(DAILY, False)], slug="s")
    assert (made.schedule, made.active, made.slug) == (DAILY, False, "s")
    client.update_deployment_schedule(deployment_id, made.id, active=True, schedule=HOURLY)
    (found,) = client.read_deployment_schedules(deployment_id)
    assert (found.id, found.active, found.slug) == (made.id, True, "s")
    assert found.schedule.interval == timedelta(hours=1)
    client.delete_deployment_schedule(deployment_id, made.id)
    assert client.read_deployment_schedules(deployment_id) == []


def test_slugs_are_unique(client: Any, deployment_id: UUID) -> None:
    client.create_deployment_schedules(deployment_id, [daily("s")])
    with pytest.raises(ObjectAlreadyExists):
        client.create_deployment_schedules(deployment_id, [daily("s")])


def test_unknown_schedules(client: Any, deployment_id: UUID) -> None:
    with pytest.raises(ObjectNotFound):
        client.update_deployment_schedule(deployment_id, uuid4(), active=True)
    with pytest.raises(ObjectNotFound):
        client.delete_deployment_schedule(deployment_id, uuid4())


# --- runs -----------------------------------------------------------------------------------------------


def test_a_run_takes_what_the_deployment_says(client: Any, deployment_id: UUID) -> None:
    run = client.create_flow_run_from_deployment(
        deployment_id, parameters={"y": 3}, tags=["mine"], labels={"a": 1}, job_variables={"j": 1}, name="run"
    )
    assert (run.deployment_id, run.name) == (deployment_id, "run")
    assert run.parameters == {"x": 1, "y": 3}
    assert set(run.tags) == {"deployed", "mine"}
    assert (run.labels["a"], run.labels["prefect.deployment.id"]) == (1, str(deployment_id))
    assert run.job_variables == {"j": 1}
    assert (run.state_type, run.auto_scheduled) == (StateType.SCHEDULED, False)


def test_the_same_key_makes_one_run(client: Any, deployment_id: UUID, name: str) -> None:
    first, second = (
        client.create_flow_run_from_deployment(deployment_id, idempotency_key=name) for _ in range(2)
    )
    assert first.id == second.id


def test_runs_are_made_together(client: Any, deployment_id: UUID) -> None:
    asked = [DeploymentFlowRunCreate(name="a"), DeploymentFlowRunCreate(name="b")]
    answer = client.bulk_create_flow_runs_from_deployment(deployment_id, asked)
    assert [one.status for one in answer.results] == ["CREATED", "CREATED"]
    assert client.read_flow_run(answer.results[1].flow_run_id).name == "b"


def test_runs_that_are_due(client: Any, deployment_id: UUID) -> None:
    run = client.create_flow_run_from_deployment(deployment_id)
    due = client.get_scheduled_flow_runs_for_deployments([deployment_id])
    assert [one.id for one in due] == [run.id]
    before = run.expected_start_time - timedelta(hours=1)
    assert client.get_scheduled_flow_runs_for_deployments([deployment_id], scheduled_before=before) == []
