"""Values held to a JSON schema: parameters to the schema of a flow, job variables to that of a work pool.

A property that need not be given may be null, as forms send what was left empty. Placeholders that hydration
put in (`hydration`) fit where they can be filled later and are errors where they cannot. Nothing is fetched
from the network: a reference outside of the schema is an error. Not here: filling in placeholders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from prefect.utilities.schema_tools.hydration import HydrationError, Placeholder

if TYPE_CHECKING:
    import jsonschema.exceptions

    Error = jsonschema.exceptions.ValidationError

PLACEHOLDERS_VALIDATOR_NAME = "_placeholders"

_DEEPEST_REFERENCES = 50
_NULL = {"type": "null"}


class CircularSchemaRefError(Exception):
    """A schema refers to itself without end."""


class ValidationError(Exception):
    """A value does not fit its schema, or the schema is none."""


# --- values ---------------------------------------------------------------------------------------------


def validate(
    obj: dict[str, Any],
    schema: Mapping[str, Any],
    raise_on_error: bool = False,
    preprocess: bool = True,
    ignore_required: bool = False,
    allow_none_with_default: bool = False,
) -> list[Error]:
    """What is wrong with a value; an empty list when it fits.

    Args:
        raise_on_error: raise the first thing that is wrong.
        preprocess: allow null where nothing need be given (`preprocess_schema`).
        ignore_required: what is missing is not wrong.
        allow_none_with_default: null fits a property that has a default, too.

    Raises:
        ValidationError: `raise_on_error`, and it does not fit; or the schema is none.
        CircularSchemaRefError: the schema refers to itself without end.
    """
    if preprocess:
        schema = preprocess_schema(schema, allow_none_with_default)
    if ignore_required:
        schema = _without_required(schema)
    is_valid_schema(schema, preprocess=False)
    errors = _errors(obj, schema)
    if raise_on_error and errors:
        raise ValidationError(_sentence(errors[0]))
    return errors


def is_valid(obj: dict[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether a value fits."""
    return not validate(obj, schema)


def _errors(obj: Any, schema: Mapping[str, Any]) -> list[Error]:
    from referencing.exceptions import Unresolvable

    try:
        found = list(_validator(schema).iter_errors(obj))
    except Unresolvable as error:
        raise ValidationError(f"Validation failed. Failure reason: Unresolvable: {error.ref}") from None
    except RecursionError:
        raise CircularSchemaRefError("Unable to validate schema with circular references.") from None
    told = [one for error in found for one in _within_optional(error)]
    return prioritize_placeholder_errors(
        sorted(told, key=lambda one: [str(part) for part in one.absolute_path])
    )


def _within_optional(error: Error) -> Iterator[Error]:
    """What is wrong with a value that may be null and is not: what is wrong with the value."""
    choices: Any = error.validator_value
    if error.validator != "anyOf" or error.instance is None or len(choices) != 2 or choices[1] != _NULL:
        yield error
        return
    for inner in error.context or ():
        if inner.schema_path[0] == 0:
            yield from _within_optional(inner)


def _validator(schema: Mapping[str, Any]) -> Any:
    import referencing

    return _validator_class()(_with_placeholders(schema), registry=referencing.Registry())


@cache
def _validator_class() -> Any:
    """A validator that knows placeholders: they fit every type until they are filled in."""
    import jsonschema

    base = jsonschema.Draft202012Validator

    def placeholders(_: Any, __: Any, instance: Any, ___: Any) -> Iterator[Error]:
        if isinstance(instance, HydrationError):
            yield jsonschema.ValidationError(instance.message)

    # a placeholder fits every keyword; what is wrong with it is told once, by the keyword added to the schema
    keywords = {name: _but_for_placeholders(check) for name, check in base.VALIDATORS.items()}
    return jsonschema.validators.create(
        meta_schema=base.META_SCHEMA,
        validators={**keywords, PLACEHOLDERS_VALIDATOR_NAME: placeholders},
        type_checker=base.TYPE_CHECKER,
    )


def _but_for_placeholders(check: Any) -> Any:
    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Error]:
        if not isinstance(instance, Placeholder):
            yield from check(validator, value, instance, schema) or ()

    return checked


def _with_placeholders(schema: Any) -> Any:
    """The schema with the keyword for placeholders wherever a value is described."""
    if not isinstance(schema, Mapping):
        return schema
    marked: dict[str, Any] = {**schema, PLACEHOLDERS_VALIDATOR_NAME: True}
    for name in ("properties", "definitions", "$defs"):
        if isinstance(schema.get(name), Mapping):
            marked[name] = {key: _with_placeholders(one) for key, one in schema[name].items()}
    for name in ("items", "additionalProperties"):
        if name in schema:
            marked[name] = _with_placeholders(schema[name])
    if isinstance(schema.get("anyOf"), list):
        # null alone stays as it is: it is known by that
        marked["anyOf"] = [one if one == _NULL else _with_placeholders(one) for one in schema["anyOf"]]
    return marked


