"""Finding the subclass that a word in data stands for, such as the block type in a stored document.

A base class gets a registry with `register_base_type`; each subclass then enters itself under its
`__dispatch_key__`, an attribute or class method.
"""

from __future__ import annotations

import abc
import inspect
from typing import Any, TypeVar, cast

T = TypeVar("T", bound=type)

_REGISTRIES: dict[type, dict[str, type]] = {}


def get_registry_for_type(cls: T) -> dict[str, T] | None:
    """The registry of the nearest base class that has one, the class itself included; else None."""
    registry = next((_REGISTRIES[base] for base in cls.__mro__ if base in _REGISTRIES), None)
    return cast("dict[str, T] | None", registry)


def get_dispatch_key(cls_or_instance: Any, allow_missing: bool = False) -> str | None:
    """The key of a class or of the class of an object.

    Args:
        cls_or_instance: what has the key.
        allow_missing: return None if there is no key.

    Raises:
        ValueError: there is no key, and `allow_missing` is not set.
        TypeError: the key is no string.
    """
    cls = cls_or_instance if isinstance(cls_or_instance, type) else type(cls_or_instance)
    key = getattr(cls, "__dispatch_key__", None)
    if callable(key):
        key = key()
    if key is None and allow_missing:
        return None
    if key is None:
        raise ValueError(
            f"Type {cls.__name__!r} does not define a value for '__dispatch_key__' which is required for "
            "registry lookup."
        )
    if not isinstance(key, str):
        raise TypeError(
            f"Type {cls.__name__!r} has a '__dispatch_key__' of type {type(key).__name__} but a type of "
            "'str' is required."
        )
    return key


def create_registry(cls: type) -> None:
    """Give a class a registry, with the class itself in it if it has a key."""
    _REGISTRIES.setdefault(cls, {})
    if get_dispatch_key(cls, allow_missing=True) is not None:
        register_type(cls)


def register_base_type(cls: T) -> T:
    """Give a class a registry that its subclasses enter as they are defined. For use as a decorator."""
    create_registry(cls)
    inherited = cls.__init_subclass__

    def enter_and_init(subclass: type[Any], /, **kwargs: Any) -> None:
        # Bound to the base by `super()` in the usual case, and to the subclass here.
        cast(Any, inherited).__func__(subclass, **kwargs) if inspect.ismethod(inherited) else inherited(
            **kwargs
        )
        register_type(subclass)

    cast(Any, cls).__init_subclass__ = classmethod(enter_and_init)
    return cls


def register_type(cls: T) -> T:
    """Enter a class in the registry of its base. An abstract class without a key is left out.

    Raises:
        ValueError: none of its bases has a registry, or it has no key.
    """
    registry = get_registry_for_type(cls)
    if registry is None:
        bases = ", ".join(repr(base.__name__) for base in cls.__bases__ if base is not object)
        known = ", ".join(repr(base.__name__) for base in _REGISTRIES)
        raise ValueError(
            f"No registry found for type {cls.__name__!r} with bases {bases or 'none'}. Did you mean to "
            f"inherit from one of the following known types: {known}."
        )
    key = get_dispatch_key(cls, allow_missing=inspect.isabstract(cls) or abc.ABC in cls.__bases__)
    if key is not None:
        registry[key] = cls
    return cls


def lookup_type(cls: T, dispatch_key: str) -> T:
    """The subclass of `cls` with this key.

    Raises:
        KeyError: there is none.
    """
    registry = get_registry_for_type(cls) or {}
    if dispatch_key not in registry:
        raise KeyError(
            f"No class found for dispatch key {dispatch_key!r} in registry for type {cls.__name__!r}."
        )
    return registry[dispatch_key]
