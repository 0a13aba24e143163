"""Several at once, each in a transaction of its own: what only one may have, one gets. On both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from prefect.exceptions import ConcurrencySlotsTakenError
from prefect.schemas.actions.concurrency import ConcurrencyLimitCreate, GlobalConcurrencyLimitCreate
from prefect.schemas.actions.deployments import DeploymentCreate
from prefect.schemas.actions.flows import FlowCreate
from prefect.schemas.actions.work_pools import WorkPoolCreate, WorkQueueCreate
from prefect.schemas.bases import uuid7
from prefect.schemas.operations import OPERATIONS
from prefect.server.database.engine import lock_row
from prefect.server.database.store import Store
from prefect.server.database.tables import deployment as deployments
from prefect.server.database.tables import work_queue
from prefect.server.operations import do

AT_ONCE = 6

Ask = Callable[..., Any]


@pytest.fixture
def ask(store: Store) -> Ask:
    """Does an operation."""
    return lambda operation, **arguments: do(store, OPERATIONS[operation](**arguments))


def at_once(one: Callable[[int], Any]) -> list[Any]:
    """Does something with each number, all at the same moment; what comes back, or that slots are taken."""
    start = threading.Barrier(AT_ONCE)

    def begin(number: int) -> Any:
        start.wait(60)
        try:
            return one(number)
        except ConcurrencySlotsTakenError as taken:
            return taken

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(begin, range(AT_ONCE)))


def test_slots_are_given_once(ask: Ask) -> None:
    for name in ("a", "b"):
        asked = GlobalConcurrencyLimitCreate(name=name, limit=2)
        ask("create_global_concurrency_limit", concurrency_limit=asked)
    tag = ConcurrencyLimitCreate(tag="t", concurrency_limit=2)
    ask("create_concurrency_limit", concurrency_limit=tag)

    def take(number: int) -> Any:
        # asked for in different orders: nobody waits for another that waits for him
        names = ["a", "b"] if number % 2 else ["b", "a"]
        return ask("increment_concurrency_slots_with_lease", names=names, slots=1)

    def take_tag(number: int) -> Any:
        return ask("increment_v1_concurrency_slots", names=["t"], task_run_id=uuid7())

    for taking in (take, take_tag):
        refused = [one for one in at_once(taking) if isinstance(one, ConcurrencySlotsTakenError)]
        assert len(refused) == AT_ONCE - 2
    assert ask("read_global_concurrency_limit_by_name", name="a").active_slots == 2
    assert len(ask("read_concurrency_limit_by_tag", tag="t").active_slots) == 2


def test_queues_and_workers_of_a_pool_are_made_once(ask: Ask) -> None:
    ask("create_work_pool", work_pool=WorkPoolCreate(name="pool", type="process"))

    def add_queue(number: int) -> Any:
        asked = WorkQueueCreate(name=f"q{number}", priority=1)
        return ask("create_work_queue_of_pool", work_pool_name="pool", work_queue=asked)

    at_once(add_queue)
    at_once(lambda number: ask("record_worker_heartbeat", work_pool_name="pool", worker_name="w"))
    queues = ask("read_work_queues_of_pool", work_pool_name="pool")
    assert [one.priority for one in queues] == list(range(1, AT_ONCE + 2))
    assert len(ask("read_workers_for_work_pool", work_pool_name="pool")) == 1


def test_a_flow_is_registered_once(ask: Ask) -> None:
    flows = at_once(lambda number: ask("create_flow", flow=FlowCreate(name="etl")))
    assert len({flow.id for flow in flows}) == 1


def test_who_asks_for_runs_waits_for_nobody(ask: Ask, store: Store) -> None:
    if store.journal.connections.serial:
        pytest.skip("there one writes at a time")
    flow = ask("create_flow", flow=FlowCreate(name="etl"))
    pool = ask("create_work_pool", work_pool=WorkPoolCreate(name="pool", type="process"))
    asked = DeploymentCreate(name="d", flow_id=flow.id, work_pool_name="pool")
    deployment = ask("create_deployment", deployment=asked)

    def ask_for_runs() -> None:
        ask("get_scheduled_flow_runs_for_deployments", deployment_ids=[deployment.id])
        ask("get_scheduled_flow_runs_for_work_pool", work_pool_name="pool")
        ask("get_runs_in_work_queue", id=pool.default_queue_id)

    with store.writing(apart=True) as connection:
        for table, id in ((deployments, deployment.id), (work_queue, pool.default_queue_id)):
            lock_row(connection, table, id)
        with ThreadPoolExecutor(1) as threads:
            threads.submit(ask_for_runs).result(60)
    assert ask("read_deployment", deployment_id=deployment.id).last_polled is None
    ask_for_runs()
    assert ask("read_deployment", deployment_id=deployment.id).last_polled is not None
