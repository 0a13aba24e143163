"""What the names and keys of objects may look like: patterns, checks, and field types made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

LOWERCASE_LETTERS_NUMBERS_AND_DASHES_ONLY_REGEX = "^[a-z0-9-]*$"
LOWERCASE_LETTERS_NUMBERS_AND_UNDERSCORES_REGEX = "^[a-z0-9_]*$"
LOWERCASE_LETTERS_NUMBERS_AND_DASHES_OR_UNDERSCORES_REGEX = "^[a-z0-9-_]*$"
BANNED_CHARACTERS = ["/", "%", "&", ">", "<"]
WITHOUT_BANNED_CHARACTERS = "^[^/%&><]+$"
WITHOUT_BANNED_CHARACTERS_EMPTY_OK = "^[^/%&><]*$"
URI_REGEX = re.compile("^[a-z0-9]+://")
RESTRICTED_ASSET_CHARACTERS = list("\n\r\t\0 #?&%\"'<>[]{}|\\^`")
MAX_VARIABLE_NAME_LENGTH = 255
MAX_ASSET_KEY_LENGTH = 512


def _refuse_unless_only(pattern: str, allowed: str, value: str, field_name: str) -> str:
    # `fullmatch`, as `$` would let a trailing line break through.
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{field_name} must only contain lowercase letters, numbers, and {allowed}.")
    return value


def raise_on_name_alphanumeric_dashes_only(value: str | None, field_name: str = "value") -> str | None:
    """Return a value of lowercase letters, digits and dashes, or None; refuse anything else.

    Raises:
        ValueError: `value` contains other characters.
    """
    pattern = LOWERCASE_LETTERS_NUMBERS_AND_DASHES_ONLY_REGEX
    return None if value is None else _refuse_unless_only(pattern, "dashes", value, field_name)


def raise_on_name_alphanumeric_underscores_only(value: str | None, field_name: str = "value") -> str | None:
    """Return a value of lowercase letters, digits and underscores, or None; refuse anything else.

    Raises:
        ValueError: `value` contains other characters.
    """
    pattern = LOWERCASE_LETTERS_NUMBERS_AND_UNDERSCORES_REGEX
    return None if value is None else _refuse_unless_only(pattern, "underscores", value, field_name)


def raise_on_name_alphanumeric_dashes_underscores_only(value: str, field_name: str = "value") -> str:
    """Return a value of lowercase letters, digits, dashes and underscores; refuse anything else.

    Raises:
        ValueError: `value` contains other characters.
    """
    pattern = LOWERCASE_LETTERS_NUMBERS_AND_DASHES_OR_UNDERSCORES_REGEX
    return _refuse_unless_only(pattern, "dashes or underscores", value, field_name)


def non_emptyish(value: str) -> str:
    """Return a name that is more than blanks and quotation marks.

    Raises:
        ValueError: nothing else is in it.
    """
    if not value.strip(" \"'"):
        raise ValueError("name cannot be an empty string")
    return value


def _non_emptyish_text(value: Any) -> Any:
    """The same before the type is checked: what is no text is refused by that check."""
    return non_emptyish(value) if isinstance(value, str) else value


def validate_uri(value: str) -> str:
    """Return a value that starts with a lowercase scheme, such as `s3://`.

    Raises:
        ValueError: it does not.
    """
    if not URI_REGEX.match(value):
        raise ValueError("Key must be a valid URI, e.g. storage://bucket/folder/asset.csv")
    return value


def validate_valid_asset_key(value: str) -> str:
    """Return a URI that is short enough, and free of characters with a meaning in URLs or shells.

    Raises:
        ValueError: it is not.
    """
    for character in RESTRICTED_ASSET_CHARACTERS:
        if character in value:
            raise ValueError(f"Asset key cannot contain {character!r}")
    if len(value) > MAX_ASSET_KEY_LENGTH:
        raise ValueError(f"Asset key cannot exceed {MAX_ASSET_KEY_LENGTH} characters")
    return validate_uri(value)


def _checked(check: Callable[..., Any], field_name: str) -> AfterValidator:
    return AfterValidator(partial(check, field_name=field_name))


Name = Annotated[str, Field(pattern=WITHOUT_BANNED_CHARACTERS)]
NameOrEmpty = Annotated[str, Field(pattern=WITHOUT_BANNED_CHARACTERS_EMPTY_OK)]
NonEmptyishName = Annotated[
    str, Field(pattern=WITHOUT_BANNED_CHARACTERS), BeforeValidator(_non_emptyish_text)
]
ArtifactKey = Annotated[str, _checked(raise_on_name_alphanumeric_dashes_only, "Artifact key")]
BlockDocumentName = Annotated[Name, _checked(raise_on_name_alphanumeric_dashes_only, "Block document name")]
BlockTypeSlug = Annotated[str, _checked(raise_on_name_alphanumeric_dashes_only, "Block type slug")]
VariableName = Annotated[
    str,
    _checked(raise_on_name_alphanumeric_dashes_underscores_only, "Variable name"),
    Field(
        max_length=MAX_VARIABLE_NAME_LENGTH,
        description="The name of the variable",
        examples=["my_variable"],
    ),
]
URILike = Annotated[
    str,
    AfterValidator(validate_uri),
    Field(
        description="A URI-like string with a lowercase protocol",
        examples=["s3://bucket/folder/data.csv", "postgres://dbtable"],
    ),
]
ValidAssetKey = Annotated[
    str,
    AfterValidator(validate_valid_asset_key),
    Field(
        max_length=MAX_ASSET_KEY_LENGTH,
        description="A URI-like string with a lowercase protocol, restricted characters, and max "
        f"{MAX_ASSET_KEY_LENGTH} characters",
        examples=["s3://bucket/folder/data.csv", "postgres://dbtable"],
    ),
]
