"""Automations, asked for through clients."""

from typing import Any
from uuid import uuid4

import pytest

from prefect.exceptions import ObjectNotFound
from prefect.schemas.automations import AutomationCore


def automation(name: str, **more: Any) -> AutomationCore:
    trigger = {"expect": ["something.happened"], "threshold": 2, "within": 30}
    told = {"name": name, "trigger": trigger, "actions": [{"type": "do-nothing"}], **more}
    return AutomationCore.model_validate(told)


def test_an_automation_is_made_found_and_changed(client: Any, name: str) -> None:
    id = client.create_automation(automation(name, description="d"))
    found = client.read_automation(id)
    assert (found.id, found.name, found.description, found.enabled) == (id, name, "d", True)
    assert found.trigger.within.total_seconds() == 30
    assert client.find_automation(str(id)).id == client.find_automation(name).id == id
    assert [one.id for one in client.read_automations_by_name(name)] == [id]
    assert id in {one.id for one in client.read_automations(limit=200)}
    found.description = "changed"
    client.update_automation(id, found)
    assert client.read_automation(id).description == "changed"


def test_an_automation_rests_and_goes_on(client: Any, name: str) -> None:
    id = client.create_automation(automation(name))
    client.pause_automation(id)
    assert not client.read_automation(id).enabled
    client.resume_automation(id)
    assert client.read_automation(id).enabled
    client.delete_automation(id)
    assert client.read_automation(id) is None
    assert client.find_automation(name) is None
    with pytest.raises(ObjectNotFound):
        client.pause_automation(id)


def test_automations_go_with_their_owner(client: Any, name: str) -> None:
    owner = f"prefect.deployment.{uuid4()}"
    id = client.create_automation(automation(name, owner_resource=owner))
    assert [one.id for one in client.read_resource_related_automations(owner)] == [id]
    client.delete_resource_owned_automations(owner)
    assert client.read_resource_related_automations(owner) == []


def test_what_would_run_without_end_is_refused(client: Any, name: str) -> None:
    endless = {"expect": ["prefect.flow-run.Running"]}
    run = {"type": "run-deployment", "source": "inferred"}
    with pytest.raises(Exception, match=r"422|infinite loop"):
        client.create_automation(automation(name, trigger=endless, actions=[run]))
