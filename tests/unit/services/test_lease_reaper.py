"""Runs of processes that do not renew their leases: when they are ended, and who is given time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.schemas.bases import uuid7
from prefect.schemas.operations import OPERATIONS
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State, StateType
from prefect.server.database.holders import HostFacts
from prefect.server.database.store import Store, open_store
from prefect.server.operations import do
from prefect.server.services.lease_reaper import LeaseReaper

ELSEWHERE = "elsewhere|boot|7|7"
HERE = "here|boot|8|8"


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with use_clock(VirtualClock()) as clock:
        assert isinstance(clock, VirtualClock)
        yield clock


@pytest.fixture
def store(store_url: str, clock: VirtualClock) -> Iterator[Store]:
    opened = open_store(store_url, holder="server|boot|9|9")
    yield opened
    opened.close()


def ask(store: Store, name: str, **arguments: Any) -> Any:
    return do(store, OPERATIONS[name](**arguments))


def run_of(store: Store, holder: str) -> UUID:
    """A flow run under a lease of 30 seconds."""
    run = FlowRun(id=uuid7(), name="run", flow_id=uuid7())
    state = State[Any](type=StateType.RUNNING, name="Running")
    ask(store, "begin_flow_run", flow_run=run, state=state, flow_name="flow", holder=holder)
    return run.id


def state_of(store: Store, run_id: UUID) -> Any:
    return ask(store, "read_flow_run", flow_run_id=run_id).state


def reaper(store: Store) -> LeaseReaper:
    """The service, on a host where process 8 is gone."""
    return LeaseReaper(store, 30.0, HostFacts("here", "boot", lambda pid: None))


def test_a_run_is_ended_when_its_process_does_not_renew_the_lease(store: Store, clock: VirtualClock) -> None:
    run_id, service = run_of(store, ELSEWHERE), reaper(store)
    clock.sleep(20)
    service.step()
    assert state_of(store, run_id).is_running()
    clock.sleep(31)
    assert service.step() > 0
    state = state_of(store, run_id)
    assert state.is_crashed()
    assert "has not renewed it" in state.message


def test_a_run_goes_on_while_its_lease_is_renewed(store: Store, clock: VirtualClock) -> None:
    run_id, service = run_of(store, ELSEWHERE), reaper(store)
    for _ in range(5):
        clock.sleep(20)
        assert ask(store, "renew_leases", holder=ELSEWHERE) == [run_id]
        service.step()
    assert state_of(store, run_id).is_running()


def test_a_run_whose_process_is_seen_to_be_gone_is_ended_at_once(store: Store) -> None:
    run_id = run_of(store, HERE)
    reaper(store).step()
    state = state_of(store, run_id)
    assert state.is_crashed()
    assert "is gone" in state.message


def test_after_a_time_without_server_everybody_has_time_to_renew(store: Store, clock: VirtualClock) -> None:
    run_id = run_of(store, ELSEWHERE)
    clock.sleep(3_600)
    service = reaper(store)
    service.step()
    clock.sleep(20)
    service.step()
    assert state_of(store, run_id).is_running()
    clock.sleep(11)
    service.step()
    assert state_of(store, run_id).is_crashed()
