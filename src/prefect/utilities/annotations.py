"""Marks a caller puts around an argument to say how it is to be treated.

Here are only the marks. What they do is up to `map` (`utilities.callables`), to the search for futures
(`utilities.collections`) and to the engine.
"""

from __future__ import annotations

import warnings
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class BaseAnnotation(tuple[T], Generic[T]):
    """Wraps one value. Equal to another mark of the same kind around an equal value."""

    __slots__ = ()

    def __new__(cls, value: T) -> Self:
        return super().__new__(cls, (value,))

    # Copying and pickling a tuple would otherwise hand over the whole tuple as the value.
    def __getnewargs__(self) -> tuple[T]:
        return (self.value,)

    @property
    def value(self) -> T:
        return tuple.__getitem__(self, 0)

    def unwrap(self) -> T:
        """The value without the mark."""
        return self.value

    def rewrap(self, value: T) -> Self:
        """The same mark around another value."""
        return type(self)(value)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"


class unmapped(BaseAnnotation[T]):
    """In `map`: pass this value to every call instead of iterating over it."""

    __slots__ = ()

    def __getitem__(self, _: object) -> T:  # type: ignore[override]
        # The same value at every position: what `map` takes the i-th item of.
        return self.value


class allow_failure(BaseAnnotation[T]):
    """Run even if the upstream run behind this value failed; its exception is then the value."""

    __slots__ = ()


class quote(BaseAnnotation[T]):
    """Pass this value as it is: it is not searched for futures, and its origin is not tracked."""

    __slots__ = ()

    def unquote(self) -> T:
        """The value without the mark."""
        return self.value


class Quote(quote[T]):
    """Deprecated name of `quote`."""

    __slots__ = ()

    def __new__(cls, expr: T) -> Self:
        warnings.warn("`Quote` is deprecated; use `quote` instead.", DeprecationWarning, stacklevel=2)
        return super().__new__(cls, expr)


class opaque(BaseAnnotation[T]):
    """Track where this value as a whole comes from, but do not look inside it."""

    __slots__ = ()


class freeze(BaseAnnotation[T]):
    """A deployment parameter that callers cannot change.

    Raises:
        ValueError: the value cannot be expressed as JSON.
    """

    __slots__ = ()

    def __new__(cls, value: T) -> Self:
        import json

        try:
            json.dumps(value)
        except (TypeError, ValueError) as exc:
            kind = type(value).__name__
            raise ValueError(f"A frozen value must be JSON serializable, got {kind}: {exc}") from exc
        return super().__new__(cls, value)

    def unfreeze(self) -> T:
        """The value without the mark."""
        return self.value


class NotSet:
    """Stands for an option that was not given, where None means something. Used as the class itself."""


def unwrapped(value: Any) -> Any:
    """The value inside any number of marks."""
    while isinstance(value, BaseAnnotation):
        value = value.value
    return value
