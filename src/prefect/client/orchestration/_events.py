"""Documented methods on events that are not one operation as it is, as steps.

Not here: methods that are an operation (`prefect.schemas.operations`).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from prefect._steps import Life
from prefect.client.orchestration.transport import Asking
from prefect.schemas.event_pages import EventPage
from prefect.schemas.operations import events


class EventMethods(Asking):
    """Methods on events."""

    def read_events_page(self, next_page_url: str) -> Life[EventPage]:
        """The page of events that the page before names (`EventPage.next_page`).

        Raises:
            ValueError: the URL is none of a page of events.
        """
        token = parse_qs(urlsplit(str(next_page_url)).query).get("page-token")
        if not token:
            raise ValueError(f"{next_page_url!r} is not the `next_page` of a page of events.")
        return (yield from self._ask(events.read_next_events(token[0])))
