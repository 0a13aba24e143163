"""Opening the engine's client of a server, as the settings say. Not here: which client is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.foreign import ForeignClient
from prefect.client.engine.line import Line, Refused, Unreachable, ask, line_to
from prefect.client.engine.remote import RemoteClient
from prefect.client.engine.spool import Spool, spool_path
from prefect.schemas.operations.engine import engine_protocol
from prefect.server.database.holders import this_holder

if TYPE_CHECKING:
    from prefect.client.engine.protocol import EngineClient
    from prefect.settings import Settings

_NO_SUCH_ROUTE = (404, 405)


def open_remote_client(settings: Settings, url: str) -> EngineClient:
    """A client of the server at a URL. It is asked what it is; one that does not answer is taken for ours.

    Raises:
        prefect.exceptions.PrefectHTTPStatusError: the server refuses to speak with us.
        prefect.exceptions.ServerUnreachableError: it does not answer, and is required to.
    """
    engine = settings.engine
    spool = Spool(spool_path(settings.home, url), engine.spool_max_bytes)
    holder = this_holder()
    dispatch = Dispatch(line_to(settings, url), spool, holder, is_strict=engine.require_server)
    return _kind_of_client(dispatch)(
        dispatch,
        holder,
        lease_seconds=engine.lease_ttl_seconds,
        patience_seconds=engine.spool_wait_seconds,
        flush_seconds=engine.journal_flush_interval_seconds,
        max_queued=engine.journal_max_queued_rows,
    )


def _kind_of_client(dispatch: Dispatch) -> type[RemoteClient]:
    try:
        return RemoteClient if is_ours(dispatch.line) else ForeignClient
    except Unreachable as error:
        dispatch.note_absence(error)
        return RemoteClient


def is_ours(line: Line) -> bool:
    """Whether a server knows the engine's operations.

    Raises:
        Unreachable: it does not answer.
        Exception: what clients raise when a server refuses to speak with them.
    """
    try:
        ask(line, engine_protocol())
    except Refused as error:
        if error.status not in _NO_SUCH_ROUTE:
            raise error.error from None
        return False
    return True
