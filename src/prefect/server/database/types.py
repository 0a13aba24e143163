"""Column types that are stored small and exactly on SQLite, and natively on PostgreSQL.

| type        | Python              | SQLite                              | PostgreSQL               |
|-------------|---------------------|-------------------------------------|--------------------------|
| `Uuid`      | `uuid.UUID`         | BLOB, 16 bytes                      | UUID                     |
| `Timestamp` | aware `datetime`    | INTEGER, microseconds since 1970    | TIMESTAMP WITH TIME ZONE |
| `Duration`  | `timedelta`         | INTEGER, microseconds               | BIGINT, microseconds     |
| `Json`      | what JSON can say   | TEXT                                | JSONB                    |
| `ExactJson` | the same            | TEXT                                | JSON                     |

`server/database/journal.py` writes the SQLite forms by hand; the two must agree.
Not here: the tables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from prefect.schemas.bases import microseconds_since_epoch, uuid_from_int

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def from_microseconds(microseconds: int) -> datetime:
    """The moment (UTC) so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=microseconds)


def uuid_from_bytes(value: bytes | None) -> UUID | None:
    """The UUID that SQLite keeps as 16 bytes."""
    return None if value is None else uuid_from_int(int.from_bytes(value, "big"))


def moment_from_microseconds(value: int | None) -> datetime | None:
    """The moment that SQLite keeps as a number."""
    return None if value is None else EPOCH + timedelta(0, 0, value)


def _span_from_microseconds(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(0, 0, value)


class _PlainOnSqlite(TypeDecorator[T]):
    """A type that is read by one function call on SQLite: the decorator's own way costs three, for each value."""

    cache_ok = True
    _from_sqlite: Callable[[Any], T | None]

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        if dialect.name == "sqlite":
            return type(self)._from_sqlite
        return super().result_processor(dialect, coltype)


class Uuid(_PlainOnSqlite[UUID]):
    """A UUID; 16 bytes on SQLite, so that a version 7 UUID sorts by time there too."""

    impl = sa.LargeBinary
    cache_ok = True
    _from_sqlite = staticmethod(uuid_from_bytes)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            # here, so that commands on SQLite need not load it
            from sqlalchemy.dialects import postgresql

            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        return dialect.type_descriptor(sa.LargeBinary(16))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        uuid = value if isinstance(value, UUID) else UUID(str(value))
        return uuid if dialect.name == "postgresql" else uuid.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        if value is None or isinstance(value, UUID):
            return value
        return UUID(bytes=value)


class Timestamp(_PlainOnSqlite[datetime]):
    """An aware moment, to the microsecond. Read back in UTC."""

    impl = sa.Integer
    cache_ok = True
    _from_sqlite = staticmethod(moment_from_microseconds)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects import postgresql

            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.Integer())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        # users write filters by hand: a moment without a zone is meant in UTC, as everything that is stored
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return moment if dialect.name == "postgresql" else microseconds_since_epoch(moment)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return from_microseconds(value)


class Duration(_PlainOnSqlite[timedelta]):
    """A length of time, in microseconds."""

    impl = sa.BigInteger
    cache_ok = True
    _from_sqlite = staticmethod(_span_from_microseconds)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Integer())

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        # PostgreSQL sums whole numbers into a Decimal
        return None if value is None else timedelta(microseconds=int(value))


class Json(TypeDecorator[Any]):
    """Anything JSON can say; None is stored as SQL NULL.

    NaN and infinities become null, because PostgreSQL's JSONB has no word for them.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects import postgresql

            return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        try:
            return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
        except orjson.JSONEncodeError as error:
            if "64-bit" in str(error):
                # a value that the store cannot hold, not a defect of ours
                raise OverflowError(str(error)) from None
            raise

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            # the journal writes with `json`, which has words for NaN and infinities
            return json.loads(value)


class ExactJson(Json):
    """JSON that is given back as it was written, for what people's programs go on with.

    JSONB orders the keys of objects, writes 1e22 as a whole number and cannot say NUL; it is searched, this is not.
    """

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects import postgresql

            return dialect.type_descriptor(postgresql.JSON(none_as_null=True))
        return dialect.type_descriptor(sa.Text())
