"""A store of its own for each module, gates that tests open, and time that does not pass."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.settings import get_current_settings
from prefect.testing.utilities import prefect_test_harness

PATIENCE_SECONDS = 60.0
"""Longer than anything takes; whoever waits that long has found a deadlock."""


class Gate:
    """Code that passes stops until the gate is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._reached = threading.Semaphore(0)

    def pass_through(self) -> None:
        self._reached.release()
        assert self._open.wait(PATIENCE_SECONDS), "nobody opened the gate"

    def wait_until_reached(self, times: int = 1) -> None:
        for _ in range(times):
            assert self._reached.acquire(timeout=PATIENCE_SECONDS), "nobody came to the gate"

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


class Recorded:
    """What the store says once everything is written."""

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(Path(get_current_settings().home) / "runs.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def history(self, run_id: UUID) -> list[str]:
        """The names of the states of a flow run or task run."""
        return [
            name
            for kind in ("flow", "task")
            for (name,) in self.rows(
                f"SELECT name FROM {kind}_run_state WHERE {kind}_run_id = ? ORDER BY timestamp", run_id.bytes
            )
        ]

    def task_histories(self, flow_run_id: UUID) -> list[list[str]]:
        query = "SELECT id FROM task_run WHERE flow_run_id = ? ORDER BY id"
        return [self.history(UUID(bytes=id)) for (id,) in self.rows(query, flow_run_id.bytes)]


@pytest.fixture(scope="module")
def store() -> Iterator[Recorded]:
    with prefect_test_harness():
        yield Recorded()


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    clock = VirtualClock()
    with use_clock(clock):
        yield clock
