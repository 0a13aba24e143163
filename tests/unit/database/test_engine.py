"""SQLAlchemy over the same file: types come back as they went in, readers and writers leave each other be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from prefect.exceptions import StoreCorruptError, StoreReadOnlyError
from prefect.schemas.bases import uuid7
from prefect.server.database.engine import reading, sqlite_engine, writing
from prefect.server.database.opening import memory_location, open_sqlite
from prefect.server.database.tables import deployment, deployment_schedule, flow
from prefect.server.database.types import Duration, Json, Timestamp, Uuid

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SQLITE = sqlite.dialect()
POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prefect.db"


@pytest.fixture
def engine(path: Path) -> Iterator[sa.Engine]:
    open_sqlite(path).close()
    engine = sqlite_engine(path)
    yield engine
    engine.dispose()


def row(name: str) -> dict[str, object]:
    return {"id": uuid7(), "created": NOW, "updated": NOW, "name": name}


class TestTypes:
    @given(st.uuids())
    def test_a_uuid_is_sixteen_bytes(self, value: UUID) -> None:
        stored = Uuid().process_bind_param(value, SQLITE)
        assert stored == value.bytes
        assert Uuid().process_result_value(stored, SQLITE) == value

    @given(st.datetimes(timezones=st.timezones()))
    def test_a_moment_is_exact_and_comes_back_in_utc(self, value: datetime) -> None:
        stored = Timestamp().process_bind_param(value, SQLITE)
        assert isinstance(stored, int)
        back = Timestamp().process_result_value(stored, SQLITE)
        assert back == value.astimezone(UTC)
        assert back.tzinfo is UTC

    def test_a_moment_without_a_zone_is_in_utc(self) -> None:
        naive = NOW.replace(tzinfo=None)
        for dialect in (SQLITE, POSTGRESQL):
            assert Timestamp().process_bind_param(naive, dialect) == Timestamp().process_bind_param(
                NOW, dialect
            )

    def test_postgresql_gets_moments_and_uuids_as_they_are(self) -> None:
        id = uuid7()
        east = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5)))
        assert Uuid().process_bind_param(id, POSTGRESQL) is id
        assert Timestamp().process_bind_param(east, POSTGRESQL) is east
        assert Timestamp().process_result_value(east, POSTGRESQL).tzinfo is UTC  # type: ignore[union-attr]

    @given(st.timedeltas())
    def test_a_duration_is_exact(self, value: timedelta) -> None:
        stored = Duration().process_bind_param(value, SQLITE)
        assert Duration().process_result_value(stored, SQLITE) == value

    @given(json_values)
    def test_json_comes_back_equal(self, value: object) -> None:
        stored = Json().process_bind_param(value, SQLITE)
        assert Json().process_result_value(stored, SQLITE) == value

    def test_the_words_of_the_json_module_for_no_number_are_read(self) -> None:
        assert Json().process_result_value('{"a":Infinity}', SQLITE) == {"a": float("inf")}

    def test_a_number_that_json_cannot_hold_is_refused(self) -> None:
        with pytest.raises(OverflowError, match="64-bit"):
            Json().process_bind_param({"a": 10**30}, SQLITE)


class TestTransactions:
    def test_what_is_written_is_kept(self, engine: sa.Engine) -> None:
        with writing(engine) as connection:
            connection.execute(flow.insert(), row("kept"))
        with reading(engine) as connection:
            assert connection.execute(sa.select(flow.c.name)).scalars().all() == ["kept"]

    def test_an_error_undoes_the_whole_block(self, engine: sa.Engine) -> None:
        with pytest.raises(KeyError), writing(engine) as connection:
            connection.execute(flow.insert(), row("gone"))
            raise KeyError
        with reading(engine) as connection:
            assert connection.execute(sa.select(flow.c.name)).scalars().all() == []

    def test_a_reader_sees_one_moment_and_blocks_no_writer(self, engine: sa.Engine) -> None:
        names = sa.select(flow.c.name)
        with reading(engine) as reader:
            assert reader.execute(names).scalars().all() == []
            with writing(engine) as writer:
                writer.execute(flow.insert(), row("new"))
            assert reader.execute(names).scalars().all() == []
        with reading(engine) as reader:
            assert reader.execute(names).scalars().all() == ["new"]

    def test_a_writer_takes_the_lock_before_it_reads(self, engine: sa.Engine, path: Path) -> None:
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with writing(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")

    def test_a_connection_that_wrote_goes_back_to_reading(self, engine: sa.Engine, path: Path) -> None:
        with writing(engine):
            pass
        with reading(engine) as connection:
            connection.execute(sa.select(flow.c.name)).all()
            sqlite3.connect(path, timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")

    def test_references_are_enforced(self, engine: sa.Engine) -> None:
        parent, child = row("flow"), row("deployment")
        with writing(engine) as connection:
            connection.execute(flow.insert(), parent)
            connection.execute(deployment.insert(), {**child, "flow_id": parent["id"]})
            schedule = {"id": uuid7(), "created": NOW, "updated": NOW, "schedule": {"interval": 60}}
            connection.execute(deployment_schedule.insert(), {**schedule, "deployment_id": child["id"]})
            connection.execute(flow.delete())
            assert connection.execute(sa.select(deployment_schedule.c.id)).all() == []
        with pytest.raises(sa.exc.IntegrityError), writing(engine) as connection:
            connection.execute(deployment.insert(), {**row("orphan"), "flow_id": uuid7()})


class TestInMemory:
    def test_an_engine_sees_the_store_of_its_location(self) -> None:
        location = memory_location()
        plain = open_sqlite(location)
        plain.execute("INSERT INTO flow (id, created, updated, name) VALUES (x'01', 1, 1, 'seen')")
        with reading(sqlite_engine(location)) as connection:
            assert connection.execute(sa.select(flow.c.name)).scalars().all() == ["seen"]

    def test_a_private_store_has_no_engine(self) -> None:
        with pytest.raises(ValueError, match="memory_location"):
            sqlite_engine(":memory:")


class TestTrouble:
    def test_a_file_that_is_no_database(self, path: Path) -> None:
        path.write_text("dear diary, " * 1000)
        with pytest.raises(StoreCorruptError), reading(sqlite_engine(path)) as connection:
            connection.execute(sa.select(flow.c.name))

    def test_trouble_in_a_statement_is_named_too(self, engine: sa.Engine) -> None:
        with pytest.raises(StoreReadOnlyError), writing(engine) as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.execute(flow.insert(), row("refused"))
