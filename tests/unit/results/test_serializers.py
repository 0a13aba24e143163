"""Serializers: round trips, dispatch by type, refusals."""

import datetime
import enum
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pydantic
import pytest

from prefect.exceptions import SerializationError
from prefect.serializers import (
    CompressedJSONSerializer,
    CompressedSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
    UnknownSerializer,
    serializer_from_configuration,
)
from prefect.settings import temporary_settings


class Colour(enum.Enum):
    RED = "red"


class Point(pydantic.BaseModel):
    x: int
    tags: set[str] = set()


class Shouting(Serializer[Any]):
    type: Literal["shouting"] = "shouting"
    marks: int = 1

    def dumps(self, obj: Any) -> bytes:
        return (str(obj).upper() + "!" * self.marks).encode()

    def loads(self, blob: bytes) -> Any:
        return blob.decode()


VALUES = [
    None,
    1.5,
    "ü",
    [1, {"a": None}],
    {1, 2},
    frozenset({"a"}),
    datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
    datetime.timedelta(seconds=3),
    Decimal("1.10"),
    UUID(int=7),
    Path("/x/y"),
    Colour.RED,
    Point(x=1, tags={"a"}),
    b"bytes",
]


@pytest.mark.parametrize("type_name", ["pickle", "json", "compressed/pickle", "compressed/json"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_round_trip(type_name: str, value: Any) -> None:
    serializer = Serializer(type=type_name)
    assert serializer.loads(serializer.dumps(value)) == value


@pytest.mark.parametrize("type_name", ["pickle", "json"])
def test_exceptions_round_trip(type_name: str) -> None:
    serializer = Serializer(type=type_name)
    error = serializer.loads(serializer.dumps(ValueError("no")))
    assert type(error) is ValueError
    assert error.args == ("no",)


def test_json_is_what_the_specification_says() -> None:
    assert JSONSerializer().dumps({1, 2}) == b'{"__class__": "builtins.set", "data": [1, 2]}'
    assert (
        JSONSerializer().dumps(KeyError("k")) == b'{"__exc_type__": "builtins.KeyError", "message": "\'k\'"}'
    )


def test_pickle_is_lines_of_base64() -> None:
    lines = PickleSerializer().dumps("x" * 200).splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 76 for line in lines)


def test_dispatch_by_type() -> None:
    assert isinstance(Serializer(type="json"), JSONSerializer)
    assert Serializer(type="shouting", marks=3).dumps("a") == b"A!!!"
    assert Serializer.model_validate({"type": "json"}) == JSONSerializer()
    assert CompressedSerializer(serializer="shouting").serializer == Shouting()


@pytest.mark.parametrize("fields", [{"type": "nope"}, {}])
def test_an_unknown_type_says_which_are_known(fields: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError, match=r"Known types: .*json.*pickle"):
        Serializer(**fields)


def test_stored_configuration_of_an_unknown_type_is_kept() -> None:
    found = serializer_from_configuration({"type": "theirs", "level": 9})
    assert isinstance(found, UnknownSerializer)
    assert found.configuration() == {"type": "theirs", "level": 9}
    with pytest.raises(SerializationError, match="'theirs'"):
        found.loads(b"")


def test_a_type_defined_later_is_found() -> None:
    found = serializer_from_configuration({"type": "later"})

    class Later(Shouting):
        type: Literal["later"] = "later"  # type: ignore[assignment]

    assert found.loads(Later().dumps("a")) == "A!"


def test_orjson_in_place_of_json() -> None:
    serializer = JSONSerializer(jsonlib="orjson")
    assert serializer.loads(serializer.dumps({"a": [frozenset({1})]})) == {"a": [frozenset({1})]}


@pytest.mark.parametrize(
    ("cls", "fields", "message"),
    [
        (PickleSerializer, {"picklelib": "nowhere"}, "cannot be imported"),
        (PickleSerializer, {"picklelib": "os"}, "no function 'dumps'"),
        (CompressedJSONSerializer, {"compressionlib": "os"}, "no function 'compress'"),
        (JSONSerializer, {"dumps_kwargs": {"default": str}}, "object_encoder"),
        (JSONSerializer, {"loads_kwargs": {"object_hook": str}}, "object_decoder"),
        (JSONSerializer, {"nope": 1}, "Extra inputs"),
    ],
)
def test_bad_configuration(cls: type[Serializer[Any]], fields: dict[str, Any], message: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=message):
        cls(**fields)


@pytest.mark.parametrize(
    "blob",
    [b'{"__class__": "os.system", "data": "true"}', b'{"__exc_type__": "builtins.int", "message": "1"}'],
)
def test_json_calls_nothing_but_classes_and_exceptions(blob: bytes) -> None:
    with pytest.raises(TypeError):
        JSONSerializer().loads(blob)


def test_json_does_not_construct_arbitrary_classes() -> None:
    with pytest.raises(pydantic.errors.PydanticSchemaGenerationError):
        JSONSerializer().loads(b'{"__class__": "subprocess.Popen", "data": "true"}')


def test_pickle_can_be_refused() -> None:
    written = PickleSerializer().dumps(1)
    with temporary_settings({"PREFECT_RESULTS_ALLOW_PICKLE": "false"}):
        with pytest.raises(SerializationError, match="PREFECT_RESULTS_ALLOW_PICKLE"):
            PickleSerializer().dumps(1)
        with pytest.raises(SerializationError, match="PREFECT_RESULTS_ALLOW_PICKLE"):
            PickleSerializer().loads(written)
        with pytest.raises(SerializationError):
            Serializer(type="compressed/pickle").dumps(1)
        assert JSONSerializer().loads(JSONSerializer().dumps([1])) == [1]
