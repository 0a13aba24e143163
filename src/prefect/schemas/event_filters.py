"""Which events: plain criteria that can be checked against an event in memory (`includes`).

All parts that are given must hold; within a list any suffices. The same filter is turned into SQL by
`server/models`. Unknown criteria are refused. Also here: filters of automations.
"""

import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from prefect.schemas.bases import PrefectBaseModel, now
from prefect.schemas.events import Event, Resource, ResourceSpecification
from prefect.schemas.filters.bases import AnyId, AnyText, OperatorMixin, TagsAny
from prefect.types import DateTime
from prefect.utilities.collections import AutoEnum

DEFAULT_SPAN = datetime.timedelta(days=180)
MAX_QUERY_LENGTH = 200


class EventDataFilter(PrefectBaseModel):
    """A criterion of events."""

    model_config = ConfigDict(extra="forbid")

    def get_filters(self) -> list["EventDataFilter"]:
        """The criteria this one is made of."""
        found: list[EventDataFilter] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            parts = value if isinstance(value, list) else [value]
            found += [part for part in parts if isinstance(part, EventDataFilter)]
        return found

    def includes(self, event: Event) -> bool:
        """Whether the event meets this criterion."""
        return all(part.includes(event) for part in self.get_filters())

    def excludes(self, event: Event) -> bool:
        """Whether it does not."""
        return not self.includes(event)


def _half_a_year_ago() -> datetime.datetime:
    return now().replace(hour=0, minute=0, second=0, microsecond=0) - DEFAULT_SPAN


class EventOccurredFilter(EventDataFilter):
    """By when the event happened, both ends included; by default the last 180 days."""

    since: DateTime = Field(default_factory=_half_a_year_ago)
    until: DateTime = Field(default_factory=now)

    def includes(self, event: Event) -> bool:
        """Whether it happened in this span."""
        return self.since <= event.occurred <= self.until


class EventNameFilter(EventDataFilter):
    """By the name of the event."""

    prefix: list[str] | None = None
    exclude_prefix: list[str] | None = None
    name: list[str] | None = None
    exclude_name: list[str] | None = None

    def includes(self, event: Event) -> bool:
        """Whether the name is wanted, and not unwanted."""
        name = event.event
        return (
            (not self.prefix or name.startswith(tuple(self.prefix)))
            and (not self.exclude_prefix or not name.startswith(tuple(self.exclude_prefix)))
            and (not self.name or name in self.name)
            and (not self.exclude_name or name not in self.exclude_name)
        )


def _resource_fits(
    resource: Resource,
    id: list[str] | None,
    id_prefix: list[str] | None,
    labels: ResourceSpecification | None,
) -> bool:
    return (
        (not id or resource.id in id)
        and (not id_prefix or resource.id.startswith(tuple(id_prefix)))
        and (labels is None or labels.matches(resource))
    )


class EventResourceFilter(EventDataFilter):
    """By the resource of the event; `distinct` asks for the latest event of each resource only."""

    id: list[str] | None = None
    id_prefix: list[str] | None = None
    labels: ResourceSpecification | None = None
    distinct: bool = False

    def includes(self, event: Event) -> bool:
        """Whether the resource fits. `distinct` is a matter of the whole list, not of one event."""
        return _resource_fits(event.resource, self.id, self.id_prefix, self.labels)


class EventRelatedFilter(EventDataFilter):
    """By related resources: one of them meets all that is given."""

    id: list[str] | None = None
    role: list[str] | None = None
    resources_in_roles: list[tuple[str, str]] | None = None
    labels: ResourceSpecification | None = None

    def includes(self, event: Event) -> bool:
        """Whether a related resource fits."""
        if not (self.id or self.role or self.resources_in_roles or self.labels):
            return True
        return any(
            _resource_fits(related, self.id, None, self.labels)
            and (not self.role or related.role in self.role)
            and (not self.resources_in_roles or (related.id, related.role) in self.resources_in_roles)
            for related in event.related
        )


class EventAnyResourceFilter(EventDataFilter):
    """By any resource of the event, its own or a related one."""

    id: list[str] | None = None
    id_prefix: list[str] | None = None
    labels: ResourceSpecification | None = None

    def includes(self, event: Event) -> bool:
        """Whether one of the resources fits."""
        return any(
            _resource_fits(resource, self.id, self.id_prefix, self.labels)
            for resource in event.involved_resources
        )


class EventIDFilter(EventDataFilter):
    """By event."""

    id: list[UUID] | None = None

    def includes(self, event: Event) -> bool:
        """Whether it is one of these."""
        return not self.id or event.id in self.id


class EventTextFilter(EventDataFilter):
    """By words anywhere in the event; the server decides, in memory every event passes."""

    query: str = Field(max_length=MAX_QUERY_LENGTH)


class EventOrder(AutoEnum):
    """By the time of the event, first or last first."""

    ASC = "ASC"
    DESC = "DESC"


def _no_ids() -> EventIDFilter:
    return EventIDFilter(id=[])


class EventFilter(EventDataFilter):
    """Which events, in which order. A list of related or any-resource criteria asks for all of them."""

    occurred: EventOccurredFilter = Field(default_factory=EventOccurredFilter)
    event: EventNameFilter | None = None
    resource: EventResourceFilter | None = None
    related: EventRelatedFilter | list[EventRelatedFilter] | None = None
    any_resource: EventAnyResourceFilter | list[EventAnyResourceFilter] | None = None
    id: EventIDFilter = Field(default_factory=_no_ids)
    text: EventTextFilter | None = None
    order: EventOrder = EventOrder.DESC


class AutomationFilterId(AnyId):
    """By automation."""


class AutomationFilterName(AnyText):
    """By name."""


class AutomationFilterCreated(PrefectBaseModel):
    """By when it was made: at or before this moment."""

    before_: DateTime | None = None


class AutomationFilterTags(TagsAny):
    """By tags."""


class AutomationFilter(PrefectBaseModel, OperatorMixin):
    """Which automations."""

    id: AutomationFilterId | None = None
    name: AutomationFilterName | None = None
    created: AutomationFilterCreated | None = None
    tags: AutomationFilterTags | None = None
