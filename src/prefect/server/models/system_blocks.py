"""The block types that are always there, so that their blocks can be made before any program registers them.

Fields as the classes of these blocks have them; a class that has others registers its own schema beside.
Not here: how blocks are stored.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.blocks import BlockSchemaCreate, BlockTypeCreate
from prefect.schemas.block_fields import schema_checksum
from prefect.server.database.tables import block_schema
from prefect.server.models.block_schemas import create_block_schema
from prefect.server.models.block_types import create_block_type, read_block_type_by_slug

_DOCUMENTATION = "https://docs.prefect.io/latest/develop/blocks"


def _text(title: str, description: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "description": description, "type": "string", **more}


_TYPES: list[dict[str, Any]] = [
    {
        "name": "Secret",
        "slug": "secret",
        "description": "One value that nobody should read by accident: a password, a token, a key.",
        "secret_fields": ["value"],
        "required": ["value"],
        "properties": {
            "value": {
                "title": "Value",
                "description": "What is to be kept secret: a text, or anything JSON can say.",
                "anyOf": [{"type": "string", "writeOnly": True, "format": "password"}, {}],
            }
        },
    },
    {
        "name": "Local File System",
        "slug": "local-file-system",
        "description": "Files below a folder of the machine that runs the code.",
        "capabilities": ["get-directory", "put-directory", "read-path", "write-path"],
        "properties": {
            "basepath": {
                "title": "Basepath",
                "description": "The folder; nothing outside of it is read or written.",
                "anyOf": [{"type": "string"}, {"type": "null"}],
                "default": None,
            }
        },
    },
    {
        "name": "Remote File System",
        "slug": "remote-file-system",
        "description": "Files below a URL that fsspec can open, such as s3://bucket/folder.",
        "capabilities": ["get-directory", "put-directory", "read-path", "write-path"],
        "secret_fields": ["settings.key", "settings.secret", "settings.token", "settings.password"],
        "required": ["basepath"],
        "properties": {
            "basepath": _text("Basepath", "The URL; nothing outside of it is read or written."),
            "settings": {
                "title": "Settings",
                "description": "Arguments of the file system, such as credentials.",
                "type": "object",
            },
        },
    },
    {
        "name": "Webhook",
        "slug": "webhook",
        "description": "An HTTP address that is called.",
        "secret_fields": ["url", "headers.*"],
        "required": ["url"],
        "properties": {
            "method": {
                "title": "Method",
                "type": "string",
                "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"],
                "default": "POST",
            },
            "url": _text("Url", "The address.", writeOnly=True, format="password"),
            "headers": {"title": "Headers", "description": "Sent with every call.", "type": "object"},
        },
    },
]


def install_system_block_types(connection: sa.Connection) -> None:
    """Register the block types that are always there, where they are not yet."""
    for told in _TYPES:
        try:
            type = read_block_type_by_slug(connection, told["slug"])
        except ObjectNotFound:
            about = {name: told[name] for name in ("name", "slug", "description")}
            asked = BlockTypeCreate.model_validate({**about, "documentation_url": _DOCUMENTATION})
            type = create_block_type(connection, asked)
        schema = BlockSchemaCreate(
            block_type_id=type.id, fields=_fields(told), capabilities=told.get("capabilities", [])
        )
        create_block_schema(connection, schema)


def system_blocks_are_installed(connection: sa.Connection) -> bool:
    """Whether all of them are registered, as they are now."""
    wanted = {schema_checksum(_fields(told)) for told in _TYPES}
    query = sa.select(sa.func.count(block_schema.c.checksum.distinct()))
    found = connection.execute(query.where(block_schema.c.checksum.in_(wanted))).scalar_one()
    return found == len(wanted)


def described_system_blocks() -> dict[str, Any]:
    """The types and their schemas, by slug."""
    return {
        told["slug"]: {
            "name": told["name"],
            "slug": told["slug"],
            "description": told["description"],
            "documentation_url": _DOCUMENTATION,
            "block_schema": {"fields": _fields(told), "capabilities": told.get("capabilities", [])},
        }
        for told in _TYPES
    }


def _fields(told: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type's fields, in the form in which classes tell theirs."""
    return {
        "title": told["name"].replace(" ", ""),
        "description": told["description"],
        "type": "object",
        "properties": told["properties"],
        "required": told.get("required", []),
        "block_type_slug": told["slug"],
        "secret_fields": told.get("secret_fields", []),
        "block_schema_references": {},
    }
