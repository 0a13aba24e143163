"""Checking parameters against the types in a signature.

A `ParameterModel` belongs to one function. Unlike a pydantic model of the signature it takes any parameter
name, and it costs nothing for parameters without a type or whose value already has exactly that type.
"""

from __future__ import annotations

import functools
import inspect
import sys
import typing
import warnings
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from prefect.exceptions import ParameterTypeError, SignatureMismatchError
from prefect.utilities.callables import binder_for

_SCALARS = (str, int, float, bool, bytes)
_UNCHECKED = (Any, object, inspect.Parameter.empty)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class ParameterModel:
    """The types of the parameters of one function.

    Values are coerced as pydantic does in its lax mode; a class that pydantic does not know is checked by
    `isinstance`. Not checked: `*args` and `**kwargs`, defaults that stand in for parameters not given, and
    None where it is the default. An annotation whose names cannot be resolved allows everything.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        binder = binder_for(fn)
        self._fn_name = binder.name
        self._parameters = binder.signature.parameters
        self._defaults = binder.defaults
        self._types = {
            name: annotation
            for name, annotation in resolved_annotations(fn, binder.signature).items()
            if not _is_one_of(annotation, _UNCHECKED) and self._parameters[name].kind not in _VARIADIC
        }

    def validate(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Every parameter in signature order: coerced if given, else its default.

        Raises:
            ParameterTypeError: a value does not fit its type, or one without default is missing.
            SignatureMismatchError: a parameter is not in the signature.
        """
        if not self._parameters.keys() >= parameters.keys():
            raise SignatureMismatchError.from_bad_params(list(self._parameters), list(parameters))
        coerced = {} if self._all_fit(parameters) else self._coerce(parameters)
        return {
            name: coerced[name] if name in coerced else self._as_given(name, parameters)
            for name in self._parameters
        }

    def _all_fit(self, parameters: dict[str, Any]) -> bool:
        """Whether pydantic would change nothing, as far as that can be told without it."""
        for name, parameter in self._parameters.items():
            if name not in parameters:
                if name not in self._defaults and parameter.kind not in _VARIADIC:
                    return False
                if isinstance(self._defaults.get(name), FieldInfo):
                    return False
            elif name in self._types:
                value = parameters[name]
                annotation = self._types[name]
                exact = type(value) is annotation and _is_one_of(annotation, _SCALARS)
                constrained = isinstance(self._parameters[name].default, FieldInfo)
                if constrained or not (exact or self._is_implied_none(name, value)):
                    return False
        return True

    def _is_implied_none(self, name: str, value: Any) -> bool:
        # `x: int = None` is common in programs that never meant to refuse their own default.
        return value is None and name in self._defaults and self._defaults[name] is None

    def _as_given(self, name: str, parameters: dict[str, Any]) -> Any:
        kind = self._parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            return tuple(parameters.get(name, ()))
        if kind is inspect.Parameter.VAR_KEYWORD:
            return dict(parameters.get(name, {}))
        return parameters[name] if name in parameters else self._defaults[name]

    def _coerce(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self._refuse_mixed_models(parameters)
        given = {
            name: value
            for name, value in parameters.items()
            if not isinstance(value, FieldInfo) and not self._is_implied_none(name, value)
        }
        try:
            model = self._model(given)
        except ValidationError as exc:
            raise ParameterTypeError.from_validation_error(exc) from None
        values = dict(zip(self._checked, model.__dict__.values(), strict=True))
        by_pydantic = {name for name, default in self._defaults.items() if isinstance(default, FieldInfo)}
        return {name: value for name, value in values.items() if name in given or name in by_pydantic}

    @property
    def _checked(self) -> list[str]:
        return [name for name, p in self._parameters.items() if p.kind not in _VARIADIC]

    @functools.cached_property
    def _model(self) -> Callable[[dict[str, Any]], BaseModel]:
        fields = {
            name: (self._types.get(name, Any), self._parameters[name].default) for name in self._checked
        }
        try:
            return model_for(fields).model_validate
        except PydanticUserError as exc:
            raise ParameterTypeError(
                f"The parameters of {self._fn_name!r} cannot be checked, pydantic does not understand their "
                f"types: {exc.message} Change the annotation, or pass validate_parameters=False."
            ) from exc

    def _refuse_mixed_models(self, parameters: dict[str, Any]) -> None:
        v1 = _pydantic_v1()
        if v1 is None:
            return
        mentioned = [*_classes_in(self._types.values()), *(type(value) for value in parameters.values())]
        if all(any(issubclass(cls, base) for cls in mentioned) for base in (v1, BaseModel)):
            raise ParameterTypeError(
                "Cannot mix Pydantic v1 and v2 types as arguments to a flow. "
                f"Move the models in the signature of {self._fn_name!r} to one version."
            )


def model_for(fields: dict[str, tuple[Any, Any]]) -> type[BaseModel]:
    """A pydantic model with a field for each name, given its annotation and default, in that order.

    The names are aliases: fields of their own names could not be called `_x`, `json` or `model_config`.
    """
    definitions: dict[str, Any] = {}
    for i, (name, (annotation, default)) in enumerate(fields.items()):
        options: dict[str, Any] = {"alias": name, "title": name}
        annotation = _with_v1_models_checked(annotation)
        if isinstance(default, FieldInfo):
            annotation = Annotated[annotation, default]
        elif default is not inspect.Parameter.empty:
            options["default"] = default
        definitions[f"p{i}"] = (annotation, Field(**options))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return create_model(
            "Parameters", __config__=ConfigDict(arbitrary_types_allowed=True, extra="ignore"), **definitions
        )


def resolved_annotations(fn: Callable[..., Any], signature: inspect.Signature) -> dict[str, Any]:
    """The annotation of every parameter; Any where it is text that cannot be resolved."""
    names = _namespace(fn)
    return {p.name: _resolved(p.annotation, names) for p in signature.parameters.values()}


def _resolved(annotation: Any, names: dict[str, Any]) -> Any:
    if _is_one_of(annotation, (*_SCALARS, inspect.Parameter.empty)):
        return annotation
    try:
        holder = SimpleNamespace(__annotations__={"it": annotation})
        return typing.get_type_hints(holder, globalns=names, include_extras=True)["it"]
    except Exception:
        # A name imported for type checkers only, or text that is no type at all.
        return Any if isinstance(annotation, str) or _has_unresolved_names(annotation) else annotation


def _is_one_of(annotation: Any, candidates: tuple[Any, ...]) -> bool:
    # By identity: annotations may be unhashable, and may define equality as they like.
    return any(annotation is candidate for candidate in candidates)


def _has_unresolved_names(annotation: Any) -> bool:
    parts = typing.get_args(annotation)
    return isinstance(annotation, typing.ForwardRef) or any(_has_unresolved_names(part) for part in parts)


def _namespace(fn: Any) -> dict[str, Any]:
    """The names the annotations of `fn` may use: those of its module and of the functions around it."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    fn = inspect.unwrap(fn)
    if not hasattr(fn, "__globals__"):
        fn = fn.__init__ if inspect.isclass(fn) else type(fn).__call__
    names = dict(getattr(fn, "__globals__", {}))
    free_names = getattr(getattr(fn, "__code__", None), "co_freevars", ())
    for name, cell in zip(free_names, getattr(fn, "__closure__", None) or (), strict=False):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return names


def _pydantic_v1() -> type | None:
    # Nobody can have made a v1 model without importing it.
    module = sys.modules.get("pydantic.v1.main")
    return None if module is None else typing.cast(type, module.BaseModel)


def _classes_in(annotations: Iterable[Any]) -> Iterable[type]:
    for annotation in annotations:
        yield from _classes_in(typing.get_args(annotation))
        if inspect.isclass(annotation):
            yield annotation


def is_v1_model(annotation: Any) -> bool:
    """Whether an annotation is a model class of `pydantic.v1`."""
    v1 = _pydantic_v1()
    return v1 is not None and inspect.isclass(annotation) and issubclass(annotation, v1)


def _with_v1_models_checked(annotation: Any) -> Any:
    if not is_v1_model(annotation):
        return annotation
    model: Any = annotation

    def check(value: Any) -> Any:
        return value if isinstance(value, model) else model.parse_obj(value)

    return Annotated[Any, PlainValidator(check)]
