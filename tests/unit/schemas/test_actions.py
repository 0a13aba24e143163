"""What a client may ask for: what is refused, what is dropped for older peers, what is put straight."""

import datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError

from prefect.schemas import actions
from prefect.schemas.actions import (
    ArtifactCreate,
    BlockDocumentCreate,
    BlockTypeUpdate,
    DeploymentBranch,
    DeploymentCreate,
    DeploymentFlowRunCreate,
    DeploymentScheduleCreate,
    DeploymentUpdate,
    FlowRunNotificationPolicyCreate,
    FlowRunUpdate,
    LogCreate,
    StateCreate,
    VariableCreate,
    WorkPoolCreate,
)
from prefect.schemas.schedules import CronSchedule, IntervalSchedule, NoSchedule, RRuleSchedule

ALL_ACTIONS = [
    found
    for name in actions.__all__
    if isinstance(found := getattr(actions, name), type) and issubclass(found, BaseModel)
]


@pytest.mark.parametrize("action", ALL_ACTIONS, ids=lambda action: action.__name__)
def test_misspelt_fields_are_refused(action: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        action.model_validate({"misspelt": 1})


def test_a_state_proposed_has_no_id_or_time() -> None:
    assert not {"id", "timestamp"} & set(StateCreate.model_fields)


def test_what_is_not_given_is_not_sent() -> None:
    assert FlowRunUpdate(name="x").model_dump(mode="json", exclude_unset=True) == {"name": "x"}


# --- deployments ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["worker_pool_queue_id", "worker_pool_name", "worker_pool_queue_name"])
def test_fields_of_old_deployments_are_dropped(name: str) -> None:
    assert (
        DeploymentCreate.model_validate({"name": "d", "flow_id": uuid4(), name: "x"}).work_pool_name is None
    )
    assert DeploymentUpdate.model_validate({name: "x"}).model_fields_set == set()


def test_fields_of_old_schedules_are_dropped() -> None:
    asked = {"schedule": {"cron": "@daily"}, "max_active_runs": 1, "catchup": True}
    assert DeploymentScheduleCreate.model_validate(asked).schedule == CronSchedule(cron="@daily")


def test_an_empty_parameter_schema_has_no_properties() -> None:
    def schema(**given: Any) -> dict[str, Any] | None:
        return DeploymentCreate(name="d", flow_id=uuid4(), **given).parameter_openapi_schema

    nothing = {"type": "object", "properties": {}}
    assert schema() == schema(parameter_openapi_schema={}) == nothing
    assert schema(parameter_openapi_schema={"title": "P"}) == {"title": "P"}
    assert schema(parameter_openapi_schema=None) is None


def test_tags_of_deployments_are_text() -> None:
    assert DeploymentCreate(name="d", flow_id=uuid4(), tags=["a", 1]).tags == ["a", "1"]


@pytest.mark.parametrize(("number", "message"), [(0, "greater than 0"), (51, "less than or equal to 50")])
def test_scheduled_runs_are_bounded(number: int, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DeploymentScheduleCreate(schedule=CronSchedule(cron="@daily"), max_scheduled_runs=number)


@pytest.mark.parametrize(
    ("options", "schedule"),
    [
        ({"cron": "@daily", "timezone": "Asia/Tokyo"}, CronSchedule(cron="@daily", timezone="Asia/Tokyo")),
        (
            {"rrule": "DTSTART:20260101T000000\nFREQ=DAILY"},
            RRuleSchedule(rrule="DTSTART:20260101T000000\nFREQ=DAILY"),
        ),
        (
            {"interval": datetime.timedelta(60)},
            IntervalSchedule(
                interval=datetime.timedelta(60),
                anchor_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
            ),
        ),
        ({}, NoSchedule()),
    ],
)
def test_schedules_as_users_write_them(options: dict[str, Any], schedule: object) -> None:
    defaults = dict.fromkeys(("cron", "rrule", "interval", "timezone"))
    anchor = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    written = SimpleNamespace(
        **{**defaults, **options},
        anchor_date=anchor,
        day_or=True,
        active=False,
        parameters={"a": 1},
        slug="s",
    )
    asked = DeploymentScheduleCreate.from_schedule(written)
    assert asked.schedule == schedule
    assert (asked.active, asked.parameters, asked.slug) == (False, {"a": 1}, "s")


@pytest.mark.parametrize("branch", ["", "  "])
def test_a_branch_has_a_name(branch: str) -> None:
    with pytest.raises(ValidationError, match="Branch name cannot be empty"):
        DeploymentBranch(branch=branch)


# --- runs -----------------------------------------------------------------------------------------------


class Address(BaseModel):
    city: str = "Rome"
    since: datetime.date = datetime.date(2026, 1, 1)


def test_models_as_parameters_are_sent_as_plain_data() -> None:
    asked = DeploymentFlowRunCreate(parameters={"a": Address(), "b": [(Address(),)], "c": {1}})
    plain = {"city": "Rome", "since": "2026-01-01"}
    assert asked.parameters == {"a": plain, "b": [(plain,)], "c": {1}}


# --- names and values -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "given", "message"),
    [
        (ArtifactCreate, {"key": "A b"}, "Artifact key must only contain"),
        (VariableCreate, {"name": "A", "value": 1}, "Variable name must only contain"),
        (VariableCreate, {"name": "a", "value": "x" * 5001}, "less than 5000 characters"),
        (VariableCreate, {"name": "a", "value": {"x": object()}}, "JSON"),
        (WorkPoolCreate, {"name": " '"}, "cannot be an empty string"),
        (WorkPoolCreate, {"name": "a/b"}, "match pattern"),
        (WorkPoolCreate, {"name": "a", "concurrency_limit": -1}, "greater than or equal to 0"),
        (
            BlockDocumentCreate,
            {"block_schema_id": uuid4(), "block_type_id": uuid4()},
            "Names must be provided",
        ),
        (
            BlockDocumentCreate,
            {"block_schema_id": uuid4(), "block_type_id": uuid4(), "name": "a_b"},
            "Block document name must only contain",
        ),
    ],
)
def test_names_and_values_that_are_refused(
    action: type[BaseModel], given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        action.model_validate(given)


def test_an_anonymous_block_document_has_no_name() -> None:
    assert BlockDocumentCreate(block_schema_id=uuid4(), block_type_id=uuid4(), is_anonymous=True).name is None


def test_what_can_be_changed_of_a_block_type() -> None:
    assert BlockTypeUpdate.updatable_fields() == {
        "logo_url",
        "documentation_url",
        "description",
        "code_example",
    }


def test_a_log_record_names_a_worker_only_if_there_is_one() -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    record = LogCreate(name="n", level=20, message="m", timestamp=moment)
    assert "worker_id" not in record.model_dump(mode="json")
    worker_id = uuid4()
    assert record.model_copy(update={"worker_id": worker_id}).model_dump()["worker_id"] == worker_id


def test_message_templates_use_known_variables() -> None:
    given = {"state_names": [], "tags": [], "block_document_id": uuid4()}
    assert FlowRunNotificationPolicyCreate.model_validate({**given, "message_template": "{flow_name}"})
    with pytest.raises(ValidationError, match=r"Invalid template variables \['nope'\]"):
        FlowRunNotificationPolicyCreate.model_validate({**given, "message_template": "{nope}"})
