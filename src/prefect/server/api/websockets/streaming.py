"""Sending what is live to one watcher, until it goes or does not read.

Not here: what comes before (a backfill), and what is live (`server/services/live_feed`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Container
from typing import Any
from uuid import UUID

from starlette.websockets import WebSocketDisconnect

from prefect.server.api.threads import Threads
from prefect.server.api.websockets.speaking import TRY_AGAIN_LATER, Closing, Speaker
from prefect.server.events.hub import Subscription
from prefect.server.services.live_feed import LiveFeed


class Stream:
    """What one watcher is sent.

    Args:
        kind: of what is live.
        wants: which of it the watcher wants.
        prelude: what comes first.
        already_sent: what the prelude has sent, by id: it is not sent twice.
    """

    def __init__(
        self,
        speaker: Speaker,
        kind: str,
        wants: Callable[[Any], bool],
        prelude: AsyncIterator[str] | None = None,
        already_sent: Container[UUID] = (),
    ) -> None:
        self._speaker = speaker
        self._prelude = prelude
        self._already_sent = already_sent
        self._loop = asyncio.get_running_loop()
        self._came, self._overflowed = asyncio.Event(), asyncio.Event()
        self._subscription = Subscription(kind, wants, self._wake)

    async def run(self, threads: Threads, feed: LiveFeed) -> None:
        """Send until the watcher goes.

        Raises:
            Closing: it does not read, or too many others watch.
            WebSocketDisconnect: it has gone.
        """
        try:
            feed.feed.hub.add(self._subscription)
        except BufferError as error:
            raise Closing(TRY_AGAIN_LATER, f"There is no room: {error}") from None
        try:
            # from now on nothing is missed; what was before is the prelude's
            await threads.run(feed.watch, self._subscription.kind)
            await _first_of(self._send(), self._notice_that_it_goes(), self._notice_that_it_does_not_read())
        finally:
            feed.feed.hub.remove(self._subscription)

    def _wake(self) -> None:
        """Called by the threads that bring messages."""
        # what came before the event was set is taken together with what set it
        if not self._came.is_set() or self._subscription.overflowed:
            # the server may have stopped
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._note)

    def _note(self) -> None:
        self._came.set()
        if self._subscription.overflowed:
            self._overflowed.set()

    async def _send(self) -> None:
        if self._prelude is not None:
            async for text in self._prelude:
                await self._speaker.say(text)
        while True:
            await self._came.wait()
            self._came.clear()
            for message in self._subscription.take():
                if message.id not in self._already_sent:
                    await self._speaker.say(message.text)

    async def _notice_that_it_goes(self) -> None:
        while True:
            await self._speaker.hear()

    async def _notice_that_it_does_not_read(self) -> None:
        await self._overflowed.wait()
        raise Closing(TRY_AGAIN_LATER, "Messages are not read as fast as they come; connect again.")


async def _first_of(*lives: Any) -> None:
    """Run until one ends, which they do by raising; the others are cancelled."""
    tasks = [asyncio.ensure_future(life) for life in lives]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    errors = [task.exception() for task in tasks if task in done and not task.cancelled()]
    # that it has gone explains whatever else went wrong
    errors.sort(key=lambda error: not isinstance(error, WebSocketDisconnect))
    for error in errors:
        if error is not None:
            raise error
