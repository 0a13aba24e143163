"""The declarations, the functions that do them and the methods made from them are the same set."""

import inspect
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect.client.orchestration import PrefectClient, SyncPrefectClient, stubs
from prefect.client.orchestration._base import SOURCES
from prefect.client.orchestration._making import signature_of
from prefect.exceptions import ParameterBindError
from prefect.schemas.operations import OPERATIONS, Operation
from prefect.schemas.operations.flow_runs import read_flow_run, read_flow_runs
from prefect.server.operations import FUNCTIONS

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

# As documented for PrefectClient in 3.9, the operations of later issues left out.
DOCUMENTED = [
    "api_healthcheck",
    "api_version",
    "client_version",
    "count_flow_runs",
    "create_artifact",
    "create_automation",
    "create_block_document",
    "create_block_schema",
    "create_block_type",
    "create_concurrency_limit",
    "create_deployment",
    "create_deployment_schedules",
    "create_flow",
    "create_flow_from_name",
    "create_flow_run",
    "create_flow_run_from_deployment",
    "create_flow_run_input",
    "create_global_concurrency_limit",
    "create_logs",
    "create_task_run",
    "create_variable",
    "create_work_pool",
    "create_work_queue",
    "decrement_v1_concurrency_slots",
    "delete_artifact",
    "delete_automation",
    "delete_block_document",
    "delete_block_type",
    "delete_concurrency_limit_by_tag",
    "delete_deployment",
    "delete_deployment_schedule",
    "delete_flow",
    "delete_flow_run",
    "delete_flow_run_input",
    "delete_global_concurrency_limit_by_name",
    "delete_resource_owned_automations",
    "delete_task_run",
    "delete_variable_by_name",
    "delete_work_pool",
    "delete_work_queue_by_id",
    "filter_flow_run_input",
    "find_automation",
    "get_most_recent_block_schema_for_block_type",
    "get_runs_in_work_queue",
    "get_scheduled_flow_runs_for_deployments",
    "get_scheduled_flow_runs_for_work_pool",
    "hello",
    "increment_concurrency_slots",
    "increment_concurrency_slots_with_lease",
    "increment_v1_concurrency_slots",
    "match_work_queues",
    "pause_automation",
    "pause_deployment",
    "raise_for_api_version_mismatch",
    "raise_for_api_version_mismatch_once",
    "read_artifacts",
    "read_automation",
    "read_automations",
    "read_automations_by_name",
    "read_block_document",
    "read_block_document_by_name",
    "read_block_documents",
    "read_block_documents_by_type",
    "read_block_schema_by_checksum",
    "read_block_schemas",
    "read_block_type_by_slug",
    "read_block_types",
    "read_concurrency_limit_by_tag",
    "read_concurrency_limits",
    "read_deployment",
    "read_deployment_by_name",
    "read_deployment_schedules",
    "read_deployments",
    "read_flow",
    "read_flow_by_name",
    "read_flow_run",
    "read_flow_run_input",
    "read_flow_run_state",
    "read_flow_run_states",
    "read_flow_runs",
    "read_flows",
    "read_global_concurrency_limit_by_name",
    "read_global_concurrency_limits",
    "read_latest_artifacts",
    "read_logs",
    "read_resource_related_automations",
    "read_task_run",
    "read_task_run_states",
    "read_task_runs",
    "read_variable_by_name",
    "read_variables",
    "read_work_pool",
    "read_work_pool_concurrency_status",
    "read_work_pools",
    "read_work_queue",
    "read_work_queue_by_name",
    "read_work_queue_concurrency_status",
    "read_work_queue_status",
    "read_work_queues",
    "read_worker_metadata",
    "read_workers_for_work_pool",
    "release_concurrency_slots",
    "release_concurrency_slots_with_lease",
    "renew_concurrency_lease",
    "request",
    "reset_concurrency_limit_by_tag",
    "resume_automation",
    "resume_deployment",
    "resume_flow_run",
    "send_worker_heartbeat",
    "set_deployment_paused_state",
    "set_flow_run_name",
    "set_flow_run_state",
    "set_task_run_name",
    "set_task_run_state",
    "update_artifact",
    "update_automation",
    "update_block_document",
    "update_block_type",
    "update_deployment",
    "update_deployment_schedule",
    "update_flow_run",
    "update_flow_run_labels",
    "update_global_concurrency_limit",
    "update_variable",
    "update_work_pool",
    "update_work_queue",
    "upsert_global_concurrency_limit_by_name",
]