def prioritize_placeholder_errors(errors: list[Error]) -> list[Error]:
    """Of each place what is wrong with its placeholder, where one is; else all that is wrong there."""
    by_place: dict[tuple[Any, ...], list[Error]] = {}
    for error in errors:
        by_place.setdefault(tuple(error.absolute_path), []).append(error)
    chosen: list[Error] = []
    for found in by_place.values():
        told = [error for error in found if error.validator == PLACEHOLDERS_VALIDATOR_NAME]
        chosen.extend(told or found)
    return chosen


def _sentence(error: Error) -> str:
    path = ".".join(str(part) for part in error.absolute_path)
    where = f" for field {path!r}" if path else ""
    return f"Validation failed{where}. Failure reason: {error.message}"


# --- schemas --------------------------------------------------------------------------------------------


def is_valid_schema(schema: Mapping[str, Any], preprocess: bool = True) -> None:
    """Check that a schema is one.

    Raises:
        ValidationError: it is not.
        CircularSchemaRefError: it refers to itself without end.
    """
    import jsonschema

    if preprocess:
        schema = preprocess_schema(schema)
    _must_end(schema)
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValidationError(error.message) from None
    except RecursionError:
        raise ValidationError("The schema is nested too deeply.") from None


def _must_end(schema: Mapping[str, Any]) -> None:
    """References that lead from one to the next come to a description in the end."""
    for name in ("definitions", "$defs"):
        for key in schema.get(name) or ():
            reference = f"#/{name}/{key}"
            for _ in range(_DEEPEST_REFERENCES):
                target = _target(schema, reference)
                if not isinstance(target, Mapping) or not isinstance(target.get("$ref"), str):
                    break
                reference = target["$ref"]
            else:
                raise CircularSchemaRefError("Unable to validate schema with circular references.")


def _target(schema: Any, reference: str) -> Any:
    found = schema
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def preprocess_schema(schema: Mapping[str, Any], allow_none_with_default: bool = False) -> Mapping[str, Any]:
    """The schema with null allowed for properties that need not be given and have no default.

    Args:
        allow_none_with_default: also for those that have one.

    Raises:
        ValidationError: its properties are no objects.
    """
    processed: dict[str, Any] = dict(schema)
    if "properties" in schema:
        properties = {**_object(schema["properties"], "properties")}
        required = schema.get("required") or []
        if not isinstance(required, list):
            raise ValidationError(f"{required!r} is not of type 'array' (required).")
        process_properties(properties, required, allow_none_with_default)
        processed["properties"] = properties
    for name in ("definitions", "$defs"):
        if name in schema:
            processed[name] = {
                key: preprocess_schema(_object(one, name), allow_none_with_default)
                for key, one in _object(schema[name], name).items()
            }
    return processed


def process_properties(
    properties: dict[str, dict[str, Any]],
    required_fields: Sequence[str],
    allow_none_with_default: bool = False,
) -> None:
    """Allow null, in place, for the properties that need not be given and have no default."""
    for name, property in properties.items():
        if not isinstance(property, Mapping):
            continue
        inner = dict(preprocess_schema(property, allow_none_with_default))
        if name not in required_fields and ("default" not in property or allow_none_with_default):
            inner = {"anyOf": [inner, _NULL]} if "type" not in inner else _nullable(inner)
        properties[name] = inner


def _nullable(property: dict[str, Any]) -> dict[str, Any]:
    """A described type or null; said of the type itself, so that what is wrong is told in its words."""
    types = property["type"] if isinstance(property["type"], list) else [property["type"]]
    allowed = {**property, "type": types if "null" in types else [*types, "null"]}
    if "enum" in property and isinstance(property["enum"], list):
        allowed["enum"] = [*property["enum"], None]
    return allowed


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValidationError(f"{value!r} is not of type 'object' ({name}).")
    return value


def _without_required(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    relaxed: dict[str, Any] = {name: value for name, value in schema.items() if name != "required"}
    for name in ("properties", "definitions", "$defs"):
        if isinstance(schema.get(name), Mapping):
            relaxed[name] = {
                key: _without_required(one) if isinstance(one, Mapping) else one
                for key, one in schema[name].items()
            }
    return relaxed


# --- errors as forms show them --------------------------------------------------------------------------


def build_error_obj(errors: list[Error]) -> dict[str, Any]:
    """What is wrong, as a tree along properties and indices: `{"valid": …, "errors": […]}`."""
    tree: list[Any] = []
    for error in errors:
        _place(tree, [*error.absolute_path, *_missing(error)]).append(error.message)
    return {"errors": tree, "valid": not errors}


def _missing(error: Error) -> list[str]:
    """The property that is missing, where one is: the place of the error is the object that lacks it."""
    required: Any = error.validator_value if error.validator == "required" else ()
    return [name for name in required if error.message.startswith(repr(name))][:1]


def _place(tree: list[Any], path: list[Any]) -> list[Any]:
    for part in path:
        kind = "index" if isinstance(part, int) else "property"
        node = next((one for one in tree if isinstance(one, dict) and one.get(kind) == part), None)
        if node is None:
            node = {kind: part, "errors": []}
            tree.append(node)
        tree = node["errors"]
    return tree
