"""The one error class that needs httpx for its base.

It belongs to `prefect.exceptions`, which hands it out on first use, so that errors stay light to import.
"""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any, Self

from httpx import HTTPStatusError


class PrefectHTTPStatusError(HTTPStatusError):
    """The API answered with an error status; the message includes what its body says."""

    @classmethod
    def from_httpx_error(cls, httpx_error: HTTPStatusError) -> Self:
        """The same error with the details of the response, if it has any, in the message."""
        try:
            details = httpx_error.response.json()
        except (JSONDecodeError, UnicodeDecodeError, RuntimeError):
            # Proxies answer with HTML or nothing; a streamed body may not have been read.
            details = None
        first_line, _, more = str(httpx_error).partition("\n")
        parts = [first_line]
        if details:
            parts.append(f"Response: {details}")
        if more:
            parts.append(more)
        return cls("\n".join(parts), request=httpx_error.request, response=httpx_error.response)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (str(self), self.request, self.response)


def _rebuild(message: str, request: Any, response: Any) -> PrefectHTTPStatusError:
    # Keyword-only arguments do not survive the way exceptions are pickled by default.
    return PrefectHTTPStatusError(message, request=request, response=response)


PrefectHTTPStatusError.__module__ = "prefect.exceptions"
