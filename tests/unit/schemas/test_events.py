"""Events, what matches them, triggers and actions of automations."""

import datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from prefect.schemas.automation_actions import (
    ActionTypesOrUnknown,
    PauseWorkQueue,
    RunDeployment,
    UnknownAction,
)
from prefect.schemas.automations import (
    Automation,
    AutomationCore,
    AutomationCreate,
    CompoundTrigger,
    EventTrigger,
    MetricTrigger,
    Posture,
    SequenceTrigger,
    trigger_discriminator,
)
from prefect.schemas.deployment_triggers import DeploymentEventTrigger, DeploymentTriggerTypes
from prefect.schemas.event_filters import EventFilter, EventOccurredFilter
from prefect.schemas.events import (
    Event,
    ReceivedEvent,
    RelatedResource,
    Resource,
    ResourceSpecification,
    matches,
)

RUN_ID = uuid4()
RUN = {
    "prefect.resource.id": f"prefect.flow-run.{RUN_ID}",
    "prefect.resource.name": "brave-fox",
    "color": "red",
}
FLOW = {"prefect.resource.id": "prefect.flow.1", "prefect.resource.role": "flow", "team": "a"}
TAGS = [{"prefect.resource.id": f"prefect.tag.{name}", "prefect.resource.role": "tag"} for name in "xy"]


def an_event(**fields: Any) -> Event:
    return Event.model_validate(
        {"event": "prefect.flow-run.Running", "resource": RUN, "related": [FLOW, *TAGS], **fields}
    )


# --- events and resources -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Event, ReceivedEvent])
def test_events_survive_json(kind: type[Event]) -> None:
    event = kind.model_validate(an_event(payload={"a": [1]}).model_dump())
    assert kind.model_validate_json(event.model_dump_json()) == event
    assert event.size_bytes == len(event.model_dump_json())


def test_a_resource_is_its_labels() -> None:
    resource = Resource(RUN)
    assert (resource.name, resource["color"], resource.get("size", "s")) == ("brave-fox", "red", "s")
    assert "color" in resource
    assert resource.has_all_labels({"color": "red"})
    assert {"label": "color", "value": "red"} in resource.as_label_value_array()


def test_labels_can_be_read_as_attributes() -> None:
    labels = Resource({"prefect.resource.id": "x", "a": "1", "a.b": "2"}).labels
    assert (str(labels.prefect.resource.id), str(labels.a), str(labels.a.b), labels["a.b"]) == (
        "x",
        "1",
        "2",
        "2",
    )
    with pytest.raises(AttributeError, match="missing"):
        labels.missing  # noqa: B018


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"color": "red"}, "must include the prefect.resource.id"),
        ({"prefect.resource.id": ""}, "must be non-empty"),
        ({"prefect.resource.id": "x", **{str(n): "" for n in range(500)}}, "maximum number of labels"),
    ],
)
def test_resources_that_are_refused(labels: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Resource(labels)


def test_a_related_resource_has_a_role() -> None:
    assert RelatedResource(FLOW).role == "flow"
    with pytest.raises(ValidationError, match="role"):
        RelatedResource(RUN)


def test_the_object_behind_a_resource() -> None:
    assert Resource(RUN).prefect_object_id("prefect.flow-run") == RUN_ID
    with pytest.raises(ValueError, match=r"does not start with prefect\.flow"):
        Resource(RUN).prefect_object_id("prefect.flow")


def test_resources_by_role() -> None:
    event = an_event()
    assert [resource.id for resource in event.involved_resources[1:]] == [
        "prefect.flow.1",
        "prefect.tag.x",
        "prefect.tag.y",
    ]
    assert event.resource_in_role["tag"].id == "prefect.tag.x"
    assert len(event.resources_in_role["tag"]) == 2


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("color", "red"),
        ("related:flow:team", "a"),
        ("team", None),
        ("related:tag:team", None),
        ("related:x", None),
    ],
)
def test_labels_are_found_in_the_resource_or_by_role(label: str, value: str | None) -> None:
    assert an_event().find_resource_label(label) == value


# --- specifications -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("a*", "ab", True),
        ("*", "anything", True),
        ("*a", "ba", False),
        ("!a", "b", True),
        ("!a", "a", False),
        ("!a*", "ab", False),
        ("*", None, False),
        ("!a", None, False),
    ],
)
def test_patterns(pattern: str, value: str | None, fits: bool) -> None:
    assert matches(pattern, value) is fits


