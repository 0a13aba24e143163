"""What `map` does to its arguments: which are iterated, how long they are, the parameters of each call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from typing import Any

from prefect.exceptions import MappingLengthMismatch, MappingMissingIterable
from prefect.utilities.annotations import allow_failure, freeze, opaque, quote, unmapped
from prefect.utilities.callables import binder_for
from prefect.utilities.collections import isiterable


@dataclass(frozen=True, slots=True)
class MappedCalls:
    """The calls one `map` makes. Their parameters are made as they are iterated over, so a million fit."""

    length: int
    _columns: dict[str, Iterable[Any]]

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = tuple(self._columns)
        for row in islice(zip(*self._columns.values(), strict=False), self.length):
            yield dict(zip(names, row, strict=True))


def mapped_calls(fn: Callable[..., Any], parameters: dict[str, Any]) -> MappedCalls:
    """Take apart parameters, each of which may be iterable, into those of single calls of `fn`.

    Iterated: iterables other than str and bytes; each value in `*args` and `**kwargs` by itself; what is
    inside `allow_failure` and `quote`, whose marks move to the items. The same for every call: other
    values, `unmapped`, `opaque` and `freeze` ones, and defaults. Nothing is iterated before all lengths
    are known, except iterators, which are read to their end.

    Raises:
        MappingMissingIterable: nothing is iterable.
        MappingLengthMismatch: the iterables differ in length.
    """
    binder = binder_for(fn)
    lengths: dict[str, int] = {}
    columns: dict[str, Iterable[Any]] = {}
    for name in [*binder.names, *(name for name in parameters if name not in binder.names)]:
        kind = binder.signature.parameters[name].kind if name in binder.names else None
        if name not in parameters:
            if name in binder.defaults:
                columns[name] = repeat(binder.defaults[name])
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            columns[name] = _variadic_column(name, enumerate(parameters[name]), lengths, tuple)
        elif kind is inspect.Parameter.VAR_KEYWORD:
            gather = partial(_dict_of, tuple(parameters[name]))
            columns[name] = _variadic_column(name, parameters[name].items(), lengths, gather)
        else:
            columns[name] = _column(name, parameters[name], lengths)
    return MappedCalls(_common_length(lengths, parameters), columns)


def expand_mapping_parameters(func: Callable[..., Any], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """`mapped_calls`, all at once.

    Raises:
        MappingMissingIterable: nothing is iterable.
        MappingLengthMismatch: the iterables differ in length.
    """
    return list(mapped_calls(func, parameters))


def _column(name: str, value: Any, lengths: dict[str, int]) -> Iterable[Any]:
    """The values of one parameter, call by call; notes its length if it has one."""
    if isinstance(value, (allow_failure, quote)):
        return map(value.rewrap, _column(name, value.unwrap(), lengths))
    if isinstance(value, (unmapped, freeze)):
        return repeat(value.unwrap())
    if isinstance(value, opaque) or not isiterable(value):
        return repeat(value)
    # A list may change before the last call is made.
    items: Sequence[Any] = value if isinstance(value, (tuple, range)) else list(value)
    lengths[name] = len(items)
    return items


def _variadic_column(
    name: str,
    values: Iterable[tuple[object, Any]],
    lengths: dict[str, int],
    gather: Callable[[tuple[Any, ...]], Any],
) -> Iterable[Any]:
    columns = [_column(f"{name}[{key}]", value, lengths) for key, value in values]
    rows: Iterable[tuple[Any, ...]] = zip(*columns, strict=False) if columns else repeat(())
    return map(gather, rows)


def _dict_of(keys: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(keys, row, strict=True))


def _common_length(lengths: dict[str, int], parameters: dict[str, Any]) -> int:
    if not lengths:
        raise MappingMissingIterable(
            "No iterable parameters were received. At least one parameter of `map` must be iterable and "
            f"not wrapped in `unmapped`; none of {list(parameters)} is."
        )
    if len(set(lengths.values())) > 1:
        raise MappingLengthMismatch(
            "Received iterable parameters with different lengths. Give `map` iterables of one length, and "
            f"wrap in `unmapped` what is the same for every call. Lengths: {lengths}"
        )
    return next(iter(lengths.values()))
