"""Blocks, asked for through clients: what they read has its secrets, unless they say otherwise."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.schemas.actions import (
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchemaCreate,
    BlockTypeCreate,
    BlockTypeUpdate,
)

MASK = "********"


@pytest.fixture
def kind(client: Any, name: str) -> Any:
    return client.create_block_type(BlockTypeCreate(name=name, slug=name))


@pytest.fixture
def schema(client: Any, name: str, kind: Any) -> Any:
    asked = BlockSchemaCreate(block_type_id=kind.id, fields=fields_of(name), capabilities=[name])
    return client.create_block_schema(asked)


def fields_of(name: str) -> dict[str, Any]:
    return {"title": name, "type": "object", "properties": {}, "secret_fields": ["pw"]}


@pytest.fixture
def document(client: Any, schema: Any) -> Any:
    asked = BlockDocumentCreate(
        name="doc",
        data={"pw": SecretStr("hush"), "x": 1},
        block_type_id=schema.block_type_id,
        block_schema_id=schema.id,
    )
    return client.create_block_document(asked)


def test_types_are_registered_once_and_changed(client: Any, name: str, kind: Any) -> None:
    assert client.read_block_type_by_slug(name) == kind
    assert kind.id in {one.id for one in client.read_block_types()}
    with pytest.raises(ObjectAlreadyExists):
        client.create_block_type(BlockTypeCreate(name=name, slug=name))
    client.update_block_type(kind.id, BlockTypeUpdate(description="d"))
    assert client.read_block_type_by_slug(name).description == "d"
    client.delete_block_type(kind.id)
    with pytest.raises(ObjectNotFound):
        client.read_block_type_by_slug(name)


def test_schemas_are_known_by_their_checksum(client: Any, name: str, kind: Any, schema: Any) -> None:
    again = client.create_block_schema(BlockSchemaCreate(block_type_id=kind.id, fields=fields_of(name)))
    assert again.id == client.read_block_schema_by_checksum(schema.checksum).id
    assert client.get_most_recent_block_schema_for_block_type(kind.id).checksum == schema.checksum
    assert client.get_most_recent_block_schema_for_block_type(uuid4()) is None
    assert schema.id in {one.id for one in client.read_block_schemas()}
    with pytest.raises(ObjectNotFound):
        client.read_block_schema_by_checksum("sha256:none")


def test_documents_are_read_with_their_secrets(client: Any, name: str, document: Any) -> None:
    assert document.data == {"pw": MASK, "x": 1}
    assert client.read_block_document(document.id).data == {"pw": "hush", "x": 1}
    assert client.read_block_document(document.id, include_secrets=False).data["pw"] == MASK
    assert client.read_block_document_by_name("doc", name).data["pw"] == "hush"
    assert client.read_block_document_by_name("doc", name, include_secrets=False).data["pw"] == MASK
    (listed,) = client.read_block_documents_by_type(name)
    assert listed.data["pw"] == "hush"
    (listed,) = client.read_block_documents(block_schema_type=name, include_secrets=False)
    assert (listed.id, listed.data["pw"]) == (document.id, MASK)


def test_documents_are_changed_and_deleted(client: Any, name: str, document: Any) -> None:
    client.update_block_document(document.id, BlockDocumentUpdate(data={"x": 2, "pw": MASK}))
    assert client.read_block_document(document.id).data == {"pw": "hush", "x": 2}
    changed = BlockDocumentUpdate(data={"pw": SecretStr("new")}, merge_existing_data=False)
    client.update_block_document(document.id, changed)
    assert client.read_block_document(document.id).data == {"pw": "new"}
    client.delete_block_document(document.id)
    with pytest.raises(ObjectNotFound):
        client.read_block_document_by_name("doc", name)
    with pytest.raises(ObjectNotFound):
        client.delete_block_document(document.id)


def test_documents_are_told_by_name_in_their_type(client: Any, schema: Any, document: Any) -> None:
    ids = {"block_type_id": schema.block_type_id, "block_schema_id": schema.id}
    with pytest.raises(ObjectAlreadyExists):
        client.create_block_document(BlockDocumentCreate(name="doc", **ids))
    nameless = client.create_block_document(BlockDocumentCreate(is_anonymous=True, **ids))
    assert nameless.name.startswith("anonymous-")
    reference = {"$ref": {"block_document_id": str(document.id)}}
    outer = client.create_block_document(BlockDocumentCreate(name="outer", data={"inner": reference}, **ids))
    assert outer.data == {"inner": {"pw": MASK, "x": 1}}
    assert client.read_block_document(outer.id).data == {"inner": {"pw": "hush", "x": 1}}
