"""What travels for a request, and what an answer means."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from prefect.client.orchestration._messages import Message, message_of, result_of
from prefect.schemas.actions import DeploymentUpdate, FlowCreate, LogCreate
from prefect.schemas.filters import FlowFilter, FlowFilterName
from prefect.schemas.operations import OPERATIONS, flow_runs, flows, logs, task_runs, variables
from prefect.schemas.operations.deployments import update_deployment
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import FlowSort

ID = UUID("01a202ff-2fb9-7375-8886-d54189c78974")
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_arguments_in_the_path() -> None:
    assert message_of(flows.read_flow(ID)) == Message("GET", f"/flows/{ID}", {}, None)
    request = flow_runs.read_flow_run_input(ID, "a-b")
    assert message_of(request).path == f"/flow_runs/{ID}/input/a-b"


@pytest.mark.parametrize("name", ["a/b", "../x", "a?b=c", "a b", "%2e", "ü"])
def test_a_name_cannot_leave_its_place_in_the_path(name: str) -> None:
    path = message_of(flows.read_flow_by_name(name)).path
    assert path.count("/") == 3
    assert not set(path) & set("? #")


def test_arguments_in_the_query() -> None:
    message = message_of(flow_runs.read_flow_run_states(ID))
    assert message == Message("GET", "/flow_run_states/", {"flow_run_id": str(ID)}, None)


def test_arguments_in_the_body_by_their_names_on_the_wire() -> None:
    wanted = FlowFilter(name=FlowFilterName(any_=["n"]))
    message = message_of(flows.read_flows(flow_filter=wanted, sort=FlowSort.NAME_DESC, limit=3))
    assert message.body["flows"]["name"]["any_"] == ["n"]
    assert (message.body["sort"], message.body["limit"], message.body["offset"]) == ("NAME_DESC", 3, 0)


def test_what_is_left_out_does_not_travel() -> None:
    assert message_of(flows.read_flows()).body == {"offset": 0}
    assert message_of(flows.count_flows()).body == {}


def test_a_whole_body() -> None:
    assert message_of(flows.create_flow(FlowCreate(name="n"))).body == {"name": "n"}
    records = [LogCreate(name="n", level=10, message="m", timestamp=MOMENT)]
    assert message_of(logs.create_logs(records)).body[0]["timestamp"] == "2026-01-02T03:04:05Z"


def test_of_an_action_only_what_was_set_travels() -> None:
    message = message_of(update_deployment(ID, DeploymentUpdate(paused=True, description=None)))
    assert message == Message("PATCH", f"/deployments/{ID}", {}, {"paused": True, "description": None})


def test_no_body_where_none_is_declared() -> None:
    assert message_of(OPERATIONS["pause_deployment"](ID)).body is None


def test_values_become_json() -> None:
    request = task_runs.task_run_history(MOMENT, MOMENT, timedelta(minutes=1))
    body = message_of(request).body
    assert (body["history_start"], body["history_interval_seconds"]) == ("2026-01-02T03:04:05Z", 60.0)
    keys = message_of(flow_runs.filter_flow_run_input(ID, "p", 1, {"k"})).body
    assert (keys["prefix"], keys["exclude_keys"]) == ("p", ["k"])


@pytest.mark.parametrize(
    ("operation", "content", "meaning"),
    [
        ("delete_flow", b"", None),
        ("pause_deployment", b"null", None),
        ("count_flows", b"3", 3),
        ("average_flow_run_lateness", b"null", None),
        ("api_version", b'"3.9.1"', "3.9.1"),
        ("read_flow_run_input", b'{"a": 1}', '{"a": 1}'),
    ],
)
def test_what_answers_mean(operation: str, content: bytes, meaning: Any) -> None:
    assert result_of(OPERATIONS[operation], content) == meaning


def test_an_answer_becomes_nouns() -> None:
    run = {"id": str(uuid4()), "name": "r", "flow_id": str(ID), "total_run_time": 1.5, "unknown": 1}
    (found,) = result_of(flow_runs.read_flow_runs, json.dumps([run]).encode())
    assert isinstance(found, FlowRun)
    assert (found.flow_id, found.total_run_time) == (ID, timedelta(seconds=1.5))


def test_an_answer_that_is_none() -> None:
    with pytest.raises(ValidationError):
        result_of(variables.read_variable_by_name, b"<html>")
