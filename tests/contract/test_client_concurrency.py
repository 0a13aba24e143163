"""Slots of concurrency limits, taken and given back through clients."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect import task
from prefect.exceptions import ConcurrencyLeaseLostError, ConcurrencySlotsTakenError, PrefectHTTPStatusError
from prefect.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.schemas.concurrency import ConcurrencyLeaseHolder
from prefect.states import Completed, Crashed, Pending, Running

TAKEN = (ConcurrencySlotsTakenError, PrefectHTTPStatusError)
LOST = (ConcurrencyLeaseLostError, PrefectHTTPStatusError)


def is_full(error: Any) -> bool:
    """Whether it says that slots are taken, and when to try again; over HTTP by status and header."""
    if isinstance(error, ConcurrencySlotsTakenError):
        return error.retry_after_seconds is not None
    return error.response.status_code == 423 and float(error.response.headers["Retry-After"]) > 0


@pytest.fixture
def limit(client: Any, name: str) -> UUID:
    return client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=2))


def in_use(client: Any, name: str) -> int:
    return client.read_global_concurrency_limit_by_name(name).active_slots


def test_slots_are_taken_and_given_back(client: Any, name: str, limit: UUID) -> None:
    answer = client.increment_concurrency_slots([name], 2, "concurrency")
    assert answer.status_code == 200
    assert answer.json() == [{"id": str(limit), "name": name, "limit": 2}]
    assert in_use(client, name) == 2
    with pytest.raises(TAKEN) as full:
        client.increment_concurrency_slots([name], 1, "concurrency")
    assert is_full(full.value)
    client.release_concurrency_slots([name], 2, 1.5)
    assert in_use(client, name) == 0


def test_slots_are_held_by_a_lease(client: Any, name: str, limit: UUID) -> None:
    holder = ConcurrencyLeaseHolder(type="flow_run", id=uuid4())
    answer = client.increment_concurrency_slots_with_lease([name], 1, "concurrency", 60, holder)
    lease = UUID(answer.json()["lease_id"])
    assert [one["id"] for one in answer.json()["limits"]] == [str(limit)]
    assert client.renew_concurrency_lease(lease, 60).status_code == 204
    assert in_use(client, name) == 1
    assert client.release_concurrency_slots_with_lease(lease).status_code == 204
    assert in_use(client, name) == 0
    with pytest.raises(LOST):
        client.renew_concurrency_lease(lease, 60)


def test_a_rate_is_limited(client: Any, name: str) -> None:
    asked = GlobalConcurrencyLimitCreate(name=name, limit=1, slot_decay_per_second=0.01)
    client.create_global_concurrency_limit(asked)
    client.increment_concurrency_slots([name], 1, "rate_limit")
    with pytest.raises(TAKEN) as full:
        client.increment_concurrency_slots([name], 1, "rate_limit")
    assert is_full(full.value)


def test_more_than_there_are_is_refused(client: Any, name: str, limit: UUID) -> None:
    with pytest.raises((ValueError, PrefectHTTPStatusError)):
        client.increment_concurrency_slots([name], 3, "concurrency")


def test_limits_that_are_not_there_let_pass(client: Any, name: str) -> None:
    assert client.increment_concurrency_slots([name], 1, "concurrency").json() == []


def test_task_runs_hold_slots_of_tags(client: Any, name: str) -> None:
    client.create_concurrency_limit(name, 1)
    first, second = uuid4(), uuid4()
    assert client.increment_v1_concurrency_slots([name], first).json()[0]["name"] == name
    assert client.read_concurrency_limit_by_tag(name).active_slots == [first]
    with pytest.raises(TAKEN) as full:
        client.increment_v1_concurrency_slots([name], second)
    assert is_full(full.value)
    client.decrement_v1_concurrency_slots([name], first, 1.0)
    client.increment_v1_concurrency_slots([name], second)
    client.reset_concurrency_limit_by_tag(name, [first])
    assert client.read_concurrency_limit_by_tag(name).active_slots == [first]
    client.reset_concurrency_limit_by_tag(name)
    assert client.read_concurrency_limit_by_tag(name).active_slots == []


# --- limits that states are held to ---------------------------------------------------------------------


def test_a_run_of_a_full_deployment_is_put_off(client: Any, flow_id: UUID, name: str) -> None:
    deployment = client.create_deployment(flow_id, name, concurrency_limit=1)
    first, second = (client.create_flow_run_from_deployment(deployment) for _ in range(2))
    assert client.set_flow_run_state(first.id, Pending()).status.value == "ACCEPT"
    put_off = client.set_flow_run_state(second.id, Pending())
    assert (put_off.status.value, put_off.state.name) == ("REJECT", "AwaitingConcurrencySlot")
    assert "slots of the deployment are taken" in put_off.details.reason
    assert client.read_deployment(deployment).global_concurrency_limit.active_slots == 1
    client.set_flow_run_state(first.id, Crashed(), force=True)
    assert client.set_flow_run_state(second.id, Pending()).status.value == "ACCEPT"


def test_a_task_run_with_a_full_tag_waits(client: Any, flow_run: Any, name: str) -> None:
    client.create_concurrency_limit(name, 1)
    client.set_flow_run_state(flow_run.id, Running())
    first, second = (
        client.create_task_run(task(_nothing), flow_run.id, dynamic_key=key, extra_tags=[name])
        for key in ("a", "b")
    )
    assert client.set_task_run_state(first.id, Running()).status.value == "ACCEPT"
    waits = client.set_task_run_state(second.id, Running())
    assert waits.status.value == "WAIT"
    assert waits.details.delay_seconds > 0
    assert client.read_concurrency_limit_by_tag(name).active_slots == [first.id]
    client.set_task_run_state(first.id, Completed())
    assert client.set_task_run_state(second.id, Running()).status.value == "ACCEPT"


def _nothing() -> None:
    pass
