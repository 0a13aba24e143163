"""How results become bytes and values again.

Each serializer is a small pydantic model: its fields are its configuration, stored beside what it wrote, so
that a result is read back by whatever wrote it. Not here: where the bytes go (`results`, `filesystems`).

Unpickling runs code that the bytes name: results are trusted input. `PREFECT_RESULTS_ALLOW_PICKLE=false`
refuses pickle altogether.
"""

from __future__ import annotations

import base64
import functools
import importlib
import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

from prefect.exceptions import SerializationError
from prefect.settings import get_current_settings
from prefect.utilities import script_classes

D = TypeVar("D")

_registry: dict[str, type[Serializer[Any]]] = {}


class Serializer(BaseModel, Generic[D], ABC):
    """Base of all serializers. `Serializer(type="json")` makes the one of that type.

    Subclass it with a `type` field that has a constant default, `dumps` and `loads`: the type can then be
    given as `result_serializer="…"`. `dumps` must return UTF-8 text as bytes; `loads` gets the same bytes.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    type: str

    def __new__(cls, **kwargs: Any) -> Self:
        if cls is not Serializer:
            return super().__new__(cls)
        return super().__new__(_class_for(kwargs))  # type: ignore[return-value]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        type_name = cls.model_fields["type"].default
        if isinstance(type_name, str):
            _registry[type_name] = cls

    @model_validator(mode="wrap")
    @classmethod
    def _as_the_type_named(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if cls is Serializer and isinstance(value, dict):
            named = _registry.get(value.get("type", ""))
            if named is None:
                raise ValueError(f"There is no serializer of type {value.get('type')!r}. {_known_types()}")
            return named.model_validate(value)  # type: ignore[return-value]
        return handler(value)

    @abstractmethod
    def dumps(self, obj: D) -> bytes:
        """The bytes of a value."""

    @abstractmethod
    def loads(self, blob: bytes) -> D:
        """The value of bytes that `dumps` made."""

    def configuration(self) -> dict[str, Any]:
        """The fields as JSON values: what is stored beside a result."""
        return self.model_dump(mode="json")


def _class_for(configuration: dict[str, Any]) -> type[Serializer[Any]]:
    named = _registry.get(configuration.get("type", ""))
    if named is None:
        Serializer.model_validate(configuration)  # raises the error that says so
        raise TypeError("A serializer must have a type.")
    return named


def _known_types() -> str:
    return f"Known types: {', '.join(sorted(_registry))}."


def serializer_from_configuration(configuration: dict[str, Any]) -> Serializer[Any]:
    """The serializer with the stored fields; an `UnknownSerializer` if no class has the type.

    Raises:
        pydantic.ValidationError: the fields do not fit the type.
    """
    if configuration.get("type") not in _registry:
        return UnknownSerializer(**configuration)
    return _cached_serializer(json.dumps(configuration))


@functools.lru_cache(maxsize=128)
def _cached_serializer(configuration: str) -> Serializer[Any]:
    fields = json.loads(configuration)
    return _registry[fields["type"]].model_validate(fields)


# --- pickle ---------------------------------------------------------------------------------------------


class PickleSerializer(Serializer[D]):
    """Pickles, as base64 text. Takes nearly every Python object; only reads in the same code.

    Attributes:
        picklelib: the module with `dumps` and `loads`; default `cloudpickle`, which also takes lambdas and
            classes of a script.
        picklelib_version: for information.
    """

    type: str = Field(default="pickle", frozen=True)
    picklelib: str = "cloudpickle"
    picklelib_version: str | None = None

    @field_validator("picklelib")
    @classmethod
    def _check_picklelib(cls, value: str) -> str:
        return (
            value if value in ("cloudpickle", "pickle") else _module_with(value, "pickle", ("dumps", "loads"))
        )

    def dumps(self, obj: D) -> bytes:
        """The pickled value as lines of base64.

        Raises:
            SerializationError: pickle is refused by setting.
        """
        _refuse_forbidden_pickle()
        return base64.encodebytes(importlib.import_module(self.picklelib).dumps(obj))

    def loads(self, blob: bytes) -> D:
        """The unpickled value. Runs code that the bytes name.

        Raises:
            SerializationError: pickle is refused by setting.
        """
        _refuse_forbidden_pickle()
        reads_own_classes = self.picklelib == "cloudpickle" and script_classes.main_has_stand_in()
        library: Any = script_classes if reads_own_classes else importlib.import_module(self.picklelib)
        value: D = library.loads(base64.decodebytes(blob))
        return value


def _refuse_forbidden_pickle() -> None:
    if not get_current_settings().results.allow_pickle:
        raise SerializationError(
            "Pickle is refused here: PREFECT_RESULTS_ALLOW_PICKLE is off. Use another serializer, for "
            'example result_serializer="json" or PREFECT_RESULTS_DEFAULT_SERIALIZER=json.'
        )


# --- JSON -----------------------------------------------------------------------------------------------


def prefect_json_object_encoder(obj: Any) -> Any:
    """An object that JSON does not know, as a dictionary that names its class.

    Raises:
        pydantic_core.PydanticSerializationError: pydantic does not know how to write it either.
    """
    from pydantic_core import to_jsonable_python

    if isinstance(obj, BaseException):
        return {"__exc_type__": _qualified_name(obj), "message": str(obj)}
    return {"__class__": _qualified_name(obj), "data": to_jsonable_python(obj)}


def prefect_json_object_decoder(result: dict[str, Any]) -> Any:
    """The object that `prefect_json_object_encoder` described; other dictionaries as they are.

    Raises:
        TypeError: what it names is not a class (or not an exception): nothing else is ever called.
    """
    if "__class__" in result:
        return _validator_of(result["__class__"]).validate_python(result["data"])
    if "__exc_type__" in result:
        error_class = _named_class(result["__exc_type__"])
        if not issubclass(error_class, BaseException):
            raise TypeError(f"{result['__exc_type__']!r} is not an exception.")
        return error_class(result["message"])
    return result


@functools.lru_cache(maxsize=512)
def _validator_of(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_named_class(name))


def _named_class(name: str) -> type[Any]:
    found = _imported(name)
    if not isinstance(found, type):
        raise TypeError(f"{name!r} is not a class.")
    return found


def _imported(name: str) -> Any:
    """What a dotted name stands for, also inside a class."""
    module_name, _, rest = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module_name), rest)
    except ModuleNotFoundError:
        if not module_name:
            raise
        return getattr(_imported(module_name), rest)


def _qualified_name(obj: Any) -> str:
    return f"{type(obj).__module__}.{type(obj).__qualname__}"


class JSONSerializer(Serializer[D]):
    """JSON text. Reads without running foreign code; tuples come back as lists, keys as text.

    Attributes:
        jsonlib: the module with `dumps` and `loads`, such as `orjson`.
        object_encoder: dotted name of a function for objects JSON does not know; None: such objects fail.
        object_decoder: dotted name of the function that turns its dictionaries back.
        dumps_kwargs: passed to the module's `dumps`.
        loads_kwargs: passed to the module's `loads`.
    """

    type: str = Field(default="json", frozen=True)
    jsonlib: str = "json"
    object_encoder: str | None = "prefect.serializers.prefect_json_object_encoder"
    object_decoder: str | None = "prefect.serializers.prefect_json_object_decoder"
    dumps_kwargs: dict[str, Any] = Field(default_factory=dict)
    loads_kwargs: dict[str, Any] = Field(default_factory=dict)

    @field_validator("dumps_kwargs")
    @classmethod
    def _check_dumps_kwargs(cls, value: dict[str, Any]) -> dict[str, Any]:
        if "default" in value:
            raise ValueError("`default` cannot be given here: name the function as `object_encoder`.")
        return value

    @field_validator("loads_kwargs")
    @classmethod
    def _check_loads_kwargs(cls, value: dict[str, Any]) -> dict[str, Any]:
        if "object_hook" in value:
            raise ValueError("`object_hook` cannot be given here: name the function as `object_decoder`.")
        return value

    def dumps(self, obj: D) -> bytes:
        """The value as JSON."""
        options = dict(self.dumps_kwargs)
        if self.object_encoder:
            options["default"] = _named_function(self.object_encoder)
        written = importlib.import_module(self.jsonlib).dumps(obj, **options)
        return written.encode() if isinstance(written, str) else bytes(written)

    def loads(self, blob: bytes) -> D:
        """The value of JSON."""
        options = dict(self.loads_kwargs)
        if self.object_decoder:
            decoder = _named_function(self.object_decoder)
            if self.jsonlib == "orjson":  # has no hook: objects are turned back afterwards
                return _decoded(importlib.import_module("orjson").loads(blob, **options), decoder)  # type: ignore[no-any-return]
            options["object_hook"] = decoder
        value: D = importlib.import_module(self.jsonlib).loads(blob.decode(), **options)
        return value


@functools.lru_cache(maxsize=128)
def _named_function(name: str) -> Any:
    return _imported(name)


def _decoded(value: Any, decode: Any) -> Any:
    """A JSON value with `decode` applied to its dictionaries, innermost first."""
    if isinstance(value, dict):
        return decode({key: _decoded(item, decode) for key, item in value.items()})
    if isinstance(value, list):
        return [_decoded(item, decode) for item in value]
    return value


# --- compression ----------------------------------------------------------------------------------------


class CompressedSerializer(Serializer[D]):
    """Another serializer's bytes, compressed, as base64 text.

    Attributes:
        serializer: the other serializer, or its type.
        compressionlib: the module with `compress` and `decompress`: `lzma` (default), `bz2`, `zlib`, `gzip`.
    """

    type: str = Field(default="compressed", frozen=True)
    serializer: Any
    compressionlib: str = "lzma"

    @field_validator("serializer", mode="before")
    @classmethod
    def _resolve_serializer(cls, value: Any) -> Serializer[Any]:
        if isinstance(value, str):
            value = {"type": value}
        return Serializer.model_validate(value)

    @field_validator("compressionlib")
    @classmethod
    def _check_compressionlib(cls, value: str) -> str:
        return _module_with(value, "compression", ("compress", "decompress"))

    def dumps(self, obj: D) -> bytes:
        """The compressed bytes of a value as lines of base64."""
        blob = self.serializer.dumps(obj)
        return base64.encodebytes(importlib.import_module(self.compressionlib).compress(blob))

    def loads(self, blob: bytes) -> D:
        """The value of compressed bytes."""
        plain = importlib.import_module(self.compressionlib).decompress(base64.decodebytes(blob))
        value: D = self.serializer.loads(plain)
        return value


class CompressedPickleSerializer(CompressedSerializer[D]):
    """Compressed pickles."""

    type: str = Field(default="compressed/pickle", frozen=True)
    serializer: Any = Field(default_factory=PickleSerializer)


class CompressedJSONSerializer(CompressedSerializer[D]):
    """Compressed JSON."""

    type: str = Field(default="compressed/json", frozen=True)
    serializer: Any = Field(default_factory=JSONSerializer)


class UnknownSerializer(Serializer[Any]):
    """Stands for a serializer whose class is not here (any more); its fields are kept as they were stored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")

    type: str

    def dumps(self, obj: Any) -> bytes:
        """Write as the type that is named, if it is known by now; else raise SerializationError."""
        return self._found().dumps(obj)

    def loads(self, blob: bytes) -> Any:
        """Read as the type that is named, if it is known by now; else raise SerializationError."""
        return self._found().loads(blob)

    def _found(self) -> Serializer[Any]:
        if self.type not in _registry:
            raise SerializationError(
                f"The result was written by a serializer of type {self.type!r}, which is not known here. "
                f"Import the module that defines it. {_known_types()}"
            )
        return _registry[self.type].model_validate(self.model_dump())


def _module_with(name: str, purpose: str, functions: tuple[str, ...]) -> str:
    """The name of a module, once it is sure that it can be imported and has the functions."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"The {purpose} library {name!r} cannot be imported: {error}.") from error
    for function in functions:
        if not callable(getattr(module, function, None)):
            raise ValueError(f"The {purpose} library {name!r} has no function {function!r}.")
    return name
