"""Block documents: the values of blocks, and which documents stand in the place of a value.

A value `{"$ref": {"block_document_id": …}}` is kept as a reference; who reads the document gets the values of
the other in that place, as they are then. References never lead in a circle. Not here: which values are
secret (`prefect.schemas.block_fields`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists
from prefect.schemas.actions.blocks import BlockDocumentCreate, BlockDocumentUpdate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.block_fields import masked, unmasked
from prefect.schemas.blocks import BlockDocument
from prefect.schemas.filters.blocks import BlockDocumentFilter, BlockSchemaFilter, BlockTypeFilter
from prefect.schemas.sorting import BlockDocumentSort
from prefect.server.database.tables import block_document, block_document_reference, block_schema, block_type
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.block_schemas import read_block_schema, schema_from, type_columns
from prefect.server.models.block_types import SCHEMA_READERS, TYPE_READERS, read_block_type, type_from
from prefect.server.models.criteria import Condition, join, on

_SCHEMA, _TYPE = "schema_", "type_"
_REFERENCE = "$ref"

_DOCUMENT_READERS = {
    "id": on(block_document.c.id),
    "is_anonymous": on(block_document.c.is_anonymous),
    "block_type_id": on(block_document.c.block_type_id),
    "name": on(block_document.c.name),
}
_ORDERS: Mapping[BlockDocumentSort, list[sa.ColumnElement[Any]]] = {
    BlockDocumentSort.NAME_ASC: [block_document.c.name.asc()],
    BlockDocumentSort.NAME_DESC: [block_document.c.name.desc()],
    BlockDocumentSort.BLOCK_TYPE_AND_NAME_ASC: [block_type.c.name.asc(), block_document.c.name.asc()],
}

# --- reading --------------------------------------------------------------------------------------------


def read_block_document(
    connection: sa.Connection, block_document_id: UUID, include_secrets: bool = False
) -> BlockDocument:
    """The document with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    found = _documents(connection, _select().where(block_document.c.id == block_document_id), include_secrets)
    if not found:
        raise absent("block document", block_document_id)
    return found[0]


def read_block_document_by_name(
    connection: sa.Connection, name: str, block_type_slug: str, include_secrets: bool = False
) -> BlockDocument:
    """The document of that name of the type of that slug.

    Raises:
        ObjectNotFound: there is none.
    """
    query = _select().where(block_document.c.name == name, block_type.c.slug == block_type_slug)
    found = _documents(connection, query, include_secrets)
    if not found:
        raise absent_name("block document", f"{block_type_slug}/{name}")
    return found[0]


def read_block_documents(
    connection: sa.Connection,
    wanted: Sequence[Condition],
    sort: BlockDocumentSort,
    include_secrets: bool,
    limit: int,
    offset: int,
) -> list[BlockDocument]:
    """The documents that meet the conditions."""
    query = _select().where(*wanted).order_by(*_ORDERS[sort], block_document.c.id)
    return _documents(connection, query.limit(limit).offset(offset), include_secrets)


def count_block_documents(connection: sa.Connection, wanted: Sequence[Condition]) -> int:
    """How many documents meet the conditions."""
    query = sa.select(sa.func.count()).select_from(_joined()).where(*wanted)
    return connection.execute(query).scalar_one()


def document_conditions(
    documents: BlockDocumentFilter | None,
    types: BlockTypeFilter | None = None,
    schemas: BlockSchemaFilter | None = None,
) -> list[Condition]:
    """What a document must meet to be in the list; without a filter of documents, it has a name of its own."""
    conditions = [join(documents or BlockDocumentFilter(), _DOCUMENT_READERS)]
    if types is not None:
        conditions.append(join(types, TYPE_READERS))
    if schemas is not None:
        conditions.append(join(schemas, SCHEMA_READERS))
    return conditions


def _joined() -> sa.Join:
    with_type = block_document.join(block_type, block_type.c.id == block_document.c.block_type_id)
    return with_type.join(block_schema, block_schema.c.id == block_document.c.block_schema_id)


def _select() -> sa.Select[Any]:
    schema = [column.label(_SCHEMA + column.name) for column in block_schema.c]
    return sa.select(block_document, *type_columns(), *schema).select_from(_joined())


# --- a document with those it refers to -----------------------------------------------------------------


class _Family:
    """Rows of documents, with the rows of all that they refer to, directly or by others."""

    def __init__(self, connection: sa.Connection, rows: Iterable[Any]) -> None:
        self.rows = {row.id: row for row in rows}
        self.references: dict[UUID, dict[str, UUID]] = {}
        frontier = set(self.rows)
        while frontier:
            for row in _references_of(connection, frontier):
                named = self.references.setdefault(row.parent_block_document_id, {})
                named[row.name] = row.reference_block_document_id
            mentioned = {id for parent in frontier for id in self.references.get(parent, {}).values()}
            frontier = mentioned - set(self.rows)
            if frontier:
                found = connection.execute(_select().where(block_document.c.id.in_(list(frontier))))
                self.rows.update((row.id, row) for row in found)

    def values_of(self, id: UUID, include_secrets: bool) -> dict[str, Any]:
        """The values of a document, with those of others in their places."""
        row = self.rows[id]
        values = dict(row.data or {})
        for name, other in self.references.get(id, {}).items():
            values[name] = self.values_of(other, include_secrets)
        if include_secrets:
            return values
        hidden: dict[str, Any] = masked(values, (row.schema_fields or {}).get("secret_fields") or ())
        return hidden

    def references_of(self, id: UUID) -> dict[str, dict[str, Any]]:
        """Which documents stand in which places."""
        return {
            name: {"block_document": self._in_brief(other)}
            for name, other in self.references.get(id, {}).items()
        }

    def _in_brief(self, id: UUID) -> dict[str, Any]:
        row = self.rows[id]
        return {
            "id": id,
            "name": row.name,
            "block_type": type_from(row, _TYPE),
            "is_anonymous": row.is_anonymous,
            "block_document_references": self.references_of(id),
        }


