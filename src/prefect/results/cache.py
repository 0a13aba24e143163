"""The records a process has at hand, so that a remote store is asked once. Not here: reading, writing."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

_RECORDS = 1_000


class LRUCache(OrderedDict[str, Any]):
    """A dictionary that forgets what was not used for longest once it holds `maxsize` items."""

    def __init__(self, maxsize: int) -> None:
        super().__init__()
        self.maxsize = maxsize

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        self.move_to_end(key)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self.maxsize:
            self.popitem(last=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.maxsize,)


def default_cache() -> LRUCache:
    """A new cache of up to 1000 records."""
    return LRUCache(maxsize=_RECORDS)
