"""Additions to pydantic: models made in steps, models chosen by a word in the data, models that pickle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar, cast, overload

from pydantic import BaseModel, Secret, TypeAdapter
from pydantic_core import to_jsonable_python

from prefect.utilities.collections import visit_collection
from prefect.utilities.dispatch import (
    create_registry,
    get_dispatch_key,
    get_registry_for_type,
    register_type,
)
from prefect.utilities.importtools import from_qualified_name, to_qualified_name
from prefect.utilities.names import obfuscate

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


# --- Pickling -----------------------------------------------------------------------------------


@overload
def add_cloudpickle_reduction(__model_cls: type[M]) -> type[M]: ...
@overload
def add_cloudpickle_reduction(__model_cls: None = None, **kwargs: Any) -> Callable[[type[M]], type[M]]: ...
def add_cloudpickle_reduction(
    __model_cls: type[M] | None = None, **kwargs: Any
) -> type[M] | Callable[[type[M]], type[M]]:
    """Make the instances of a model pickle by cloudpickle, whatever their fields hold.

    For use as a decorator, bare or with arguments for `model_dump`, such as `exclude`.
    """

    def add(model_cls: type[M]) -> type[M]:
        def reduce_model(self: BaseModel) -> tuple[Any, ...]:
            import cloudpickle

            fields = {name: getattr(self, name) for name in self.model_dump(**kwargs)}
            return _unreduce_model, (to_qualified_name(type(self)), cloudpickle.dumps(fields))

        cast(Any, model_cls).__reduce__ = reduce_model
        return model_cls

    return add if __model_cls is None else add(__model_cls)


def _unreduce_model(model_name: str, pickled_fields: bytes) -> BaseModel:
    import cloudpickle

    model_cls: type[BaseModel] = from_qualified_name(model_name)
    return model_cls.model_construct(**cloudpickle.loads(pickled_fields))


# --- Choosing a subclass ------------------------------------------------------------------------


def add_type_dispatch(model_cls: type[M]) -> type[M]:
    """Make a model create the subclass that its `type` names.

    The key of a subclass is its `__dispatch_key__` or, if the base has a `type` field, the default of that.

    Raises:
        ValueError: the model has both, or neither.
        TypeError: the key is no string.
    """
    own_key = "__dispatch_key__" in vars(model_cls)
    type_field = model_cls.model_fields.get("type")
    if own_key and type_field:
        raise ValueError(
            f"Model class {model_cls.__name__!r} defines a `__dispatch_key__` and a type field. Only one of "
            "these may be defined for dispatch."
        )
    if not own_key and not type_field:
        raise ValueError(
            f"Model class {model_cls.__name__!r} does not define a `__dispatch_key__` or a type field. One "
            "of these is required for dispatch."
        )
    dispatching = cast(Any, model_cls)
    if type_field:

        def key_from_type_field(cls: type[BaseModel]) -> Any:
            default = cls.model_fields["type"].get_default()
            return default if isinstance(default, str) else None

        dispatching.__dispatch_key__ = classmethod(key_from_type_field)

    def enter(cls: type[Any], /, **kwargs: Any) -> None:
        # Fields are known only now, not yet in `__init_subclass__`.
        if get_dispatch_key(cls, allow_missing=True) is not None:
            register_type(cls)

    def create(cls: type[M], *args: Any, **kwargs: Any) -> M:
        registry = get_registry_for_type(cls) or {}
        wanted = registry.get(kwargs.get("type", ""), cls)
        return object.__new__(wanted if issubclass(wanted, cls) else cls)

    create_registry(model_cls)
    dispatching.__pydantic_init_subclass__ = classmethod(enter)
    dispatching.__new__ = create
    return model_cls


# --- Making a model in steps --------------------------------------------------------------------


class PartialModel(Generic[M]):
    """Collects the fields of a model; `finalize` makes the model once all are there.

    Fields are given to the constructor, set as attributes, or given to `finalize`; each one once.
    """

    def __init__(self, __model_cls: type[M], **kwargs: Any) -> None:
        self.model_cls = __model_cls
        self.fields_set: dict[str, Any] = {}
        for name, value in kwargs.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("model_cls", "fields_set"):
            super().__setattr__(name, value)
            return
        self.raise_if_not_in_model(name)
        self.raise_if_already_set(name)
        self.fields_set[name] = value

    def finalize(self, **kwargs: Any) -> M:
        """The model, made of the collected fields and these.

        Raises:
            ValueError: a field is set already or is not in the model.
            pydantic.ValidationError: the fields do not fit the model.
        """
        for name in kwargs:
            self.raise_if_already_set(name)
            self.raise_if_not_in_model(name)
        return self.model_cls(**self.fields_set, **kwargs)

    def raise_if_already_set(self, name: str) -> None:
        if name in self.fields_set:
            raise ValueError(f"Field {name!r} has already been set.")

    def raise_if_not_in_model(self, name: str) -> None:
        if name not in self.model_cls.model_fields:
            raise ValueError(f"Field {name!r} is not present in the model.")

    def __repr__(self) -> str:
        fields = "".join(f", {name}={value!r}" for name, value in self.fields_set.items())
        return f"PartialModel(cls={self.model_cls.__name__}{fields})"


# --- Reading and writing ------------------------------------------------------------------------


def parse_obj_as(type_: type[T], data: Any, mode: Literal["python", "json", "strings"] = "python") -> T:
    """Data validated as any type pydantic knows.

    Args:
        type_: what it is to become.
        data: objects, or JSON text if `mode` is `"json"`, or objects made of strings if it is `"strings"`.
        mode: how to read it.

    Raises:
        pydantic.ValidationError: it does not fit.
    """
    adapter: TypeAdapter[T] = TypeAdapter(type_)
    if mode == "json" and isinstance(data, (str, bytes, bytearray)):
        return adapter.validate_json(data)
    return adapter.validate_strings(data) if mode == "strings" else adapter.validate_python(data)


def get_class_fields_only(model: type[BaseModel]) -> set[str]:
    """The fields a model class declares itself, without those it inherits."""
    inherited = {name for base in model.__bases__ for name in getattr(base, "model_fields", {})}
    return model.model_fields.keys() - inherited


def custom_pydantic_encoder(type_encoders: dict[Any, Callable[[Any], Any]], obj: Any) -> Any:
    """An object as JSON can hold it, by the encoder of the nearest of its classes, else as pydantic does."""
    for base in type(obj).__mro__[:-1]:
        if base in type_encoders:
            return type_encoders[base](obj)
    return obj.model_dump(mode="json") if isinstance(obj, BaseModel) else to_jsonable_python(obj)


def handle_secret_render(value: object, context: dict[str, Any]) -> object:
    """For field serialisers: what a secret is written as.

    With `include_secrets` in the context it is revealed, else obfuscated; secrets inside models likewise.
    """
    reveal = bool(context.get("include_secrets", False))
    if isinstance(value, Secret) or hasattr(value, "get_secret_value"):
        return cast(Any, value).get_secret_value() if reveal else obfuscate(value)
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return visit_collection(fields, lambda item: handle_secret_render(item, context), return_data=True)
    return value
