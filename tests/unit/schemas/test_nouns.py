"""The other nouns: JSON there and back, and the few rules they have."""

import datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError

from prefect.schemas.artifacts import Artifact
from prefect.schemas.blocks import BlockDocument, BlockDocumentReference, BlockSchema, BlockType
from prefect.schemas.cloud import IPAllowlist, Workspace
from prefect.schemas.concurrency import ConcurrencyLimit, ConcurrencyOptions, GlobalConcurrencyLimit
from prefect.schemas.deployments import Deployment, DeploymentSchedule, VersionInfo
from prefect.schemas.flow_run_inputs import FlowRunInput
from prefect.schemas.flows import Flow
from prefect.schemas.graphs import Edge, Graph, Node
from prefect.schemas.logs import Log
from prefect.schemas.responses import (
    HistoryResponse,
    OrchestrationResult,
    SetStateStatus,
    StateWaitDetails,
    WorkPoolConcurrencyStatus,
)
from prefect.schemas.schedules import CronSchedule
from prefect.schemas.state_data import data_discriminator
from prefect.schemas.states import State, StateType
from prefect.schemas.variables import Variable
from prefect.schemas.work_pools import WorkPool, WorkPoolStatus
from prefect.schemas.work_queues import WorkQueue, WorkQueueHealthPolicy
from prefect.schemas.workers import Worker, WorkerMetadata

MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=datetime.UTC)
ID = uuid4()
TYPE = BlockType(name="Secret", slug="secret", logo_url="https://example.org/logo.png")
SCHEMA = BlockSchema(checksum="sha256:0", fields={"title": "Secret"}, block_type_id=TYPE.id, block_type=TYPE)
NODE = Node(
    kind="task-run",
    id=ID,
    label="t",
    state_type=StateType.RUNNING,
    start_time=MOMENT,
    end_time=None,
    parents=[Edge(id=ID)],
    children=[],
    encapsulating=[],
    artifacts=[],
)
NOUNS: list[BaseModel] = [
    Flow(name="f", tags=["a"], labels={"on": True}, created=MOMENT),
    Deployment(
        name="d",
        flow_id=ID,
        schedules=[DeploymentSchedule(schedule=CronSchedule(cron="@daily"), slug="s")],
        global_concurrency_limit=GlobalConcurrencyLimit(name="l", limit=1),
        concurrency_options=ConcurrencyOptions(collision_strategy="CANCEL_NEW", grace_period_seconds=60),
        version_info=VersionInfo.model_validate({"type": "vcs:git", "version": "1", "branch": "main"}),
    ),
    WorkPool(name="p", type="process", status=WorkPoolStatus.READY, default_queue_id=ID),
    WorkQueue(name="q", work_pool_id=ID, last_polled=MOMENT),
    Worker(name="w", work_pool_id=ID, last_heartbeat_time=MOMENT),
    WorkerMetadata.model_validate({"integrations": [{"name": "x", "version": "1"}], "host": "h"}),
    BlockDocument(
        name="b", block_schema_id=SCHEMA.id, block_schema=SCHEMA, block_type_id=TYPE.id, data={"a": 1}
    ),
    Artifact(key="k", type="table", data=[[1]], metadata_={"a": "b"}),
    Log(name="n", level=20, message="m", timestamp=MOMENT, flow_run_id=ID),
    Variable(name="v", value={"a": [1, None]}, tags=["x"]),
    ConcurrencyLimit(tag="t", concurrency_limit=1, active_slots=[ID]),
    FlowRunInput(flow_run_id=ID, key="k", value="{}"),
    Graph(start_time=MOMENT, end_time=None, root_node_ids=[ID], nodes=[(ID, NODE)], artifacts=[], states=[]),
    IPAllowlist.model_validate({"entries": [{"ip_network": "10.0.0.0/8", "enabled": True}]}),
    OrchestrationResult[Any](
        state=State(type=StateType.PENDING),
        status=SetStateStatus.WAIT,
        details=StateWaitDetails(delay_seconds=3, reason="not yet"),
    ),
]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: type(noun).__name__)
def test_nouns_survive_json(noun: BaseModel) -> None:
    assert type(noun).model_validate_json(noun.model_dump_json()) == noun


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: type(noun).__name__)
def test_fields_of_newer_peers_do_no_harm(noun: BaseModel) -> None:
    assert type(noun).model_validate({**noun.model_dump(), "new_field": 1}) is not None


@pytest.mark.parametrize("name", ["a/b", "50%", "<x>", ""])
def test_names_that_would_break_a_path_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="match pattern"):
        Flow(name=name)


