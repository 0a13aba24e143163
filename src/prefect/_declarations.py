"""What flows and tasks have in common as declarations: a function, bound to its class or not, and options.

Not here: the options of either (`flows`, `tasks`), what calling one does (`engine`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from pathlib import Path
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast

from prefect.utilities.annotations import NotSet
from prefect.utilities.asyncutils import is_async_fn, is_async_gen_fn
from prefect.utilities.callables import Binder, binder_for, raise_for_reserved_arguments

R = TypeVar("R")
P = ParamSpec("P")

_RESERVED = ("return_state", "wait_for")


class Declaration(Generic[P, R]):
    """A function with options: what `Flow` and `Task` are made of.

    Attributes:
        fn: the function, bound to an instance or class if this declaration is.
        binder: turns calls of the function into named parameters and back.
        isasync, isgenerator: what calling the function gives.
    """

    _hook_kinds: tuple[str, ...] = ()
    _sentinel_options: frozenset[str] = frozenset()

    fn: Callable[P, R]
    binder: Binder
    isasync: bool
    isgenerator: bool
    _declared: dict[str, Any]

    def _take_function(self, fn: Any) -> None:
        self._isclassmethod = isinstance(fn, classmethod)
        self._isstaticmethod = isinstance(fn, staticmethod)
        if isinstance(fn, classmethod | staticmethod):
            fn = fn.__func__
        if not callable(fn):
            raise TypeError(f"'fn' must be callable; got {fn!r}.")
        self.fn = fn
        update_wrapper(cast(Any, self), fn, updated=())
        self.isgenerator = inspect.isgeneratorfunction(fn) or is_async_gen_fn(fn)
        self.isasync = is_async_fn(fn) or is_async_gen_fn(fn)
        raise_for_reserved_arguments(fn, _RESERVED)
        self.binder = binder_for(fn)

    def _take_hooks(self, given: Mapping[str, Any]) -> None:
        for kind in self._hook_kinds:
            setattr(self, f"{kind}_hooks", checked_hooks(kind, given[kind]))

    # --- methods of classes ----------------------------------------------------------------------------

    @property
    def ismethod(self) -> bool:
        """Whether this is bound to an instance or a class."""
        return inspect.ismethod(self.fn)

    @property
    def isclassmethod(self) -> bool:
        """Whether the function was a class method."""
        return self._isclassmethod

    @property
    def isstaticmethod(self) -> bool:
        """Whether the function was a static method."""
        return self._isstaticmethod

    def __get__(self, instance: Any, owner: Any) -> Self:
        """Declared in a class, it is bound to the instance (or class) it is asked from."""
        if self._isstaticmethod:
            return self
        target = owner if self._isclassmethod else instance
        if target is None:
            return self
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound.fn = self.fn.__get__(target, owner)
        bound.binder = binder_for(bound.fn)
        return bound

    # --- copies ----------------------------------------------------------------------------------------

    def _options_with(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a copy: as declared, with hooks added since, and with what was asked for.

        None means "as it is", except for options that have a sentinel to say so.
        """
        told = {
            option: value
            for option, value in asked.items()
            if (value is not NotSet if option in self._sentinel_options else value is not None)
        }
        hooks = {kind: list(getattr(self, f"{kind}_hooks")) for kind in self._hook_kinds}
        return {**self._declared, **hooks, **told}

    def _copy_with(self, options: dict[str, Any]) -> Self:
        fn: Any = self.fn
        if self._isclassmethod and not inspect.ismethod(fn):
            fn = classmethod(fn)
        elif self._isstaticmethod:
            fn = staticmethod(fn)
        return type(self)(fn, **options)  # type: ignore[call-arg]  # subclasses take the function and options


def options_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options among the local variables at the start of a function: all but `self` and the function."""
    return {
        name: value
        for name, value in arguments.items()
        if name not in ("self", "fn", "__class__") and not name.endswith("__fn")
    }


def checked_hooks(kind: str, hooks: Any) -> list[Any]:
    """Hooks as a list.

    Raises:
        TypeError: they are not an iterable of callables.
    """
    if hooks is None:
        return []
    if isinstance(hooks, str | bytes) or not isinstance(hooks, Iterable):
        raise TypeError(
            f"Expected iterable for '{kind}'; got {type(hooks).__name__} instead. "
            f"Give a list of hooks: {kind}=[my_hook]."
        )
    found = list(hooks)
    for hook in found:
        if not callable(hook):
            raise TypeError(f"Expected callables in '{kind}'; got {type(hook).__name__} instead.")
    return found


def checked_run_name(option: str, template: Any) -> Any:
    """A template or callable for the names of runs.

    Raises:
        TypeError: it is neither.
    """
    if template is not None and not isinstance(template, str) and not callable(template):
        raise TypeError(f"Expected string or callable for '{option}'; got {type(template).__name__} instead.")
    return template


def checked_retries(retries: int) -> int:
    """A number of retries.

    Raises:
        ValueError: it is negative.
    """
    if retries < 0:
        raise ValueError(f"`retries` must not be negative; got {retries}.")
    return retries


def given_or_setting(given: Any, group: str, setting: str) -> Any:
    """An option as given, else as the settings have it, else 0."""
    if given is not None:
        return given
    from prefect.settings import get_current_settings

    found = getattr(getattr(get_current_settings(), group), setting)
    return 0 if found is None else found


def checked_storage(storage: Any) -> Any:
    """A storage of results: a path, a name, or a saved block.

    Raises:
        TypeError: it is a block that was never saved.
    """
    if storage is None or isinstance(storage, str | Path):
        return storage
    from prefect.results import require_saved_storage

    return require_saved_storage(storage)
