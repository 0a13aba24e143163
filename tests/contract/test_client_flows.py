"""Flows, asked for through clients."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect import flow
from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions import FlowUpdate
from prefect.schemas.filters import FlowFilter, FlowFilterId, FlowFilterName, FlowFilterTags
from prefect.schemas.flows import Flow
from prefect.schemas.sorting import FlowSort


def named(*names: str) -> FlowFilter:
    return FlowFilter(name=FlowFilterName(any_=list(names)))


def test_a_flow_is_registered_once(client: Any, name: str) -> None:
    first = client.create_flow(flow(lambda: None, name=name))
    assert isinstance(first, UUID)
    assert client.create_flow_from_name(name) == first


def test_a_flow_is_read_by_id_and_by_name(client: Any, flow_id: UUID, name: str) -> None:
    found = client.read_flow(flow_id)
    assert isinstance(found, Flow)
    assert (found.id, found.name, found.tags, found.labels) == (flow_id, name, [], {})
    assert found.created is not None
    assert client.read_flow_by_name(name) == found


def test_an_id_may_be_given_as_text(client: Any, flow_id: UUID) -> None:
    assert client.read_flow(str(flow_id)).id == flow_id


def test_unknown_flows(client: Any, name: str) -> None:
    with pytest.raises(ObjectNotFound):
        client.read_flow(uuid4())
    with pytest.raises(ObjectNotFound):
        client.read_flow_by_name(name)
    with pytest.raises(ObjectNotFound):
        client.delete_flow(uuid4())


def test_flows_are_filtered_and_sorted(client: Any, name: str) -> None:
    names = [f"{name}-{letter}" for letter in "bca"]
    for one in names:
        client.create_flow_from_name(one)
    by_name = client.read_flows(flow_filter=named(*names))
    assert [one.name for one in by_name] == sorted(names)
    newest_first = client.read_flows(flow_filter=named(*names), sort=FlowSort.CREATED_DESC)
    assert [one.name for one in newest_first] == names[::-1]
    assert client.count_flows(flow_filter=named(*names)) == 3


def test_a_part_of_a_list(client: Any, name: str) -> None:
    names = [f"{name}-{letter}" for letter in "abcde"]
    for one in names:
        client.create_flow_from_name(one)
    found = client.read_flows(flow_filter=named(*names), limit=2, offset=1)
    assert [one.name for one in found] == names[1:3]
    page = client.paginate_flows(flow_filter=named(*names), limit=2, page=3)
    assert [one.name for one in page.results] == names[4:]
    assert (page.count, page.limit, page.pages, page.page) == (5, 2, 3, 3)


def test_flows_of_certain_flow_runs(client: Any, flow_run: Any, name: str) -> None:
    from prefect.schemas.filters import FlowRunFilter, FlowRunFilterName

    wanted = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
    assert [one.id for one in client.read_flows(flow_run_filter=wanted)] == [flow_run.flow_id]


def test_the_tags_of_a_flow_are_changed(client: Any, flow_id: UUID, name: str) -> None:
    client.update_flow(flow_id, FlowUpdate(tags=[name]))
    assert client.read_flow(flow_id).tags == [name]
    assert client.count_flows(flow_filter=FlowFilter(tags=FlowFilterTags(all_=[name]))) == 1


def test_a_flow_is_deleted_with_its_runs(client: Any, flow_run: Any) -> None:
    client.delete_flow(flow_run.flow_id)
    with pytest.raises(ObjectNotFound):
        client.read_flow(flow_run.flow_id)
    with pytest.raises(ObjectNotFound):
        client.read_flow_run(flow_run.id)


def test_flows_are_deleted_together(client: Any, flow_id: UUID) -> None:
    wanted = FlowFilter(id=FlowFilterId(any_=[flow_id]))
    assert client.bulk_delete_flows(wanted).deleted == [flow_id]
    assert client.count_flows(flow_filter=wanted) == 0
