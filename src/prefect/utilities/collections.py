"""Walking through, taking apart and putting together collections of any kind.

Nothing here knows what a future or a state is: `visit_collection` is handed a function that does.
"""

from __future__ import annotations

import copy
import dataclasses
import io
from collections.abc import Callable, Collection, Generator, Hashable, Iterable, Iterator
from enum import Enum, auto
from itertools import islice
from typing import Any, TypeVar, Union, cast, overload

from pydantic import BaseModel

from prefect.utilities.annotations import BaseAnnotation
from prefect.utilities.nested_dicts import deep_merge as deep_merge
from prefect.utilities.nested_dicts import deep_merge_dicts as deep_merge_dicts
from prefect.utilities.nested_dicts import dict_to_flatdict as dict_to_flatdict
from prefect.utilities.nested_dicts import flatdict_to_dict as flatdict_to_dict
from prefect.utilities.nested_dicts import get_from_dict as get_from_dict
from prefect.utilities.nested_dicts import remove_nested_keys as remove_nested_keys
from prefect.utilities.nested_dicts import set_in_dict as set_in_dict

T = TypeVar("T")
R = TypeVar("R")
KT = TypeVar("KT")
VT = TypeVar("VT")

# Runtime evaluation of a recursive alias needs the old spelling.
NestedDict = dict[KT, Union[VT, "NestedDict[KT, VT]"]]


