"""The slot of its deployment's limit that a flow run takes as it is handed out, and gives back as it stops."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.schemas.actions.deployments import DeploymentCreate, DeploymentUpdate
from prefect.schemas.actions.flows import FlowCreate
from prefect.schemas.actions.runs import DeploymentFlowRunCreate
from prefect.schemas.concurrency import ConcurrencyOptions
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State, StateType
from prefect.server.database.holders import HostFacts
from prefect.server.database.store import Store, open_store
from prefect.server.models import transitions
from prefect.server.models.concurrency_slots import take_slots
from prefect.server.models.deploying import create_deployment, update_deployment
from prefect.server.models.deployment_runs import create_run_of_deployment
from prefect.server.models.deployments import read_deployment
from prefect.server.models.flows import register_flow
from prefect.server.models.recovery import reap
from prefect.server.models.transitions import Outcome
from prefect.states import Cancelled, Completed, Crashed, Failed, Paused, Pending, Running, Scheduled

ENQUEUE = ConcurrencyOptions(collision_strategy="ENQUEUE")
CANCEL_NEW = ConcurrencyOptions(collision_strategy="CANCEL_NEW")


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    with use_clock(clock):
        yield clock


class Limited:
    """A deployment with a limit, and its runs."""

    def __init__(self, store: Store, limit: int | None, options: ConcurrencyOptions | None = None) -> None:
        self.store = store
        with store.writing() as connection:
            flow = register_flow(connection, FlowCreate(name="flow"))
            told: dict[str, Any] = {"concurrency_limit": limit, "concurrency_options": options}
            asked = DeploymentCreate(name="d", flow_id=flow.id, **told)
            self.id = create_deployment(connection, asked).id

    def run(self, **told: Any) -> FlowRun:
        with self.store.writing() as connection:
            return create_run_of_deployment(connection, self.id, DeploymentFlowRunCreate(**told))

    def propose(self, run: FlowRun, state: State[Any], **how: Any) -> Outcome:
        return transitions.propose_flow_run_state(self.store.journal, run.id, state, **how)

    def handed_out(self) -> FlowRun:
        """A run that has its slot."""
        run = self.run()
        assert self.propose(run, Pending()).status == "ACCEPT"
        return run

    def running(self) -> FlowRun:
        run = self.handed_out()
        assert self.propose(run, Running()).status == "ACCEPT"
        return run

    @property
    def taken(self) -> int:
        with self.store.reading() as connection:
            limit = read_deployment(connection, self.id).global_concurrency_limit
        assert limit is not None
        return limit.active_slots or 0


@pytest.fixture
def limited(store: Store) -> Any:
    return lambda limit=1, options=None: Limited(store, limit, options)


# --- taking ---------------------------------------------------------------------------------------------


def test_a_run_that_finds_no_slot_is_put_off(limited: Any, clock: VirtualClock) -> None:
    deployment = limited(1, ENQUEUE)
    deployment.handed_out()
    waiting = deployment.run()
    outcome = deployment.propose(waiting, Pending())
    assert outcome.status == "REJECT"
    assert "All 1 concurrency slots of the deployment are taken" in outcome.reason
    assert (outcome.state.type, outcome.state.name) == (StateType.SCHEDULED, "AwaitingConcurrencySlot")
    due = outcome.state.state_details.scheduled_time
    assert timedelta(seconds=29) < due - clock.now() <= timedelta(seconds=30)
    assert deployment.taken == 1


def test_a_run_that_is_handed_out_knows_its_lease(limited: Any) -> None:
    deployment = limited(1)
    run = deployment.run()
    pending = deployment.propose(run, Pending()).state.state_details.deployment_concurrency_lease_id
    running = deployment.propose(run, Running()).state.state_details.deployment_concurrency_lease_id
    assert isinstance(pending, UUID)
    assert pending == running
    assert deployment.taken == 1


def test_a_run_may_be_cancelled_where_it_does_not_fit(limited: Any) -> None:
    deployment = limited(1, CANCEL_NEW)
    deployment.running()
    outcome = deployment.propose(deployment.run(), Pending())
    assert (outcome.status, outcome.state.name) == ("REJECT", "Cancelled")


def test_a_limit_of_0_lets_nothing_start(limited: Any) -> None:
    deployment = limited(0)
    outcome = deployment.propose(deployment.run(), Pending())
    assert outcome.status == "ABORT"
    assert "limit is 0" in outcome.reason


def test_without_a_limit_all_may_start(limited: Any) -> None:
    deployment = limited(None)
    for _ in range(3):
        deployment.running()


def test_a_forced_state_takes_no_slot(limited: Any) -> None:
    deployment = limited(1)
    assert deployment.propose(deployment.run(), Pending(), force=True).status == "ACCEPT"
    assert deployment.taken == 0


def test_steps_of_starting_are_one_slot(limited: Any) -> None:
    deployment = limited(1)
    run = deployment.handed_out()
    for name in ("Submitting", "InfrastructurePending"):
        assert deployment.propose(run, Pending(name=name)).status == "ACCEPT"
    assert deployment.taken == 1


def test_a_limit_that_is_shared_by_name_is_one(limited: Any, store: Store) -> None:
    deployment = limited(2)
    with store.writing() as connection:
        limit = read_deployment(connection, deployment.id).global_concurrency_limit
        assert limit is not None
        take_slots(connection, [limit.name], 1, "concurrency")
    deployment.handed_out()
    assert deployment.propose(deployment.run(), Pending()).state.name == "AwaitingConcurrencySlot"


def test_a_process_that_is_put_off_does_not_begin(limited: Any, store: Store, clock: VirtualClock) -> None:
    deployment = limited(1)
    deployment.running()
    run = deployment.run()
    outcome = deployment.propose(run, Pending(), begin=True)
    assert (outcome.status, outcome.state.name, outcome.attempt) == (
        "REJECT", "AwaitingConcurrencySlot", 0
    )  # fmt: skip
    clock.sleep(3600)
    # it holds nothing whose end would be taken for the run's
    with store.journal.reading() as connection:
        assert reap(connection, clock.now(), nothing_known()) == []


# --- giving back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [Completed, Failed, Crashed, Cancelled, Paused, Scheduled])
def test_whoever_stops_gives_the_slot_back(limited: Any, end: Any) -> None:
    deployment = limited(1)
    run = deployment.running()
    outcome = deployment.propose(run, end())
    assert outcome.status == "ACCEPT"
    assert outcome.state.state_details.deployment_concurrency_lease_id is None
    assert deployment.taken == 0
    deployment.handed_out()


def test_a_forced_end_gives_the_slot_back(limited: Any) -> None:
    deployment = limited(1)
    run = deployment.running()
    deployment.propose(run, Crashed(), force=True)
    assert deployment.taken == 0


def test_a_run_that_retries_in_its_process_keeps_its_slot(limited: Any) -> None:
    deployment = limited(1)
    run = deployment.run(empirical_policy={"retries": 1})
    for state in (Pending(), Running(), Failed()):
        outcome = deployment.propose(run, state)
    assert outcome.state.name == "AwaitingRetry"
    assert deployment.taken == 1
    assert deployment.propose(run, Running()).status == "ACCEPT"
    assert deployment.taken == 1
    deployment.propose(run, Failed())
    assert deployment.taken == 0


def test_a_run_that_nobody_starts_loses_its_slot(limited: Any, clock: VirtualClock) -> None:
    deployment = limited(1, ConcurrencyOptions(collision_strategy="ENQUEUE", grace_period_seconds=60))
    late, other = deployment.handed_out(), deployment.run()
    clock.sleep(61)
    assert deployment.taken == 0
    assert deployment.propose(other, Pending()).status == "ACCEPT"
    outcome = deployment.propose(late, Running())
    assert (outcome.status, outcome.state.name) == ("REJECT", "Cancelled")
    assert "lost its concurrency slot" in outcome.reason


def test_a_run_that_starts_late_takes_its_slot_again_while_one_is_free(
    limited: Any, clock: VirtualClock
) -> None:
    deployment = limited(1)
    run = deployment.handed_out()
    clock.sleep(301)
    assert deployment.propose(run, Running()).status == "ACCEPT"
    assert deployment.taken == 1


def test_a_run_keeps_its_slot_however_long_it_runs(limited: Any, clock: VirtualClock) -> None:
    deployment = limited(1)
    deployment.running()
    clock.sleep(1_000_000)
    assert deployment.taken == 1


def test_a_run_whose_process_is_gone_gives_the_slot_back_once(
    limited: Any, store: Store, clock: VirtualClock
) -> None:
    deployment = limited(1)
    run = deployment.handed_out()
    assert deployment.propose(run, Running(), begin=True).status == "ACCEPT"
    clock.sleep(3600)
    with store.journal.reading() as connection:
        reaped = reap(connection, clock.now(), nothing_known())
    assert [one.id for one in reaped] == [run.id]
    assert deployment.taken == 0
    # another attempt, from outside
    assert deployment.propose(run, Pending()).status == "ACCEPT"
    assert deployment.taken == 1
    deployment.propose(run, Crashed())
    assert deployment.taken == 0


def nothing_known() -> HostFacts:
    return HostFacts(host="elsewhere", boot="b")


def test_a_limit_that_is_taken_away_holds_nobody(limited: Any, store: Store) -> None:
    deployment = limited(1)
    run = deployment.running()
    with store.writing() as connection:
        update_deployment(connection, deployment.id, DeploymentUpdate(concurrency_limit=None))
    deployment.running()
    assert deployment.propose(run, Completed()).status == "ACCEPT"


# --- several servers ------------------------------------------------------------------------------------


def test_servers_give_no_slot_twice(limited: Any, store: Store, store_url: str) -> None:
    deployment = limited(2)
    runs = [deployment.run() for _ in range(8)]
    stores = [open_store(store_url) for _ in range(3)]
    turns = list(enumerate(runs))

    def hand_out(turn: tuple[int, FlowRun]) -> str:
        number, run = turn
        journal = stores[number % len(stores)].journal
        return transitions.propose_flow_run_state(journal, run.id, Pending()).status

    with ThreadPoolExecutor(len(runs)) as pool:
        answers = sorted(pool.map(hand_out, turns))
    for one in stores:
        one.close()
    assert answers == ["ACCEPT"] * 2 + ["REJECT"] * 6
    assert deployment.taken == 2
