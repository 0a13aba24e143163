"""Sums of moments and durations in SQL, in the words of each database.

Not here: the columns' types (`server/database/types`).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from prefect.server.database.types import Timestamp


class plus_seconds(FunctionElement[Any]):
    """A moment so many seconds later: `plus_seconds(moment, seconds)`."""

    type = Timestamp()
    inherit_cache = True


class microseconds_between(FunctionElement[int]):
    """How long after the first moment the second is: `microseconds_between(earlier, later)`."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(microseconds_between)
def _microseconds_between(element: Any, compiler: Any, **kwargs: Any) -> str:
    earlier, later = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"({later} - {earlier})"


@compiles(microseconds_between, "postgresql")
def _microseconds_between_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    earlier, later = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"CAST(extract(epoch FROM ({later} - {earlier})) * 1000000 AS BIGINT)"


@compiles(plus_seconds)
def _plus_seconds(element: Any, compiler: Any, **kwargs: Any) -> str:
    moment, seconds = (compiler.process(clause, **kwargs) for clause in element.clauses)
    # stored as microseconds since 1970
    return f"({moment} + ({seconds}) * 1000000)"


@compiles(plus_seconds, "postgresql")
def _plus_seconds_postgresql(element: Any, compiler: Any, **kwargs: Any) -> str:
    moment, seconds = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"({moment} + ({seconds}) * interval '1 second')"