class AutoEnum(str, Enum):
    """An enum of strings whose `auto()` values are the names of the members."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[Any]) -> str:
        return name

    @staticmethod
    def auto() -> str:
        """A value for a member: its own name."""
        return cast(str, auto())

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.value}"

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.value}"

    def __format__(self, format_spec: str) -> str:
        return format(str(self), format_spec)


# --- Walking ------------------------------------------------------------------------------------


class StopVisiting(BaseException):
    """Raised by a visit function to say: do not look inside. Keeps the object, or puts its argument in its place."""


_ATOMS = frozenset({str, int, float, bool, bytes, type(None)})


def visit_collection(
    expr: Any,
    visit_fn: Callable[[Any, dict[str, Any]], Any] | Callable[[Any], Any],
    *,
    return_data: bool = False,
    max_depth: int = -1,
    context: dict[str, Any] | None = None,
    remove_annotations: bool = False,
    _seen: dict[int, Any] | None = None,
) -> Any:
    """Call `visit_fn` on an object and on everything inside it, parents before children.

    Looked into: lists, tuples (named ones too), sets, dicts (keys and values), dataclasses, pydantic
    models and annotations such as `quote`. Not looked into: generators and other iterators, which would
    be consumed, strings, and anything else. An object inside itself is visited once.

    Args:
        expr: where to start.
        visit_fn: takes an object and returns it or what is to stand in its place; may raise
            `StopVisiting`. It takes a second argument if `context` is given.
        return_data: give back `expr` with the replacements made, instead of None. Containers keep their
            types, and one in which nothing changed is given back as the very same object.
        max_depth: how many levels below `expr` are visited; negative means all.
        context: passed on from parent to child, each child getting a copy of its own to add to. Below an
            annotation it holds that under the key `annotation`.
        remove_annotations: in what is returned, put values in the place of annotations.
    """
    try:
        if context is None:
            result = cast(Callable[[Any], Any], visit_fn)(expr)
        else:
            result = cast(Callable[[Any, dict[str, Any]], Any], visit_fn)(expr, context)
    except StopVisiting as stop:
        max_depth = 0
        result = stop.args[0] if stop.args else expr
    if return_data:
        expr = result
    if max_depth == 0 or type(expr) in _ATOMS:
        return expr if return_data else None

    # Only ancestors are remembered: what makes a cycle, without memory that grows with the collection.
    ancestors = {} if _seen is None else _seen
    if id(expr) in ancestors:
        return expr if return_data else None
    ancestors[id(expr)] = expr

    below = {"annotation": expr} if isinstance(expr, BaseAnnotation) else {}

    def visit(item: Any) -> Any:
        return visit_collection(
            item,
            visit_fn,
            return_data=return_data,
            max_depth=max_depth - 1,
            context=None if context is None else {**context, **below},
            remove_annotations=remove_annotations,
            _seen=ancestors,
        )

    try:
        if isinstance(expr, BaseAnnotation):
            value = visit(expr.unwrap())
            if not return_data:
                return None
            if remove_annotations:
                return value
            return expr if value is expr.unwrap() else expr.rewrap(value)
        rebuilt = _visit_items(expr, visit)
    finally:
        del ancestors[id(expr)]
    return rebuilt if return_data else None


def _visit_items(expr: Any, visit: Callable[[Any], Any]) -> Any:
    """`expr` with every item visited; the same object if no item changed."""
    # By the type itself, as mocks pretend to be instances of what they stand for.
    kind = type(expr)
    if issubclass(kind, (list, tuple, set, frozenset)):
        items = [visit(item) for item in expr]
        if all(new is old for new, old in zip(items, expr, strict=True)):
            return expr
        return _rebuilt_sequence(expr, items)
    if issubclass(kind, dict):
        pairs = [(key, value, visit(key), visit(value)) for key, value in expr.items()]
        if all(new_key is key and new is old for key, old, new_key, new in pairs):
            return expr
        return _rebuilt_dict(expr, {new_key: new for _, _, new_key, new in pairs})
    if issubclass(kind, BaseModel):
        changed = _changed({**expr.__dict__, **(expr.__pydantic_extra__ or {})}, visit)
        return expr.model_copy(update=changed) if changed else expr
    if dataclasses.is_dataclass(kind):
        fields = (field.name for field in dataclasses.fields(kind))
        changed = _changed({name: getattr(expr, name) for name in fields if hasattr(expr, name)}, visit)
        return _replaced(expr, changed) if changed else expr
    return expr


def _changed(attributes: dict[str, Any], visit: Callable[[Any], Any]) -> dict[str, Any]:
    visited = {name: visit(value) for name, value in attributes.items()}
    return {name: value for name, value in visited.items() if value is not attributes[name]}


def _rebuilt_sequence(original: Any, items: list[Any]) -> Any:
    kind = type(original)
    if kind is list:
        return items
    if issubclass(kind, list):
        # A copy keeps what a subclass holds besides its items, whatever its constructor takes.
        rebuilt = copy.copy(original)
        rebuilt[:] = items
        return rebuilt
    if hasattr(kind, "_make"):
        return kind._make(items)
    return kind(items)


def _rebuilt_dict(original: dict[Any, Any], items: dict[Any, Any]) -> dict[Any, Any]:
    if type(original) is dict:
        return items
    rebuilt = copy.copy(original)
    rebuilt.clear()
    rebuilt.update(items)
    return rebuilt


def _replaced(original: Any, changed: dict[str, Any]) -> Any:
    # Not `dataclasses.replace`: it runs `__init__` again, which may want values nobody has any more.
    rebuilt = copy.copy(original)
    for name, value in changed.items():
        object.__setattr__(rebuilt, name, value)
    return rebuilt


# --- Iterables ----------------------------------------------------------------------------------


def isiterable(obj: Any) -> bool:
    """Whether `obj` is a collection or iterator of items; text, bytes and open files are not."""
    try:
        iter(obj)
    except TypeError:
        return False
    return not isinstance(obj, (str, bytes, io.IOBase))


def ensure_iterable(obj: T | Iterable[T]) -> Collection[T]:
    """`obj` itself if it is a string, list, tuple or set, else a list with it as the only item."""
    if isinstance(obj, (str, bytes, list, tuple, set, frozenset)):
        return cast(Collection[T], obj)
    return [cast(T, obj)]


def listrepr(objs: Iterable[Any], sep: str = " ") -> str:
    """The `repr` of every object, joined by `sep`."""
    return sep.join(repr(obj) for obj in objs)


def batched_iterable(iterable: Iterable[T], size: int) -> Generator[tuple[T, ...], None, None]:
    """Tuples of `size` successive items; the last may be shorter."""
    iterator = iter(iterable)
    while batch := tuple(islice(iterator, size)):
        yield batch


def distinct(iterable: Iterable[T], key: Callable[[T], Hashable] | None = None) -> Iterator[T]:
    """The items whose key (by default the item itself) has not come before, in order."""
    seen: set[Hashable] = set()
    for item in iterable:
        mark = key(item) if key else cast(Hashable, item)
        if mark not in seen:
            seen.add(mark)
            yield item


@overload
def extract_instances(objects: Iterable[Any], types: type[T] = ...) -> list[T]: ...
@overload
def extract_instances(objects: Iterable[Any], types: tuple[type[T], ...]) -> dict[type[T], list[T]]: ...
def extract_instances(
    objects: Iterable[Any],
    types: type[T] | tuple[type[T], ...] = object,  # type: ignore[assignment]
) -> list[T] | dict[type[T], list[T]]:
    """The objects that are instances of a type; given several, a list for each, the first match wins."""
    if not isinstance(types, tuple):
        return [obj for obj in objects if isinstance(obj, types)]
    found: dict[type[T], list[T]] = {}
    for obj in objects:
        for kind in types:
            if isinstance(obj, kind):
                found.setdefault(kind, []).append(obj)
                break
    return found
