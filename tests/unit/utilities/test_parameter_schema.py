"""Describing parameters as JSON Schema."""

import dataclasses
import datetime
import enum
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pydantic.v1
import pytest
from pydantic import BaseModel, Field

from prefect.utilities.callables import (
    generate_parameter_schema,
    parameter_docstrings,
    parameter_schema,
    parameter_schema_from_entrypoint,
)


class Color(enum.Enum):
    RED = "red"


class Point(BaseModel):
    x: int = 1
    color: Color


@dataclasses.dataclass
class Size:
    width: int


class OldPoint(pydantic.v1.BaseModel):
    x: int


class Anything:
    pass


def properties(fn: Callable[..., Any]) -> dict[str, Any]:
    return parameter_schema(fn).properties


def test_a_signature_with_a_docstring() -> None:
    def fn(x, y: int, z: str = "a", *, k: float | None = None) -> None:  # type: ignore[no-untyped-def]
        """Do it.

        Args:
            x: the first
                of four
            z (str): the third

        Returns:
            y: not a parameter
        """

    assert parameter_schema(fn).model_dump_for_openapi() == {
        "title": "Parameters",
        "type": "object",
        "properties": {
            "x": {"title": "x", "position": 0, "description": "the first\nof four"},
            "y": {"title": "y", "position": 1, "type": "integer"},
            "z": {"title": "z", "position": 2, "type": "string", "default": "a", "description": "the third"},
            "k": {
                "title": "k",
                "position": 3,
                "anyOf": [{"type": "number"}, {"type": "null"}],
                "default": None,
            },
        },
        "required": ["x", "y"],
        "definitions": {},
    }


def test_nothing_required_leaves_required_out() -> None:
    def fn(x: int = 1) -> None: ...

    assert "required" not in parameter_schema(fn).model_dump_for_openapi()


def test_models_are_defined_once_and_referred_to() -> None:
    def fn(point: Point, size: Size, color: Color = Color.RED) -> None: ...

    schema = parameter_schema(fn)
    assert schema.properties["point"] == {"$ref": "#/definitions/Point", "title": "point", "position": 0}
    assert schema.properties["color"]["default"] == "red"
    assert set(schema.definitions) == {"Point", "Size", "Color"}
    assert schema.definitions["Point"]["properties"]["color"] == {"$ref": "#/definitions/Color"}


def test_variadic_parameters_are_a_list_and_an_object() -> None:
    def fn(*args: int, **kwargs: str) -> None: ...

    schema = parameter_schema(fn)
    assert schema.required == []
    assert schema.properties["args"] == {
        "title": "args",
        "position": 0,
        "type": "array",
        "items": {"type": "integer"},
        "default": [],
    }
    assert schema.properties["kwargs"]["additionalProperties"] == {"type": "string"}
    assert schema.properties["kwargs"]["default"] == {}


def test_what_json_schema_has_no_word_for_stays_open() -> None:
    def fn(a: Anything, b: Callable[[], int], c: Any = object(), d: Anything = Anything()) -> None: ...

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = parameter_schema(fn)
    assert schema.properties == {
        name: {"title": name, "position": position} for position, name in enumerate("abcd")
    }
    assert schema.required == ["a", "b"]


def test_defaults_are_written_as_json() -> None:
    def fn(
        day: datetime.date = datetime.date(2026, 1, 2),
        wait: datetime.timedelta = datetime.timedelta(hours=1),
        path: Path = Path("a/b"),
        point: Point = Point(color=Color.RED),
    ) -> None: ...

    defaults = {name: prop["default"] for name, prop in properties(fn).items()}
    assert defaults == {
        "day": "2026-01-02",
        "wait": "PT1H",
        "path": "a/b",
        "point": {"x": 1, "color": "red"},
    }


