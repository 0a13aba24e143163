"""What the fields of a block schema say: which schema it is (its checksum), and which values are secret.

Pure, for whoever registers blocks and whoever stores them. A secret field is told by a path: names joined by
dots, `*` for every member of an object or a list; all of what lies there is secret. Not here: the nouns
(`blocks`), stores.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "********"
"""What stands in the place of a secret value."""

_REFERENCE = "#/definitions/"

# --- checksums ------------------------------------------------------------------------------------------


def schema_checksum(fields: Mapping[str, Any]) -> str:
    """What a schema is known by: equal for equal fields, whichever of them are secret.

    The same for every program that speaks of blocks, hence the form: of the JSON text of a call's arguments.
    """
    told = _without_secrets(with_used_definitions(fields))
    text = json.dumps([[told], {}], sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def with_used_definitions(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with only those definitions that they refer to, directly or by others."""
    definitions = fields.get("definitions")
    if not isinstance(definitions, Mapping) or not definitions:
        return dict(fields)
    rest = {name: value for name, value in fields.items() if name != "definitions"}
    used: dict[str, Any] = {}
    waiting = _references(rest)
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in used:
            used[name] = definitions[name]
            waiting |= _references(definitions[name])
    kept = {name: definition for name, definition in definitions.items() if name in used}
    return {**rest, "definitions": kept} if kept else rest


def _references(value: Any) -> set[str]:
    """The names of all definitions that a schema mentions."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            target = one.get("$ref")
            if isinstance(target, str) and target.startswith(_REFERENCE):
                found.add(target.removeprefix(_REFERENCE))
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return found


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_secrets(one) for name, one in value.items() if name != "secret_fields"}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


# --- secrets --------------------------------------------------------------------------------------------


def masked(data: Any, secret_fields: Iterable[str]) -> Any:
    """The values of a block with a mask in the place of each that is secret; nothing at all stays nothing."""
    for path in secret_fields:
        data = _masked_at(data, path.split("."))
    return data


def _masked_at(value: Any, path: list[str]) -> Any:
    if not path:
        return _masked_all(value)
    first, *rest = path
    if isinstance(value, dict):
        chosen = value if first == "*" else {first} & set(value)
        return {name: _masked_at(one, rest) if name in chosen else one for name, one in value.items()}
    if isinstance(value, list) and first == "*":
        return [_masked_at(one, rest) for one in value]
    return value


def _masked_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked_all(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked_all(one) for one in value]
    return None if value is None else MASK


def unmasked(given: Any, stored: Any) -> Any:
    """Values as they come back from whoever was shown them: where the mask still stands, the stored value."""
    if isinstance(given, str) and given == MASK:
        return given if stored is None else stored
    if isinstance(given, dict) and isinstance(stored, dict):
        return {name: unmasked(one, stored.get(name)) for name, one in given.items()}
    if isinstance(given, list) and isinstance(stored, list):
        paired = [*stored[: len(given)], *[None] * (len(given) - len(stored))]
        return [unmasked(one, old) for one, old in zip(given, paired, strict=True)]
    return given
