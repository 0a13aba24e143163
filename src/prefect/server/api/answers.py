"""What is answered: results and errors as status and JSON, in the original's forms.

An error's answer names what is wrong and never repeats what may be secret. Not here: who answers what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Send

from prefect.exceptions import (
    ConcurrencyLeaseLostError,
    ConcurrencySlotsTakenError,
    ObjectAlreadyExists,
    ObjectLimitReached,
    ObjectNotFound,
    ObjectUnsupported,
    ProtectedBlockError,
    StoreError,
)
from prefect.schemas.operations import Operation
from prefect.schemas.responses import OrchestrationResult, SetStateStatus
from prefect.server.api.arguments import InvalidRequest
from prefect.server.api.unfit import unfit_places
from prefect.server.database.refusals import is_conflict, is_unfit
from prefect.server.models.parameters import ParameterSchemaMismatch

JSON = (b"content-type", b"application/json")
_LONGEST_ECHO_BYTES = 10_000
_DEEPEST_ECHO = 100
_LARGEST_NUMBER = 2**53
MASK = "********"
_MAY_BE_SECRET = re.compile(
    r"password|passwd|secret|token|credential|auth|api_?key|private|^data$|^value$", re.IGNORECASE
)


class Answer(NamedTuple):
    """What a request is answered with."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,)

    def with_headers(self, *headers: tuple[bytes, bytes]) -> Answer:
        """The same with more headers."""
        return self._replace(headers=(*self.headers, *headers))


def json_answer(status: int, content: Any) -> Answer:
    """An answer of plain values."""
    return Answer(status, orjson.dumps(content, default=str))


# --- results --------------------------------------------------------------------------------------------


def status_of(operation: Operation[Any, Any], result: Any, asked_at: datetime) -> int:
    """The status that a result is answered with.

    Where 201 is declared, it means that something has been made: of what was there before the request was
    asked (`asked_at`), and of a proposal that changed nothing, the status is 200.
    """
    if operation.status != 201:
        return operation.status
    if isinstance(result, OrchestrationResult):
        is_new = result.state is not None and result.state.timestamp >= asked_at
        return 201 if result.status is SetStateStatus.ACCEPT or is_new else 200
    made_at = getattr(result, "created", None)
    return 200 if made_at is not None and made_at < asked_at else 201


# --- errors ---------------------------------------------------------------------------------------------


def invalid_request(error: InvalidRequest, body: bytes) -> Answer:
    """The answer to a request that does not fit the declaration."""
    details = [_masked_detail(detail) for detail in error.details]
    return json_answer(
        422,
        {
            "exception_message": "Invalid request received.",
            "exception_detail": details,
            "request_body": _echo_of(body),
        },
    )


def _masked_detail(detail: dict[str, Any]) -> dict[str, Any]:
    hidden = any(isinstance(part, str) and _MAY_BE_SECRET.search(part) for part in detail["loc"])
    given = detail.get("input")
    # bytes are a whole body that is no JSON: nobody knows what in it is secret
    given = None if isinstance(given, bytes) else MASK if hidden else masked(given)
    if len(orjson.dumps(given, default=str)) > _LONGEST_ECHO_BYTES:
        given = None
    return {**detail, "input": given}


def _echo_of(body: bytes) -> Any:
    """The body as it may be shown; None: it is too long, or no JSON."""
    if not body or len(body) > _LONGEST_ECHO_BYTES:
        return None
    try:
        return masked(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None


def masked(value: Any, levels: int = _DEEPEST_ECHO) -> Any:
    """A JSON value without what may be secret by its name, and without what is nested deeper than anyone reads."""
    if levels == 0:
        return None
    if isinstance(value, dict):
        return {
            name: MASK if _MAY_BE_SECRET.search(str(name)) else masked(item, levels - 1)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item, levels - 1) for item in value]
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


_STATUSES: Mapping[type[Exception], tuple[int, str]] = {
    ObjectNotFound: (404, "detail"),
    ObjectAlreadyExists: (409, "detail"),
    ObjectLimitReached: (403, "detail"),
    ObjectUnsupported: (403, "detail"),
    ProtectedBlockError: (403, "detail"),
    ConcurrencySlotsTakenError: (423, "detail"),
    ConcurrencyLeaseLostError: (410, "detail"),
    StoreError: (503, "exception_message"),
    ParameterSchemaMismatch: (409, "detail"),
    PermissionError: (403, "detail"),
    ValueError: (422, "detail"),
}
"""What an error that an operation raises is answered with: status, and the member that tells."""


_CONFLICT = "Data integrity conflict: a unique or foreign key constraint would be violated."
_UNFIT = (
    "The database cannot hold one of the values: a number or a moment is too large, a text that it looks for is "
    "longer than 2000 bytes, or holds a null character."
)


def refusal(error: Exception, body: bytes = b"") -> Answer | None:
    """The answer that an error of an operation means; None: it is our own fault.

    Args:
        body: what was asked.
    """
    if isinstance(error, ValidationError):
        # its own words show the values
        return json_answer(422, {"detail": _words_of(error)})
    for type, (status, member) in _STATUSES.items():
        if isinstance(error, type):
            content = getattr(error, "content", {member: str(error)})
            return json_answer(status, content).with_headers(*_headers_of(error))
    # their own words show the statement and its values
    if is_conflict(error):
        return json_answer(409, {"detail": _CONFLICT})
    return json_answer(422, {"detail": _unfit(body)}) if is_unfit(error) else None


def _words_of(error: ValidationError) -> str:
    told = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in told)


def _unfit(body: bytes) -> str:
    places = unfit_places(body)
    return f"{_UNFIT} Look at {', '.join(places)}." if places else _UNFIT


def _headers_of(error: Exception) -> list[tuple[bytes, bytes]]:
    seconds = getattr(error, "retry_after_seconds", None)
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


def internal_error() -> Answer:
    """The answer when something is wrong with the server: what, is told in its log."""
    return json_answer(500, {"exception_message": "Internal Server Error"})


TOO_BUSY = json_answer(
    429, {"detail": "The server has as many requests under way as it may; ask again in a moment."}
).with_headers((b"retry-after", b"1"))


# --- sending --------------------------------------------------------------------------------------------


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer whole."""
    length = () if answer.status == 204 else ((b"content-length", str(len(answer.body)).encode()),)
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [*answer.headers, *length],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


def response(answer: Answer) -> Response:
    """An answer in the form that Starlette's own routes give."""
    made = Response(answer.body, answer.status)
    made.raw_headers.extend(answer.headers)
    return made
