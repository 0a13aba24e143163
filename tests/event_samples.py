"""Events to put into stores, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.schemas.events import ReceivedEvent

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def seconds(number: float) -> datetime:
    """So many seconds after T0."""
    return T0 + timedelta(seconds=number)


def an_event(number: int = 1, event: str = "thing.happened", **values: Any) -> ReceivedEvent:
    """An event whose id and time follow from its number."""
    told = {
        "id": UUID(int=number),
        "occurred": seconds(number),
        "received": seconds(number),
        "event": event,
        "resource": {"prefect.resource.id": f"thing.{number}", "prefect.resource.name": f"Thing {number}"},
    }
    return ReceivedEvent.model_validate({**told, **values})


def related(id: str, role: str, **labels: str) -> dict[str, str]:
    """A related resource."""
    return {"prefect.resource.id": id, "prefect.resource.role": role, **labels}
