"""The process that serves the API: an address, a store, uvicorn, and an orderly end.

Not here: the application (`app`), the command (`prefect.cli.server`).
"""

from __future__ import annotations

import errno
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from prefect.exceptions import ConfigurationError
from prefect.logging.configuration import ensure_logging_setup
from prefect.server.api.app import base_path, create_app
from prefect.server.api.connections import HttpProtocol
from prefect.server.api.websockets.protocol import SocketProtocol
from prefect.server.database.store import Store, open_store
from prefect.settings import Settings

LONGEST_END_SECONDS = 10
"""How long requests under way, and open WebSockets, may take to end once the server has been told to."""

_BACKLOG = 2048
_LARGEST_FRAME_BYTES = 2_097_152
"""Of a WebSocket: an event may have 1.5 MB (`PREFECT_SERVER_EVENTS_MAXIMUM_SIZE_BYTES`)."""
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Not every system has the last; whoever started the server with `nohup` has it ignored."""


def serve(
    settings: Settings, told: Callable[[str], None] = lambda url: None, with_services: bool = True
) -> None:
    """Serve the API over the store that the settings name, until Ctrl-C, SIGTERM or the end of its terminal.

    Args:
        told: called with the API's URL once it answers.
        with_services: also do what a server does on its own.

    Raises:
        ConfigurationError: the address is taken or not to be had, or reachable by others without credentials.
        prefect.exceptions.StoreError: the store cannot be opened.
    """
    api = settings.server.api
    refuse_exposure(settings)
    ensure_logging_setup()
    with listening(api.host, api.port) as socket, store_of(settings) as store:
        app = create_app(store, settings, services=None if with_services else [])
        server = server_of(app, settings)
        server.told = lambda: told(url_of(socket, settings))
        server.run([socket])


# --- the server -----------------------------------------------------------------------------------------


class Server(uvicorn.Server):
    """A server whose end lets its process go on, so that the store is closed.

    Attributes:
        told: called once it answers.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told: Callable[[], object] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.told()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # the original raises the signals once more at the end, and the process would end with them
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        known = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        heard = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self.handle_exit) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_of(app: ASGIApp, settings: Settings, **options: Any) -> Server:
    """A server of the application, not started.

    Args:
        options: of uvicorn's configuration, before what the settings say.
    """
    api = settings.server.api
    configuration: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "lifespan": "on",
        "timeout_keep_alive": api.keepalive_timeout,
        "timeout_graceful_shutdown": LONGEST_END_SECONDS,
        "http": HttpProtocol,
        "ws": SocketProtocol,
        "ws_max_size": _LARGEST_FRAME_BYTES,
        "ws_ping_interval": api.websocket_ping_interval,
        "ws_ping_timeout": api.websocket_ping_timeout,
        **options,
    }
    return Server(uvicorn.Config(app, **configuration))


@contextmanager
def store_of(settings: Settings) -> Iterator[Store]:
    """The store that the settings name, open; what is queued is written at the end.

    Raises:
        ConfigurationError: they name no database.
        prefect.exceptions.StoreError: the store cannot be opened.
    """
    url = settings.server.database.connection_url
    engine = settings.engine
    try:
        store = open_store(
            "" if url is None else url.get_secret_value(),
            flush_seconds=engine.journal_flush_interval_seconds,
            max_queued=engine.journal_max_queued_rows,
            lease_seconds=engine.lease_ttl_seconds,
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    try:
        yield store
    finally:
        store.close()


# --- addresses ------------------------------------------------------------------------------------------


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there; port 0 is any that is free.

    Raises:
        ConfigurationError: the address is taken, or is none of this machine.
    """
    opened = None
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # the protocol by name: only then asyncio sends the parts of an answer without waiting (TCP_NODELAY)
        opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        if opened is not None:
            opened.close()
        raise ConfigurationError(_why_not(error, host, port)) from None
    with opened:
        yield opened


def _why_not(error: Exception, host: str, port: int) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is in use: another server may be running there. Stop it, or take another port "
            "(--port or PREFECT_SERVER_API_PORT)."
        )
    if number in (errno.EACCES, errno.EPERM):
        return f"Port {port} needs more rights than this user has. Take one above 1023 (--port)."
    return f"Cannot listen on {host!r}, port {port}: {error}. Look at --host, --port and PREFECT_SERVER_API_HOST."


def refuse_exposure(settings: Settings) -> None:
    """Stop a server that anybody could use.

    Raises:
        ConfigurationError: other machines could reach it, and it would ask for no credentials.
    """
    api = settings.server.api
    has_credentials = api.auth_string is not None and api.auth_string.get_secret_value()
    if has_credentials or api.allow_unauthenticated or is_loopback(api.host):
        return
    raise ConfigurationError(
        f"Whoever can reach {api.host!r} could read and run everything. Set PREFECT_SERVER_API_AUTH_STRING to "
        "'user:password', listen on 127.0.0.1, or say that the network is closed: --allow-unauthenticated "
        "(PREFECT_SERVER_API_ALLOW_UNAUTHENTICATED=true)."
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address. A name counts by where it leads; none leads nowhere."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return bool(host) and all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in found)


def url_of(listening: socket.socket, settings: Settings) -> str:
    """The URL of the API behind a socket, for clients on this machine."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{base_path(settings)}"
