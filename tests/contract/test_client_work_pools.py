"""Work pools, queues and workers, asked for through clients."""

from typing import Any

import pytest

from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.schemas.filters import WorkPoolFilter, WorkPoolFilterName
from prefect.schemas.work_pools import WorkPoolStatus
from prefect.schemas.work_queues import WorkQueueStatus
from prefect.schemas.workers import WorkerStatus

TEMPLATE = {
    "job_configuration": {"command": "{{ command }}"},
    "variables": {"type": "object", "properties": {"command": {"type": "string", "default": "run"}}},
}


@pytest.fixture
def pool(client: Any, name: str) -> Any:
    return client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=TEMPLATE))


def test_a_pool_is_made_read_and_deleted(client: Any, name: str, pool: Any) -> None:
    found = client.read_work_pool(name)
    assert found == pool
    assert (found.type, found.base_job_template) == ("process", TEMPLATE)
    assert (found.status, found.is_paused) == (WorkPoolStatus.NOT_READY, False)
    wanted = WorkPoolFilter(name=WorkPoolFilterName(any_=[name]))
    assert client.read_work_pools(work_pool_filter=wanted) == [pool]
    client.delete_work_pool(name)
    for forgotten in (client.read_work_pool, client.delete_work_pool):
        with pytest.raises(ObjectNotFound):
            forgotten(name)


def test_a_pool_is_changed(client: Any, name: str, pool: Any) -> None:
    client.update_work_pool(name, WorkPoolUpdate(is_paused=True, concurrency_limit=3, description="d"))
    found = client.read_work_pool(name)
    assert (found.status, found.concurrency_limit, found.description) == (WorkPoolStatus.PAUSED, 3, "d")
    assert found.active_slots == 0
    with pytest.raises(ObjectNotFound):
        client.update_work_pool(f"{name}-none", WorkPoolUpdate(is_paused=True))


def test_a_pool_is_made_once_unless_it_may_be_overwritten(client: Any, name: str, pool: Any) -> None:
    asked = WorkPoolCreate(name=name, type="process", description="new")
    with pytest.raises(ObjectAlreadyExists):
        client.create_work_pool(asked)
    changed = client.create_work_pool(asked, overwrite=True)
    assert (changed.id, changed.description, changed.base_job_template) == (pool.id, "new", TEMPLATE)


def test_reserved_names_are_refused(client: Any) -> None:
    with pytest.raises(Exception, match=r"403|reserved"):
        client.create_work_pool(WorkPoolCreate(name="Prefect-mine", type="process"))


def test_defaults_must_fit_their_schema(client: Any, name: str) -> None:
    properties = {"command": {"type": "string", "default": 3}}
    template = {**TEMPLATE, "variables": {"type": "object", "properties": properties}}
    with pytest.raises(Exception, match=r"422|do not fit"):
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))


def test_workers_are_known_by_their_heartbeats(client: Any, name: str, pool: Any) -> None:
    assert client.read_workers_for_work_pool(name) == []
    assert client.send_worker_heartbeat(name, "w1", 30.0) is None
    client.send_worker_heartbeat(name, "w1", 30.0)
    client.send_worker_heartbeat(name, "w2")
    found = {one.name: one for one in client.read_workers_for_work_pool(name)}
    assert {one: found[one].heartbeat_interval_seconds for one in found} == {"w1": 30, "w2": None}
    assert all(one.status is WorkerStatus.ONLINE for one in found.values())
    assert client.read_work_pool(name).status is WorkPoolStatus.READY
    with pytest.raises(ObjectNotFound):
        client.send_worker_heartbeat(f"{name}-none", "w1")


def test_a_queue_is_made_found_and_changed(client: Any, name: str, pool: Any) -> None:
    made = client.create_work_queue("q", description="d", concurrency_limit=2, work_pool_name=name)
    assert (made.priority, made.work_pool_name, made.active_slots) == (2, name, 0)
    assert client.read_work_queue(made.id).name == "q"
    assert client.read_work_queue_by_name("q", work_pool_name=name).id == made.id
    client.update_work_queue(made.id, is_paused=True)
    found = client.read_work_queues(work_pool_name=name)
    assert [(one.name, one.status) for one in found] == [
        ("default", WorkQueueStatus.NOT_READY),
        ("q", WorkQueueStatus.PAUSED),
    ]
    assert [one.name for one in client.match_work_queues(["q"], work_pool_name=name)] == ["q"]
    with pytest.raises(ObjectAlreadyExists):
        client.create_work_queue("q", work_pool_name=name)
    with pytest.raises(ValueError, match="No fields"):
        client.update_work_queue(made.id)
    client.delete_work_queue_by_id(made.id)
    with pytest.raises(ObjectNotFound):
        client.read_work_queue(made.id)


@pytest.mark.beyond_original
def test_a_queue_that_goes_ahead_steps_before_others(client: Any, name: str, pool: Any) -> None:
    made = client.create_work_queue("q", work_pool_name=name)
    client.update_work_queue(made.id, priority=1)
    found = client.read_work_queues(work_pool_name=name)
    assert [(one.name, one.priority) for one in found] == [("q", 1), ("default", 2)]


def test_a_queue_without_a_pool_is_one_of_the_agents(client: Any, name: str) -> None:
    made = client.create_work_queue(name)
    assert made.work_pool_name == "default-agent-pool"
    assert client.read_work_queue_by_name(name).id == made.id
    assert client.get_runs_in_work_queue(made.id) == []
    assert client.read_work_queue_status(made.id).late_runs_count == 0
    assert name in {one.name for one in client.read_work_queues(limit=200)}
    client.delete_work_queue_by_id(made.id)


def test_scheduled_runs_are_given_to_workers(client: Any, name: str, pool: Any, flow_id: Any) -> None:
    deployment = client.create_deployment(flow_id, name, work_pool_name=name)
    run = client.create_flow_run_from_deployment(deployment)
    (given,) = client.get_scheduled_flow_runs_for_work_pool(name)
    assert (given.flow_run.id, given.work_pool_id) == (run.id, pool.id)
    assert given.work_queue_id == pool.default_queue_id
    status = client.read_work_pool_concurrency_status(name)
    assert (status.active_slots, status.count, status.queues[0].queue_name) == (0, 1, "default")
    with pytest.raises(ObjectNotFound):
        client.get_scheduled_flow_runs_for_work_pool(name, work_queue_names=["none"])
