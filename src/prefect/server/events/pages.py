"""Pages of events: the token that asks for the next one says everything there is to know about it.

Pure. A token is text that travels in URLs; it holds the filter as it was when the first page was asked, the place
where the page before ended, and the total that was counted then. Not here: reading (`reading`).
"""

from __future__ import annotations

import base64
from typing import NamedTuple

from pydantic import ConfigDict, NonNegativeInt, TypeAdapter

from prefect.schemas.event_filters import EventFilter
from prefect.server.events.reading import Place


class InvalidPageToken(PermissionError):
    """A page was asked for by a token that no page has given."""


class NextPage(NamedTuple):
    """What is wanted: so many (`size`) of the events that the filter selects, after a place."""

    filter: EventFilter
    total: NonNegativeInt
    size: NonNegativeInt
    after: Place | None

    def token(self) -> str:
        """The page as text."""
        return base64.urlsafe_b64encode(_PAGE.dump_json(self)).decode()


_PAGE = TypeAdapter(NextPage, config=ConfigDict(defer_build=True))


def page_from(token: str, most: int) -> NextPage:
    """The page that a token asks for.

    Args:
        most: the largest page.

    Raises:
        InvalidPageToken: it asks for none.
    """
    try:
        page = _PAGE.validate_json(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
        if page.size <= most:
            return page
    except ValueError:
        pass
    raise InvalidPageToken("Forbidden: this is not the token of a page of events.")
