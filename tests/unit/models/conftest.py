"""A store on either database, filled by hand: what the models read does not depend on who wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect.schemas.bases import uuid7
from prefect.schemas.states import TERMINAL_STATES, StateType
from prefect.server.database import tables
from prefect.server.database.engine import writing
from prefect.server.database.store import Store, open_store

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def minutes(number: float) -> datetime:
    """So many minutes after T0."""
    return T0 + timedelta(minutes=number)


class Filler:
    """Puts rows into a store, with defaults for what a test does not care about."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def insert(self, table: sa.Table, **values: Any) -> UUID:
        id = values.pop("id", None) or uuid7()
        if "created" in table.c:
            values = {"created": T0, "updated": T0, **values}
        self.connection.execute(table.insert(), {"id": id, **values})
        return id

    def flow(self, name: str = "flow", **values: Any) -> UUID:
        return self.insert(tables.flow, name=name, **values)

    def flow_run(self, flow: UUID, name: str = "run", state: str | None = "Completed", **values: Any) -> UUID:
        return self._run(tables.flow_run, tables.flow_run_state, name, state, flow_id=flow, **values)

    def task_run(
        self, flow_run: UUID | None, name: str = "task", state: str = "Completed", **values: Any
    ) -> UUID:
        values = {"task_key": "key", "dynamic_key": name, "flow_run_id": flow_run, **values}
        return self._run(tables.task_run, tables.task_run_state, name, state, **values)

    def _run(self, table: sa.Table, states: sa.Table, name: str, state: str | None, **values: Any) -> UUID:
        type, _, own_name = (state or "").partition("/")
        message, details = values.pop("message", None), values.pop("details", None)
        projection: dict[str, Any] = {"expected_start_time": T0}
        id, state_id = uuid7(), uuid7()
        if state is not None:
            type = type.upper()
            ended = StateType(type) in TERMINAL_STATES
            projection |= {
                "state_id": state_id,
                "state_type": type,
                "state_name": own_name or type.capitalize(),
                "state_timestamp": minutes(2) if ended else minutes(1),
                "start_time": minutes(1) if ended or type == "RUNNING" else None,
                "end_time": minutes(2) if ended else None,
                "total_run_time": timedelta(minutes=1 if ended else 0),
            }
        self.insert(table, **{**projection, **values, "id": id, "name": name})
        if state is not None:
            row = {**projection, **values}
            self.insert(
                states, id=state_id, type=row["state_type"], name=row["state_name"], message=message,
                timestamp=row["state_timestamp"], state_details=details, **{f"{table.name}_id": id},
            )  # fmt: skip
        return id

    def log(self, message: str, **values: Any) -> UUID:
        values = {"name": "prefect.flow_runs", "level": 20, "timestamp": T0, **values}
        return self.insert(tables.log, message=message, **values)

    def lease(self, kind: str, id: UUID, expires: datetime) -> None:
        row = {"kind": kind, "resource_id": id, "holder": "h|b|1|1", "acquired_at": T0, "expires_at": expires}
        self.connection.execute(tables.lease.insert(), row)

    def count(self, table: sa.Table) -> int:
        return self.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


@pytest.fixture
def engine(store: Store) -> sa.Engine:
    return store.engine


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    with writing(engine) as connection:
        yield connection


@pytest.fixture
def fill(connection: sa.Connection) -> Filler:
    return Filler(connection)
