"""Registries of subclasses, and additions to pydantic."""

import abc
from collections.abc import Callable
from typing import Any

import cloudpickle
import pytest
from pydantic import BaseModel, Field, PrivateAttr, SecretStr, ValidationError

from prefect.utilities.dispatch import (
    get_dispatch_key,
    get_registry_for_type,
    lookup_type,
    register_base_type,
    register_type,
)
from prefect.utilities.generics import validate_list
from prefect.utilities.pydantic import (
    PartialModel,
    add_cloudpickle_reduction,
    add_type_dispatch,
    custom_pydantic_encoder,
    get_class_fields_only,
    handle_secret_render,
    parse_obj_as,
)


@register_base_type
class Shape:
    initialised: list[str] = []  # noqa: RUF012

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Shape.initialised.append(cls.__name__)


class Circle(Shape):
    __dispatch_key__ = "circle"


class Square(Shape):
    @classmethod
    def __dispatch_key__(cls) -> str:
        return cls.__name__.lower()


class Abstract(Shape, abc.ABC):
    pass


class Keyless:
    pass


def test_subclasses_are_found_by_their_keys() -> None:
    assert get_registry_for_type(Shape) == {"circle": Circle, "square": Square}
    assert get_registry_for_type(Square) is get_registry_for_type(Shape)
    assert lookup_type(Shape, "square") is Square
    assert get_dispatch_key(Circle()) == "circle"


def test_hooks_of_the_base_still_run() -> None:
    # Circle was defined after registration, so the registering hook wraps this one.
    assert Shape.initialised[:3] == ["Circle", "Square", "Abstract"]


def test_a_base_with_a_key_is_in_its_own_registry() -> None:
    @register_base_type
    class Base:
        __dispatch_key__ = "base"

    assert get_registry_for_type(Base) == {"base": Base}


def test_what_has_no_registry_or_key() -> None:
    assert get_registry_for_type(Keyless) is None
    assert get_dispatch_key(Keyless, allow_missing=True) is None
    with pytest.raises(ValueError, match="Keyless"):
        get_dispatch_key(Keyless)
    with pytest.raises(ValueError, match="Shape"):
        register_type(Keyless)
    with pytest.raises(KeyError, match="triangle"):
        lookup_type(Shape, "triangle")
    with pytest.raises(ValueError, match="__dispatch_key__"):
        type("Triangle", (Shape,), {})
    with pytest.raises(TypeError, match="'str'"):
        type("Triangle", (Shape,), {"__dispatch_key__": 3})


# --- Models ---


@add_type_dispatch
class Animal(BaseModel):
    type: str = "animal"


class Cat(Animal):
    type: str = "cat"
    lives: int = 9


class Kitten(Cat):
    type: str = "kitten"


class Dog(Animal):
    type: str = "dog"


def test_creating_a_base_makes_the_subclass_its_type_names() -> None:
    made: Any = Animal(type="cat", lives=3)  # type: ignore[call-arg]
    assert (type(made), made.lives) == (Cat, 3)
    assert type(Cat(type="kitten")) is Kitten
    assert type(Cat()) is Cat


def test_a_type_outside_the_family_makes_the_class_itself() -> None:
    assert type(Animal(type="unknown")) is Animal
    assert type(Cat(type="dog")) is Cat


def test_dispatch_needs_one_source_of_keys() -> None:
    class Neither(BaseModel):
        pass

    class Both(BaseModel):
        type: str = "x"

        @classmethod
        def __dispatch_key__(cls) -> str:
            return "x"

    with pytest.raises(ValueError, match="does not define"):
        add_type_dispatch(Neither)
    with pytest.raises(ValueError, match="Only one"):
        add_type_dispatch(Both)


class Login(BaseModel):
    user: str
    password: SecretStr = SecretStr("pw")


def test_a_partial_model_collects_fields() -> None:
    partial = PartialModel(Login, user="me")
    partial.password = SecretStr("other")
    assert partial.finalize() == Login(user="me", password=SecretStr("other"))
    assert PartialModel(Login).finalize(user="you") == Login(user="you")
    assert "user='me'" in repr(PartialModel(Login, user="me"))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PartialModel(Login, color="red"),
        lambda: PartialModel(Login).finalize(color="red"),
        lambda: setattr(PartialModel(Login), "color", "red"),
    ],
)
def test_a_partial_model_refuses_fields_it_does_not_have(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="not present"):
        wrong()


def test_a_partial_model_takes_each_field_once() -> None:
    partial = PartialModel(Login, user="me")
    with pytest.raises(ValueError, match="already"):
        partial.user = "you"
    with pytest.raises(ValueError, match="already"):
        partial.finalize(user="you")


def test_parsing_as_any_type() -> None:
    assert parse_obj_as(list[int], ["1", 2]) == [1, 2]
    assert parse_obj_as(Login, '{"user": "me"}', mode="json") == Login(user="me")
    assert parse_obj_as(int, "1", mode="strings") == 1
    with pytest.raises(ValidationError):
        parse_obj_as(list[int], ["x"])


def test_fields_of_a_class_alone() -> None:
    assert get_class_fields_only(Cat) == {"lives"}
    assert get_class_fields_only(Login) == {"user", "password"}


def test_encoders_by_class() -> None:
    assert custom_pydantic_encoder({int: lambda number: f"number {number}"}, True) == "number True"
    assert custom_pydantic_encoder({}, {1}) == [1]
    assert custom_pydantic_encoder({}, Cat()) == {"type": "cat", "lives": 9}


def test_secrets_are_rendered_by_context() -> None:
    hidden, revealed = {}, {"include_secrets": True}
    assert handle_secret_render(SecretStr("pw"), hidden) == "********"
    assert handle_secret_render(SecretStr("pw"), revealed) == "pw"
    assert handle_secret_render(Login(user="me"), hidden) == {"user": "me", "password": "********"}
    assert handle_secret_render(Login(user="me"), revealed) == {"user": "me", "password": "pw"}
    assert handle_secret_render("plain", hidden) == "plain"


@add_cloudpickle_reduction
class HoldsAnything(BaseModel):
    content: Any = None
    also: int = Field(1, exclude=True)
    _private: int = PrivateAttr(7)


def test_models_holding_anything_pickle() -> None:
    copy = cloudpickle.loads(cloudpickle.dumps(HoldsAnything(content=lambda: 5)))
    assert type(copy) is HoldsAnything
    assert copy.content() == 5
    assert copy._private == 7


def test_pickling_can_leave_fields_out() -> None:
    @add_cloudpickle_reduction(exclude={"content"})
    class LeavesOut(HoldsAnything):
        pass

    _, (name, fields) = LeavesOut(content=1).__reduce__()
    assert name.endswith("LeavesOut")
    assert "content" not in cloudpickle.loads(fields)


def test_lists_of_models() -> None:
    assert validate_list(Cat, [{"lives": "3"}]) == [Cat(lives=3)]
    for wrong in (5, [5], [{"lives": "x"}]):
        with pytest.raises(ValidationError):
            validate_list(Cat, wrong)
