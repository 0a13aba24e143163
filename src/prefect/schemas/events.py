"""Events: what happened, to which resource, in relation to which others.

Also here: specifications, the patterns that resources are matched against. Not here: filters of events
(`event_filters`), sending and receiving them (`prefect.events`).
"""

import copy
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, RootModel, model_validator

from prefect.schemas.bases import PrefectBaseModel, now, uuid7
from prefect.schemas.labelling import Labelled
from prefect.types import DateTime

MAX_LABELS_PER_RESOURCE = 500
MAX_RELATED_RESOURCES = 500
"""Hard bounds. Tighter ones are settings, which those who send and receive events apply."""


class Resource(Labelled):
    """Something that events happen to, known by its label `prefect.resource.id`."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        count = len(self.root)
        if count > MAX_LABELS_PER_RESOURCE:
            raise ValueError(
                f"The maximum number of labels per resource is {MAX_LABELS_PER_RESOURCE}; got {count}"
            )
        return self

    @model_validator(mode="after")
    def _identified(self) -> Self:
        if "prefect.resource.id" not in self.root:
            raise ValueError("Resources must include the prefect.resource.id label")
        if not self.root["prefect.resource.id"]:
            raise ValueError("The prefect.resource.id label must be non-empty")
        return self

    @property
    def id(self) -> str:
        """What identifies the resource, such as `prefect.flow-run.<uuid>`."""
        return self["prefect.resource.id"]

    @property
    def name(self) -> str | None:
        """Its name, if it was told."""
        return self.get("prefect.resource.name")

    def prefect_object_id(self, kind: str) -> UUID:
        """The identifier of the object of our own that this resource is.

        Args:
            kind: such as `prefect.flow-run`.

        Raises:
            ValueError: it is of another kind, or what follows is no UUID.
        """
        prefix = kind.rstrip(".") + "."
        if not self.id.startswith(prefix):
            raise ValueError(f"Resource ID {self.id} does not start with {prefix}")
        return UUID(self.id.removeprefix(prefix))


class RelatedResource(Resource):
    """A resource in a role in an event, said by its label `prefect.resource.role`."""

    @model_validator(mode="after")
    def _in_a_role(self) -> Self:
        if "prefect.resource.role" not in self.root:
            raise ValueError("Related Resources must include the prefect.resource.role label")
        if not self.root["prefect.resource.role"]:
            raise ValueError("The prefect.resource.role label must be non-empty")
        return self

    @property
    def role(self) -> str:
        """Its role, such as `flow` or `deployment`."""
        return self["prefect.resource.role"]


def _bounded_related(related: list[RelatedResource]) -> list[RelatedResource]:
    if len(related) > MAX_RELATED_RESOURCES:
        raise ValueError(
            f"The maximum number of related resources is {MAX_RELATED_RESOURCES}; got {len(related)}"
        )
    return related


class Event(PrefectBaseModel):
    """Something that happened to a resource."""

    occurred: DateTime = Field(default_factory=now)
    event: str
    resource: Resource
    related: Annotated[list[RelatedResource], AfterValidator(_bounded_related)] = Field(default_factory=list)
    payload: dict[str, Any] = Field(default_factory=dict)
    id: UUID = Field(default_factory=uuid7)
    follows: UUID | None = None

    @property
    def size_bytes(self) -> int:
        """The size of the event as JSON."""
        return len(self.model_dump_json().encode())

    @property
    def involved_resources(self) -> Sequence[Resource]:
        """The resource and all related ones."""
        return [self.resource, *self.related]

    @property
    def resource_in_role(self) -> Mapping[str, RelatedResource]:
        """The first related resource of each role."""
        return {related.role: related for related in reversed(self.related)}

    @property
    def resources_in_role(self) -> Mapping[str, Sequence[RelatedResource]]:
        """All related resources by role."""
        resources: dict[str, list[RelatedResource]] = defaultdict(list)
        for related in self.related:
            resources[related.role].append(related)
        return resources

    def find_resource_label(self, label: str) -> str | None:
        """The value of a label of the resource, or with `related:<role>:<label>` of the first related one
        of that role that has it; None when there is none."""
        where, _, rest = label.partition(":")
        if where != "related" or ":" not in rest:
            return self.resource.get(label)
        role, _, wanted = rest.partition(":")
        values = (related.get(wanted) for related in self.related if related.role == role)
        return next((value for value in values if value is not None), None)


class ReceivedEvent(Event):
    """An event with the moment a server received it."""

    model_config = ConfigDict(from_attributes=True)

    received: DateTime = Field(default_factory=now)

    @property
    def url(self) -> str | None:
        """Where the UI shows this event; None when no UI is known."""
        from prefect.utilities.urls import url_for

        return url_for(self, url_type="ui")


# --- specifications -------------------------------------------------------------------------------------


def matches(expected: str, value: str | None) -> bool:
    """Whether a value fits a pattern: itself, `prefix*`, `*` for any, `!pattern` for anything else.

    An absent value (None) fits nothing.
    """
    if value is None:
        return False
    if expected.startswith("!"):
        return not _fits(expected[1:], value)
    return _fits(expected, value)


def _fits(pattern: str, value: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


class ResourceSpecification(RootModel[dict[str, str | list[str]]]):
    """Patterns for labels: a resource matches when each label given here has a value that fits one of the
    patterns of that label. Without any, it matches every resource."""

    model_config = ConfigDict(defer_build=True)

    root: dict[str, str | list[str]] = Field(default_factory=dict)

    def matches_every_resource(self) -> bool:
        """Whether it leaves nothing out."""
        return not self.root

    def matches_every_resource_of_kind(self, prefix: str) -> bool:
        """Whether it leaves out no resource of a kind, such as `prefect.flow-run`."""
        if self.matches_every_resource():
            return True
        if list(self.root) != ["prefect.resource.id"]:
            return False
        return any(pattern in (f"{prefix}.*", "*") for pattern in self["prefect.resource.id"])

    def includes(self, candidates: Iterable[Resource]) -> bool:
        """Whether any of the resources matches; no resource at all satisfies only an empty specification."""
        return self.matches_every_resource() or any(map(self.matches, candidates))

    def matches(self, resource: Resource) -> bool:
        """Whether the resource has a fitting value for every label."""
        return all(
            any(matches(pattern, resource.get(label)) for pattern in patterns)
            for label, patterns in self.items()
        )

    def items(self) -> Iterable[tuple[str, list[str]]]:
        """Labels with their patterns."""
        return [(label, self._patterns(label)) for label in self.root]

    def __contains__(self, key: str) -> bool:
        return key in self.root

    def __getitem__(self, key: str) -> list[str]:
        return self._patterns(key)

    def __len__(self) -> int:
        return len(self.root)

    def _patterns(self, label: str) -> list[str]:
        return _as_list(self.root[label])

    def pop(self, key: str, default: str | list[str] | None = None) -> list[str] | None:
        """Take out the patterns of a label."""
        return _as_list(self.root.pop(key, default or []))

    def get(self, key: str, default: str | list[str] | None = None) -> list[str] | None:
        """The patterns of a label, or `default` as a list."""
        return _as_list(self.root.get(key, default or []))

    def deepcopy(self) -> "ResourceSpecification":
        """A copy that shares nothing."""
        return ResourceSpecification(root=copy.deepcopy(self.root))


def _as_list(patterns: str | list[str]) -> list[str]:
    return patterns if isinstance(patterns, list) else [patterns]
