"""Automations over a store: kept, found, owned, and what is refused of them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.automations import AutomationCreate, AutomationUpdate
from prefect.schemas.event_filters import AutomationFilter
from prefect.schemas.sorting import AutomationSort
from prefect.server.models import automations
from prefect.server.models.automation_checks import check_automation

ID = UUID("11111111-1111-4111-8111-111111111111")
RUN_IT = {"type": "run-deployment", "source": "selected", "deployment_id": ID}
RUN_INFERRED = {"type": "run-deployment", "source": "inferred"}


def told(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"name": name, "trigger": {"expect": ["x"]}, "actions": [{"type": "do-nothing"}], **more}


@pytest.fixture
def make(connection: sa.Connection) -> Any:
    return lambda *args, **more: automations.create_automation(
        connection, AutomationCreate.model_validate(told(*args, **more))
    )


def test_an_automation_is_kept_and_found(connection: sa.Connection, make: Any) -> None:
    first = make("b", tags=["t"], description="d")
    make("a")
    assert automations.read_automation(connection, first.id) == first
    assert (first.tags, first.description, first.enabled) == (["t"], "d", True)

    def names(sort: str = "NAME_ASC", **wanted: Any) -> list[str]:
        filter = AutomationFilter.model_validate(wanted)
        found = automations.read_automations(connection, filter, AutomationSort(sort))
        assert automations.count_automations(connection, filter) == len(found)
        return [one.name for one in found]

    assert names() == ["a", "b"]
    assert names("NAME_DESC") == ["b", "a"]
    assert names(tags={"any_": ["t", "u"]}) == ["b"]
    assert names(name={"any_": ["a"]}) == ["a"]
    assert names(id={"any_": [first.id]}) == ["b"]


def test_another_takes_the_place_of_one(connection: sa.Connection, make: Any) -> None:
    made = make(owner_resource="thing.1", tags=["t"])
    changed = AutomationUpdate.model_validate(told("new", enabled=False, actions=[RUN_IT]))
    automations.update_automation(connection, made.id, changed)
    found = automations.read_automation(connection, made.id)
    assert (found.name, found.enabled, found.tags) == ("new", False, [])
    assert found.owner_resource == "thing.1"
    assert automations.read_related_automations(connection, f"prefect.deployment.{ID}") == [found]
    automations.set_enabled(connection, made.id, True)
    assert automations.read_automation(connection, made.id).enabled
    automations.delete_automation(connection, made.id)
    for forgotten in (automations.read_automation, automations.delete_automation):
        with pytest.raises(ObjectNotFound):
            forgotten(connection, made.id)
    with pytest.raises(ObjectNotFound):
        automations.update_automation(connection, uuid4(), changed)


def test_automations_go_with_their_owner(connection: sa.Connection, make: Any) -> None:
    owner = f"prefect.deployment.{ID}"
    owned, related = make("owned", owner_resource=owner, actions=[RUN_IT]), make("related", actions=[RUN_IT])
    assert automations.read_related_automations(connection, owner) == [owned, related]
    automations.delete_owned_automations(connection, owner)
    assert automations.read_related_automations(connection, owner) == [related]
    automations.delete_owned_automations(connection, owner)


def test_one_that_would_not_end_stays_at_rest(connection: sa.Connection, make: Any) -> None:
    made = make(enabled=False, trigger={"expect": ["prefect.flow-run.*"]}, actions=[RUN_IT])
    with pytest.raises(ValueError, match="infinite loop"):
        automations.set_enabled(connection, made.id, True)


# --- what is refused ------------------------------------------------------------------------------------


def check(**more: Any) -> None:
    check_automation(AutomationCreate.model_validate(told(**more)))


EVERY = {"expect": ["prefect.flow-run.Running"], "match": {"prefect.resource.id": "prefect.flow-run.*"}}
SOME = {**EVERY, "match_related": {"prefect.resource.id": f"prefect.deployment.{ID}"}}


@pytest.mark.parametrize(
    "more",
    [
        {"trigger": EVERY, "actions": [RUN_INFERRED]},
        {"trigger": SOME, "actions": [RUN_INFERRED]},
        {"trigger": EVERY, "actions": [RUN_IT]},
        {"trigger": {"expect": ["prefect.flow-run.*"]}, "actions": [], "actions_on_trigger": [RUN_IT]},
    ],
)
def test_runs_without_end_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="infinite loop"):
        check(**more)
    check(**more, enabled=False)


@pytest.mark.parametrize(
    "more",
    [
        {"trigger": SOME, "actions": [RUN_IT]},
        {"trigger": {**EVERY, "match": {"prefect.resource.name": "x"}}, "actions": [RUN_IT]},
        {"trigger": {**EVERY, "expect": ["prefect.flow-run.Failed"]}, "actions": [RUN_INFERRED]},
        {"trigger": {**EVERY, "posture": "Proactive"}, "actions": [RUN_INFERRED]},
        {"trigger": EVERY},
    ],
)
def test_runs_that_come_to_an_end_pass(more: dict[str, Any]) -> None:
    check(**more)


LOOPS = "{% for a in x %}{% for b in x %}{% for c in x %}.{% endfor %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize("template", ["{{ x", LOOPS])
@pytest.mark.parametrize(
    "action",
    [
        lambda text: {"type": "send-notification", "block_document_id": ID, "subject": text, "body": ""},
        lambda text: {"type": "send-notification", "block_document_id": ID, "body": text},
        lambda text: {"type": "call-webhook", "block_document_id": ID, "payload": text},
        lambda text: {**RUN_IT, "parameters": {"p": [text]}},
        lambda text: {**RUN_IT, "parameters": {"p": {"__prefect_kind": "jinja", "template": text}}},
    ],
)
def test_broken_templates_are_refused(action: Any, template: str) -> None:
    with pytest.raises(ValueError, match="not a valid template"):
        check(actions=[action(template)])


def test_what_is_no_template_is_not_read_as_one() -> None:
    check(actions=[{**RUN_IT, "parameters": {"p": "50 % off {", "n": 1, "t": "{{ event.id }}"}}])


def test_what_would_never_work_is_refused() -> None:
    with pytest.raises(ValueError, match="'no-such-action'"):
        check(actions=[{"type": "no-such-action"}])
    metric = {"type": "metric", "metric": {"name": "successes", "threshold": 1, "operator": "<"}}
    with pytest.raises(ValueError, match="Cloud"):
        check(trigger={"type": "sequence", "triggers": [metric]})


def test_a_payload_may_be_given_as_an_object() -> None:
    action = {"type": "call-webhook", "block_document_id": ID, "payload": {"a": "{{ b }}"}}
    made = AutomationCreate.model_validate(told(actions=[action]))
    assert made.actions[0].payload == '{\n  "a": "{{ b }}"\n}'
