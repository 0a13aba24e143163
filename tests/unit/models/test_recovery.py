"""What is left behind by a dead process is closed, once, with the reason; what lives is left alone."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

import databases
from prefect.schemas.bases import microseconds_since_epoch, uuid7
from prefect.schemas.states import StateType, trusted_details
from prefect.server.database.holders import Holder, HostFacts, this_holder, this_host
from prefect.server.models.leases import Lease, RunFacts, ending, lost_because
from prefect.server.models.recovery import reap

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
START = NOW - timedelta(minutes=10)
DEAD = "here|boot|10|100"
ALIVE = "here|boot|11|110"
ELSEWHERE = "there|boot|10|100"
HERE = HostFacts("here", "boot", {11: "110"}.get)
LATER, EARLIER = NOW + timedelta(seconds=20), NOW - timedelta(seconds=20)


def lease(holder: str, expires: datetime = LATER) -> Lease:
    return Lease("flow_run", b"", holder, expires)


class TestWhoIsLost:
    def test_a_dead_process_of_this_host_at_once(self) -> None:
        assert lost_because(lease(DEAD), NOW, HERE) == "process 10 on host here is gone"

    def test_a_process_number_used_again_is_not_the_holder(self) -> None:
        assert lost_because(lease("here|boot|11|99"), NOW, HERE) == "process 11 on host here is gone"

    def test_a_living_process_keeps_even_an_expired_lease(self) -> None:
        assert lost_because(lease(ALIVE, EARLIER), NOW, HERE) is None

    @pytest.mark.parametrize("holder", [ELSEWHERE, "here|other boot|10|100", "of another form"])
    def test_an_unseen_process_has_until_its_lease_expires(self, holder: str) -> None:
        assert lost_because(lease(holder), NOW, HERE) is None
        reason = lost_because(lease(holder, EARLIER), NOW, HERE)
        assert reason is not None
        assert reason.startswith("lease expired at 2026-01-02T11:59:40Z, ")

    def test_without_start_times_only_expiry_proves_anything(self) -> None:
        here = HostFacts("here", "", {10: ""}.get)
        assert lost_because(lease("here||10|"), NOW, here) is None
        assert lost_because(lease("here||10|", EARLIER), NOW, here) is not None
        assert lost_because(lease("here||12|"), NOW, here) == "process 12 on host here is gone"


class TestThisMachine:
    def test_this_process_is_alive(self) -> None:
        holder = Holder.parse(this_holder())
        assert holder is not None
        assert holder.pid == os.getpid()
        assert this_host().is_alive(holder) is not False

    def test_a_process_that_ended_is_gone(self) -> None:
        here = "from prefect.server.database.holders import this_holder; print(this_holder())"
        ended = subprocess.run([sys.executable, "-c", here], capture_output=True, text=True, check=True)
        holder = Holder.parse(ended.stdout.strip())
        assert holder is not None
        assert this_host().is_alive(holder) is False

    @pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
    def test_a_zombie_is_gone(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", ""])
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        here = this_host()
        assert here.is_alive(Holder(here.host, here.boot, child.pid, "1")) is False
        child.wait()


class TestEnding:
    def end(self, type: StateType, now: datetime = NOW, last_seen: datetime = LATER):  # type: ignore[no-untyped-def]
        return ending(RunFacts(b"", "run", type, START), "why", now, last_seen, trusted_details())

    @pytest.mark.parametrize("type", ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"])
    def test_a_finished_run_never_changes_its_mind(self, type: str) -> None:
        assert self.end(StateType(type)) is None

    @pytest.mark.parametrize("type", ["SCHEDULED", "PENDING", "RUNNING", "PAUSED"])
    def test_an_open_run_crashes(self, type: str) -> None:
        end = self.end(StateType(type))
        assert (end.state.type, end.state.name, end.state.message) == (StateType.CRASHED, "Crashed", "why")
        assert end.ran == (NOW - START if type == "RUNNING" else timedelta(0))

    def test_a_run_being_cancelled_is_cancelled(self) -> None:
        assert self.end(StateType.CANCELLING).state.type is StateType.CANCELLED

    def test_time_after_the_last_sign_of_life_does_not_count(self) -> None:
        end = self.end(StateType.RUNNING, NOW + timedelta(days=3), last_seen=NOW)
        assert (end.end_time, end.ran) == (NOW, NOW - START)
        assert end.state.timestamp == NOW + timedelta(days=3)

    def test_the_clock_set_back_does_not_disorder_states(self) -> None:
        end = self.end(StateType.RUNNING, now=START - timedelta(hours=1))
        assert end.state.timestamp > START
        assert end.ran == timedelta(0)


class Store:
    """A store in memory with runs that are recorded as far as recovery looks at them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def insert(self, table: str, **values: object) -> None:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))

    def flow_run(
        self, name: str, state: str = "RUNNING", parent: UUID | None = None, deployed: bool = False
    ) -> UUID:
        id = uuid7()
        self.insert(
            "flow_run", id=id.bytes, created=0, updated=0, name=name, flow_id=uuid7().bytes, state_type=state,
            state_name=state.title(), state_timestamp=microseconds_since_epoch(START),
            parent_task_run_id=parent and parent.bytes, deployment_id=uuid7().bytes if deployed else None,
        )  # fmt: skip
        return id

    def task_run(self, name: str, flow_run: UUID | None, state: str = "RUNNING") -> UUID:
        id = uuid7()
        self.insert(
            "task_run", id=id.bytes, created=0, updated=0, name=name, task_key="k", dynamic_key=name,
            flow_run_id=flow_run and flow_run.bytes, state_type=state, state_name=state.title(),
            state_timestamp=microseconds_since_epoch(START),
        )  # fmt: skip
        return id

    def lease(self, kind: str, run: UUID, holder: str, expires: datetime = LATER) -> None:
        self.insert(
            "lease", kind=kind, resource_id=run.bytes, holder=holder, attempt=1, acquired_at=0,
            expires_at=microseconds_since_epoch(expires),
        )  # fmt: skip

    def states(self, kind: str) -> dict[str, str]:
        return dict(self.connection.execute(f"SELECT name, state_type FROM {kind}").fetchall())

    def leases(self) -> int:
        return int(self.connection.execute("SELECT count(*) FROM lease").fetchone()[0])


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    connections = databases.connections(store_url)
    with connections.taken() as connection:
        yield Store(connection)
    connections.close()


