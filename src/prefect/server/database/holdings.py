"""What a process holds, as it remembers it: leases of runs, locks, and runs that were taken from it.

The store is the truth; memory follows it. What a transaction takes counts when it is committed, what it gives
back counts at once, and again if it is rolled back: so nobody who compares memory with the store at any moment
misses a thing that he should find there. Not here: the rows (`journal`).
"""

from __future__ import annotations

from typing import Any

Held = set[Any]


class Holdings:
    """What this process holds.

    Attributes:
        leases: kind and resource of each.
        locks: the resources of locks that are renewed.
        fenced: flow runs of which this process is not listened to any more.
    """

    def __init__(self) -> None:
        self.leases: set[tuple[str, bytes]] = set()
        self.locks: set[bytes] = set()
        self.fenced: set[bytes] = set()

    @property
    def renewed(self) -> int:
        """How many there are to be renewed."""
        return len(self.leases) + len(self.locks)


class Changes:
    """What one transaction takes and gives back."""

    def __init__(self) -> None:
        self._taken: dict[tuple[int, Any], Held] = {}
        self._dropped: list[tuple[Held, Any]] = []

    @property
    def takes(self) -> bool:
        """Whether it takes anything."""
        return bool(self._taken)

    def take(self, held: Held, thing: Any) -> None:
        """It is held when the transaction is committed."""
        self._taken[id(held), thing] = held

    def drop(self, held: Held, thing: Any) -> None:
        """It is not held any more."""
        self._taken.pop((id(held), thing), None)
        if thing in held:
            held.discard(thing)
            self._dropped.append((held, thing))

    def has(self, held: Held, thing: Any) -> bool:
        """Whether it is held, as this transaction sees it."""
        return thing in held or (id(held), thing) in self._taken

    def mark(self) -> Changes:
        """A point to go back to: what was changed until now."""
        point = Changes()
        point._taken, point._dropped = self._taken.copy(), self._dropped.copy()
        return point

    def go_back_to(self, point: Changes) -> None:
        """Forget what was changed since."""
        for held, thing in self._dropped[len(point._dropped) :]:
            held.add(thing)
        self._taken, self._dropped = point._taken.copy(), point._dropped.copy()

    def commit(self) -> None:
        """All of it counts."""
        for (_, thing), held in self._taken.items():
            held.add(thing)

    def undo(self) -> None:
        """Nothing of it counts."""
        self.go_back_to(Changes())
