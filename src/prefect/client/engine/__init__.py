"""Whom the engine tells of its runs: the server that the settings name, or the store of this process.

    client = engine_client()

Also here: the clients of this process, and where lines of runs' logs go. Not here: either kind of client (`remote`,
`client/orchestration/local`).
"""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.client.engine.protocol import EngineClient
    from prefect.logging.handlers import LogRow
    from prefect.settings import Settings

__all__ = ["close_clients", "engine_client", "flush_clients", "record_log"]

_remote: dict[tuple[Any, ...], EngineClient] = {}
_opening = threading.Lock()


def engine_client() -> EngineClient:
    """The client that runs of this process are recorded by, as the settings in force say; opened at its first use.

    Raises:
        prefect.exceptions.StoreError: the store of this process cannot be opened; the error says why.
        prefect.exceptions.ConfigurationError: the settings name a database that cannot be used.
    """
    settings = get_current_settings()
    url = settings.api.url
    if url is None:
        from prefect.client.orchestration.local import local_client

        return local_client()
    key = _key(settings, url)
    client = _remote.get(key)
    if client is not None and client.usable():
        return client
    with _opening:
        client = _remote.get(key)
        if client is None or not client.usable():
            client = _remote[key] = _open(settings, url)
    return client


def _key(settings: Settings, url: str) -> tuple[Any, ...]:
    api = settings.api
    secrets = tuple(None if one is None else one.get_secret_value() for one in (api.key, api.auth_string))
    return (url, secrets, settings.home, settings.engine.require_server)


def _open(settings: Settings, url: str) -> EngineClient:
    from prefect.client.engine.opening import open_remote_client
    from prefect.logging.handlers import set_log_sink

    client = open_remote_client(settings, url)
    set_log_sink(record_log, flush=flush_clients)
    return client


def record_log(row: LogRow) -> None:
    """The sink of run logs: the client that is in force where the record was made, if it is open."""
    client = _opened()
    if client is not None:
        client.record_log(row)


def _opened() -> EngineClient | None:
    settings = get_current_settings()
    url = settings.api.url
    if url is None:
        from prefect.client.orchestration.local import opened_client

        return opened_client()
    client = _remote.get(_key(settings, url))
    return client if client is not None and client.usable() else None


def flush_clients() -> None:
    """Have everything stored that any client of this process holds back."""
    import sys

    for client in list(_remote.values()):
        if client.usable():
            client.flush()
    local = sys.modules.get("prefect.client.orchestration.local")
    if local is not None:
        local.flush_stores()


@atexit.register
def close_clients() -> None:
    """Close every client of this process, also when one of them has trouble."""
    import sys

    with ExitStack() as closing:
        local = sys.modules.get("prefect.client.orchestration.local")
        if local is not None:
            closing.callback(local.close_stores)
        for key in list(_remote):
            closing.callback(_remote.pop(key).close)


def _forget_in_child() -> None:
    """A forked child must not use its parent's connections; it opens its own at first use."""
    global _opening
    _opening = threading.Lock()
    _remote.clear()


os.register_at_fork(after_in_child=_forget_in_child)
