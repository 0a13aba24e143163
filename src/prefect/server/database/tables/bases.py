"""The metadata all tables share, and the columns they have in common.

Every SQLite table is WITHOUT ROWID: the key is 16 bytes and ordered by time, so the table itself is the index
a row is found by. Not here: any table.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.schema import SchemaItem

from prefect.server.database.types import Timestamp, Uuid

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s__%(column_0_N_name)s",
        "uq": "uq_%(table_name)s__%(column_0_N_name)s",
        "fk": "fk_%(table_name)s__%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *items: SchemaItem) -> sa.Table:
    """A table of the store."""
    return sa.Table(name, metadata, *items, sqlite_with_rowid=False)


def stored(name: str, *items: SchemaItem) -> sa.Table:
    """A table of stored nouns: identifier, times of creation and last change, then its own columns."""
    return table(
        name,
        sa.Column("id", Uuid, primary_key=True, nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.Column("updated", Timestamp, nullable=False),
        *items,
    )


def text(name: str, *constraints: SchemaItem, required: bool = False) -> sa.Column[str]:
    """A column of text."""
    return sa.Column(name, sa.Text, *constraints, nullable=not required)


def count(name: str, default: int | None = 0) -> sa.Column[int]:
    """A column of whole numbers; with default None it may be absent."""
    if default is None:
        return sa.Column(name, sa.Integer, nullable=True)
    return sa.Column(name, sa.Integer, nullable=False, server_default=sa.text(str(default)))


def flag(name: str, default: bool) -> sa.Column[bool]:
    """A column of yes or no."""
    literal = sa.true() if default else sa.false()
    return sa.Column(name, sa.Boolean, nullable=False, server_default=literal)


def reference(name: str, target: str, on_delete: str = "CASCADE", required: bool = True) -> sa.Column[Any]:
    """A column with the id of a row of `target`, enforced; see `tables` for where references are enforced."""
    key = sa.ForeignKey(f"{target}.id", ondelete=on_delete)
    return sa.Column(name, Uuid, key, nullable=not required)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index over the rows that meet a condition only: the others cost nothing."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, info={"where": condition})


def list_index(
    name: str,
    *columns: str,
    made_of: tuple[str, ...] = (),
    where: str | None = None,
    nulls_first: str | None = None,
) -> sa.Index:
    """An index that a list is found in alone, whatever its length: it is ordered by the columns, then by id.

    Args:
        columns: texts that are no name of a column are taken as SQL.
        made_of: the columns that such texts speak of. Both databases take an expression's value from an
            index only if all that it is made of is there.
        where: only rows that meet it.
        nulls_first: in this column rows without a value come first, as they do on SQLite anyway.
    """
    parts = [sa.text(one) if "(" in one else one for one in columns]
    condition = None if where is None else sa.text(where)
    info: dict[str, Any] = {} if condition is None else {"where": condition}
    if nulls_first is not None:
        info["ops"] = {nulls_first: "NULLS FIRST"}
    return sa.Index(name, *parts, "id", *made_of, sqlite_where=condition, info=info)


@compiles(CreateIndex, "postgresql")
def _create_index_on_postgresql(create: CreateIndex, compiler: Any, **options: Any) -> str:
    """What concerns this dialect is given to it here: giving it above would load it on SQLite, too."""
    index: sa.Index = create.element
    for option in index.info.keys() & {"where", "ops"}:
        index.dialect_options["postgresql"][option] = index.info[option]
    return str(compiler.visit_create_index(create, **options))
