"""Fingerprints of Python values: equal for equal values, in every process and on every run.

What lives here: the canonical encoding behind cache keys. Unlike a pickle it does not depend on the order of
sets and dictionaries, on hash randomisation, or on identities. What does not: what goes into a cache key
(`cache_policies`).

A value is encoded by its type: standard scalars and containers, dataclasses, pydantic models, numpy and
pandas objects and functions each in their own way, any other object by the constructor, arguments and state
that `__reduce_ex__` names. What cannot be taken apart (locks, files, generators, sockets) has no fingerprint.
"""

from __future__ import annotations

import copyreg
import dataclasses
import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any

from prefect.exceptions import HashError

_Encoder = Callable[[Any, "_Trail"], bytes]
_Trail = tuple[int, ...]
"""The identities of the containers being encoded, outermost first: what tells a cycle."""


STABLE_TRANSFORMS: dict[type, Callable[[Any], Any]] = {}
"""For types of the user's own: what to fingerprint instead of an object of the type."""


def fingerprint(value: Any) -> str:
    """The fingerprint of a value: 32 hex digits.

    Raises:
        HashError: the value, or something inside it, cannot be fingerprinted; the message names its type and
            its path inside the value.
    """
    try:
        encoded = _encode(value, ())
    except _Unhashable as error:
        raise HashError(error.describe()) from error.__cause__
    except RecursionError:
        raise HashError(f"Cannot hash a {type(value).__name__!r} object: it is nested too deeply.") from None
    return hashlib.md5(encoded, usedforsecurity=False).hexdigest()


class _Unhashable(Exception):
    """Something inside the value has no fingerprint; containers add their step of the path on the way out."""

    def __init__(self, value: Any) -> None:
        self.culprit = type(value)
        self.steps: list[str] = []

    def describe(self) -> str:
        culprit = f"{self.culprit.__module__}.{self.culprit.__qualname__}"
        where = f" at {''.join(reversed(self.steps))}" if self.steps else ""
        return f"Cannot hash an object of type {culprit!r}{where}: it stands for a resource, not for a value."


def _encode(value: Any, trail: _Trail) -> bytes:
    encoder = _ENCODERS.get(type(value))
    return encoder(value, trail) if encoder is not None else _encode_other(value, trail)


def _framed(tag: bytes, data: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(data), data)


# --- containers -----------------------------------------------------------------------------------------


def _enter(value: Any, trail: _Trail) -> _Trail:
    return (*trail, id(value))


def _encode_sequence(tag: bytes, items: Iterable[Any], trail: _Trail) -> bytes:
    parts: list[bytes] = []
    try:
        parts.extend(_encode(item, trail) for item in items)
    except _Unhashable as error:
        error.steps.append(f"[{len(parts)}]")
        raise
    return _framed(tag, b"".join(parts))


def _encode_list(value: Any, trail: _Trail) -> bytes:
    if id(value) in trail:
        return _framed(b"^", b"%d" % trail.index(id(value)))
    return _encode_sequence(b"l" if type(value) is list else b"t", value, _enter(value, trail))


def _encode_set(value: Any, trail: _Trail) -> bytes:
    return _framed(b"S", b"".join(sorted(_encode(item, trail) for item in value)))


def _encode_mapping(value: Mapping[Any, Any], trail: _Trail) -> bytes:
    if id(value) in trail:
        return _framed(b"^", b"%d" % trail.index(id(value)))
    inner = _enter(value, trail)
    parts: list[bytes] = []
    key: Any = None
    try:
        for key, item in value.items():
            parts.append(_encode(key, inner) + _encode(item, inner))
    except _Unhashable as error:
        error.steps.append(f"[{key!r}]")
        raise
    parts.sort()
    return _framed(b"d", b"".join(parts))


def _encode_fields(kind: type, fields: Mapping[str, Any], trail: _Trail) -> bytes:
    parts = [_encode_type(kind, trail)]
    name = ""
    try:
        for name in sorted(fields):
            parts.append(_encode_text(name, trail) + _encode(fields[name], trail))
    except _Unhashable as error:
        error.steps.append(f".{name}")
        raise
    return _framed(b"O", b"".join(parts))


# --- scalars --------------------------------------------------------------------------------------------


def _encode_text(value: str, trail: _Trail) -> bytes:
    return _framed(b"s", value.encode("utf-8", "surrogatepass"))


def _encode_bytes(value: Any, trail: _Trail) -> bytes:
    return _framed(b"b" if type(value) is bytes else b"B", bytes(value))


def _encode_type(value: Any, trail: _Trail) -> bytes:
    return _framed(b"C", f"{value.__module__}.{value.__qualname__}".encode())


def _encode_module(value: ModuleType, trail: _Trail) -> bytes:
    return _framed(b"M", value.__name__.encode())


# --- code -----------------------------------------------------------------------------------------------


def _encode_code(value: CodeType, trail: _Trail) -> bytes:
    """What the code does, whatever file and line it stands in."""
    facts = (value.co_name, value.co_code, value.co_consts, value.co_names, value.co_varnames, value.co_flags)
    return _encode_sequence(b"c", facts, trail)


def _encode_function(value: FunctionType, trail: _Trail) -> bytes:
    if id(value) in trail:
        return _framed(b"^", b"%d" % trail.index(id(value)))
    cells = [_cell_contents(cell) for cell in value.__closure__ or ()]
    facts = (value.__qualname__, value.__code__, value.__defaults__, value.__kwdefaults__, cells)
    return _encode_sequence(b"F", facts, _enter(value, trail))


