"""Scheduled task runs go to one worker each, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from prefect.schemas.actions.runs import TaskRunCreate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.bases import now
from prefect.schemas.operations import OPERATIONS
from prefect.schemas.states import StateDetails, StateType
from prefect.server.database.store import Store, open_store
from prefect.server.models import deliveries
from prefect.server.operations import do


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else "sqlite://"
    store = open_store(url)
    yield store
    store.close()


def a_run(store: Store, seconds: float = -1.0, deferred: bool = True, key: str = "add") -> UUID:
    details = StateDetails(deferred=deferred, scheduled_time=now() + timedelta(seconds=seconds))
    state = StateCreate(type=StateType.SCHEDULED, state_details=details)
    asked = TaskRunCreate(id=uuid4(), task_key=key, dynamic_key="0", state=state)
    return do(store, OPERATIONS["create_task_run"](asked)).id


def claimed(store: Store, worker: str = "worker", at: datetime | None = None) -> UUID | None:
    with store.writing(apart=True) as connection:
        run = deliveries.claim_next(connection, ["add", "other"], worker, at or now())
    return None if run is None else run.id


def test_what_is_due_is_given_once_in_order(store: Store) -> None:
    later, sooner = a_run(store, seconds=-1), a_run(store, seconds=-2)
    a_run(store, seconds=3600)
    a_run(store, deferred=False)
    a_run(store, key="somebody else's")
    assert [claimed(store) for _ in range(3)] == [sooner, later, None]


def test_what_two_ask_for_at_once_one_gets(store: Store, request: pytest.FixtureRequest) -> None:
    if "sqlite" in request.node.name:
        pytest.skip("there one writes at a time")
    first, second = a_run(store, seconds=-2), a_run(store, seconds=-1)
    with store.writing(apart=True) as connection:
        one = deliveries.claim_next(connection, ["add"], "one", now())
        # does not wait for the other, and gets what that has not
        assert claimed(store, "two") == second
    assert one is not None
    assert one.id == first


def test_a_claim_is_given_back_or_ends(store: Store) -> None:
    run = a_run(store)
    assert claimed(store, "one") == run
    with store.writing(apart=True) as connection:
        deliveries.give_back(connection, run, "somebody else")
    assert claimed(store, "two") is None
    with store.writing(apart=True) as connection:
        deliveries.give_back(connection, run, "one")
    assert claimed(store, "two") == run
    assert claimed(store, "three", now() + deliveries.CLAIM) == run
    with store.writing(apart=True) as connection:
        deliveries.forget_claims(connection, now() + 3 * deliveries.CLAIM)
        assert deliveries.is_any_waiting(connection, ["add"], now())


def test_a_run_that_has_begun_is_nobodys(store: Store) -> None:
    run = a_run(store)
    do(store, OPERATIONS["set_task_run_state"](run, StateCreate(type=StateType.PENDING), force=True))
    assert claimed(store) is None