def test_pydantic_fields_say_more() -> None:
    def fn(
        a: Annotated[int, Field(gt=1, description="more than one")], b: int = Field(3, ge=1, description="b")
    ) -> None: ...

    assert properties(fn)["a"]["exclusiveMinimum"] == 1
    assert properties(fn)["a"]["description"] == "more than one"
    assert properties(fn)["b"] == {
        "title": "b",
        "position": 1,
        "type": "integer",
        "minimum": 1,
        "default": 3,
        "description": "b",
    }


def test_awkward_names_and_annotations_as_text() -> None:
    def fn(_x: "int", json: "list[Point]", model_config: "NotImportedHere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    found = properties(fn)
    assert found["_x"]["type"] == "integer"
    assert found["json"]["items"] == {"$ref": "#/definitions/Point"}
    assert "type" not in found["model_config"]


def test_an_unbound_method_is_described_without_self() -> None:
    class Owner:
        def method(self, x: int) -> None: ...

    assert properties(Owner.method) == {"x": {"title": "x", "position": 1, "type": "integer"}}


def test_models_of_pydantic_v1() -> None:
    def fn(old: OldPoint, new: Point, json: int = 1) -> None: ...

    schema = parameter_schema(fn)
    assert schema.properties["old"]["allOf"] == [{"$ref": "#/definitions/OldPoint"}]
    assert schema.properties["json"]["default"] == 1
    assert schema.definitions["OldPoint"]["properties"]["x"]["type"] == "integer"
    assert schema.required == ["old", "new"]


@pytest.mark.parametrize(
    "docstring", [None, "", "Only a summary.", "Args:\n\nReturns:\n    x: y", "Args:\n    no colon here"]
)
def test_docstrings_that_describe_no_parameters(docstring: str | None) -> None:
    assert parameter_docstrings(docstring) == {}


def test_docstrings_of_variadic_parameters_and_blank_lines() -> None:
    docstring = (
        "Sum.\n\nArgs:\n    *args: numbers\n\n    **kwargs: options:\n        more\n\nRaises:\n    E: no\n"
    )
    assert parameter_docstrings(docstring) == {"args": "numbers", "kwargs": "options:\nmore"}


def test_schema_of_a_signature() -> None:
    import inspect

    def fn(a: int) -> None: ...

    by_signature = generate_parameter_schema(inspect.signature(fn), {"a": "first"})
    assert by_signature.properties["a"]["description"] == "first"


SCRIPT = '''
from typing import Optional
import not_installed_here
from not_installed_here import decorate, Unknown

raise SystemExit("must not run")

DEFAULT = 5

@decorate
async def fn(a: int, b: Optional[str], c: Unknown = not_installed_here.x, *, d: int = DEFAULT):
    """Do it.

    Args:
        a: the first
    """
    return 1 / 0
'''


def test_schema_of_code_that_cannot_run_here(tmp_path: Path) -> None:
    script = tmp_path / "script_with_fn.py"
    script.write_text(SCRIPT)
    schema = parameter_schema_from_entrypoint(f"{script}:fn")
    assert schema.required == ["a", "b"]
    assert schema.properties["a"]["description"] == "the first"
    assert schema.properties["b"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert schema.properties["c"] == {"title": "c", "position": 2, "default": None}
    assert schema.properties["d"]["default"] == 5


def test_schema_of_a_function_in_a_module() -> None:
    schema = parameter_schema_from_entrypoint("prefect.utilities.text:truncated_to")
    assert list(schema.properties) == ["length", "value"]
    assert schema == parameter_schema_from_entrypoint("prefect.utilities.text.truncated_to")


@pytest.mark.parametrize("entrypoint", ["nowhere.py:fn", "no_such_module:fn", "fn"])
def test_entrypoints_that_lead_nowhere(entrypoint: str) -> None:
    with pytest.raises(ValueError, match=r"found|find"):
        parameter_schema_from_entrypoint(entrypoint)


def test_entrypoints_without_that_function() -> None:
    with pytest.raises(AttributeError, match="missing"):
        parameter_schema_from_entrypoint("prefect.utilities.text:missing")
