"""Slots of concurrency limits: taken together, held by leases, given back, fading."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from prefect._clock import VirtualClock, use_clock
from prefect.exceptions import (
    ConcurrencyLeaseLostError,
    ConcurrencySlotsTakenError,
    ObjectAlreadyExists,
    ObjectNotFound,
)
from prefect.schemas.actions.concurrency import ConcurrencyLimitCreate, GlobalConcurrencyLimitCreate
from prefect.schemas.concurrency import ConcurrencyLeaseHolder
from prefect.server.database import tables
from prefect.server.database.store import Store
from prefect.server.models import concurrency_limits as limits
from prefect.server.models import concurrency_slots as slots
from prefect.server.models import slot_leases, tag_slots

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with use_clock(VirtualClock(T0)) as clock:
        yield clock


@pytest.fixture
def make(connection: sa.Connection) -> Any:
    def make(name: str, limit: int, **told: Any) -> Any:
        asked = GlobalConcurrencyLimitCreate(name=name, limit=limit, **told)
        return limits.create_global_limit(connection, asked)

    return make


@pytest.fixture
def used(connection: sa.Connection) -> Any:
    return lambda name: limits.read_global_limit(connection, name).active_slots


@pytest.fixture
def take(connection: sa.Connection) -> Any:
    def take(*names: str, count: int = 1, mode: Any = "concurrency", **told: Any) -> UUID | None:
        return slots.take_slots(connection, names, count, mode, **told)[0]

    return take


# --- taking and giving back -----------------------------------------------------------------------------


def test_slots_are_taken_up_to_the_limit_and_given_back(
    connection: sa.Connection, make: Any, take: Any, used: Any
) -> None:
    make("a", 3)
    take("a", count=2)
    take("a")
    assert used("a") == 3
    with pytest.raises(ConcurrencySlotsTakenError, match="'a'") as full:
        take("a")
    assert 0 < full.value.retry_after_seconds <= 30
    slots.give_back_slots(connection, ["a"], 1, None)
    assert used("a") == 2
    slots.give_back_slots(connection, ["a", "none"], 9, None)
    assert used("a") == 0
    take("a", count=3)


def test_nothing_is_left_of_slots_given_back(
    connection: sa.Connection, make: Any, take: Any, fill: Any
) -> None:
    make("a", 3)
    take("a", count=2)
    slots.give_back_slots(connection, ["a"], 2, None)
    assert fill.count(tables.concurrency_slot) == fill.count(tables.concurrency_lease) == 0


def test_several_limits_are_taken_together_or_not_at_all(make: Any, take: Any, used: Any) -> None:
    make("a", 2), make("b", 1)
    take("a", "b", "a", "not there")
    with pytest.raises(ConcurrencySlotsTakenError, match="'b'"):
        take("a", "b")
    assert (used("a"), used("b")) == (1, 1)


def test_more_than_a_limit_has_is_never_given(make: Any, take: Any) -> None:
    make("a", 2)
    with pytest.raises(ValueError, match=r"3 slots .* has 2 at most"):
        take("a", count=3)


def test_a_limit_that_rests_lets_everybody_pass(make: Any, take: Any, used: Any) -> None:
    make("a", 1, active=False)
    take("a", count=100)
    assert used("a") == 0


def test_waits_are_estimated_from_how_long_slots_were_held(
    connection: sa.Connection, make: Any, take: Any
) -> None:
    make("a", 1)
    take("a")
    slots.give_back_slots(connection, ["a"], 1, 12.0)
    assert limits.read_global_limit(connection, "a").avg_slot_occupancy_seconds == pytest.approx(7.0)


# --- leases ---------------------------------------------------------------------------------------------


def test_a_lease_that_is_not_renewed_frees_its_slots(
    connection: sa.Connection, make: Any, take: Any, used: Any, clock: VirtualClock
) -> None:
    make("a", 1)
    lease = take("a", duration=MINUTE)
    clock.sleep(59)
    slot_leases.renew_lease(connection, lease, MINUTE)
    clock.sleep(59)
    assert used("a") == 1
    clock.sleep(2)
    assert used("a") == 0
    with pytest.raises(ConcurrencyLeaseLostError, match=str(lease)):
        slot_leases.renew_lease(connection, lease, MINUTE)
    take("a", duration=MINUTE)


def test_a_lease_that_ends_frees_its_slots_at_once(
    connection: sa.Connection, make: Any, take: Any, used: Any, clock: VirtualClock
) -> None:
    make("a", 2)
    holder = ConcurrencyLeaseHolder(type="flow_run", id=uuid4())
    lease = take("a", count=2, duration=MINUTE, holder=holder)
    clock.sleep(10)
    slots.end_lease(connection, lease)
    assert used("a") == 0
    assert limits.read_global_limit(connection, "a").avg_slot_occupancy_seconds > 2
    slots.end_lease(connection, lease)
    with pytest.raises(ConcurrencyLeaseLostError):
        slot_leases.renew_lease(connection, lease, MINUTE)


def test_expired_leases_are_forgotten(
    connection: sa.Connection, make: Any, take: Any, fill: Any, clock: VirtualClock
) -> None:
    make("a", 5)
    for _ in range(3):
        take("a", duration=MINUTE)
    clock.sleep(61)
    take("a", duration=MINUTE)
    assert fill.count(tables.concurrency_lease) == fill.count(tables.concurrency_slot) == 1


# --- decay ----------------------------------------------------------------------------------------------


def test_what_is_spent_fades(make: Any, take: Any, used: Any, clock: VirtualClock, fill: Any) -> None:
    make("r", 2, slot_decay_per_second=0.1)
    take("r", count=2, mode="rate_limit")
    assert used("r") == 2
    with pytest.raises(ConcurrencySlotsTakenError) as full:
        take("r", mode="rate_limit")
    assert 0 < full.value.retry_after_seconds <= 30
    clock.sleep(11)
    assert used("r") == 1
    take("r", mode="rate_limit")
    clock.sleep(60)
    assert used("r") == 0
    assert fill.count(tables.concurrency_lease) == 0


def test_a_rate_needs_a_decay(make: Any, take: Any) -> None:
    make("a", 2)
    with pytest.raises(ValueError, match="slot_decay_per_second"):
        take("a", mode="rate_limit")


def test_slots_with_decay_can_be_given_back_too(
    connection: sa.Connection, make: Any, take: Any, used: Any
) -> None:
    make("r", 2, slot_decay_per_second=0.001)
    lease = take("r", count=2, duration=MINUTE)
    assert used("r") == 2
    slots.end_lease(connection, lease)
    assert used("r") == 0


# --- limits themselves ----------------------------------------------------------------------------------


def test_slots_in_use_can_be_set_by_people(
    connection: sa.Connection, make: Any, take: Any, used: Any, fill: Any
) -> None:
    make("a", 5, active_slots=2)
    assert used("a") == 2
    take("a", duration=MINUTE)
    limits.update_global_limit(connection, "a", {"active_slots": 4})
    assert used("a") == 4
    limits.update_global_limit(connection, "a", {"active_slots": 0, "limit": 3})
    assert used("a") == 0
    take("a")
    limits.delete_global_limit(connection, "a")
    assert fill.count(tables.concurrency_slot) == 0
    make("r", 5, slot_decay_per_second=1.0, active_slots=2)
    assert used("r") == 2


def test_a_new_name_must_be_free(connection: sa.Connection, make: Any) -> None:
    make("a", 1), make("b", 1)
    with pytest.raises(ObjectAlreadyExists, match="'b'"):
        limits.update_global_limit(connection, "a", {"name": "b"})
    limits.update_global_limit(connection, "a", {"name": "a", "limit": 2})
    with pytest.raises(ObjectNotFound):
        limits.update_global_limit(connection, "none", {})


# --- tags -----------------------------------------------------------------------------------------------


@pytest.fixture
def tagged(connection: sa.Connection) -> Any:
    def tagged(tag: str, limit: int) -> Any:
        limits.create_tag_limit(connection, ConcurrencyLimitCreate(tag=tag, concurrency_limit=limit))
        return tag_slots.tag_limit_rows(connection, [tag])

    return tagged


def test_task_runs_hold_slots_of_tags(connection: sa.Connection, tagged: Any) -> None:
    rows, first, second = tagged("t", 1), uuid4(), uuid4()
    tag_slots.take_tag_slots(connection, rows, first)
    tag_slots.take_tag_slots(connection, rows, first)
    assert limits.read_tag_limit(connection, "t").active_slots == [first]
    with pytest.raises(ConcurrencySlotsTakenError, match="'t'") as full:
        tag_slots.take_tag_slots(connection, rows, second)
    assert full.value.retry_after_seconds > 0
    tag_slots.give_back_tag_slots(connection, [rows[0].id], second)
    assert limits.read_tag_limit(connection, "t").active_slots == [first]
    tag_slots.give_back_tag_slots(connection, [rows[0].id], first)
    tag_slots.take_tag_slots(connection, rows, second)


def test_several_tags_are_taken_together_or_not_at_all(connection: sa.Connection, tagged: Any) -> None:
    free, full = tagged("free", 1), tagged("full", 1)
    tag_slots.take_tag_slots(connection, full, uuid4())
    with pytest.raises(ConcurrencySlotsTakenError):
        tag_slots.take_tag_slots(connection, [*free, *full], uuid4())
    assert limits.read_tag_limit(connection, "free").active_slots == []


def test_the_limit_on_a_tag_is_known_by_name_too(
    connection: sa.Connection, tagged: Any, take: Any, make: Any, used: Any
) -> None:
    make("a", 2)
    (row,), holder = tagged("t", 1), ConcurrencyLeaseHolder(type="task_run", id=uuid4())
    lease = take("tag:t", "a", "tag:none", duration=MINUTE, holder=holder)
    assert limits.read_tag_limit(connection, "t").active_slots == [holder.id]
    with pytest.raises(ConcurrencySlotsTakenError, match="'tag:t'"):
        take("tag:t", "a")
    assert used("a") == 1
    slots.end_lease(connection, lease)
    assert limits.read_tag_limit_by_id(connection, row.id).active_slots == []
    take("tag:t")
    slots.give_back_slots(connection, ["tag:t"], 1, 3.0)
    take("tag:t")


def test_a_tag_limit_of_zero_is_never_free(connection: sa.Connection, tagged: Any) -> None:
    with pytest.raises(ConcurrencySlotsTakenError, match="is 0") as never:
        tag_slots.take_tag_slots(connection, tagged("t", 0), uuid4())
    assert never.value.retry_after_seconds is None


def test_a_task_run_that_has_ended_holds_nothing(connection: sa.Connection, tagged: Any, fill: Any) -> None:
    rows = tagged("t", 2)
    running, ended = fill.task_run(None, "r", "Running"), fill.task_run(None, "e", "Crashed")
    for id in (running, ended):
        tag_slots.take_tag_slots(connection, rows, id)
    assert limits.read_tag_limit(connection, "t").active_slots == [running]


def test_holders_of_a_tag_can_be_set_by_people(connection: sa.Connection, tagged: Any, fill: Any) -> None:
    rows, a, b = tagged("t", 2), uuid4(), uuid4()
    tag_slots.take_tag_slots(connection, rows, uuid4())
    limits.reset_tag_limit(connection, "t", [a, b, a])
    assert sorted(limits.read_tag_limit(connection, "t").active_slots) == sorted([a, b])
    limits.reset_tag_limit(connection, "t", [])
    assert limits.read_tag_limit(connection, "t").active_slots == []
    tag_slots.take_tag_slots(connection, rows, a)
    assert limits.read_tag_limit_by_id(connection, rows[0].id).tag == "t"
    limits.delete_tag_limit(connection, "t")
    assert fill.count(tables.concurrency_lease) == 0
    with pytest.raises(ObjectNotFound):
        limits.read_tag_limit_by_id(connection, rows[0].id)


def test_leases_that_end_at_once_are_all_unspent(store: Store) -> None:
    with store.writing() as connection:
        asked = GlobalConcurrencyLimitCreate(name="a", limit=100, slot_decay_per_second=0.001)
        limits.create_global_limit(connection, asked)
    leases = []
    for _ in range(12):
        with store.writing() as connection:
            leases.append(slots.take_slots(connection, ["a"], 1, "concurrency", MINUTE)[0])

    def end(lease: UUID) -> None:
        with store.writing(apart=True) as connection:
            slots.end_lease(connection, lease)

    # each twice, as by a client that did not hear the answer
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(end, [*leases[:10], *leases[:10]]))
    with store.reading() as connection:
        assert limits.read_global_limit(connection, "a").active_slots == 2
