"""Events under their documented import path. Home: `prefect.schemas.events`."""

from prefect.schemas.events import (
    Event,
    ReceivedEvent,
    RelatedResource,
    Resource,
    ResourceSpecification,
    matches,
)

__all__ = [
    "Event",
    "ReceivedEvent",
    "RelatedResource",
    "Resource",
    "ResourceSpecification",
    "matches",
]
