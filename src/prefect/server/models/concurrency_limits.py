"""Concurrency limits, by tag and by name, and how many of their slots are taken now.

Not here: taking and giving back slots, and what counts as taken (`concurrency_slots`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists
from prefect.schemas.actions.concurrency import ConcurrencyLimitCreate, GlobalConcurrencyLimitCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.concurrency import ConcurrencyLimit, GlobalConcurrencyLimit
from prefect.server.database.tables import (
    concurrency_lease,
    concurrency_limit,
    concurrency_limit_v2,
    concurrency_slot,
)
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.concurrency_slots import set_slots, slots_in_use, whole_slots
from prefect.server.models.slot_leases import held_slots
from prefect.server.models.tag_slots import give_back_tag_slots, hold_tag_slots

# --- by tag ---------------------------------------------------------------------------------------------


def create_tag_limit(connection: sa.Connection, asked: ConcurrencyLimitCreate) -> ConcurrencyLimit:
    """Limit the task runs with a tag; a limit that is there is changed."""
    table, moment = concurrency_limit, now()
    values = {"concurrency_limit": asked.concurrency_limit, "updated": moment}
    changed = sa.update(table).where(table.c.tag == asked.tag).values(values)
    if connection.execute(changed).rowcount == 0:
        row = {"id": uuid7(), "created": moment, "tag": asked.tag, **values}
        connection.execute(sa.insert(table).values(row))
    return read_tag_limit(connection, asked.tag)


def read_tag_limit(connection: sa.Connection, tag: str) -> ConcurrencyLimit:
    """The limit on a tag, with the runs that take its slots.

    Raises:
        ObjectNotFound: there is none.
    """
    table = concurrency_limit
    row = connection.execute(sa.select(table).where(table.c.tag == tag)).first()
    if row is None:
        raise absent_name("concurrency limit of the tag", tag)
    return _tag_limits(connection, [row])[0]


def read_tag_limits(connection: sa.Connection, limit: int, offset: int) -> list[ConcurrencyLimit]:
    """The limits on tags, by tag."""
    table = concurrency_limit
    query = sa.select(table).order_by(table.c.tag).limit(limit).offset(offset)
    return _tag_limits(connection, list(connection.execute(query)))


def read_tag_limit_by_id(connection: sa.Connection, id: UUID) -> ConcurrencyLimit:
    """The limit with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    row = connection.execute(sa.select(concurrency_limit).where(concurrency_limit.c.id == id)).first()
    if row is None:
        raise absent("concurrency limit", id)
    return _tag_limits(connection, [row])[0]


def delete_tag_limit(connection: sa.Connection, tag: str) -> None:
    """Take the limit on a tag away.

    Raises:
        ObjectNotFound: there is none.
    """
    id = read_tag_limit(connection, tag).id
    give_back_tag_slots(connection, [id], None)
    connection.execute(sa.delete(concurrency_limit).where(concurrency_limit.c.id == id))


def reset_tag_limit(connection: sa.Connection, tag: str, holders: Collection[UUID]) -> None:
    """Let these task runs hold the slots of the limit on a tag, and nobody else.

    Raises:
        ObjectNotFound: there is no such limit.
    """
    id = read_tag_limit(connection, tag).id
    give_back_tag_slots(connection, [id], None)
    hold_tag_slots(connection, id, set(holders))


def _tag_limits(connection: sa.Connection, rows: list[Any]) -> list[ConcurrencyLimit]:
    holders: dict[UUID, list[UUID]] = {row.id: [] for row in rows}
    query = sa.select(concurrency_slot.c.limit_id, concurrency_lease.c.holder_id)
    for id, holder in connection.execute(held_slots(query, list(holders))):
        if holder is not None:
            holders[id].append(holder)
    return [ConcurrencyLimit(**row._mapping, active_slots=holders[row.id]) for row in rows]


# --- by name --------------------------------------------------------------------------------------------


def create_global_limit(
    connection: sa.Connection, asked: GlobalConcurrencyLimitCreate
) -> GlobalConcurrencyLimit:
    """Make a limit known by its name.

    Raises:
        ObjectAlreadyExists: there is one of that name.
    """
    table, moment = concurrency_limit_v2, now()
    _must_be_free(connection, asked.name)
    told = asked.model_dump(exclude={"active_slots"}, exclude_none=True)
    row = {"id": uuid7(), "created": moment, "updated": moment, **told}
    made = connection.execute(sa.insert(table).values(row).returning(table)).one()
    if asked.active_slots:
        set_slots(connection, made, asked.active_slots)
    return read_global_limit(connection, asked.name)


