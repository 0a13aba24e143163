"""One word, one home: the documented import paths give the objects of `prefect.schemas`, not copies."""

from importlib import import_module
from types import ModuleType

import pytest

CLIENT = ["objects", "actions", "filters", "sorting", "responses", "schedules", "events"]
SERVER = [
    *("core", "states", "actions", "filters", "sorting", "responses"),
    *("schedules", "graph", "statuses"),
]
EVENTS = [
    *("filters", "actions"),
    *("schemas.events", "schemas.automations", "schemas.deployment_triggers", "schemas.labelling"),
]
FACES = [
    *(f"prefect.client.schemas.{name}" for name in CLIENT),
    *(f"prefect.server.schemas.{name}" for name in SERVER),
    *(f"prefect.events.{name}" for name in EVENTS),
]


@pytest.mark.parametrize("face", FACES)
def test_a_face_defines_nothing_of_its_own(face: str) -> None:
    module = import_module(face)
    for name in module.__all__:
        origin = getattr(getattr(module, name), "__module__", "")
        assert origin != face, f"{name} is defined in its face {face}"


def shared_names(one: ModuleType, other: ModuleType) -> set[str]:
    return set(one.__all__) & set(other.__all__)


@pytest.mark.parametrize(
    ("client", "server"),
    [
        ("objects", "core"),
        ("objects", "states"),
        ("actions", "actions"),
        ("filters", "filters"),
        ("sorting", "sorting"),
        ("responses", "responses"),
    ],
)
def test_client_and_server_speak_of_the_same_classes(client: str, server: str) -> None:
    ours = import_module(f"prefect.client.schemas.{client}")
    theirs = import_module(f"prefect.server.schemas.{server}")
    shared = shared_names(ours, theirs)
    assert shared
    for name in shared:
        assert getattr(ours, name) is getattr(theirs, name), name


def test_the_package_offers_the_most_used_nouns() -> None:
    from prefect.client import schemas
    from prefect.schemas.runs import FlowRun

    assert schemas.FlowRun is FlowRun
    assert "OrchestrationResult" in dir(schemas)
    with pytest.raises(AttributeError, match="Nothing"):
        schemas.Nothing  # noqa: B018
