"""Blocks over a store: types, schemas, documents, references between them, and secrets."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, ProtectedBlockError
from prefect.schemas.actions.blocks import (
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockTypeCreate,
)
from prefect.schemas.block_fields import MASK
from prefect.schemas.filters.blocks import (
    BlockDocumentFilter,
    BlockDocumentFilterIsAnonymous,
    BlockSchemaFilter,
    BlockSchemaFilterCapabilities,
    BlockTypeFilter,
    BlockTypeFilterName,
    BlockTypeFilterSlug,
)
from prefect.schemas.sorting import BlockDocumentSort
from prefect.server.database import tables
from prefect.server.models import block_documents, block_schemas, block_types, system_blocks

FIELDS: dict[str, Any] = {"type": "object", "properties": {}, "secret_fields": ["pw", "deep.pw"]}


@pytest.fixture
def kind(connection: sa.Connection) -> Any:
    return block_types.create_block_type(connection, BlockTypeCreate(name="Kind", slug="kind"))


@pytest.fixture
def schema(connection: sa.Connection, kind: Any) -> Any:
    asked = BlockSchemaCreate(block_type_id=kind.id, fields=FIELDS, capabilities=["read", "write"])
    return block_schemas.create_block_schema(connection, asked)


@pytest.fixture
def save(connection: sa.Connection, schema: Any) -> Any:
    def save(name: str | None, is_anonymous: bool = False, **data: Any) -> Any:
        asked = BlockDocumentCreate(
            name=name,
            data=data,
            block_schema_id=schema.id,
            block_type_id=schema.block_type_id,
            is_anonymous=is_anonymous,
        )
        return block_documents.create_block_document(connection, asked)

    return save


def ref(id: UUID) -> dict[str, Any]:
    return {"$ref": {"block_document_id": str(id)}}


def change(connection: sa.Connection, id: UUID, merge: bool = True, **data: Any) -> None:
    asked = BlockDocumentUpdate(data=data, merge_existing_data=merge)
    block_documents.update_block_document(connection, id, asked)


def values(connection: sa.Connection, id: UUID) -> dict[str, Any]:
    return block_documents.read_block_document(connection, id, include_secrets=True).data


# --- types and schemas ----------------------------------------------------------------------------------


def test_slugs_are_taken_once_and_prefects_names_never(connection: sa.Connection, kind: Any) -> None:
    with pytest.raises(ObjectAlreadyExists, match="'kind'"):
        block_types.create_block_type(connection, BlockTypeCreate(name="Other", slug="kind"))
    with pytest.raises(ProtectedBlockError, match="reserved"):
        block_types.create_block_type(connection, BlockTypeCreate(name="Prefect Kind", slug="x"))


def test_types_are_found(connection: sa.Connection, kind: Any, schema: Any) -> None:
    block_types.create_block_type(connection, BlockTypeCreate(name="Another", slug="another"))

    def names(types: Any = None, schemas: Any = None) -> list[str]:
        return [one.name for one in block_types.read_block_types(connection, types, schemas, 200, 0)]

    assert names() == ["Another", "Kind"]
    assert names(BlockTypeFilter(name=BlockTypeFilterName(like_="IND"))) == ["Kind"]
    assert names(BlockTypeFilter(slug=BlockTypeFilterSlug(any_=["another"]))) == ["Another"]
    able = BlockSchemaFilter(block_capabilities=BlockSchemaFilterCapabilities(all_=["read"]))
    assert names(None, able) == ["Kind"]
    assert block_types.read_block_type_by_slug(connection, "kind") == kind
    block_types.update_block_type(connection, kind.id, {"description": "d"})
    assert block_types.read_block_type(connection, kind.id).description == "d"


def test_a_schema_is_registered_once_for_each_version(
    connection: sa.Connection, kind: Any, schema: Any
) -> None:
    def register(**told: Any) -> Any:
        asked = BlockSchemaCreate(**{"block_type_id": kind.id, "fields": FIELDS, **told})
        return block_schemas.create_block_schema(connection, asked)

    assert register(capabilities=["other"]).id == schema.id
    newer = register(version="2")
    assert newer.id != schema.id
    assert newer.checksum == schema.checksum
    read = block_schemas.read_block_schema_by_checksum
    assert read(connection, schema.checksum, None).id == newer.id
    assert read(connection, schema.checksum, "non-versioned").id == schema.id
    with pytest.raises(ObjectNotFound):
        read(connection, schema.checksum, "3")
    with pytest.raises(ObjectNotFound):
        register(block_type_id=uuid4())
    with pytest.raises(ValueError, match="block_type_id"):
        register(block_type_id=None)
    assert block_schemas.read_capabilities(connection) == ["read", "write"]


def test_a_type_takes_its_schemas_and_documents_with_it(
    connection: sa.Connection, kind: Any, save: Any, fill: Any
) -> None:
    save("a")
    block_types.delete_block_type(connection, kind.id)
    assert fill.count(tables.block_schema) == fill.count(tables.block_document) == 0


def test_system_types_are_installed_once_and_stay(connection: sa.Connection, fill: Any) -> None:
    system_blocks.install_system_block_types(connection)
    before = (fill.count(tables.block_type), fill.count(tables.block_schema))
    system_blocks.install_system_block_types(connection)
    assert (fill.count(tables.block_type), fill.count(tables.block_schema)) == before
    secret = block_types.read_block_type_by_slug(connection, "secret")
    with pytest.raises(ProtectedBlockError):
        block_types.delete_block_type(connection, secret.id)
    (schema,) = block_schemas.read_block_schemas(
        connection, BlockSchemaFilter.model_validate({"block_type_id": {"any_": [secret.id]}}), 10, 0
    )
    with pytest.raises(ProtectedBlockError):
        block_schemas.delete_block_schema(connection, schema.id)


# --- documents ------------------------------------------------------------------------------------------


def test_secrets_are_masked_unless_asked_for(connection: sa.Connection, save: Any) -> None:
    data = {"pw": "hush", "deep": {"pw": "hush", "x": 1}}
    made = save("doc", **data)
    assert made.data == {"pw": MASK, "deep": {"pw": MASK, "x": 1}}
    assert made.block_type_name == "Kind"
    assert made.block_schema.block_type.slug == "kind"
    assert values(connection, made.id) == data
    by_name = block_documents.read_block_document_by_name
    assert by_name(connection, "doc", "kind").data == made.data
    assert by_name(connection, "doc", "kind", include_secrets=True).data == data
    with pytest.raises(ObjectNotFound, match="kind/none"):
        by_name(connection, "none", "kind")


def test_names_are_taken_once_in_a_type(save: Any) -> None:
    save("doc")
    with pytest.raises(ObjectAlreadyExists, match="kind/doc"):
        save("doc")


def test_documents_without_a_name_are_listed_only_when_asked_for(
    connection: sa.Connection, save: Any
) -> None:
    save("b"), save("a"), save(None, is_anonymous=True)

    def names(wanted: BlockDocumentFilter | None = None, sort: str = "NAME_ASC") -> list[str]:
        conditions = block_documents.document_conditions(wanted)
        order = BlockDocumentSort(sort)
        found = block_documents.read_block_documents(connection, conditions, order, False, 200, 0)
        assert block_documents.count_block_documents(connection, conditions) == len(found)
        return [one.name or "" for one in found]

    assert names() == ["a", "b"]
    assert names(sort="NAME_DESC") == ["b", "a"]
    assert names(sort="BLOCK_TYPE_AND_NAME_ASC") == ["a", "b"]
    assert len(names(BlockDocumentFilter(is_anonymous=None))) == 3
    (nameless,) = names(BlockDocumentFilter(is_anonymous=BlockDocumentFilterIsAnonymous(eq_=True)))
    assert nameless.startswith("anonymous-")


def test_values_are_merged_or_replaced_and_masks_stand_for_what_is_stored(
    connection: sa.Connection, save: Any
) -> None:
    id = save("doc", pw="hush", deep={"pw": "deep", "x": 1}).id
    change(connection, id, a=1)
    change(connection, id, pw=MASK, deep={"pw": MASK, "x": 2})
    assert values(connection, id) == {"pw": "hush", "deep": {"pw": "deep", "x": 2}, "a": 1}
    change(connection, id, merge=False, pw=MASK)
    assert values(connection, id) == {"pw": "hush"}
    with pytest.raises(ObjectNotFound):
        change(connection, uuid4())


def test_a_document_stands_in_the_place_of_a_value(connection: sa.Connection, save: Any) -> None:
    inner = save("inner", pw="hush", x=1)
    middle = save("middle", inner=ref(inner.id))
    outer = save("outer", y=2, middle=ref(middle.id))
    assert outer.data == {"y": 2, "middle": {"inner": {"pw": MASK, "x": 1}}}
    told = outer.block_document_references["middle"]["block_document"]
    assert (told["id"], told["name"]) == (middle.id, "middle")
    assert told["block_document_references"]["inner"]["block_document"]["id"] == inner.id
    change(connection, inner.id, x=3)
    assert values(connection, outer.id) == {"y": 2, "middle": {"inner": {"pw": "hush", "x": 3}}}
    # what is not spoken of stays
    change(connection, outer.id, y=4)
    assert values(connection, outer.id)["middle"] == {"inner": {"pw": "hush", "x": 3}}
    change(connection, outer.id, middle=None)
    assert values(connection, outer.id) == {"y": 4, "middle": None}
    block_documents.delete_block_document(connection, inner.id)
    assert values(connection, middle.id) == {}


def test_references_lead_somewhere_and_never_in_a_circle(connection: sa.Connection, save: Any) -> None:
    a = save("a")
    b = save("b", a=ref(a.id))
    for other in (a, b):
        with pytest.raises(ValueError, match="itself"):
            change(connection, a.id, b=ref(other.id))
    with pytest.raises(ObjectNotFound):
        save("c", x=ref(uuid4()))
    for broken in ({"$ref": 5}, {"$ref": {"block_document_id": "zz"}}, {"$ref": {}}):
        with pytest.raises(ValueError, match=r"\$ref"):
            save("d", x=broken)


def test_one_document_may_stand_in_several_places(connection: sa.Connection, save: Any) -> None:
    inner = save("inner", x=1)
    left, right = save("left", i=ref(inner.id)), save("right", i=ref(inner.id))
    outer = save("outer", left=ref(left.id), right=ref(right.id))
    assert outer.data == {"left": {"i": {"x": 1}}, "right": {"i": {"x": 1}}}
