"""The protocol of sockets, as uvicorn speaks it, but for its end: a server that stops must get past any socket.

Not here: what is said (`speaking`).
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection of a WebSocket."""

    def shutdown(self) -> None:
        """The server stops: the client is told, unless it is being shown the door already and does not answer."""
        try:
            super().shutdown()
        except InvalidState:
            self.transport.abort()
