"""Several at once, each in a transaction of its own: what only one may have, one gets. On both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from prefect.exceptions import ConcurrencySlotsTakenError
from prefect.schemas.actions.concurrency import ConcurrencyLimitCreate, GlobalConcurrencyLimitCreate
from prefect.schemas.actions.work_pools import WorkPoolCreate, WorkQueueCreate
from prefect.schemas.bases import uuid7
from prefect.schemas.operations import OPERATIONS
from prefect.server.database.store import Store
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
