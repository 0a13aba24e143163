"""Checking and coercing parameters by the types in a signature."""

import dataclasses
import datetime
import enum
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import pydantic
import pydantic.v1
import pytest
from pydantic import BaseModel, Field

from prefect.exceptions import ParameterTypeError, SignatureMismatchError
from prefect.utilities.parameters import ParameterModel

if TYPE_CHECKING:
    pass


class Point(BaseModel):
    x: int
    y: int = 0


class OldPoint(pydantic.v1.BaseModel):
    x: int


@dataclasses.dataclass
class Size:
    width: int


class Color(enum.Enum):
    RED = "red"


class Anything:
    """Not known to pydantic."""


def check(fn: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    return ParameterModel(fn).validate(parameters)


def typed(annotation: Any, default: Any = ...) -> Callable[..., Any]:
    def fn(value: Any) -> None: ...

    def fn_with_default(value: Any = default) -> None: ...

    chosen = fn if default is ... else fn_with_default
    chosen.__annotations__["value"] = annotation
    return chosen


@pytest.mark.parametrize(
    ("annotation", "given", "coerced"),
    [
        (int, "3", 3),
        (int, 3.0, 3),
        (float, 1, 1.0),
        (bool, "yes", True),
        (bytes, "ab", b"ab"),
        (Point, {"x": "1"}, Point(x=1)),
        (Size, {"width": "2"}, Size(2)),
        (Color, "red", Color.RED),
        (datetime.datetime, "2026-01-02", datetime.datetime(2026, 1, 2)),  # noqa: DTZ001
        (datetime.timedelta, 5, datetime.timedelta(seconds=5)),
        (uuid.UUID, "00000000-0000-0000-0000-000000000001", uuid.UUID(int=1)),
        (Path, "a/b", Path("a/b")),
        (list[int], ("1", 2), [1, 2]),
        (dict[str, Point], {"p": {"x": 1}}, {"p": Point(x=1)}),
        (Optional[int], "3", 3),  # noqa: UP045
        (int | str, "3", "3"),
        (Literal["a", "b"], "a", "a"),
        (Annotated[int, Field(gt=1)], "2", 2),
        (Any, "3", "3"),
        ("int", "3", 3),
        ("list[Point]", [{"x": 1}], [Point(x=1)]),
        (list["Point"], [{"x": 1}], [Point(x=1)]),
        ("Decimal", "1.5", "1.5"),
        ("a note that is no type", 7, 7),
        (OldPoint, {"x": "1"}, OldPoint(x=1)),
    ],
)
def test_values_are_coerced(annotation: Any, given: Any, coerced: Any) -> None:
    result = check(typed(annotation), value=given)["value"]
    assert result == coerced
    assert type(result) is type(coerced)


@pytest.mark.parametrize(
    ("annotation", "given"),
    [
        (int, "three"),
        (int, 3.5),
        (int, None),
        (str, 3),
        (Point, {"y": 1}),
        (Anything, "no instance"),
        (Annotated[int, Field(gt=1)], 1),
        (Literal["a"], "b"),
    ],
)
def test_what_does_not_fit_is_a_type_error_naming_the_parameter(annotation: Any, given: Any) -> None:
    with pytest.raises(ParameterTypeError, match="- value"):
        check(typed(annotation), value=given)


def test_all_faults_are_named_at_once() -> None:
    def fn(a: int, b: int, c: int) -> None: ...

    with pytest.raises(ParameterTypeError, match=r"(?s)- a.*- b: Field required"):
        check(fn, a="x", c=1)


def test_instances_are_handed_on_as_they_are() -> None:
    def fn(point: Point, thing: Anything, untyped: Any) -> None: ...

    values: dict[str, Any] = {"point": Point(x=1), "thing": Anything(), "untyped": []}
    result = check(fn, **values)
    assert all(result[name] is values[name] for name in values)


def test_defaults_stand_in_unchecked_but_given_values_are_checked() -> None:
    def fn(a: int = "not a number", b: datetime.date = "2026-01-02") -> None: ...  # type: ignore[assignment]

    assert check(fn) == {"a": "not a number", "b": "2026-01-02"}
    assert check(fn, a=1, b="2026-01-02")["b"] == datetime.date(2026, 1, 2)


def test_none_is_accepted_where_it_is_the_default() -> None:
    assert check(typed(int, None), value=None) == {"value": None}
    assert check(typed(Point, None), value=None) == {"value": None}


def test_field_defaults_and_their_constraints_hold() -> None:
    def fn(a: int = Field(3, ge=1), b: list[int] = Field(default_factory=list)) -> None: ...

    assert check(fn) == {"a": 3, "b": []}
    assert check(fn, a="5")["a"] == 5
    with pytest.raises(ParameterTypeError, match="- a"):
        check(fn, a=0)


def test_order_is_that_of_the_signature() -> None:
    def fn(a: int, b: int = 2, c: int = 3) -> None: ...

    assert list(check(fn, c="1", a="1")) == ["a", "b", "c"]


def test_variadic_parameters_are_handed_on_unchecked() -> None:
    def fn(a: int, *args: int, **kwargs: int) -> None: ...

    assert check(fn, a="1", args=["2"], kwargs={"k": "3"}) == {"a": 1, "args": ("2",), "kwargs": {"k": "3"}}
    assert check(fn, a=1) == {"a": 1, "args": (), "kwargs": {}}


def test_positional_only_parameters() -> None:
    def fn(a: int, /, b: int) -> None: ...

    assert check(fn, a="1", b="2") == {"a": 1, "b": 2}


def test_any_parameter_name_works() -> None:
    def fn(
        _hidden: int, model_config: int, json: int, copy: int, self: int, cls: int, model_dump: int, p0: int
    ) -> None: ...

    names = ["_hidden", "model_config", "json", "copy", "self", "cls", "model_dump", "p0"]
    assert ParameterModel(fn).validate(dict.fromkeys(names, "1")) == dict.fromkeys(names, 1)


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(SignatureMismatchError, match="other"):
        check(typed(int), value=1, other=2)


def test_types_of_an_enclosing_function_are_found() -> None:
    class Local(BaseModel):
        x: int

    def fn(value: "Local") -> type:
        return Local

    assert check(fn, value={"x": "1"})["value"] == Local(x=1)


@pytest.mark.parametrize("value", [{"point": Point(x=1)}, {"point": {"x": 1}}])
def test_models_of_both_pydantic_versions_do_not_mix(value: dict[str, Any]) -> None:
    def fn(old: OldPoint, point: Point) -> None: ...

    with pytest.raises(ParameterTypeError, match="v1 and v2"):
        check(fn, old=OldPoint(x=1), **value)


def test_an_annotation_pydantic_refuses_is_explained() -> None:
    class Broken:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
            raise pydantic.errors.PydanticUserError("no schema for Broken.", code=None)

    with pytest.raises(ParameterTypeError, match=r"no schema for Broken.*validate_parameters=False"):
        check(typed(Broken), value=1)


def test_no_model_is_built_for_values_of_exactly_their_plain_types() -> None:
    def fn(a: int, b: str, c: Any, d: float = 1.0) -> None: ...

    model = ParameterModel(fn)
    assert model.validate({"a": 1, "b": "x", "c": object})["a"] == 1
    assert "_model" not in vars(model)
    model.validate({"a": "1", "b": "x", "c": object})
    assert "_model" in vars(model)