def _references_of(connection: sa.Connection, ids: Iterable[UUID]) -> Sequence[Any]:
    table = block_document_reference
    query = sa.select(table).where(table.c.parent_block_document_id.in_(list(ids)))
    return connection.execute(query).all()


def _documents(
    connection: sa.Connection, query: sa.Select[Any], include_secrets: bool
) -> list[BlockDocument]:
    rows = connection.execute(query).all()
    family = _Family(connection, rows)
    own = [name for name in BlockDocument.model_fields if name in block_document.c]
    return [
        BlockDocument(
            **{
                **{name: getattr(row, name) for name in own},
                "data": family.values_of(row.id, include_secrets),
                "block_document_references": family.references_of(row.id),
                "block_type_name": row.type_name,
                "block_type": type_from(row, _TYPE),
                "block_schema": schema_from(row, _SCHEMA),
            }
        )
        for row in rows
    ]


# --- making and changing --------------------------------------------------------------------------------


def create_block_document(connection: sa.Connection, asked: BlockDocumentCreate) -> BlockDocument:
    """Store the values of a block.

    Raises:
        ObjectAlreadyExists: the type has a document of that name.
        ObjectNotFound: there is no such type, schema, or document that is referred to.
    """
    type = read_block_type(connection, asked.block_type_id)
    read_block_schema(connection, asked.block_schema_id)
    id, moment = uuid7(), now()
    name = asked.name or f"anonymous-{id}"
    taken = sa.select(block_document.c.id).where(
        block_document.c.block_type_id == type.id, block_document.c.name == name
    )
    if connection.execute(taken).first() is not None:
        raise ObjectAlreadyExists(LookupError(f"There is already a block document {type.slug}/{name}."))
    values, references = _parted(asked.data)
    row = {
        "id": id, "created": moment, "updated": moment, "name": name, "data": values,
        "block_type_id": type.id, "block_type_name": type.name, "block_schema_id": asked.block_schema_id,
        "is_anonymous": asked.is_anonymous,
    }  # fmt: skip
    connection.execute(sa.insert(block_document).values(row))
    _refer(connection, id, references)
    return read_block_document(connection, id)


def update_block_document(connection: sa.Connection, id: UUID, asked: BlockDocumentUpdate) -> None:
    """Change the values of a block. Where the mask of a secret comes back, the secret stays.

    Raises:
        ObjectNotFound: there is no such document, schema, or document that is referred to.
        ValueError: it would refer to itself.
    """
    row = connection.execute(sa.select(block_document).where(block_document.c.id == id)).first()
    if row is None:
        raise absent("block document", id)
    stored = row.data or {}
    given, references = _parted(unmasked(asked.data, stored))
    kept = {one.name: one.reference_block_document_id for one in _references_of(connection, [id])}
    if asked.merge_existing_data:
        references = {**{name: other for name, other in kept.items() if name not in given}, **references}
        given = {**{name: value for name, value in stored.items() if name not in references}, **given}
    changes: dict[str, Any] = {"data": given, "updated": now()}
    if asked.block_schema_id is not None:
        changes["block_schema_id"] = read_block_schema(connection, asked.block_schema_id).id
    connection.execute(sa.update(block_document).where(block_document.c.id == id).values(changes))
    if references != kept:
        table = block_document_reference
        connection.execute(sa.delete(table).where(table.c.parent_block_document_id == id))
        _refer(connection, id, references)


def delete_block_document(connection: sa.Connection, block_document_id: UUID) -> None:
    """Delete a document; those that refer to it lose that value.

    Raises:
        ObjectNotFound: there is none.
    """
    query = sa.delete(block_document).where(block_document.c.id == block_document_id)
    if connection.execute(query).rowcount == 0:
        raise absent("block document", block_document_id)


def _parted(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, UUID]]:
    """The values themselves, and the documents that stand in the place of one."""
    values: dict[str, Any] = {}
    references: dict[str, UUID] = {}
    for name, value in data.items():
        if isinstance(value, Mapping) and set(value) == {_REFERENCE}:
            references[name] = _document_meant(name, value[_REFERENCE])
        else:
            values[name] = value
    return values, references


def _document_meant(name: str, reference: Any) -> UUID:
    id = reference.get("block_document_id") if isinstance(reference, Mapping) else None
    try:
        return UUID(str(id))
    except ValueError:
        message = f"The field {name!r} refers to no block document: `$ref.block_document_id` must be an id."
        raise ValueError(message) from None


def _refer(connection: sa.Connection, parent: UUID, references: Mapping[str, UUID]) -> None:
    """Note which documents stand in which places of another."""
    if not references:
        return
    wanted = _select().where(block_document.c.id.in_(list(references.values())))
    family = _Family(connection, connection.execute(wanted))
    missing = [id for id in references.values() if id not in family.rows]
    if missing:
        raise absent("block document", missing[0])
    if parent in family.rows:
        raise ValueError(f"The block document {parent} would refer to itself.")
    moment = now()
    for name, other in references.items():
        row = {"id": uuid7(), "created": moment, "updated": moment, "name": name}
        ids = {"parent_block_document_id": parent, "reference_block_document_id": other}
        connection.execute(sa.insert(block_document_reference).values({**row, **ids}))
