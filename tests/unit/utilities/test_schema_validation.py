"""Values held to JSON schemas, and what is wrong as forms show it."""

from typing import Any

import pytest

from prefect.utilities.schema_tools import HydrationContext, hydrate
from prefect.utilities.schema_tools.validation import (
    CircularSchemaRefError,
    ValidationError,
    build_error_obj,
    is_valid,
    is_valid_schema,
    validate,
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": "integer"},
        "b": {"type": "array", "items": {"type": "string"}},
        "c": {"type": "object", "properties": {"d": {"type": "string"}}, "required": ["d"]},
        "e": {"type": "integer", "default": 3},
        "f": {"$ref": "#/definitions/F"},
    },
    "required": ["a", "c"],
    "definitions": {"F": {"type": "object", "properties": {"q": {"type": "integer"}}, "required": ["q"]}},
}
GOOD: dict[str, Any] = {"a": 1, "c": {"d": "x"}}


def wrong(values: dict[str, Any], schema: dict[str, Any] = SCHEMA) -> Any:
    found = build_error_obj(validate(hydrate(values, HydrationContext()), schema))
    assert found["valid"] is not bool(found["errors"])
    return found["errors"]


def of(name: str, *errors: Any) -> dict[str, Any]:
    return {"property": name, "errors": list(errors)}


def test_what_fits_has_no_errors() -> None:
    assert wrong(GOOD) == []
    assert wrong({**GOOD, "b": ["x"], "e": 4, "f": {"q": 1}, "unknown": 1}) == []
    assert is_valid(GOOD, SCHEMA)
    assert not is_valid({}, SCHEMA)


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"c": {"d": "x"}}, [of("a", "'a' is a required property")]),
        ({"a": 1, "c": {}}, [of("c", of("d", "'d' is a required property"))]),
        ({**GOOD, "a": "x"}, [of("a", "'x' is not of type 'integer'")]),
        ({**GOOD, "b": ["1", 2]}, [of("b", {"index": 1, "errors": ["2 is not of type 'string'"]})]),
        ({**GOOD, "f": {}}, [of("f", of("q", "'q' is a required property"))]),
    ],
)
def test_what_is_wrong_is_told_at_its_place(values: dict[str, Any], errors: Any) -> None:
    assert wrong(values) == errors


def test_null_fits_what_need_not_be_given_and_has_no_default() -> None:
    assert wrong({**GOOD, "b": None, "f": None}) == []
    assert wrong({**GOOD, "e": None}) == [of("e", "None is not of type 'integer'")]
    assert validate({**GOOD, "e": None}, SCHEMA, allow_none_with_default=True) == []
    assert wrong({**GOOD, "a": None}) == [of("a", "None is not of type 'integer'")]


def test_placeholders_fit_until_they_are_filled_and_broken_ones_do_not() -> None:
    assert wrong({**GOOD, "a": {"__prefect_kind": "jinja", "template": "{{ x }}"}}) == []
    (broken,) = wrong({**GOOD, "a": {"__prefect_kind": "json", "value": "nope"}})
    assert broken["property"] == "a"
    assert "Invalid JSON" in broken["errors"][0]


def test_what_is_missing_may_be_ignored() -> None:
    assert validate({"c": {}}, SCHEMA, ignore_required=True) == []


def test_the_first_error_is_raised_when_asked_for() -> None:
    with pytest.raises(ValidationError, match=r"for field 'c\.d'"):
        validate({"a": 1, "c": {"d": 1}}, SCHEMA, raise_on_error=True)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"properties": "text"},
        {"properties": {"a": {"type": 5}}},
        {"required": "a"},
        {"properties": {}, "required": 5},
    ],
)
def test_a_schema_that_is_none_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        is_valid_schema(schema)


def test_a_circle_of_references_is_refused() -> None:
    circle = {"A": {"$ref": "#/definitions/B"}, "B": {"$ref": "#/definitions/A"}}
    schema = {"properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": circle}
    with pytest.raises(CircularSchemaRefError):
        validate({"a": 1}, schema)


def test_a_tree_of_the_same_kind_is_no_circle() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/definitions/Node"}}}
    schema = {"properties": {"a": {"$ref": "#/definitions/Node"}}, "definitions": {"Node": node}}
    assert validate({"a": {"next": {"next": {}}}}, schema) == []


def test_nothing_is_fetched_from_the_network() -> None:
    with pytest.raises(ValidationError, match="Unresolvable"):
        validate({"a": 1}, {"$ref": "http://127.0.0.1:1/schema.json"})
