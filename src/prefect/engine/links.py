"""Which run made this object: results remembered by identity, so that a value passed on is a recorded dependency.

Python may reuse the identity of an object that is gone; a remembered object is therefore kept alive. To keep
that from holding on to results nobody wants any more, objects that only this table still refers to are
forgotten now and then. Not here: looking through arguments for such objects (`inputs`).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from typing import Any

from prefect.schemas.runs import RunInput

_UNTRACKABLE = (type(None), bool, type(...), type(NotImplemented))
_SMALL_INTS = range(-5, 257)
_MOST_ITEMS = 1_000
"""Items of one container that are remembered one by one; of larger ones only the container is."""
_FIRST_SWEEP = 1_000


def trackable(value: Any) -> bool:
    """Whether an object's identity says anything: Python shares None, booleans and small integers."""
    kind = type(value)
    if kind is int:
        return value not in _SMALL_INTS
    return kind not in _UNTRACKABLE


_sweeping = threading.Lock()


def _renew_lock() -> None:
    """A thread of the parent may have held the lock at the moment of a fork; in the child nobody would free it."""
    global _sweeping
    _sweeping = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


class ResultLinks:
    """Objects and the run each came from."""

    __slots__ = ("_links", "_sweep_at")

    def __init__(self) -> None:
        self._links: dict[int, tuple[Any, RunInput]] = {}
        self._sweep_at = _FIRST_SWEEP

    def __len__(self) -> int:
        return len(self._links)

    def __bool__(self) -> bool:
        return bool(self._links)

    def remember(self, value: Any, source: RunInput) -> None:
        """The value, and each item of a list, tuple, set or dictionary, came from `source`."""
        if not trackable(value):
            return
        links = self._links
        links[id(value)] = (value, source)
        if isinstance(value, list | tuple | set | frozenset | dict) and len(value) <= _MOST_ITEMS:
            for item in value.values() if isinstance(value, dict) else value:
                if trackable(item):
                    links[id(item)] = (item, source)
        if len(links) > self._sweep_at:
            self._sweep()

    def source_of(self, value: Any) -> RunInput | None:
        """The run that made this very object, if one is remembered."""
        found = self._links.get(id(value))
        return None if found is None or found[0] is not value else found[1]

    def sources_among(self, values: Iterable[Any]) -> list[RunInput]:
        """The runs that made objects among `values`, each once."""
        known = self._links.keys() & set(map(id, values))
        return list(dict.fromkeys(self._links[identity][1] for identity in known))

    def _sweep(self) -> None:
        """Forget what nobody else refers to.

        Such an object is referred to by its entry and by the call below only. Containers are looked at first:
        once they are gone, so are their references to items.
        """
        if not _sweeping.acquire(blocking=False):
            return
        try:
            links = self._links
            for containers in (True, False):
                for identity in list(links):
                    entry = links.pop(identity)
                    value = entry[0]
                    if _is_container(value) is not containers or sys.getrefcount(value) > _OWN_REFERENCES:
                        links[identity] = entry
            self._sweep_at = max(_FIRST_SWEEP, 2 * len(links))
        finally:
            _sweeping.release()


def _is_container(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset | dict)


_OWN_REFERENCES = 3
"""References to an otherwise forgotten object during a sweep: its entry, a local name, the call that counts."""