def test_every_operation_is_done_by_a_function_and_no_other_is() -> None:
    assert set(FUNCTIONS) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_function_takes_the_arguments_that_are_declared(name: str) -> None:
    # the first is the connection, the journal or the store
    _, *parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    declared = set(OPERATIONS[name].arguments)
    named = {one.name for one in parameters if one.kind is not one.VAR_KEYWORD}
    takes_more = len(named) < len(parameters)
    assert named <= declared if takes_more else named == declared


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.name)
def test_a_declaration_is_complete(operation: Operation[Any, Any]) -> None:
    assert operation.doc
    assert operation.result is not inspect.Signature.empty
    places = [one.place for one in operation.arguments.values()]
    assert places.count("whole") <= 1
    assert not ("whole" in places and "body" in places)
    in_path = {one.wire_name for one in operation.arguments.values() if one.place == "path"}
    assert operation.path.count("{") == len(in_path)
    wire_names = [one.wire_name for one in operation.arguments.values()]
    assert len(wire_names) == len(set(wire_names))


def test_routes_are_declared_once() -> None:
    routes = [(one.method, one.path) for one in OPERATIONS.values()]
    assert len(routes) == len(set(routes))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_methods_are_there_in_both_colours(name: str) -> None:
    for cls in (SyncPrefectClient, PrefectClient):
        method = getattr(cls, name)
        assert method.__doc__
        assert method.__qualname__.endswith(f".{name}")
    if name != "client_version":
        assert inspect.iscoroutinefunction(getattr(PrefectClient, name))
    assert not inspect.iscoroutinefunction(getattr(SyncPrefectClient, name))


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_methods_show_their_signature(name: str) -> None:
    for cls in (SyncPrefectClient, PrefectClient):
        assert inspect.signature(getattr(cls, name)) == signature_of(SOURCES[name])


def test_a_signature_has_plain_types() -> None:
    signature = inspect.signature(SyncPrefectClient.read_flow_run)
    assert signature.parameters["flow_run_id"].annotation is UUID
    assert signature.return_annotation.__name__ == "FlowRun"


def test_stubs_are_written_from_the_declarations() -> None:
    hint = "run `python -m prefect.client.orchestration.stubs`"
    assert stubs.STUB.read_text("utf-8") == stubs.generate(), hint


def test_a_call_is_a_request() -> None:
    id = uuid4()
    request = read_flow_run(id)
    assert request.operation is OPERATIONS["read_flow_run"]
    assert request.arguments == {"flow_run_id": id}
    assert read_flow_runs(limit=3).arguments["offset"] == 0


def test_ids_may_be_text_that_is_one() -> None:
    id = uuid4()
    assert read_flow_run.bind((str(id),), {}).arguments == {"flow_run_id": id}
    with pytest.raises(ValueError, match=r"flow_run_id must be a UUID; got 'x'"):
        read_flow_run.bind(("x",), {})


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("read_flows", {"limit": -1}, "limit must be at least 0; got -1"),
        ("read_flows", {"offset": -1}, "offset must be at least 0"),
        ("paginate_flows", {"page": 0}, "page must be at least 1"),
        ("bulk_delete_flows", {"limit": 51}, "limit must be at most 50; got 51"),
        (
            "task_run_history",
            {"history_interval": timedelta(milliseconds=5)},
            "must be at least 1; got 0.005",
        ),
    ],
)
def test_numbers_out_of_bounds(name: str, arguments: dict[str, Any], complaint: str) -> None:
    times = {"history_start": MOMENT, "history_end": MOMENT} if "history" in name else {}
    with pytest.raises(ValueError, match=complaint):
        OPERATIONS[name](**times, **arguments)


def test_arguments_that_do_not_fit() -> None:
    for args, kwargs in (((), {}), ((uuid4(),), {"more": 1}), ((uuid4(), 2), {})):
        with pytest.raises(ParameterBindError):
            read_flow_run.bind(args, kwargs)
