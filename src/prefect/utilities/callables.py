"""Arguments and parameters: from a call to named parameters and back again.

A *parameter dict* names every parameter of a function; `*args` and `**kwargs` are one entry each.
Taking parameters apart for `map` is in `utilities.mapping`.
Checking the values against types lives in `utilities.parameters`, describing them as JSON Schema in
`utilities.parameter_schemas`.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakKeyDictionary

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from prefect.exceptions import ParameterBindError, ReservedArgumentError, SignatureMismatchError

if TYPE_CHECKING:
    from prefect.utilities.mapping import expand_mapping_parameters
    from prefect.utilities.parameter_schemas import (
        ParameterSchema,
        create_v1_schema,
        generate_parameter_schema,
        parameter_docstrings,
        parameter_schema,
        parameter_schema_from_entrypoint,
        process_v1_params,
    )

__all__ = [
    "Binder",
    "ParameterSchema",
    "binder_for",
    "call_with_parameters",
    "cloudpickle_wrapped_call",
    "collapse_variadic_parameters",
    "create_v1_schema",
    "expand_mapping_parameters",
    "explode_variadic_parameter",
    "generate_parameter_schema",
    "get_call_parameters",
    "get_parameter_defaults",
    "parameter_docstrings",
    "parameter_schema",
    "parameter_schema_from_entrypoint",
    "parameters_to_args_kwargs",
    "process_v1_params",
    "raise_for_reserved_arguments",
]

R = TypeVar("R")
Parameters = dict[str, Any]
_Kind = inspect._ParameterKind

# Documented here, at home elsewhere: loaded when asked for, as a run needs none of it.
_ELSEWHERE = {
    "expand_mapping_parameters": "mapping",
    "ParameterSchema": "parameter_schemas",
    "create_v1_schema": "parameter_schemas",
    "generate_parameter_schema": "parameter_schemas",
    "parameter_docstrings": "parameter_schemas",
    "parameter_schema": "parameter_schemas",
    "parameter_schema_from_entrypoint": "parameter_schemas",
    "process_v1_params": "parameter_schemas",
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(import_module(f"prefect.utilities.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# --- Binding ------------------------------------------------------------------------------------


class Binder:
    """Turns calls of one function into parameter dicts and back, as fast as Python itself binds.

    Attributes:
        name: of the function.
        signature: of the function.
        names: of the parameters, in the order of the signature.
        defaults: by parameter name.
    """

    __slots__ = ("_call_from", "_dict_from", "_keys", "defaults", "name", "names", "signature")

    def __init__(self, signature: inspect.Signature, name: str) -> None:
        self.signature = signature
        self.name = name
        self.names = tuple(signature.parameters)
        self._keys = frozenset(self.names)
        self.defaults = {
            p.name: _plain_default(p) for p in signature.parameters.values() if p.default is not p.empty
        }
        compilable = all(name.isidentifier() and not keyword.iskeyword(name) for name in self.names)
        self._dict_from = self._compiled_bind() if compilable else self._bind_slowly
        self._call_from = self._compiled_call()

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Parameters:
        """The parameters of the call `fn(*args, **kwargs)`, defaults filled in, in signature order.

        Raises:
            ParameterBindError: the arguments do not fit the signature.
        """
        try:
            return self._dict_from(*args, **kwargs)
        except TypeError:
            # Only the binding itself can have failed; `inspect` says why without our function's name in it.
            return self.bind_given(args, kwargs)

    def bind_given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Parameters:
        """As `bind`, but only with what the call gives: no defaults.

        Raises:
            ParameterBindError: the arguments do not fit the signature.
        """
        try:
            return self.signature.bind(*args, **kwargs).arguments
        except TypeError as exc:
            raise ParameterBindError.from_signature(self.name, self.signature, exc, args, kwargs) from None

    def arguments(self, parameters: Parameters) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The `(args, kwargs)` that call the function with these parameters; the inverse of `bind`.

        Raises:
            SignatureMismatchError: a parameter is not in the signature.
        """
        if parameters.keys() == self._keys:
            return self._call_from(parameters)
        if not self._keys.issuperset(parameters):
            raise SignatureMismatchError.from_bad_params(list(self.names), list(parameters))
        bound = inspect.BoundArguments(self.signature, parameters)
        return bound.args, bound.kwargs

    def _bind_slowly(self, *args: Any, **kwargs: Any) -> Parameters:
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments

    def _compiled_bind(self) -> Callable[..., Parameters]:
        # A function with the same parameters that returns them: binding is then Python's own, in C.
        spec = ", ".join(_parameter_list(self.signature))
        items = ", ".join(f"{name!r}: {name}" for name in self.names)
        bind = cast("FunctionType", eval(f"lambda {spec}: {{{items}}}", {"__builtins__": {}}))
        kinds = {p.name: p.kind for p in self.signature.parameters.values()}
        keyword_only = {n for n, kind in kinds.items() if kind is _Kind.KEYWORD_ONLY}
        bind.__defaults__ = tuple(v for n, v in self.defaults.items() if n not in keyword_only)
        bind.__kwdefaults__ = {n: v for n, v in self.defaults.items() if n in keyword_only}
        return bind

    def _compiled_call(self) -> Callable[[Parameters], tuple[tuple[Any, ...], dict[str, Any]]]:
        args, kwargs = [], []
        for p in self.signature.parameters.values():
            value = f"p[{p.name!r}]"
            match p.kind:
                case _Kind.VAR_POSITIONAL:
                    args.append(f"*{value}")
                case _Kind.VAR_KEYWORD:
                    kwargs.append(f"**{value}")
                case _Kind.KEYWORD_ONLY:
                    kwargs.append(f"{p.name!r}: {value}")
                case _:
                    args.append(value)
        positional = "".join(f"{arg}, " for arg in args)
        source = f"lambda p: (({positional}), {{{', '.join(kwargs)}}})"
        return cast("Callable[[Parameters], Any]", eval(source, {"__builtins__": {}}))


