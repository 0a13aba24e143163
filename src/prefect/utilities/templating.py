"""Placeholders in job templates and `prefect.yaml`: `{{ name }}`, environment, variables, blocks.

A template is any JSON-like value with placeholders in its strings. Finding and filling them in is here;
rendering Jinja is not.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from prefect.utilities.annotations import NotSet
from prefect.utilities.collections import get_from_dict

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

PLACEHOLDER_CAPTURE_REGEX = re.compile(r"({{\s*([\w\.\-\[\]$]+)\s*}})")
BLOCK_DOCUMENT_PLACEHOLDER_PREFIX = "prefect.blocks."
VARIABLE_PLACEHOLDER_PREFIX = "prefect.variables."
ENV_VAR_PLACEHOLDER_PREFIX = "$"


class PlaceholderType(enum.Enum):
    """Where the value of a placeholder comes from."""

    STANDARD = "standard"
    BLOCK_DOCUMENT = "block_document"
    VARIABLE = "variable"
    ENV_VAR = "env_var"


class Placeholder(NamedTuple):
    """A placeholder as it stands in a template, and what it names."""

    full_match: str
    name: str
    type: PlaceholderType


def determine_placeholder_type(name: str) -> PlaceholderType:
    """The type of a placeholder by the prefix of its name."""
    if name.startswith(BLOCK_DOCUMENT_PLACEHOLDER_PREFIX):
        return PlaceholderType.BLOCK_DOCUMENT
    if name.startswith(VARIABLE_PLACEHOLDER_PREFIX):
        return PlaceholderType.VARIABLE
    if name.startswith(ENV_VAR_PLACEHOLDER_PREFIX):
        return PlaceholderType.ENV_VAR
    return PlaceholderType.STANDARD


def find_placeholders(template: Any) -> set[Placeholder]:
    """All placeholders in the values of a template."""
    if isinstance(template, str):
        return {
            Placeholder(full_match, name, determine_placeholder_type(name))
            for full_match, name in PLACEHOLDER_CAPTURE_REGEX.findall(template)
        }
    if isinstance(template, dict):
        return {found for value in template.values() for found in find_placeholders(value)}
    if isinstance(template, list):
        return {found for value in template for found in find_placeholders(value)}
    return set()


def apply_values(
    template: Any,
    values: dict[str, Any],
    remove_notset: bool = True,
    warn_on_notset: bool = False,
    skip_prefixes: list[str] | None = None,
) -> Any:
    """Fill in a template.

    A string that is one placeholder becomes the value itself, of whatever type; placeholders inside longer
    strings become text. Names of blocks and variables are left for `resolve_block_document_references` and
    `resolve_variables`.

    Args:
        template: a string, number, None, list or dict of templates.
        values: by name; a name such as `a.b[0]` looks into them.
        remove_notset: leave out of dicts and lists, and of strings, what has no value; else keep the
            placeholder. A template that is nothing but such a placeholder becomes `NotSet`.
        warn_on_notset: log a warning for what has no value.
        skip_prefixes: names that begin so are left as they are.

    Raises:
        ValueError: the template contains an object of another type.
    """
    if template is None or isinstance(template, (int, float)):
        return template
    if isinstance(template, str):
        return _apply_to_text(template, values, remove_notset, warn_on_notset, skip_prefixes)

    def fill(value: Any) -> Any:
        filled = apply_values(value, values, remove_notset, warn_on_notset, skip_prefixes)
        return value if filled is NotSet and not remove_notset else filled

    if isinstance(template, dict):
        filled_items = {key: fill(value) for key, value in template.items()}
        return {key: value for key, value in filled_items.items() if value is not NotSet}
    if isinstance(template, list):
        return [value for value in map(fill, template) if value is not NotSet]
    raise ValueError(f"Unexpected template type {type(template).__name__!r}")


def _apply_to_text(
    text: str,
    values: dict[str, Any],
    remove_notset: bool,
    warn_on_notset: bool,
    skip_prefixes: list[str] | None,
) -> Any:
    placeholders = [
        found
        for found in find_placeholders(text)
        if found.type in (PlaceholderType.STANDARD, PlaceholderType.ENV_VAR)
        and not found.name.startswith(tuple(skip_prefixes or ()))
    ]
    for placeholder in placeholders:
        value = _value_of(placeholder, values)
        if value is NotSet and warn_on_notset:
            _warn_of_missing(placeholder)
        if placeholder.full_match == text:
            return value
        if value is not NotSet:
            text = text.replace(placeholder.full_match, str(value))
        elif remove_notset:
            text = text.replace(placeholder.full_match, "")
    return text


def _value_of(placeholder: Placeholder, values: dict[str, Any]) -> Any:
    if placeholder.type is PlaceholderType.ENV_VAR:
        return os.environ.get(placeholder.name.removeprefix(ENV_VAR_PLACEHOLDER_PREFIX), "")
    return get_from_dict(values, placeholder.name, NotSet)


def _warn_of_missing(placeholder: Placeholder) -> None:
    import logging

    logging.getLogger("prefect.utilities.templating").warning(
        "No value was provided for the placeholder %r. Check its spelling, or provide a value.",
        placeholder.name,
    )


# --- Values that the API knows ------------------------------------------------------------------


async def resolve_variables(template: Any, client: PrefectClient | None = None) -> Any:
    """Put the values of variables in the place of `{{ prefect.variables.name }}`.

    A variable that does not exist stands for nothing: a string that names only it becomes "".
    """
    if isinstance(template, dict):
        return {key: await resolve_variables(value, client) for key, value in template.items()}
    if isinstance(template, list):
        return [await resolve_variables(value, client) for value in template]
    if not isinstance(template, str):
        return template
    for placeholder in find_placeholders(template):
        if placeholder.type is PlaceholderType.VARIABLE:
            name = placeholder.name.removeprefix(VARIABLE_PLACEHOLDER_PREFIX)
            variable = await _client_or_own(client).read_variable_by_name(name)
            value = "" if variable is None else variable.value
            if placeholder.full_match == template:
                return value
            template = template.replace(placeholder.full_match, str(value))
    return template


async def resolve_block_document_references(
    template: Any,
    client: PrefectClient | None = None,
    value_transformer: Callable[[str, Any], Any] | None = None,
) -> Any:
    """Put the data of blocks in the place of references to them.

    A reference is `{"$ref": {"block_document_id": …}}`, or a string `{{ prefect.blocks.type.name }}`,
    `{{ prefect.blocks.type.name.key }}`. A block whose only data is a `value` stands for that value.

    Args:
        template: any JSON-like value.
        client: to read blocks with; by default one made for it.
        value_transformer: called with a placeholder's name and its value; makes what stands in its place.

    Raises:
        ValueError: a string contains more than the one reference, or the block has no such key.
        ObjectNotFound: there is no such block.
    """
    if isinstance(template, dict):
        reference = template.get("$ref")
        block_id = reference.get("block_document_id") if isinstance(reference, dict) else None
        if block_id is not None:
            document = await _client_or_own(client).read_block_document(block_id)
            return await resolve_block_document_references(document.data, client, value_transformer)
        return {
            key: await resolve_block_document_references(value, client, value_transformer)
            for key, value in template.items()
        }
    if isinstance(template, list):
        return [
            await resolve_block_document_references(value, client, value_transformer) for value in template
        ]
    if isinstance(template, str):
        return await _resolve_block_in_text(template, client, value_transformer)
    return template


async def _resolve_block_in_text(
    text: str, client: PrefectClient | None, value_transformer: Callable[[str, Any], Any] | None
) -> Any:
    placeholders = find_placeholders(text)
    if not any(found.type is PlaceholderType.BLOCK_DOCUMENT for found in placeholders):
        return text
    if len(placeholders) > 1 or text.strip() != next(iter(placeholders)).full_match:
        raise ValueError(
            f"A reference to a block must be the whole text, with nothing before or after it. Got {text!r}."
        )
    name = next(iter(placeholders)).name
    type_slug, _, rest = name.removeprefix(BLOCK_DOCUMENT_PLACEHOLDER_PREFIX).partition(".")
    document_name, _, key_path = rest.partition(".")
    document = await _client_or_own(client).read_block_document_by_name(document_name, type_slug)
    value = document.data
    # A block of one value, such as a secret, stands for it.
    if isinstance(value, dict) and "value" in value and (len(value) == 1 or not key_path):
        value = value["value"]
    if key_path:
        value = get_from_dict(value, key_path, NotSet) if isinstance(value, dict) else NotSet
        if value is NotSet:
            raise ValueError(f"The block in the placeholder {text!r} has no value at {key_path!r}.")
    return value_transformer(name, value) if value_transformer else value


def _client_or_own(client: PrefectClient | None) -> Any:
    if client is not None:
        return client
    from prefect.client.orchestration import get_client

    return get_client()
