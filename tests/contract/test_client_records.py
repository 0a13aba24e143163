"""Logs, artifacts, variables, limits, saved searches and the API itself, asked for through clients."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.schemas.actions import (
    ArtifactCreate,
    ArtifactUpdate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
    LogCreate,
    SavedSearchCreate,
    VariableCreate,
    VariableUpdate,
)
from prefect.schemas.filters import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
    LogFilterLevel,
    VariableFilter,
    VariableFilterName,
)
from prefect.schemas.saved_searches import SavedSearchFilter
from prefect.schemas.sorting import ArtifactSort, LogSort

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

# --- logs -----------------------------------------------------------------------------------------------


def test_logs_are_kept_and_read(client: Any, flow_run: Any) -> None:
    records = [
        LogCreate(name="n", level=level, message=f"m{level}", timestamp=MOMENT, flow_run_id=flow_run.id)
        for level in (10, 20)
    ]
    as_dict = {"name": "n", "level": 30, "message": "m30", "timestamp": MOMENT + timedelta(seconds=1)}
    client.create_logs([*records, {**as_dict, "flow_run_id": flow_run.id}])
    wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run.id]))
    found = client.read_logs(wanted)
    assert {one.message for one in found} == {"m10", "m20", "m30"}
    assert (found[-1].level, found[-1].timestamp, found[0].timestamp) == (30, as_dict["timestamp"], MOMENT)
    newest = client.read_logs(wanted, limit=1, sort=LogSort.TIMESTAMP_DESC)
    assert [one.message for one in newest] == ["m30"]
    loud = LogFilter(flow_run_id=wanted.flow_run_id, level=LogFilterLevel(ge_=20))
    assert len(client.read_logs(loud)) == 2
    assert len(client.read_logs(wanted, offset=2)) == 1


# --- artifacts ------------------------------------------------------------------------------------------


def test_artifacts_of_a_key_are_a_collection(client: Any, name: str) -> None:
    first, second = (client.create_artifact(ArtifactCreate(key=name, data={"n": n})) for n in (1, 2))
    every = ArtifactFilter(key=ArtifactFilterKey(any_=[name]))
    assert [
        one.data for one in client.read_artifacts(artifact_filter=every, sort=ArtifactSort.CREATED_DESC)
    ] == [{"n": 2}, {"n": 1}]
    assert client.count_artifacts(artifact_filter=every) == 2
    latest = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[name]))
    (collection,) = client.read_latest_artifacts(artifact_filter=latest)
    assert (collection.latest_id, collection.data) == (second.id, {"n": 2})
    assert client.read_latest_artifact(name).data == {"n": 2}
    client.delete_artifact(second.id)
    (collection,) = client.read_latest_artifacts(artifact_filter=latest)
    assert (collection.latest_id, collection.data) == (first.id, {"n": 1})
    client.delete_artifact(first.id)
    assert client.count_latest_artifacts(artifact_filter=latest) == 0


def test_an_artifact_is_changed(client: Any, name: str) -> None:
    made = client.create_artifact(ArtifactCreate(key=name, data="a", description="d", metadata_={"m": "x"}))
    client.update_artifact(made.id, ArtifactUpdate(data="b"))
    found = client.read_artifact(made.id)
    assert (found.data, found.description, found.metadata_) == ("b", "d", {"m": "x"})


def test_artifacts_of_a_flow_run(client: Any, flow_run: Any) -> None:
    made = client.create_artifact(ArtifactCreate(data=1, flow_run_id=flow_run.id))
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
    assert [one.id for one in client.read_artifacts(flow_run_filter=wanted)] == [made.id]


def test_unknown_artifacts(client: Any, name: str) -> None:
    with pytest.raises(ObjectNotFound):
        client.update_artifact(uuid4(), ArtifactUpdate(data=1))
    with pytest.raises(ObjectNotFound):
        client.delete_artifact(uuid4())
    with pytest.raises(ObjectNotFound):
        client.read_latest_artifact(name)


# --- variables ------------------------------------------------------------------------------------------


def test_variables_are_set_changed_and_deleted(client: Any, name: str) -> None:
    made = client.create_variable(VariableCreate(name=variable(name), value={"a": [1, None]}, tags=["t"]))
    assert client.read_variable_by_name(made.name) == made
    client.update_variable(VariableUpdate(name=made.name, value=2))
    found = client.read_variable_by_name(made.name)
    assert (found.id, found.value, found.tags) == (made.id, 2, ["t"])
    with pytest.raises(ObjectAlreadyExists):
        client.create_variable(VariableCreate(name=made.name, value=3))
    wanted = VariableFilter(name=VariableFilterName(any_=[made.name]))
    assert client.read_variables(variable_filter=wanted) == [found]
    assert client.count_variables(wanted) == 1
    client.delete_variable_by_name(made.name)
    assert client.read_variable_by_name(made.name) is None


def variable(name: str) -> str:
    return name.replace("-", "_")


def test_unknown_variables(client: Any, name: str) -> None:
    assert client.read_variable_by_name(variable(name)) is None
    with pytest.raises(ObjectNotFound):
        client.update_variable(VariableUpdate(name=variable(name), value=1))
    with pytest.raises(ObjectNotFound):
        client.delete_variable_by_name(variable(name))


# --- limits ---------------------------------------------------------------------------------------------


def test_limits_on_tags(client: Any, name: str) -> None:
    made = client.create_concurrency_limit(name, 2)
    assert client.create_concurrency_limit(name, 3) == made
    found = client.read_concurrency_limit_by_tag(name)
    assert (found.id, found.tag, found.concurrency_limit, found.active_slots) == (made, name, 3, [])
    assert name in {one.tag for one in client.read_concurrency_limits(limit=200, offset=0)}
    client.delete_concurrency_limit_by_tag(name)
    with pytest.raises(ObjectNotFound):
        client.read_concurrency_limit_by_tag(name)


def test_global_limits(client: Any, name: str) -> None:
    made = client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=2))
    found = client.read_global_concurrency_limit_by_name(name)
    assert (found.id, found.limit, found.active, found.active_slots) == (made, 2, True, 0)
    client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=5))
    assert client.read_global_concurrency_limit_by_name(name).limit == 5
    assert name in {one.name for one in client.read_global_concurrency_limits(limit=200)}
    client.upsert_global_concurrency_limit_by_name(name, 7, slot_decay_per_second=0.5)
    found = client.read_global_concurrency_limit_by_name(name)
    assert (found.limit, found.slot_decay_per_second) == (7, 0.5)
    client.delete_global_concurrency_limit_by_name(name)
    with pytest.raises(ObjectNotFound):
        client.read_global_concurrency_limit_by_name(name)
    client.upsert_global_concurrency_limit_by_name(name, 1)
    assert client.read_global_concurrency_limit_by_name(name).limit == 1


def test_names_of_global_limits_are_unique(client: Any, name: str) -> None:
    limit = GlobalConcurrencyLimitCreate(name=name, limit=2)
    client.create_global_concurrency_limit(limit)
    with pytest.raises(ObjectAlreadyExists):
        client.create_global_concurrency_limit(limit)


# --- searches, and the API itself -----------------------------------------------------------------------


def test_saved_searches(client: Any, name: str) -> None:
    made = client.create_saved_search(SavedSearchCreate(name=name))
    condition = SavedSearchFilter(object="flow", property="name", type="string", operation="is", value=[1])
    changed = client.create_saved_search(SavedSearchCreate(name=name, filters=[condition]))
    assert (changed.id, changed.filters) == (made.id, [condition])
    assert client.read_saved_search(made.id) == changed
    assert changed in client.read_saved_searches()
    client.delete_saved_search(made.id)
    with pytest.raises(ObjectNotFound):
        client.read_saved_search(made.id)


def test_the_api_answers(client: Any) -> None:
    assert client.hello().status_code == 200
    assert client.api_healthcheck() is None
    assert client.api_version().partition(".")[0] == "3"
    client.raise_for_api_version_mismatch()


def test_lists_are_bounded(client: Any) -> None:
    with pytest.raises(Exception, match="limit"):
        client.read_flows(limit=201)