def test_an_outcome_keeps_the_state_it_was_given() -> None:
    state = State[Any](type=StateType.RUNNING)
    outcome = OrchestrationResult[Any](state=state, status="ACCEPT", details={})
    assert outcome.state is state
    assert outcome.details.type == "accept_details"


def test_long_metadata_of_artifacts_is_cut() -> None:
    artifact = Artifact(metadata_={"long": "x" * 501, "short": "x" * 500})
    assert artifact.metadata_ == {"long": "x" * 500 + "...", "short": "x" * 500}


def test_a_block_document_is_not_part_of_itself() -> None:
    with pytest.raises(ValidationError, match="cannot be the same"):
        BlockDocumentReference(parent_block_document_id=ID, reference_block_document_id=ID, name="x")


def test_a_block_document_without_a_name_says_so() -> None:
    with pytest.raises(ValidationError, match="Names must be provided"):
        BlockDocument(block_schema_id=ID, block_type_id=ID)
    assert BlockDocument(block_schema_id=ID, block_type_id=ID, is_anonymous=True).name is None


def test_an_input_of_a_flow_run_is_json() -> None:
    assert FlowRunInput(flow_run_id=ID, key="a-b", value='{"a": 1}').decoded_value == {"a": 1}
    with pytest.raises(ValidationError, match="lowercase"):
        FlowRunInput(flow_run_id=ID, key="a b", value="1")


def test_kinds_of_work_pools() -> None:
    assert WorkPool(name="p", type="ecs:push").is_push_pool
    assert WorkPool(name="p", type="prefect:managed").is_managed_pool
    assert not WorkPool(name="p", type="process").is_push_pool
    assert WorkPoolStatus.NOT_READY.display_name == "Not ready"


@pytest.mark.parametrize(
    ("late_runs", "seconds_ago", "healthy"),
    [(0, 1, True), (1, 1, False), (0, 3600, False), (0, None, False)],
)
def test_the_health_of_a_queue(late_runs: int, seconds_ago: int | None, healthy: bool) -> None:
    now = datetime.datetime.now(datetime.UTC)
    last_polled = now - datetime.timedelta(seconds=seconds_ago) if seconds_ago is not None else None
    assert WorkQueueHealthPolicy().evaluate_health_status(late_runs, last_polled) is healthy


def test_criteria_of_health_can_be_switched_off() -> None:
    policy = WorkQueueHealthPolicy(maximum_late_runs=None, maximum_seconds_since_last_polled=None)
    assert policy.evaluate_health_status(late_runs_count=100)


def test_a_deployment_as_an_event_mentions_it() -> None:
    deployment = Deployment(name="d", flow_id=ID)
    resource = deployment.as_related_resource(role="target")
    assert (resource.id, resource.role, resource.name) == (
        f"prefect.deployment.{deployment.id}",
        "target",
        "d",
    )


def test_a_workspace_is_known_by_its_handles() -> None:
    one, same = (
        Workspace(
            account_id=ID,
            account_name="A",
            account_handle="a",
            workspace_id=ID,
            workspace_name="W",
            workspace_description=description,
            workspace_handle="w",
        )
        for description in ("", "changed")
    )
    assert one.handle == "a/w"
    assert hash(one) == hash(same)
    assert one.api_url().endswith(f"/accounts/{ID}/workspaces/{ID}")
    assert one.ui_url().endswith(f"/account/{ID}/workspace/{ID}")


def test_no_slots_counted_means_none_taken() -> None:
    page = {"count": 0, "limit": 1, "pages": 0, "page": 1}
    assert WorkPoolConcurrencyStatus.model_validate({"active_slots": None, **page}).active_slots == 0


def test_histories_are_in_seconds() -> None:
    states = [
        {
            "state_type": "RUNNING",
            "state_name": "Running",
            "count_runs": 1,
            "sum_estimated_run_time": 1.5,
            "sum_estimated_lateness": 0,
        }
    ]
    history = HistoryResponse.model_validate(
        {"interval_start": MOMENT, "interval_end": MOMENT, "states": states}
    )
    assert history.model_dump(mode="json")["states"] == states


@pytest.mark.parametrize(
    ("data", "kind"),
    [({"storage_key": "k"}, "ResultRecordMetadata"), ({"type": "x"}, "Any"), (3, "Any"), (None, "Any")],
)
def test_the_kind_of_data_of_a_state(data: object, kind: str) -> None:
    assert data_discriminator(data) == kind