def _parameter_list(signature: inspect.Signature) -> Iterator[str]:
    """The parameters as source text, every default written as None."""
    parameters = list(signature.parameters.values())
    positional_only = sum(p.kind is _Kind.POSITIONAL_ONLY for p in parameters)
    star_seen = False
    for i, p in enumerate(parameters, start=1):
        if p.kind is _Kind.KEYWORD_ONLY and not star_seen:
            star_seen = True
            yield "*"
        star_seen = star_seen or p.kind is _Kind.VAR_POSITIONAL
        stars = {_Kind.VAR_POSITIONAL: "*", _Kind.VAR_KEYWORD: "**"}.get(p.kind, "")
        yield f"{stars}{p.name}" + ("" if p.default is p.empty else "=None")
        if i == positional_only:
            yield "/"


def _plain_default(parameter: inspect.Parameter) -> Any:
    """The default; if it is a pydantic `Field(3, ...)`, the 3 in it."""
    default = parameter.default
    if isinstance(default, FieldInfo) and default.default is not PydanticUndefined:
        return default.default
    return default


# Weak, and a binder does not hold its function: functions made in a loop are not kept alive.
_binders: WeakKeyDictionary[Callable[..., Any], Binder] = WeakKeyDictionary()
_method_binders: WeakKeyDictionary[Callable[..., Any], Binder] = WeakKeyDictionary()


def binder_for(fn: Callable[..., Any]) -> Binder:
    """The binder of a function, made once."""
    if isinstance(fn, MethodType):
        # A bound method is a new object at every access: what can be remembered is the function in it.
        return _cached_binder(_method_binders, fn.__func__, fn)
    return _cached_binder(_binders, fn, fn)


def _cached_binder(
    cache: WeakKeyDictionary[Callable[..., Any], Binder], key: Callable[..., Any], fn: Callable[..., Any]
) -> Binder:
    try:
        return cache[key]
    except (KeyError, TypeError):  # TypeError: callable objects may be unhashable or not weakly referable
        binder = Binder(inspect.signature(fn), getattr(fn, "__name__", type(fn).__name__))
    with suppress(TypeError):
        cache[key] = binder
    return binder


