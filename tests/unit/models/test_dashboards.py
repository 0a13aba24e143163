"""What dashboards show, and the smaller nouns beside: views of collections, notification policies."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.blocks import BlockDocumentCreate, BlockSchemaCreate, BlockTypeCreate
from prefect.schemas.actions.notifications import FlowRunNotificationPolicyCreate
from prefect.schemas.actions.work_pools import WorkPoolCreate
from prefect.schemas.filters.notifications import FlowRunNotificationPolicyFilter
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.server.database import tables
from prefect.server.models import (
    block_documents,
    block_schemas,
    block_types,
    collections,
    dashboards,
    work_pools,
)
from prefect.server.models import notification_policies as policies
from prefect.server.models.filters import Filters
from prefect.server.models.parameters import faults_of
from prefect.server.operations import ui

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
NOT_TOLD = dict.fromkeys(("flow_filter", "flow_run_filter", "deployment_filter"))


def minutes(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


# --- charts and counts ----------------------------------------------------------------------------------


def test_task_runs_are_counted_by_how_they_ended_when(connection: sa.Connection, fill: Any) -> None:
    for state, start in [
        ("Completed", 0),
        ("Failed", 0.5),
        ("Crashed", 5),
        ("Running", 5),
        ("Completed", 19.9),
    ]:
        fill.task_run(None, f"{state}{start}", state, start_time=minutes(start))
    fill.task_run(None, "before", "Completed", start_time=minutes(-1))
    fill.task_run(None, "after", "Completed", start_time=minutes(20))
    counts = dashboards.count_ended_task_runs(connection, Filters(), T0, minutes(20))
    assert len(counts) == 20
    shown = {part: (one.completed, one.failed) for part, one in enumerate(counts)}
    assert {part: pair for part, pair in shown.items() if pair != (0, 0)} == {
        0: (1, 1),
        5: (0, 1),
        19: (1, 0),
    }


def test_a_chart_begins_at_some_time(connection: sa.Connection) -> None:
    with pytest.raises(ValueError, match=r"start_time\.after_"):
        ui.read_dashboard_task_run_counts(connection, TaskRunFilter(), **NOT_TOLD)


def test_counts_of_several_flows_and_runs(connection: sa.Connection, fill: Any) -> None:
    flow, other, unknown = fill.flow("a"), fill.flow("b"), uuid4()
    fill.insert(tables.deployment, name="d", flow_id=flow)
    run = fill.flow_run(flow)
    fill.task_run(run, "t1"), fill.task_run(run, "t2")
    assert ui.count_deployments_by_flow(connection, [flow, other, unknown]) == {flow: 1, other: 0, unknown: 0}
    assert ui.count_task_runs_by_flow_run(connection, [run, unknown]) == {run: 2, unknown: 0}


def test_the_next_run_of_each_flow(connection: sa.Connection, fill: Any) -> None:
    flow, other = fill.flow("a"), fill.flow("b")
    for name, minute in (("later", 9), ("next", 3), ("last", 12)):
        fill.flow_run(flow, name, "Scheduled", next_scheduled_start_time=minutes(minute))
    fill.flow_run(flow, "running", "Running", next_scheduled_start_time=minutes(1))
    found = ui.next_runs_by_flow(connection, [flow, other])
    assert (found[flow].name, found[flow].next_scheduled_start_time) == ("next", minutes(3))
    assert found[other] is None


def test_a_chart_of_flow_runs_and_a_task_run_with_its_flow_run(connection: sa.Connection, fill: Any) -> None:
    run = fill.flow_run(fill.flow(), "run", "Completed")
    sort, filters = (
        ui.FlowRunSort.START_TIME_ASC,
        {**NOT_TOLD, "task_run_filter": None, "work_pool_filter": None},
    )
    (shown,) = ui.read_simple_flow_runs(connection, sort, 10, 0, **filters)
    assert (shown.id, shown.timestamp, shown.duration) == (run, minutes(1), timedelta(minutes=1))
    task = fill.task_run(run, "t")
    assert ui.read_task_run_with_flow_run_name(connection, task).flow_run_name == "run"
    assert ui.read_task_run_with_flow_run_name(connection, fill.task_run(None, "x")).flow_run_name is None
    counts = ui.read_task_run_counts_by_state(connection, **NOT_TOLD, task_run_filter=None)
    assert (counts.COMPLETED, counts.FAILED) == (2, 0)


def test_faults_of_values_in_forms(connection: sa.Connection, fill: Any) -> None:
    fill.insert(tables.variable, name="there", value=5)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}

    def variable(name: str) -> dict[str, Any]:
        return {"a": {"__prefect_kind": "workspace_variable", "variable_name": name}}

    assert faults_of(connection, variable("there"), schema)["valid"]
    (fault,) = faults_of(connection, variable("none"), schema)["errors"]
    assert fault["property"] == "a"
    with pytest.raises(ValueError, match="Invalid schema"):
        faults_of(connection, {}, {"type": "nonsense"})


# --- collections ----------------------------------------------------------------------------------------


def test_the_template_of_process_pools_makes_a_pool(connection: sa.Connection) -> None:
    process = collections.read_collection_view("aggregate-worker-metadata")["prefect"]["process"]
    template = process["default_base_job_configuration"]
    asked = WorkPoolCreate(name="p", type="process", base_job_template=template)
    assert work_pools.create_work_pool(connection, asked).base_job_template == template


def test_views_that_are_not_there_are_not_found() -> None:
    blocks = collections.read_collection_view("aggregate-block-metadata")["prefect"]["block_types"]
    assert blocks["secret"]["block_schema"]["fields"]["secret_fields"] == ["value"]
    assert collections.read_collection_view("demo-flows") == {}
    with pytest.raises(ObjectNotFound, match="'none'"):
        collections.read_collection_view("none")


# --- notification policies ------------------------------------------------------------------------------


@pytest.fixture
def document(connection: sa.Connection) -> Any:
    kind = block_types.create_block_type(connection, BlockTypeCreate(name="Kind", slug="kind"))
    schema = block_schemas.create_block_schema(connection, BlockSchemaCreate(block_type_id=kind.id))
    asked = BlockDocumentCreate(name="d", block_type_id=kind.id, block_schema_id=schema.id)
    return block_documents.create_block_document(connection, asked)


def test_policies_are_kept_found_and_changed(connection: sa.Connection, document: Any) -> None:
    def make(**told: Any) -> Any:
        given = {"state_names": ["Failed"], "tags": [], "block_document_id": document.id, **told}
        return policies.create_policy(connection, FlowRunNotificationPolicyCreate(**given))

    active, inactive = make(), make(is_active=False, message_template="{flow_run_name}")
    assert policies.read_policy(connection, active.id) == active
    assert policies.read_policies(connection, FlowRunNotificationPolicyFilter(), 10, 0) == [inactive]
    assert policies.read_policies(connection, None, 10, 0) == [active, inactive]
    policies.update_policy(connection, active.id, {"is_active": False, "tags": ["t"], "state_names": None})
    found = policies.read_policy(connection, active.id)
    assert (found.is_active, found.tags, found.state_names) == (False, ["t"], ["Failed"])
    policies.delete_policy(connection, active.id)
    for gone in (policies.read_policy, policies.delete_policy):
        with pytest.raises(ObjectNotFound):
            gone(connection, active.id)
    with pytest.raises(ObjectNotFound, match="block document"):
        make(block_document_id=uuid4())
    with pytest.raises(ObjectNotFound, match="block document"):
        policies.update_policy(connection, inactive.id, {"block_document_id": str(uuid4())})
