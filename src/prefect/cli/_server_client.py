"""A client for commands, and what is said when the server is away or refuses.

Somebody sits before the terminal: a server that does not answer is told after seconds, not after a minute. Not here:
what is asked (`_questions`, the commands).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from prefect.cli._output import exit_with_error, print_error
from prefect.exceptions import ObjectNotFound
from prefect.settings import get_current_settings, temporary_settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

P = ParamSpec("P")
R = TypeVar("R")

_RETRIES = 2
"""Enough for a server that is just being started again."""

_UNAUTHORIZED, _FORBIDDEN = 401, 403


class ServerAway(Exception):
    """The server cannot be reached, or cannot answer, for now."""


@contextmanager
def command_client(max_retries: int | None = None) -> Iterator[SyncPrefectClient]:
    """A client of the server, or else of the store, that the settings name.

    Args:
        max_retries: how often a request is sent again. Default: as somebody has set it, else few times.
    """
    from prefect.client.orchestration import get_client

    chosen = get_current_settings().client
    if max_retries is None:
        max_retries = chosen.max_retries if "max_retries" in chosen.model_fields_set else _RETRIES
    with ExitStack() as entered:
        with temporary_settings({"client.max_retries": max_retries}):
            client = get_client(sync_client=True)
        try:
            entered.enter_context(client)
        except RuntimeError as error:
            exit_with_error(_why_not_entered(error))
        yield client


def _why_not_entered(error: RuntimeError) -> str:
    cause = error.__cause__
    if isinstance(cause, ObjectNotFound):
        url = get_current_settings().api.url
        return f"There is no API at {url}. PREFECT_API_URL has to name the whole path, which ends in /api as a rule."
    return (isinstance(cause, Exception) and trouble_with_server(cause)) or str(error)


def trouble_with_server(error: Exception) -> str | None:
    """What is said of an error that means that the server is away or refuses; None: it is another error."""
    if "httpx" not in sys.modules:
        return None
    from prefect.client.orchestration.http import TRANSPORT_ERRORS
    from prefect.exceptions import PrefectHTTPStatusError

    url = get_current_settings().api.url
    if isinstance(error, TRANSPORT_ERRORS):
        reason = str(error).rstrip(".") or type(error).__name__
        return (
            f"The server at {url} cannot be reached: {reason}. Start it (`prefect server start`), or set "
            "PREFECT_API_URL to where it is, or to nothing for the store of this machine."
        )
    if isinstance(error, PrefectHTTPStatusError):
        status = f"{error.response.status_code} {error.response.reason_phrase}"
        if error.response.status_code in (_UNAUTHORIZED, _FORBIDDEN):
            return (
                f"The server at {url} does not let you in ({status}). Set PREFECT_API_AUTH_STRING or "
                "PREFECT_API_KEY to what it expects."
            )
        return f"The server at {url} refuses: {error}"
    return None


def asked(ask: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What a client answers, for whoever waits for a server that is away.

    Raises:
        ServerAway: nobody is there to answer, or not now.
    """
    try:
        return ask(*args, **kwargs)
    except Exception as error:
        from prefect.client.orchestration.http import is_away

        if is_away(error):
            raise ServerAway(str(error) or repr(error)) from error
        raise


def tell_away(error: ServerAway) -> None:
    """Say that the server is away, and that it is waited for."""
    print_error(f"The server is away ({error}); it is waited for.")