class TestReap:
    def test_nothing_lost_means_nothing_written(self, store: Store) -> None:
        store.lease("flow_run", store.flow_run("lives"), ALIVE)
        said: list[str] = []
        execute = store.connection.execute

        class Listener:
            def execute(self, sql: str, *values: Any) -> Any:
                said.append(sql)
                return execute(sql, *values)

        assert reap(Listener(), NOW, HERE) == []
        assert [one.split()[0] for one in said] == ["SELECT"]

    def test_a_flow_run_its_open_task_runs_and_its_lease(self, store: Store) -> None:
        flow_run = store.flow_run("lost")
        store.task_run("done", flow_run, "COMPLETED")
        store.task_run("busy", flow_run)
        store.lease("flow_run", flow_run, DEAD)

        reaped = reap(store.connection, NOW, HERE)

        assert [(one.kind, one.name) for one in reaped] == [("flow_run", "lost"), ("task_run", "busy")]
        assert reaped[0].state.message == "Process 10 on host here is gone."
        assert reaped[1].state.message == "Its flow run crashed: process 10 on host here is gone."
        assert store.states("flow_run") == {"lost": "CRASHED"}
        assert store.states("task_run") == {"done": "COMPLETED", "busy": "CRASHED"}
        assert store.leases() == 0

    def test_the_run_points_at_its_last_state_and_its_times_are_closed(self, store: Store) -> None:
        flow_run = store.flow_run("lost")
        store.lease("flow_run", flow_run, DEAD)
        reap(store.connection, NOW, HERE)
        row = store.connection.execute(
            "SELECT s.type, s.name, s.timestamp = r.state_timestamp, r.end_time, r.total_run_time "
            "FROM flow_run r JOIN flow_run_state s ON s.flow_run_id = r.id AND s.id = r.state_id"
        ).fetchone()
        assert row == ("CRASHED", "Crashed", 1, microseconds_since_epoch(NOW), 600_000_000)

    def test_a_subflow_ends_with_its_parent_and_with_the_task_run_that_stands_for_it(
        self, store: Store
    ) -> None:
        parent = store.flow_run("parent")
        placeholder = store.task_run("placeholder", parent)
        child = store.flow_run("child", parent=placeholder)
        store.task_run("inner", child)
        store.lease("flow_run", parent, DEAD)
        store.lease("flow_run", child, DEAD)

        reap(store.connection, NOW, HERE)

        assert set(store.states("flow_run").values()) == {"CRASHED"}
        assert set(store.states("task_run").values()) == {"CRASHED"}
        rows = store.connection.execute(
            "SELECT state_details FROM task_run_state WHERE task_run_id = ?", (placeholder.bytes,)
        ).fetchall()
        assert [json.loads(details) for (details,) in rows] == [{"child_flow_run_id": str(child)}]

    @pytest.mark.parametrize("deployed", [True, False])
    def test_a_child_run_elsewhere_goes_on_and_so_does_its_placeholder(
        self, store: Store, deployed: bool
    ) -> None:
        parent = store.flow_run("parent")
        placeholder = store.task_run("placeholder", parent)
        child = store.flow_run("child", parent=placeholder, deployed=deployed)
        if not deployed:
            store.lease("flow_run", child, ELSEWHERE)
        store.lease("flow_run", parent, DEAD)

        reap(store.connection, NOW, HERE)

        assert store.states("flow_run") == {"parent": "CRASHED", "child": "RUNNING"}
        assert store.states("task_run") == {"placeholder": "RUNNING"}
        assert store.leases() == (0 if deployed else 1)

    def test_a_task_run_outside_a_flow(self, store: Store) -> None:
        task_run = store.task_run("lone", None)
        store.lease("task_run", task_run, ELSEWHERE, EARLIER)
        [reaped] = reap(store.connection, NOW, HERE)
        assert (reaped.kind, reaped.id, reaped.state.type) == ("task_run", task_run, StateType.CRASHED)
        assert "has not renewed it" in (reaped.state.message or "")

    def test_a_lease_left_on_a_finished_run_is_just_dropped(self, store: Store) -> None:
        store.lease("flow_run", store.flow_run("done", "COMPLETED"), DEAD)
        store.lease("flow_run", uuid7(), DEAD)
        assert reap(store.connection, NOW, HERE) == []
        assert store.states("flow_run") == {"done": "COMPLETED"}
        assert store.leases() == 0

    def test_reaping_again_finds_nothing(self, store: Store) -> None:
        store.lease("flow_run", store.flow_run("lost"), DEAD)
        assert len(reap(store.connection, NOW, HERE)) == 1
        assert reap(store.connection, NOW + timedelta(hours=1), HERE) == []

    @pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
    @pytest.mark.parametrize("undoing", ["ABORT", "ROLLBACK"])
    def test_all_or_nothing(self, store: Store, undoing: str) -> None:
        flow_run = store.flow_run("lost")
        store.task_run("busy", flow_run)
        store.lease("flow_run", flow_run, DEAD)
        store.connection.execute(
            f"CREATE TRIGGER full BEFORE DELETE ON lease BEGIN SELECT raise({undoing}, 'no space'); END"
        )
        with pytest.raises(sqlite3.IntegrityError, match="no space"):
            reap(store.connection, NOW, HERE)
        assert store.states("flow_run") == {"lost": "RUNNING"}
        assert store.states("task_run") == {"busy": "RUNNING"}
        assert not store.connection.in_transaction
