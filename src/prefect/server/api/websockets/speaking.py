"""How sockets are spoken over: accepting, the handshake, messages as JSON, and closing with a code that tells why.

A client that offers the subprotocol `prefect` says first who it is; others may only come where nobody has to. Not
here: what is said afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from prefect.logging import get_logger
from prefect.server.api.gates import is_same
from prefect.server.api.threads import TooBusy
from prefect.settings import Settings

SUBPROTOCOL = "prefect"
HANDSHAKE_SECONDS = 30.0
"""How long a client may take to say who it is and what it wants."""

LONGEST_REASON_BYTES = 123

# the codes of RFC 6455 that are used here
PROTOCOL_ERROR, UNSUPPORTED_DATA, INVALID_DATA, POLICY_VIOLATION = 1002, 1003, 1007, 1008
NORMAL, TOO_LARGE, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1009, 1011, 1013


class Closing(Exception):
    """The socket is to be closed, with that code and for that reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Speaker:
    """One socket, accepted.

    Args:
        most_bytes: the largest message that is taken.
    """

    def __init__(self, websocket: WebSocket, most_bytes: int) -> None:
        self._websocket = websocket
        self._most_bytes = most_bytes

    async def accept(self, auth_string: str | None) -> None:
        """Let the client in.

        Raises:
            Closing: it may not come in.
        """
        offered = self._websocket.scope.get("subprotocols") or []
        if SUBPROTOCOL not in offered:
            await self._websocket.accept()
            if auth_string:
                raise Closing(PROTOCOL_ERROR, "Offer the subprotocol 'prefect' and authenticate.")
            return
        await self._websocket.accept(subprotocol=SUBPROTOCOL)
        message = await self.hear_in_time("auth", POLICY_VIOLATION)
        token = message.get("token")
        if auth_string and not (isinstance(token, str) and is_same(token, auth_string)):
            raise Closing(POLICY_VIOLATION, "Authentication failed: the token is not the server's.")
        await self.say('{"type":"auth_success"}')

    async def hear_in_time(self, type: str, code: int) -> dict[str, Any]:
        """The next message, which must be an object of that type.

        Raises:
            Closing: it is another one (closed with `code`), or does not come in time.
        """
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                message = from_json(await self.hear(), code, type)
        except TimeoutError:
            raise Closing(code, f"Expected {type!r} message within {HANDSHAKE_SECONDS:g} s") from None
        if not isinstance(message, dict) or message.get("type") != type:
            raise Closing(code, f"Expected {type!r} message")
        return message

    async def hear(self) -> str:
        """The next message.

        Raises:
            Closing: it is no text, or too large.
            WebSocketDisconnect: the client has gone.
        """
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005), received.get("reason"))
        text: str | None = received.get("text")
        if text is None:
            raise Closing(UNSUPPORTED_DATA, "Messages are text: JSON.")
        if len(text) > self._most_bytes:
            raise Closing(
                TOO_LARGE, f"The message has {len(text)} characters; {self._most_bytes} are taken at most."
            )
        return text

    async def say(self, text: str) -> None:
        """Send a message.

        Raises:
            WebSocketDisconnect: the client has gone.
        """
        await self._websocket.send_text(text)

    async def close(self, code: int, reason: str) -> None:
        """Close the socket, if it is not closed."""
        states = (self._websocket.client_state, self._websocket.application_state)
        if WebSocketState.DISCONNECTED in states:
            return
        if WebSocketState.CONNECTING in states:
            await self._websocket.accept()
        short = reason.encode()[:LONGEST_REASON_BYTES].decode(errors="ignore")
        await self._websocket.close(code, short)


def from_json(text: str, code: int, expected: str) -> Any:
    """A message as what it says.

    Raises:
        Closing: it is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Closing(code, f"Expected {expected!r} message, got what is no JSON: {error}") from None


class SocketEndpoint:
    """What all sockets have in common: letting in, and an end with a code, whatever happens.

    Args:
        settings: what the server is told.
    """

    def __init__(self, settings: Settings) -> None:
        secret = settings.server.api.auth_string
        self._auth_string = None if secret is None else secret.get_secret_value()
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most_bytes = self._settings.server.events.maximum_size_bytes
        speaker = Speaker(WebSocket(scope, receive, send), most_bytes)
        closing = await self._serve(speaker)
        # it may go while it is told to
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            if closing is not None:
                await speaker.close(closing.code, closing.reason)

    async def serve(self, speaker: Speaker) -> None:
        """Speak with a client that was let in, until it goes.

        Raises:
            Closing: it is to go.
        """
        raise NotImplementedError

    async def _serve(self, speaker: Speaker) -> Closing | None:
        """Speak with a client; how the socket is to be closed afterwards, None: it is."""
        try:
            await speaker.accept(self._auth_string)
            await self.serve(speaker)
        except WebSocketDisconnect:
            return None
        except Closing as closing:
            return closing
        except TooBusy:
            return Closing(TRY_AGAIN_LATER, "The server is too busy.")
        except Exception:
            get_logger("server.api").exception("A WebSocket failed.")
            return Closing(INTERNAL_ERROR, "Internal server error")
        return Closing(NORMAL, "")
