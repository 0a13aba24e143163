"""A connection of HTTP, as uvicorn speaks it, but for how long a client may let the server wait.

uvicorn waits for ever for whoever has connected and does not finish what he says, or does not read what he is answered:
a few of those hold every descriptor, or all the room there is for bodies. Not here: connections on which nothing is
under way (uvicorn's keep-alive), bounds on sizes (`gates`), WebSockets (`websockets/protocol`).
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LONGEST_HEAD_SECONDS = 30.0
"""How long a client may take from connecting, or from the first byte, to the end of the head of a request."""

LONGEST_BODY_SECONDS = 120.0
LONGEST_UNREAD_SECONDS = 120.0
"""How long a client may leave an answer unread without taking any of it that makes room for more."""

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class HttpProtocol(H11Protocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owed: type[Any] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._until_read: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_for(None)
        self.resume_writing()
        super().connection_lost(exc)

    # --- what the client has to send -------------------------------------------------------------------

    def _watch(self) -> None:
        """See what the client has begun and not finished; each part of a request has its time."""
        state = self.conn.their_state
        is_owed = state in (h11.IDLE, h11.SEND_BODY) and not self.transport.is_closing()
        self._wait_for(state if is_owed else None)

    def _wait_for(self, state: type[Any] | None) -> None:
        if state is self._owed:
            return
        self._owed = state
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if state is not None:
            seconds = LONGEST_HEAD_SECONDS if state is h11.IDLE else LONGEST_BODY_SECONDS
            self._patience = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(_TOO_SLOW)
        self.transport.close()

    # --- what the client has to read -------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._until_read is None:
            self._until_read = self.loop.call_later(LONGEST_UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._until_read is not None:
            self._until_read.cancel()
            self._until_read = None
