"""Pages of events: the token that asks for the next one says everything there is to know about it.

Pure. A token is text that travels in URLs; it holds the filter as it was when the first page was asked, the place
where the page before ended, and the total that was counted then. Not here: reading (`reading`).
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from prefect.schemas.event_filters import EventFilter
from prefect.server.events.reading import Place


class InvalidPageToken(PermissionError):
    """A page was asked for by a token that no page has given."""


class NextPage(NamedTuple):
    """What is wanted: so many (`size`) of the events that the filter selects, after a place."""

    filter: EventFilter
    total: int
    size: int
    after: Place | None

    def token(self) -> str:
        """The page as text."""
        place = None if self.after is None else (self.after.occurred.isoformat(), str(self.after.id))
        told = {"filter": self.filter.model_dump(mode="json"), "total": self.total, "size": self.size}
        text = json.dumps({**told, "after": place}, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode()


def page_from(token: str, most: int) -> NextPage:
    """The page that a token asks for.

    Args:
        most: the largest page.

    Raises:
        InvalidPageToken: it asks for none.
    """
    try:
        told = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
        at = told["after"]
        after = None if at is None else Place(datetime.fromisoformat(at[0]), UUID(at[1]))
        filter = EventFilter.model_validate(told["filter"])
        page = NextPage(filter, int(told["total"]), int(told["size"]), after)
    except (binascii.Error, ValueError, KeyError, TypeError, IndexError, RecursionError):
        raise InvalidPageToken("Forbidden: this is not the token of a page of events.") from None
    if not 0 <= page.size <= most or (after is not None and after.occurred.tzinfo is None):
        raise InvalidPageToken("Forbidden: this is not the token of a page of events.")
    return page