@pytest.mark.parametrize(
    ("specification", "fits"),
    [
        ({}, True),
        ({"color": "red"}, True),
        ({"color": ["blue", "r*"]}, True),
        ({"color": "red", "size": "*"}, False),
        ({"color": []}, False),
    ],
)
def test_specifications(specification: dict[str, Any], fits: bool) -> None:
    found = ResourceSpecification(specification)
    assert found.matches(Resource(RUN)) is fits
    assert found.includes([Resource(FLOW), Resource(RUN)]) is fits


def test_what_a_specification_leaves_out() -> None:
    everything, runs, one = (
        ResourceSpecification(labels)
        for labels in (
            {},
            {"prefect.resource.id": "prefect.flow-run.*"},
            {"prefect.resource.id": RUN["color"]},
        )
    )
    assert everything.matches_every_resource()
    assert everything.includes([])
    assert not runs.matches_every_resource()
    assert runs.matches_every_resource_of_kind("prefect.flow-run")
    assert not one.matches_every_resource_of_kind("prefect.flow-run")
    assert not runs.includes([])


# --- filters --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criteria", "included"),
    [
        ({}, True),
        ({"event": {"prefix": ["prefect.flow-run."]}}, True),
        ({"event": {"prefix": ["prefect."], "exclude_name": ["prefect.flow-run.Running"]}}, False),
        ({"event": {"exclude_prefix": ["prefect."]}}, False),
        ({"event": {"name": ["other"]}}, False),
        ({"resource": {"id_prefix": ["prefect.flow-run."], "labels": {"color": "red"}}}, True),
        ({"resource": {"labels": {"color": "blue"}}}, False),
        ({"related": {"role": ["tag"], "id": ["prefect.tag.y"]}}, True),
        ({"related": {"role": ["flow"], "id": ["prefect.tag.y"]}}, False),
        ({"related": {"resources_in_roles": [["prefect.flow.1", "flow"]]}}, True),
        ({"related": [{"id": ["prefect.tag.x"]}, {"id": ["prefect.tag.z"]}]}, False),
        ({"any_resource": {"id": ["prefect.tag.x"]}}, True),
        ({"any_resource": {"labels": {"team": "b"}}}, False),
        ({"id": {"id": [str(uuid4())]}}, False),
    ],
)
def test_filters_of_events(criteria: dict[str, Any], included: bool) -> None:
    event = an_event(occurred="2026-01-01T00:00:00Z")
    span = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    asked = EventFilter.model_validate({"occurred": span, **criteria})
    assert asked.includes(event) is included
    assert asked.excludes(event) is not included
    assert EventFilter.model_validate_json(asked.model_dump_json()) == asked


def test_events_outside_the_span_are_left_out() -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    span = EventOccurredFilter(since=moment, until=moment + datetime.timedelta(hours=1))
    assert not span.includes(an_event(occurred=moment - datetime.timedelta(microseconds=1)))
    assert not span.includes(an_event(occurred=moment + datetime.timedelta(hours=2)))


# --- triggers and actions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({}, "event"),
        ({"posture": "Metric"}, "metric"),
        ({"triggers": []}, "sequence"),
        ({"triggers": [], "require": "any"}, "compound"),
        ({"type": "compound"}, "compound"),
        (SequenceTrigger(triggers=[]), "sequence"),
    ],
)
def test_the_kind_of_trigger_is_found_where_it_is_not_said(given: Any, kind: str) -> None:
    assert trigger_discriminator(given) == kind


def test_a_proactive_trigger_waits_ten_seconds_at_least() -> None:
    ten, five = datetime.timedelta(seconds=10), datetime.timedelta(seconds=5)
    assert EventTrigger(posture=Posture.Proactive).within == ten
    assert EventTrigger(within=five).within == five
    with pytest.raises(ValidationError, match=r"at least|greater than or equal to 10"):
        EventTrigger(posture=Posture.Proactive, within=five)


