"""Work pools, queues and workers over a store: priorities, statuses by the clock, slots and what is to be run."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect._clock import VirtualClock, use_clock
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, ObjectUnsupported
from prefect.schemas.actions.work_pools import WorkPoolCreate, WorkQueueCreate
from prefect.schemas.deployments import DeploymentStatus
from prefect.schemas.filters.work_pools import WorkerFilter, WorkerFilterStatus
from prefect.schemas.work_pools import WorkPoolStatus
from prefect.schemas.work_queues import WorkQueueStatus
from prefect.schemas.workers import WorkerStatus
from prefect.server.database import tables
from prefect.server.models import deployments, work_pools, work_queues, workers
from prefect.server.operations.deployments import get_scheduled_flow_runs_for_deployments
from prefect.server.operations.work_pools import (
    get_scheduled_flow_runs_for_work_pool,
    read_work_pool_concurrency_status,
)
from prefect.server.operations.work_queues import get_runs_in_work_queue, read_work_queue_status

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def minutes(number: float) -> datetime:
    return T0 + timedelta(minutes=number)


@pytest.fixture
def pool(connection: sa.Connection) -> Any:
    return work_pools.create_work_pool(connection, WorkPoolCreate(name="pool", type="process"))


def add(connection: sa.Connection, pool: Any, name: str, priority: int | None = None) -> UUID:
    asked = WorkQueueCreate(name=name, priority=priority)
    return work_queues.create_queue(connection, pool.id, asked)


def priorities(connection: sa.Connection, pool: Any) -> dict[str, int]:
    return {one.name: one.priority for one in work_queues.read_queues(connection, None, 200, 0, pool.id)}


# --- pools ----------------------------------------------------------------------------------------------


def test_a_pool_comes_with_a_default_queue(connection: sa.Connection, pool: Any) -> None:
    queue = work_queues.read_work_queue(connection, pool.default_queue_id)
    assert (queue.name, queue.priority, queue.work_pool_name) == ("default", 1, "pool")
    assert (pool.status, pool.active_slots, pool.base_job_template) == (WorkPoolStatus.NOT_READY, None, {})


@pytest.mark.parametrize("name", ["prefect", "Prefect-managed", "PREFECTIVE"])
def test_reserved_names_are_refused(connection: sa.Connection, name: str) -> None:
    with pytest.raises(ObjectUnsupported, match="reserved"):
        work_pools.create_work_pool(connection, WorkPoolCreate(name=name))
    with pytest.raises(ObjectUnsupported, match="reserved"):
        work_pools.delete_work_pool(connection, name)


def test_a_name_is_taken_once(connection: sa.Connection, pool: Any) -> None:
    with pytest.raises(ObjectAlreadyExists, match="'pool'"):
        work_pools.create_work_pool(connection, WorkPoolCreate(name="pool"))


@pytest.mark.parametrize(
    "template",
    [
        {"x": 1},
        {"job_configuration": {"c": "{{ unknown }}"}, "variables": {"properties": {}}},
        {"job_configuration": {}, "variables": {"properties": "text"}},
        {"job_configuration": "text", "variables": []},
    ],
)
def test_an_incomplete_template_is_refused(template: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"base_job_template|undeclared"):
        WorkPoolCreate(name="p", base_job_template=template)


def test_defaults_that_do_not_fit_their_schema_are_refused(connection: sa.Connection) -> None:
    def asked(**property: Any) -> WorkPoolCreate:
        template = {"job_configuration": {"c": "{{ c }}"}, "variables": {"properties": {"c": property}}}
        return WorkPoolCreate(name="p", base_job_template=template)

    with pytest.raises(ValueError, match="3 is not of type 'string'"):
        work_pools.create_work_pool(connection, asked(type="string", default=3))
    with pytest.raises(ValueError, match="nonsense"):
        work_pools.create_work_pool(connection, asked(type="nonsense"))
    fits = work_pools.create_work_pool(connection, asked(type="string", default=None))
    assert fits.base_job_template["variables"]["properties"]["c"]["default"] is None
    block = {"$ref": {"block_document_id": str(fits.id)}}
    work_pools.update_work_pool(
        connection,
        "p",
        {"base_job_template": asked(type="object", default=block).base_job_template},
    )


def test_what_is_set_to_nothing_is_nothing_where_it_may_be(connection: sa.Connection, pool: Any) -> None:
    work_pools.update_work_pool(connection, "pool", {"concurrency_limit": 2, "description": "d"})
    assert work_pools.read_work_pool(connection, "pool").active_slots == 0
    nothing = {"concurrency_limit": None, "is_paused": None, "base_job_template": None}
    work_pools.update_work_pool(connection, "pool", nothing)
    found = work_pools.read_work_pool(connection, "pool")
    assert (found.concurrency_limit, found.is_paused, found.base_job_template) == (None, False, {})
    with pytest.raises(ObjectNotFound):
        work_pools.update_work_pool(connection, "none", {})


def test_a_deleted_pool_takes_queues_and_workers_with_it(
    connection: sa.Connection, pool: Any, fill: Any
) -> None:
    workers.record_heartbeat(connection, pool.id, "w", None)
    run = fill.flow_run(fill.flow(), state="Scheduled", work_queue_id=pool.default_queue_id)
    work_pools.delete_work_pool(connection, "pool")
    assert fill.count(tables.work_queue) == fill.count(tables.worker) == 0
    kept = sa.select(tables.flow_run.c.work_queue_id).where(tables.flow_run.c.id == run)
    assert connection.execute(kept).scalar_one() is None
    with pytest.raises(ObjectNotFound):
        work_pools.delete_work_pool(connection, "pool")


# --- queues ---------------------------------------------------------------------------------------------


def test_queues_make_room_for_a_priority(connection: sa.Connection, pool: Any) -> None:
    add(connection, pool, "second")
    add(connection, pool, "first", priority=1)
    assert priorities(connection, pool) == {"first": 1, "default": 2, "second": 3}
    far = add(connection, pool, "far", priority=7)
    assert priorities(connection, pool)["far"] == 7
    work_queues.update_queue(connection, far, {"priority": 2})
    assert priorities(connection, pool) == {"first": 1, "far": 2, "default": 3, "second": 4}
    work_queues.update_queue(connection, far, {"priority": 4})
    assert priorities(connection, pool) == {"first": 1, "default": 3, "far": 4, "second": 5}
    # a gap is enough room: nobody else moves
    add(connection, pool, "gap", priority=2)
    assert priorities(connection, pool) == {"first": 1, "gap": 2, "default": 3, "far": 4, "second": 5}


def test_a_queue_without_a_priority_comes_last(connection: sa.Connection, pool: Any) -> None:
    add(connection, pool, "far", priority=5)
    add(connection, pool, "last")
    assert priorities(connection, pool)["last"] == 6


def test_names_of_queues_are_taken_once_in_a_pool(connection: sa.Connection, pool: Any) -> None:
    id = add(connection, pool, "q")
    with pytest.raises(ObjectAlreadyExists):
        add(connection, pool, "q")
    with pytest.raises(ObjectAlreadyExists):
        work_queues.update_queue(connection, id, {"name": "default"})
    work_queues.update_queue(connection, id, {"name": "q", "priority": None})
    other = work_pools.create_work_pool(connection, WorkPoolCreate(name="other"))
    add(connection, other, "q")


def test_the_default_queue_is_kept(connection: sa.Connection, pool: Any) -> None:
    with pytest.raises(ObjectAlreadyExists, match="default queue"):
        work_queues.delete_queue(connection, pool.default_queue_id)


def test_a_renamed_queue_is_known_to_its_runs(connection: sa.Connection, pool: Any, fill: Any) -> None:
    id = add(connection, pool, "old")
    run = fill.flow_run(fill.flow(), work_queue_id=id, work_queue_name="old")
    work_queues.update_queue(connection, id, {"name": "new"})
    query = sa.select(tables.flow_run.c.work_queue_name).where(tables.flow_run.c.id == run)
    assert connection.execute(query).scalar_one() == "new"


def test_a_queue_is_ready_while_it_is_polled(connection: sa.Connection, pool: Any) -> None:
    def status() -> Any:
        return work_queues.read_work_queue(connection, pool.default_queue_id).status

    with use_clock(VirtualClock(T0)) as clock:
        assert status() is WorkQueueStatus.NOT_READY
        get_scheduled_flow_runs_for_work_pool(connection, "pool", None, None, None, None)
        assert status() is WorkQueueStatus.READY
        assert read_work_queue_status(connection, pool.default_queue_id).healthy
        clock.sleep(59)
        assert status() is WorkQueueStatus.READY
        clock.sleep(2)
        assert status() is WorkQueueStatus.NOT_READY
        assert not read_work_queue_status(connection, pool.default_queue_id).healthy
        work_queues.update_queue(connection, pool.default_queue_id, {"is_paused": True})
        assert status() is WorkQueueStatus.PAUSED


def test_a_deployment_is_ready_while_its_runs_are_asked_for(
    connection: sa.Connection, pool: Any, fill: Any
) -> None:
    flow = fill.flow()
    queued = fill.insert(tables.deployment, name="q", flow_id=flow, work_queue_id=pool.default_queue_id)
    served = fill.insert(tables.deployment, name="s", flow_id=flow)

    def ready() -> list[str]:
        found = (deployments.read_deployment(connection, id) for id in (queued, served))
        return [one.name for one in found if one.status is DeploymentStatus.READY]

    with use_clock(VirtualClock(T0)) as clock:
        assert ready() == []
        get_scheduled_flow_runs_for_work_pool(connection, "pool", None, None, None, None)
        assert ready() == ["q"]
        clock.sleep(40)
        get_scheduled_flow_runs_for_deployments(connection, [served], None, None)
        assert ready() == ["q", "s"]
        clock.sleep(40)
        assert ready() == ["s"]


# --- workers --------------------------------------------------------------------------------------------


def test_a_worker_is_online_until_it_missed_three_heartbeats(connection: sa.Connection, pool: Any) -> None:
    def online() -> list[str]:
        wanted = WorkerFilter(status=WorkerFilterStatus(any_=[WorkerStatus.ONLINE]))
        found = workers.read_workers(connection, pool.id, wanted, 200, 0)
        assert all(one.status is WorkerStatus.ONLINE for one in found)
        return [one.name for one in found]

    with use_clock(VirtualClock(T0)) as clock:
        workers.record_heartbeat(connection, pool.id, "silent", None)
        workers.record_heartbeat(connection, pool.id, "quick", 5)
        assert online() == ["quick", "silent"]
        assert work_pools.read_work_pool(connection, "pool").status is WorkPoolStatus.READY
        clock.sleep(16)
        assert online() == ["silent"]
        workers.record_heartbeat(connection, pool.id, "quick", 5)
        assert online() == ["quick", "silent"]
        clock.sleep(91)
        assert online() == []
        assert work_pools.read_work_pool(connection, "pool").status is WorkPoolStatus.NOT_READY
        offline = WorkerFilter(status=WorkerFilterStatus(not_any_=[WorkerStatus.ONLINE]))
        assert len(workers.read_workers(connection, pool.id, offline, 200, 0)) == 2


def test_a_worker_can_be_forgotten(connection: sa.Connection, pool: Any) -> None:
    workers.record_heartbeat(connection, pool.id, "w", None)
    workers.delete_worker(connection, pool.id, "w")
    with pytest.raises(ObjectNotFound):
        workers.delete_worker(connection, pool.id, "w")


# --- what is to be run ----------------------------------------------------------------------------------


@pytest.fixture
def runs(connection: sa.Connection, pool: Any, fill: Any) -> dict[str, UUID]:
    """Two queues with two scheduled runs each, `urgent` before `default`."""
    urgent = add(connection, pool, "urgent", priority=1)
    flow, made = fill.flow(), {}
    for queue, prefix in ((urgent, "u"), (pool.default_queue_id, "d")):
        for number in (2, 1):
            at = minutes(number)
            made[f"{prefix}{number}"] = fill.flow_run(
                flow, f"{prefix}{number}", "Scheduled", work_queue_id=queue, next_scheduled_start_time=at
            )
    return made


def taken(connection: sa.Connection, **given: Any) -> list[str]:
    told = {"work_queue_names": None, "scheduled_before": minutes(5), "scheduled_after": None, "limit": None}
    found = get_scheduled_flow_runs_for_work_pool(connection, "pool", **{**told, **given})
    return [one.flow_run.name for one in found]


def test_runs_come_by_priority_then_by_time(connection: sa.Connection, runs: dict[str, UUID]) -> None:
    assert taken(connection) == ["u1", "u2", "d1", "d2"]
    assert taken(connection, limit=3) == ["u1", "u2", "d1"]
    assert taken(connection, scheduled_before=minutes(1)) == ["u1", "d1"]
    assert taken(connection, scheduled_after=minutes(2)) == ["u2", "d2"]
    assert taken(connection, work_queue_names=["default"]) == ["d1", "d2"]
    with pytest.raises(ObjectNotFound, match="pool/none"):
        taken(connection, work_queue_names=["none"])


def test_paused_queues_and_pools_give_nothing(
    connection: sa.Connection, runs: dict[str, UUID], pool: Any
) -> None:
    work_queues.update_queue(connection, pool.default_queue_id, {"is_paused": True})
    assert taken(connection) == ["u1", "u2"]
    work_pools.update_work_pool(connection, "pool", {"is_paused": True})
    assert taken(connection) == []


def test_slots_taken_by_runs_under_way_are_not_given_again(
    connection: sa.Connection, runs: dict[str, UUID], pool: Any, fill: Any
) -> None:
    for state in ("Pending", "Running", "Completed"):
        fill.flow_run(fill.flow(state), "x", state, work_queue_id=pool.default_queue_id)
    work_queues.update_queue(connection, pool.default_queue_id, {"concurrency_limit": 3})
    assert taken(connection) == ["u1", "u2", "d1"]
    work_pools.update_work_pool(connection, "pool", {"concurrency_limit": 3})
    assert taken(connection) == ["u1"]
    # the slots of the pool are shared, whichever queues are asked for
    assert taken(connection, work_queue_names=["default"]) == ["d1"]
    work_pools.update_work_pool(connection, "pool", {"concurrency_limit": 0})
    assert taken(connection) == []
    assert work_pools.read_work_pool(connection, "pool").active_slots == 2


def test_who_takes_slots_is_told_queue_by_queue(
    connection: sa.Connection, runs: dict[str, UUID], pool: Any, fill: Any
) -> None:
    for number in range(3):
        fill.flow_run(fill.flow(f"f{number}"), f"r{number}", "Running", work_queue_id=pool.default_queue_id)
    status = read_work_pool_concurrency_status(connection, "pool", page=1, limit=None, flow_run_limit=2)
    assert (status.active_slots, status.count, status.pages) == (3, 2, 1)
    urgent, default = status.queues
    assert (urgent.queue_name, urgent.active_slots, urgent.flow_runs) == ("urgent", 0, [])
    assert (default.active_slots, default.flow_run_count) == (3, 3)
    assert [one.name for one in default.flow_runs] == ["r0", "r1"]
    second = read_work_pool_concurrency_status(connection, "pool", page=2, limit=1, flow_run_limit=0)
    assert [one.queue_name for one in second.queues] == ["default"]


def test_runs_of_one_queue_are_given_to_agents(
    connection: sa.Connection, runs: dict[str, UUID], pool: Any
) -> None:
    with use_clock(VirtualClock(T0 + timedelta(minutes=1, seconds=30))):
        found = get_runs_in_work_queue(connection, pool.default_queue_id, 10, None)
    assert [one.name for one in found] == ["d1"]
