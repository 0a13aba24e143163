"""A real server for tests: in a thread of this process, on a free port, over a store of one's choice.

Not here: an isolated store (`prefect.testing.utilities.prefect_test_harness`).
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

    from prefect.server.api.serving import Server
    from prefect.server.database.store import Store

_LONGEST_START_SECONDS = 60.0


@contextmanager
def running_server(store: Store | str | None = None, **options: Any) -> Iterator[str]:
    """Serve the API while the block runs; yields its URL, such as `http://127.0.0.1:40123/api`.

    Args:
        store: an open store, which stays open; or the URL of a database, which is opened and closed here;
            None: the database that the settings name.
        options: of the application; see `prefect.server.api.app.create_app`.

    Raises:
        RuntimeError: the server did not start.
    """
    from prefect.server.api.app import create_app
    from prefect.server.api.serving import listening, server_of, url_of
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    with _opened(store) as served, listening("127.0.0.1", 0) as socket:
        server = server_of(create_app(served, settings, **options), settings)
        with _in_thread(server, socket):
            yield url_of(socket, settings)


@contextmanager
def _opened(store: Store | str | None) -> Iterator[Store]:
    """The store, open; closed at the end if it was not."""
    from prefect.server.api.serving import store_of
    from prefect.settings import get_current_settings, temporary_settings

    if store is not None and not isinstance(store, str):
        yield store
        return
    with temporary_settings({} if store is None else {"server.database.connection_url": store}):
        told = get_current_settings()
    with store_of(told) as opened:
        yield opened


@contextmanager
def _in_thread(server: Server, listening: socket.socket) -> Iterator[None]:
    """Run a server in a thread, in the settings that are in force here."""
    context = contextvars.copy_context()
    answering = threading.Event()
    server.told = answering.set

    def serve() -> None:
        try:
            context.run(server.run, [listening])
        finally:
            answering.set()

    thread = threading.Thread(target=serve, name="prefect-server", daemon=True)
    thread.start()
    if not answering.wait(_LONGEST_START_SECONDS) or not server.started:
        raise RuntimeError("The server did not start; its log says why.")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_LONGEST_START_SECONDS)
