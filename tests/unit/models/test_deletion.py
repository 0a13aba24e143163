"""Deleting takes everything that belongs to a run and nothing else, and not from under a living process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.concurrency import ConcurrencyLimitCreate, GlobalConcurrencyLimitCreate
from prefect.schemas.actions.deployments import DeploymentCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.concurrency import ConcurrencyLeaseHolder
from prefect.server.database import tables
from prefect.server.models.concurrency_limits import (
    create_global_limit,
    create_tag_limit,
    read_global_limit,
    read_tag_limit,
)
from prefect.server.models.concurrency_slots import take_slots
from prefect.server.models.deletion import RunIsActive, delete_flow, delete_flow_run, delete_task_run
from prefect.server.models.deploying import create_deployment, delete_deployment
from prefect.server.models.flow_runs import read_flow_run
from prefect.server.models.tag_slots import tag_limit_rows, take_tag_slots

LIVE, EXPIRED = timedelta(minutes=1), -timedelta(minutes=1)
RECORDS = ("flow_run", "flow_run_state", "task_run", "task_run_state", "log", "flow_run_input", "lease")


def records(fill: Any) -> dict[str, int]:
    return {name: fill.count(tables.metadata.tables[name]) for name in RECORDS}


def make_run(fill: Any, flow: UUID, lease: timedelta = EXPIRED) -> tuple[UUID, UUID]:
    """A flow run with one of everything."""
    run = fill.flow_run(flow)
    task = fill.task_run(run)
    fill.log("of the flow run", flow_run_id=run)
    fill.log("of the task run", flow_run_id=run, task_run_id=task)
    fill.insert(tables.flow_run_input, flow_run_id=run, key="k", value="v")
    fill.lease("flow_run", run, now() + lease)
    fill.lease("task_run", task, now() + EXPIRED)
    return run, task


def test_a_flow_run_goes_with_all_its_records(connection: sa.Connection, fill: Any) -> None:
    flow = fill.flow()
    make_run(fill, flow)
    before = records(fill)
    run, _ = make_run(fill, flow)
    delete_flow_run(connection, run)
    assert records(fill) == before
    assert fill.count(tables.flow) == 1


def test_called_flow_runs_and_artifacts_stay(connection: sa.Connection, fill: Any) -> None:
    flow = fill.flow()
    run, task = make_run(fill, flow)
    child = fill.flow_run(flow, "child", parent_task_run_id=task)
    fill.insert(tables.artifact, key="k", flow_run_id=run)
    delete_flow_run(connection, run)
    assert read_flow_run(connection, child).parent_task_run_id is None
    assert fill.count(tables.artifact) == 1


def test_a_task_run_goes_with_its_records(connection: sa.Connection, fill: Any) -> None:
    _, task = make_run(fill, fill.flow())
    delete_task_run(connection, task)
    assert records(fill) == {
        "flow_run": 1, "flow_run_state": 1, "task_run": 0, "task_run_state": 0, "log": 1, "flow_run_input": 1,
        "lease": 1,
    }  # fmt: skip


def test_a_flow_goes_with_its_runs_and_deployments(connection: sa.Connection, fill: Any) -> None:
    flow, other = fill.flow("gone"), fill.flow("kept")
    make_run(fill, other)
    before = records(fill)
    for _ in range(2):
        make_run(fill, flow)
    deployment = fill.insert(tables.deployment, name="d", flow_id=flow)
    fill.insert(tables.deployment_schedule, deployment_id=deployment, schedule={"interval": 60})
    delete_flow(connection, flow)
    assert records(fill) == before
    assert fill.count(tables.deployment) == fill.count(tables.deployment_schedule) == 0
    assert connection.execute(sa.select(tables.flow.c.name)).scalars().all() == ["kept"]


class TestHeldRuns:
    def test_a_live_lease_protects_a_flow_run_and_its_flow(
        self, connection: sa.Connection, fill: Any
    ) -> None:
        flow = fill.flow()
        run, _ = make_run(fill, flow, LIVE)
        before = records(fill)
        with pytest.raises(RunIsActive, match=str(run)):
            delete_flow_run(connection, run)
        with pytest.raises(RunIsActive, match=str(flow)):
            delete_flow(connection, flow)
        assert records(fill) == before
        delete_flow_run(connection, run, force=True)
        assert sum(records(fill).values()) == 0

    def test_a_live_lease_protects_a_task_run(self, connection: sa.Connection, fill: Any) -> None:
        task = fill.task_run(None)
        fill.lease("task_run", task, now() + LIVE)
        with pytest.raises(RunIsActive):
            delete_task_run(connection, task)
        delete_task_run(connection, task, force=True)
        assert sum(records(fill).values()) == 0


@pytest.mark.parametrize("delete", [delete_flow, delete_flow_run, delete_task_run])
def test_what_is_not_there(connection: sa.Connection, delete: Callable[..., None]) -> None:
    with pytest.raises(ObjectNotFound):
        delete(connection, uuid7())


# --- slots ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["Running", "Crashed"])
@pytest.mark.parametrize("delete", ["task run", "flow run", "flow"])
def test_slots_that_a_run_held_do_not_outlive_it(
    connection: sa.Connection, fill: Any, delete: str, state: str
) -> None:
    flow = fill.flow()
    run = fill.flow_run(flow, state="Running")
    task = fill.task_run(run, state=state)
    create_tag_limit(connection, ConcurrencyLimitCreate(tag="t", concurrency_limit=1))
    take_tag_slots(connection, tag_limit_rows(connection, ["t"]), task)
    create_global_limit(connection, GlobalConcurrencyLimitCreate(name="g", limit=1))
    take_slots(connection, ["g"], 1, "concurrency", holder=ConcurrencyLeaseHolder(type="flow_run", id=run))
    if delete == "task run":
        delete_task_run(connection, task)
    elif delete == "flow run":
        delete_flow_run(connection, run)
    else:
        delete_flow(connection, flow)
    assert read_tag_limit(connection, "t").active_slots == []
    assert read_global_limit(connection, "g").active_slots == (1 if delete == "task run" else 0)


@pytest.mark.parametrize("delete", ["deployment", "flow"])
def test_the_own_limit_of_a_deployment_goes_with_it(
    connection: sa.Connection, fill: Any, delete: str
) -> None:
    flow = fill.flow()
    asked = DeploymentCreate(name="d", flow_id=flow, concurrency_limit=2)
    made = create_deployment(connection, asked)
    assert made.global_concurrency_limit is not None
    take_slots(connection, [made.global_concurrency_limit.name], 1, "concurrency")
    if delete == "flow":
        delete_flow(connection, flow)
    else:
        delete_deployment(connection, made.id)
    held = (tables.concurrency_limit_v2, tables.concurrency_slot, tables.concurrency_lease)
    assert [fill.count(table) for table in held] == [0, 0, 0]