def read_global_limit(connection: sa.Connection, id_or_name: UUID | str) -> GlobalConcurrencyLimit:
    """The limit of that id or name.

    Raises:
        ObjectNotFound: there is none.
    """
    query = sa.select(concurrency_limit_v2).where(_known_as(id_or_name))
    row = connection.execute(query).first()
    if row is None:
        raise _unknown(id_or_name)
    return global_limits_from(connection, [row])[0]


def read_global_limits(connection: sa.Connection, limit: int, offset: int) -> list[GlobalConcurrencyLimit]:
    """The limits by name."""
    table = concurrency_limit_v2
    query = sa.select(table).order_by(table.c.name).limit(limit).offset(offset)
    return global_limits_from(connection, list(connection.execute(query)))


def update_global_limit(
    connection: sa.Connection, id_or_name: UUID | str, changes: Mapping[str, Any]
) -> None:
    """Change fields of a limit (`changes`: by their names).

    `active_slots` says how many are in use from now on: whoever held slots holds them no more.

    Raises:
        ObjectNotFound: there is no such limit.
        ObjectAlreadyExists: another has the new name.
    """
    told = {name: value for name, value in changes.items() if value is not None}
    slots, table = told.pop("active_slots", None), concurrency_limit_v2
    row = connection.execute(sa.select(table).where(_known_as(id_or_name))).first()
    if row is None:
        raise _unknown(id_or_name)
    if told.get("name", row.name) != row.name:
        _must_be_free(connection, told["name"])
    query = sa.update(table).where(table.c.id == row.id).values({**told, "updated": now()})
    changed = connection.execute(query.returning(table)).one()
    if slots is not None:
        set_slots(connection, changed, slots)


def delete_global_limit(connection: sa.Connection, id_or_name: UUID | str) -> None:
    """Take a limit away.

    Raises:
        ObjectNotFound: there is no such limit.
    """
    table = concurrency_limit_v2
    row = connection.execute(sa.select(table).where(_known_as(id_or_name))).first()
    if row is None:
        raise _unknown(id_or_name)
    _delete_limit(connection, row)


def _delete_limit(connection: sa.Connection, row: Any) -> None:
    set_slots(connection, row, 0)
    table = concurrency_limit_v2
    connection.execute(sa.delete(table).where(table.c.id == row.id))


def own_limit_name(deployment_id: UUID) -> str:
    """The name of the limit that is a deployment's own."""
    return f"deployment:{deployment_id}"


def delete_own_limits(connection: sa.Connection, deployment_ids: Collection[UUID]) -> None:
    """Take the limits away that are these deployments' own, where they have one."""
    table, names = concurrency_limit_v2, [own_limit_name(id) for id in deployment_ids]
    for row in connection.execute(sa.select(table).where(table.c.name.in_(names))).all():
        _delete_limit(connection, row)


def global_limits_from(connection: sa.Connection, rows: list[Any]) -> list[GlobalConcurrencyLimit]:
    """Rows of `concurrency_limit_v2` as nouns, each with its slots taken now."""
    used = slots_in_use(connection, rows)
    names = set(GlobalConcurrencyLimit.model_fields) - {"active_slots"}
    return [
        GlobalConcurrencyLimit(
            **{name: getattr(row, name) for name in names}, active_slots=whole_slots(used, row.id)
        )
        for row in rows
    ]


def _must_be_free(connection: sa.Connection, name: str) -> None:
    table = concurrency_limit_v2
    if connection.execute(sa.select(table.c.id).where(table.c.name == name)).first() is not None:
        raise ObjectAlreadyExists(LookupError(f"There is already a concurrency limit named {name!r}."))


def _known_as(id_or_name: UUID | str) -> sa.ColumnElement[bool]:
    table = concurrency_limit_v2
    return table.c.id == id_or_name if isinstance(id_or_name, UUID) else table.c.name == id_or_name


def _unknown(id_or_name: UUID | str) -> Exception:
    noun = "concurrency limit"
    return absent(noun, id_or_name) if isinstance(id_or_name, UUID) else absent_name(noun, id_or_name)