def _cell_contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that the enclosing function has not assigned yet
        return None


def _encode_builtin(value: BuiltinFunctionType, trail: _Trail) -> bytes:
    owner = value.__self__
    if owner is None or isinstance(owner, ModuleType):
        return _framed(b"C", f"{value.__module__}.{value.__qualname__}".encode())
    return _encode_sequence(b"m", (value.__name__, owner), trail)


# --- numpy and pandas -----------------------------------------------------------------------------------


def _encode_array(value: Any, trail: _Trail) -> bytes:
    """A numpy array by dtype, shape and content, whatever its layout in memory."""
    dtype = value.dtype
    head = _encode((str(dtype.descr if dtype.fields else dtype.str), value.shape), trail)
    if dtype.hasobject:
        return _framed(b"A", head + _encode_list(value.tolist(), trail))
    import numpy as np

    data: Any = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
    return _framed(b"A", head + hashlib.md5(data, usedforsecurity=False).digest())


def _encode_numpy_scalar(value: Any, trail: _Trail) -> bytes:
    return _framed(b"a", value.dtype.str.encode() + bytes(value.tobytes()))


def _encode_column(value: Any, trail: _Trail) -> bytes:
    """The values of a pandas Series or Index."""
    values = value.array
    content = values.tolist() if str(value.dtype) == "object" else value.to_numpy()
    if getattr(content, "dtype", None) is not None and content.dtype.hasobject:
        content = content.tolist()
    return _encode((str(value.dtype), value.name, content), trail)


def _encode_pandas(value: Any, trail: _Trail) -> bytes:
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]

    if isinstance(value, pd.DataFrame):
        columns = [_encode_column(value.iloc[:, position], trail) for position in range(value.shape[1])]
        return _framed(
            b"P",
            _encode_pandas(value.columns, trail) + _encode_pandas(value.index, trail) + b"".join(columns),
        )
    if isinstance(value, pd.MultiIndex):
        return _framed(b"I", _encode((list(value.names), value.tolist()), trail))
    if isinstance(value, pd.Index):
        return _framed(b"I", _encode_column(value, trail))
    return _framed(b"p", _encode_pandas(value.index, trail) + _encode_column(value, trail))


def _table_encoder(value: Any) -> _Encoder | None:
    """How to encode a numpy or pandas object; None for other objects. Loads neither library."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None:
        if type(value) is numpy.ndarray:
            return _encode_array
        if isinstance(value, numpy.generic):
            return _encode_numpy_scalar
    if pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series | pandas.Index):
        return _encode_pandas
    return None


# --- other objects --------------------------------------------------------------------------------------


def _encode_other(value: Any, trail: _Trail) -> bytes:
    kind = type(value)
    if isinstance(value, type):
        return _encode_type(value, trail)
    if kind in STABLE_TRANSFORMS:
        return _encode_type(kind, trail) + _encode(STABLE_TRANSFORMS[kind](value), trail)
    if id(value) in trail:
        return _framed(b"^", b"%d" % trail.index(id(value)))
    trail = _enter(value, trail)
    if hasattr(kind, "__pydantic_fields__") and hasattr(kind, "model_fields"):
        return _encode_fields(kind, {**value.__dict__, **(value.__pydantic_extra__ or {})}, trail)
    if dataclasses.is_dataclass(kind):
        names = (field.name for field in dataclasses.fields(kind))
        return _encode_fields(kind, {name: getattr(value, name, None) for name in names}, trail)
    encoder = _table_encoder(value)
    return encoder(value, trail) if encoder is not None else _encode_reduced(value, trail)


def _encode_reduced(value: Any, trail: _Trail) -> bytes:
    """An object by how a copy of it would be made: constructor, arguments, state and items."""
    kind = type(value)
    reducer = copyreg.dispatch_table.get(kind)
    try:
        reduced = reducer(value) if reducer is not None else value.__reduce_ex__(4)
    except Exception as error:
        raise _Unhashable(value) from error
    if isinstance(reduced, str):
        return _framed(b"G", f"{kind.__module__}.{reduced}".encode())
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    parts = [_encode_type(kind, trail), _encode(make, trail)]
    if isinstance(state, dict):
        parts.append(_encode_fields(kind, {str(name): item for name, item in state.items()}, trail))
    else:
        parts.append(_encode(state, trail))
    parts.append(_encode_list(tuple(arguments), trail))
    parts.append(_encode_sequence(b"l", items or (), trail))
    parts.append(_encode_mapping(dict(pairs or ()), trail))
    return _framed(b"R", b"".join(parts))


_ENCODERS: dict[type, _Encoder] = {
    type(None): lambda value, trail: b"n",
    type(...): lambda value, trail: b"e",
    bool: lambda value, trail: b"1" if value else b"0",
    int: lambda value, trail: b"i%d;" % value,
    float: lambda value, trail: _framed(b"f", value.hex().encode()),
    str: _encode_text,
    bytes: _encode_bytes,
    bytearray: _encode_bytes,
    memoryview: _encode_bytes,
    list: _encode_list,
    tuple: _encode_list,
    set: _encode_set,
    frozenset: _encode_set,
    dict: _encode_mapping,
    MappingProxyType: _encode_mapping,
    type: _encode_type,
    ModuleType: _encode_module,
    CodeType: _encode_code,
    FunctionType: _encode_function,
    BuiltinFunctionType: _encode_builtin,
    MethodType: lambda value, trail: _encode_sequence(b"m", (value.__func__, value.__self__), trail),
}
