"""An isolated store, eyes on it, and one warm pool of processes for a flow."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from prefect.settings import get_current_settings
from prefect.testing.utilities import prefect_test_harness


class Recorded:
    """What the store says once everything is written."""

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(Path(get_current_settings().home) / "runs.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def history(self, task_run_id: UUID) -> list[str]:
        query = "SELECT name FROM task_run_state WHERE task_run_id = ? ORDER BY timestamp"
        return [name for (name,) in self.rows(query, task_run_id.bytes)]

    def message(self, task_run_id: UUID) -> str:
        query = "SELECT message FROM task_run_state WHERE task_run_id = ? ORDER BY timestamp DESC LIMIT 1"
        return str(self.rows(query, task_run_id.bytes)[0][0])


@pytest.fixture
def store() -> Iterator[Recorded]:
    with prefect_test_harness():
        yield Recorded()
