"""Handing what is live to those who watch, in this process: each has a queue of its own, with bounds.

A message is made into text once, whoever many want it, and only if somebody does. A watcher who does not read is
told so (`overflowed`) and gets nothing more; nobody waits for it. Any thread may call anything here. Not here:
where messages come from (`feed`), sending them (`server/api/websockets`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

MOST_WATCHERS = 1_000
MOST_WAITING = 10_000
MOST_WAITING_CHARACTERS = 8_000_000


class Message(NamedTuple):
    """What a watcher is sent: something with that id, as text."""

    id: UUID
    text: str


class Subscription:
    """One watcher's messages, waiting to be sent.

    Args:
        kind: of what is watched, such as "event".
        wants: whether the watcher wants an item.
        wake: called when something has come, from any thread; it must be quick.

    Attributes:
        overflowed: more came than may wait; what waited was dropped and nothing more is taken.
    """

    def __init__(
        self,
        kind: str,
        wants: Callable[[Any], bool],
        wake: Callable[[], None],
        most: int = MOST_WAITING,
        most_characters: int = MOST_WAITING_CHARACTERS,
    ) -> None:
        self.kind = kind
        self.wants = wants
        self.overflowed = False
        self._wake = wake
        self._most = most
        self._most_characters = most_characters
        self._characters = 0
        self._waiting: deque[Message] = deque()
        self._lock = threading.Lock()

    def offer(self, message: Message) -> None:
        """Take in a message."""
        with self._lock:
            if self.overflowed:
                return
            self._waiting.append(message)
            self._characters += len(message.text)
            if len(self._waiting) > self._most or self._characters > self._most_characters:
                self.overflowed = True
                self._waiting.clear()
                self._characters = 0
        self._wake()

    def take(self) -> list[Message]:
        """The messages that wait; they do not any more."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
            self._characters = 0
        return taken


class Hub:
    """Those who watch, in this process."""

    def __init__(self) -> None:
        self._subscriptions: frozenset[Subscription] = frozenset()
        self._lock = threading.Lock()

    def add(self, subscription: Subscription) -> None:
        """Begin to hand messages to a watcher.

        Raises:
            BufferError: there are as many watchers as may be.
        """
        with self._lock:
            if len(self._subscriptions) >= MOST_WATCHERS:
                raise BufferError(f"{MOST_WATCHERS} watch already.")
            self._subscriptions |= {subscription}

    def remove(self, subscription: Subscription) -> None:
        """Hand it no more. Removing twice is allowed."""
        with self._lock:
            self._subscriptions -= {subscription}

    def watched(self) -> frozenset[str]:
        """The kinds that somebody watches."""
        return frozenset(one.kind for one in self._subscriptions)

    def publish(self, kind: str, items: Sequence[Any], as_text: Callable[[Any], str]) -> None:
        """Hand items, which have ids, to those who want them, in order."""
        watchers = [one for one in self._subscriptions if one.kind == kind and not one.overflowed]
        for item in items if watchers else ():
            wanting = [one for one in watchers if one.wants(item)]
            if wanting:
                message = Message(item.id, as_text(item))
                for one in wanting:
                    one.offer(message)
