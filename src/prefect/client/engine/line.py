"""The line to a server: requests as messages, and what became of them, told apart by what a sender can do about it.

    Unreachable   it may work later: nobody answered, or the answer invites to ask again
    Refused       it will not work: the server understood and says no

Not here: connections and repetition (`client/orchestration/http`), what is kept when nobody answers (`dispatch`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from prefect.client.orchestration._messages import Message, message_of, result_of
from prefect.schemas.operations import Request

if TYPE_CHECKING:
    from prefect.client.orchestration.http import HttpTransport
    from prefect.settings import Settings

R = TypeVar("R")

_INVITES_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_IS_A_PAGE = "it answers with a web page: PREFECT_API_URL must name the API, whose path mostly ends in /api"
_MOST_RETRIES = 2
_LONGEST_ANSWER_SECONDS = 20.0
_LONGEST_CONNECT_SECONDS = 5.0


class Unreachable(Exception):
    """The server does not answer, or not now.

    Args:
        reason: what happened, in words.
        status: of the answer, if there was one.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Refused(Exception):
    """The server understood a message and refuses it.

    Args:
        reason: what it says.
        status: of its answer.
        error: the same, as the client of an operation raises it.
    """

    def __init__(self, reason: str, status: int, error: Exception | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.error = error or self


class Line(Protocol):
    """Carries messages to one server."""

    url: str

    def send(self, message: Message) -> bytes:
        """The answer to a message, which does no harm twice. Its body may be JSON as bytes already.

        Raises:
            Unreachable, Refused: there is none, or a refusal.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def ask(line: Line, request: Request[R]) -> R:
    """What an operation returns.

    Raises:
        Unreachable, Refused: the server does not answer, or refuses.
    """
    result: R = result_of(request.operation, line.send(message_of(request)))
    return result


class HttpLine:
    """A line over HTTP."""

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport
        self.url = transport.url or ""

    def send(self, message: Message) -> bytes:
        from prefect._steps import run_blocking
        from prefect.client.orchestration import http

        try:
            response = run_blocking(self._transport.send(message, repeatable=True))
        except http.TRANSPORT_ERRORS as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        if response.is_success:
            if response.headers.get("content-type", "").startswith("text/html"):
                raise Unreachable(_IS_A_PAGE)
            return response.content
        reason = f"{response.status_code} {response.reason_phrase}: {response.text[:500]}"
        if response.status_code in _INVITES_AGAIN:
            raise Unreachable(reason, response.status_code)
        raise Refused(reason, response.status_code, http.refusal_of(response))

    def close(self) -> None:
        self._transport.close()


def line_to(settings: Settings, url: str) -> HttpLine:
    """A line of one's own to the server that the settings name.

    Where a run can go on without the server, it does not wait for it as long as other clients do.
    """
    from prefect.client.orchestration._terms import Terms
    from prefect.client.orchestration.http import HttpTransport

    terms = Terms.from_settings(settings, url)
    if not settings.engine.require_server:
        answer = min(settings.api.request_timeout, _LONGEST_ANSWER_SECONDS)
        # to connect, read, write, and get a connection
        timeout = (min(answer, _LONGEST_CONNECT_SECONDS), answer, answer, answer)
        terms = replace(
            terms,
            max_retries=min(terms.max_retries, _MOST_RETRIES),
            httpx_settings={**terms.httpx_settings, "timeout": timeout},
        )
    return HttpLine(HttpTransport(terms))