def get_call_parameters(
    fn: Callable[..., Any],
    call_args: tuple[Any, ...],
    call_kwargs: dict[str, Any],
    apply_defaults: bool = True,
) -> Parameters:
    """The parameters of the call `fn(*call_args, **call_kwargs)`, by name.

    Raises:
        ParameterBindError: the arguments do not fit the signature.
    """
    binder = binder_for(fn)
    return (binder.bind if apply_defaults else binder.bind_given)(call_args, call_kwargs)


def parameters_to_args_kwargs(
    fn: Callable[..., Any], parameters: Parameters
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The `(args, kwargs)` that call `fn` with these parameters; the inverse of `get_call_parameters`.

    Raises:
        SignatureMismatchError: a parameter is not in the signature.
    """
    return binder_for(fn).arguments(parameters)


def call_with_parameters(fn: Callable[..., R], parameters: Parameters) -> R:
    """Call `fn` with parameters by name, positional-only and variadic ones included.

    Raises:
        SignatureMismatchError: a parameter is not in the signature.
    """
    args, kwargs = binder_for(fn).arguments(parameters)
    return fn(*args, **kwargs)


def get_parameter_defaults(fn: Callable[..., Any]) -> Parameters:
    """The defaults in the signature, by parameter name."""
    return dict(binder_for(fn).defaults)


def raise_for_reserved_arguments(fn: Callable[..., Any], reserved_arguments: Iterable[str]) -> None:
    """Refuse a function that uses a parameter name Prefect needs for itself.

    Raises:
        ReservedArgumentError: it does.
    """
    names = binder_for(fn).names
    for reserved in reserved_arguments:
        if reserved in names:
            raise ReservedArgumentError(
                f"{reserved!r} is a reserved argument name and cannot be used. "
                f"Rename that parameter of {getattr(fn, '__name__', fn)!r}."
            )


def cloudpickle_wrapped_call(__fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[[], bytes]:
    """A call that pickle can carry to another process; calling it returns the result, pickled."""
    import cloudpickle

    return partial(_run_pickled_call, cloudpickle.dumps((__fn, args, kwargs)))


def _run_pickled_call(payload: bytes) -> bytes:
    import cloudpickle

    fn, args, kwargs = cloudpickle.loads(payload)
    return bytes(cloudpickle.dumps(fn(*args, **kwargs)))


# --- Variadic keyword parameters ----------------------------------------------------------------


def _variadic_keyword(fn: Callable[..., Any]) -> str | None:
    parameters = binder_for(fn).signature.parameters.values()
    return next((p.name for p in parameters if p.kind is _Kind.VAR_KEYWORD), None)


def collapse_variadic_parameters(fn: Callable[..., Any], parameters: Parameters) -> Parameters:
    """Gather the entries that are no parameter of `fn` under the name of its `**kwargs`.

    Raises:
        ValueError: there are such entries and `fn` takes no `**kwargs`.
    """
    known = binder_for(fn).signature.parameters
    extra = {name: value for name, value in parameters.items() if name not in known}
    if not extra:
        return dict(parameters)
    variadic = _variadic_keyword(fn)
    if variadic is None:
        raise ValueError(
            f"Function {getattr(fn, '__name__', fn)!r} has no variadic keyword parameter "
            f"that could take {sorted(extra)}, and its signature does not name them."
        )
    return {name: value for name, value in parameters.items() if name in known} | {variadic: extra}


def explode_variadic_parameter(fn: Callable[..., Any], parameters: Parameters) -> Parameters:
    """Put the entries of `**kwargs` beside the other parameters; undoes `collapse_variadic_parameters`."""
    variadic = _variadic_keyword(fn)
    if variadic is None:
        return dict(parameters)
    rest = {name: value for name, value in parameters.items() if name != variadic}
    return rest | dict(parameters.get(variadic) or {})