@pytest.mark.parametrize(("require", "message"), [(0, "at least 1"), (2, "number of triggers")])
def test_a_compound_trigger_requires_what_is_possible(require: int, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CompoundTrigger(require=require, triggers=[EventTrigger()])


def test_triggers_in_words() -> None:
    nested = CompoundTrigger(
        require="any",
        triggers=[
            EventTrigger(expect={"b", "a"}, threshold=2),
            SequenceTrigger(triggers=[EventTrigger(posture=Posture.Proactive, expect={"c"})]),
        ],
    )
    assert nested.describe_for_cli() == (
        "Any of:\n"
        "  Reactive: expecting 2 of {'a', 'b'}\n"
        "  In this order:\n"
        "    Proactive: expecting 1 {'c'} event within 0:00:10"
    )
    metric = MetricTrigger.model_validate({"metric": {"name": "successes", "threshold": 1, "operator": "<"}})
    assert metric.describe_for_cli() == "Metric: successes < 1.0 for 0:05:00"


def test_metrics_are_looked_at_for_five_minutes_at_least() -> None:
    with pytest.raises(ValidationError, match="300 seconds"):
        MetricTrigger.model_validate({"metric": {"name": "x", "threshold": 1, "operator": "<", "range": 60}})


def an_automation() -> dict[str, Any]:
    compound = {
        "require": "all",
        "triggers": [{"expect": ["a"]}, {"triggers": [{"expect": ["b"]}]}],
        "within": 60,
    }
    actions = [
        {"type": "run-deployment", "source": "inferred", "schedule_after": 5},
        {"type": "new-action", "x": 1},
    ]
    return {
        "name": "a",
        "trigger": compound,
        "actions": actions,
        "actions_on_resolve": [{"type": "do-nothing"}],
    }


def test_automations_survive_json() -> None:
    automation = Automation.model_validate({"id": str(uuid4()), **an_automation()})
    assert isinstance(automation.trigger, CompoundTrigger)
    assert isinstance(automation.trigger.triggers[1], SequenceTrigger)
    assert automation.trigger.model_dump(mode="json")["within"] == 60
    assert Automation.model_validate_json(automation.model_dump_json()) == automation


def test_actions_of_newer_peers_are_kept() -> None:
    automation = AutomationCore.model_validate(an_automation())
    assert isinstance(automation.actions[1], UnknownAction)
    assert automation.model_dump(mode="json")["actions"][1] == {"type": "new-action", "x": 1}
    with pytest.raises(ValidationError, match="known action type"):
        UnknownAction(type="do-nothing")


@pytest.mark.parametrize("type", [["do-nothing"], {}, 7, None])
def test_an_action_whose_type_is_no_text_is_refused(type: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ActionTypesOrUnknown).validate_python({"type": type})


def test_a_new_automation_has_no_misspelt_fields() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        AutomationCreate.model_validate({**an_automation(), "acitons": []})


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (RunDeployment, {}, "deployment_id is required"),
        (RunDeployment, {"source": "inferred", "deployment_id": uuid4()}, "deployment_id is not allowed"),
        (PauseWorkQueue, {}, "work_queue_id is required"),
    ],
)
def test_a_selected_object_is_named_and_an_inferred_one_is_not(
    kind: type[RunDeployment] | type[PauseWorkQueue], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        kind.model_validate(options)


def test_a_trigger_of_a_deployment_becomes_an_automation() -> None:
    trigger = TypeAdapter(DeploymentTriggerTypes).validate_python(
        {"name": "on-x", "expect": ["x"], "parameters": {"a": 1}, "enabled": False}
    )
    assert isinstance(trigger, DeploymentEventTrigger)
    deployment_id = uuid4()
    with pytest.raises(ValueError, match="belongs to no deployment"):
        trigger.as_automation()

    trigger.set_deployment_id(deployment_id)
    automation = trigger.as_automation()

    assert (automation.name, automation.enabled) == ("on-x", False)
    assert automation.trigger == EventTrigger(expect={"x"})
    assert type(automation.trigger) is EventTrigger
    assert automation.actions == [RunDeployment(deployment_id=deployment_id, parameters={"a": 1})]
    assert automation.owner_resource == f"prefect.deployment.{deployment_id}"


def test_a_trigger_without_a_name_is_no_automation() -> None:
    trigger = DeploymentEventTrigger()
    trigger.set_deployment_id(uuid4())
    with pytest.raises(ValueError, match="needs a name"):
        trigger.as_automation()
