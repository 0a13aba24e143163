"""States by themselves: types, names, text, copies, constructors and what they hold."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from prefect import states
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.exceptions import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    MissingResult,
    PausedRun,
    UnfinishedRun,
)

FINAL = {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED}

NAMED = {
    states.Scheduled: ("SCHEDULED", "Scheduled"),
    states.Late: ("SCHEDULED", "Late"),
    states.AwaitingRetry: ("SCHEDULED", "AwaitingRetry"),
    states.AwaitingConcurrencySlot: ("SCHEDULED", "AwaitingConcurrencySlot"),
    states.Pending: ("PENDING", "Pending"),
    states.Running: ("RUNNING", "Running"),
    states.Retrying: ("RUNNING", "Retrying"),
    states.Completed: ("COMPLETED", "Completed"),
    states.Failed: ("FAILED", "Failed"),
    states.Crashed: ("CRASHED", "Crashed"),
    states.Cancelling: ("CANCELLING", "Cancelling"),
    states.Cancelled: ("CANCELLED", "Cancelled"),
    states.Paused: ("PAUSED", "Paused"),
    states.Suspended: ("PAUSED", "Suspended"),
}


@pytest.mark.parametrize(
    ("make", "expected"), NAMED.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_every_constructor_has_its_type_and_name(make: Any, expected: tuple[str, str]) -> None:
    state = make()
    assert (state.type.value, state.name) == expected


@pytest.mark.parametrize("type", StateType)
def test_predicates_look_at_the_type_only(type: StateType) -> None:
    state = State(type=type, name="Completed")
    for other in StateType:
        assert getattr(state, f"is_{other.value.lower()}")() is (type is other)
    assert state.is_final() is (type in FINAL)


@pytest.mark.parametrize("type", StateType)
def test_a_state_is_named_after_its_type(type: StateType) -> None:
    assert State(type=type).name == type.value.capitalize()


def test_a_state_type_is_its_name() -> None:
    assert StateType.RUNNING == "RUNNING"
    assert State(type="RUNNING").type is StateType.RUNNING


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (states.Completed(), "Completed()"),
        (states.Failed(message="m"), "Failed('m')"),
        (states.AwaitingRetry(), "AwaitingRetry(type=SCHEDULED)"),
        (states.Completed(name="Good", message="m"), "Good('m', type=COMPLETED)"),
    ],
)
def test_text_says_what_the_name_does_not(state: State, text: str) -> None:
    assert str(state) == text


def test_repr_shows_the_data() -> None:
    state = states.Completed(message="m", data=1)
    assert repr(state) == "Completed(message='m', type=COMPLETED, result=1)"


# --- details --------------------------------------------------------------------------------------------


def test_details_are_empty_at_first() -> None:
    details = StateDetails()
    assert details.flow_run_id is None
    assert details.scheduled_time is None
    assert details.pause_reschedule is False
    assert details.untrackable_result is False


def test_a_scheduled_state_has_a_time() -> None:
    before = datetime.now(UTC)
    scheduled = states.Scheduled().state_details.scheduled_time
    assert before <= scheduled <= datetime.now(UTC)
    when = datetime(2030, 1, 1, tzinfo=UTC)
    assert states.Scheduled(scheduled_time=when).state_details.scheduled_time == when


def test_a_scheduled_state_has_one_time() -> None:
    when = datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError):
        states.Scheduled(scheduled_time=when, state_details={"scheduled_time": when})


def test_a_pause_may_expire() -> None:
    assert states.Paused().state_details.pause_timeout is None
    before = datetime.now(UTC)
    timeout = states.Paused(timeout_seconds=60).state_details.pause_timeout
    assert before <= timeout - timedelta(seconds=60) <= datetime.now(UTC)
    when = datetime(2030, 1, 1, tzinfo=UTC)
    assert states.Paused(pause_expiration_time=when).state_details.pause_timeout == when


def test_a_pause_expires_at_one_time() -> None:
    when = datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError):
        states.Paused(timeout_seconds=1, pause_expiration_time=when)
    with pytest.raises(ValueError):
        states.Paused(timeout_seconds=1, state_details={"pause_timeout": when})


def test_a_suspension_is_a_pause_that_leaves_its_process() -> None:
    state = states.Suspended(timeout_seconds=5, pause_key="k")
    assert state.state_details.pause_reschedule is True
    assert state.state_details.pause_key == "k"
    assert states.Paused(reschedule=True).state_details.pause_reschedule is True


# --- copies ---------------------------------------------------------------------------------------------


def test_a_copy_is_the_same_state() -> None:
    state = states.Completed(message="m", data=1)
    copy = state.model_copy()
    assert copy is not state
    assert copy.id == state.id
    assert (copy.message, copy.data) == ("m", 1)


@pytest.mark.beyond_original("the copy has no timestamp at all")
def test_a_copy_is_of_a_later_moment() -> None:
    state = states.Completed()
    assert state.model_copy().timestamp >= state.timestamp


def test_a_copy_can_be_changed() -> None:
    copy = states.Completed().model_copy(update={"name": "Other"})
    assert (copy.name, copy.type) == ("Other", StateType.COMPLETED)


def test_a_fresh_copy_is_another_state() -> None:
    state = states.Completed(message="m")
    copy = state.fresh_copy()
    assert copy.id != state.id
    assert copy.message == "m"


def test_states_can_be_members_of_sets() -> None:
    state = states.Completed()
    assert len({state, state}) == 1


def test_states_travel_as_json() -> None:
    when = datetime(2030, 1, 1, tzinfo=UTC)
    state = states.Scheduled(
        scheduled_time=when, message="m", state_details={"flow_run_id": uuid4(), "cache_key": "k"}
    )
    again = State.model_validate_json(state.model_dump_json())
    assert again == state
    assert again.state_details == state.state_details
    assert again.timestamp == state.timestamp


def test_json_has_the_names_of_the_wire() -> None:
    body = json.loads(states.Completed(message="m").model_dump_json())
    assert {"id", "type", "name", "timestamp", "message", "data", "state_details"} <= set(body)
    assert body["type"] == "COMPLETED"


def test_what_is_proposed_to_a_server_has_no_identity() -> None:
    create = states.to_state_create(states.Completed(message="m"))
    assert (create.type, create.name, create.message) == (StateType.COMPLETED, "Completed", "m")
    assert "id" not in create.model_dump()


# --- results --------------------------------------------------------------------------------------------


def test_the_result_of_a_completed_state_is_its_data() -> None:
    assert states.Completed(data=[1, 2]).result() == [1, 2]


def test_a_failure_raises_its_exception() -> None:
    state = states.Failed(data=ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        state.result()
    assert isinstance(state.result(raise_on_failure=False), ValueError)


@pytest.mark.parametrize(
    ("make", "error"),
    [(states.Failed, FailedRun), (states.Crashed, CrashedRun), (states.Cancelled, CancelledRun)],
)
def test_an_end_without_an_exception_has_one_of_its_own(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="why"):
        make(message="why").result()
    assert isinstance(make(message="why").result(raise_on_failure=False), error)


@pytest.mark.parametrize(("make", "error"), [(states.Failed, FailedRun), (states.Crashed, CrashedRun)])
def test_text_as_data_is_the_message_of_the_error(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="told"):
        make(data="told").result()


def test_a_failure_may_hold_a_state_or_several() -> None:
    inner = states.Failed(data=ValueError("inner"))
    with pytest.raises(ValueError, match="inner"):
        states.Failed(data=inner).result()
    with pytest.raises(ValueError, match="inner"):
        states.Failed(data=[states.Completed(data=1), inner]).result()


def test_a_failure_that_holds_something_else_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        states.Failed(data=3).result()


@pytest.mark.parametrize("make", [states.Pending, states.Running, states.Scheduled, states.Cancelling])
def test_an_unfinished_run_has_no_result(make: Any) -> None:
    with pytest.raises(UnfinishedRun):
        make().result()


def test_a_paused_run_has_no_result() -> None:
    with pytest.raises(PausedRun):
        states.Paused().result()


async def _result_in_async_code(state: State) -> Any:
    return await state.aresult()


def test_results_are_awaited_in_async_code() -> None:
    import asyncio

    assert asyncio.run(_result_in_async_code(states.Completed(data=1))) == 1
    with pytest.raises(ValueError):
        asyncio.run(_result_in_async_code(states.Failed(data=ValueError())))


def test_raising_the_exception_of_a_state() -> None:
    states.raise_state_exception(states.Completed())
    with pytest.raises(ValueError):
        states.raise_state_exception(states.Failed(data=ValueError()))


def test_a_result_that_was_not_kept_is_missing() -> None:
    with pytest.raises(MissingResult):
        states.Completed(data=None).result(retry_result_failure=False)


def test_what_is_a_collection_of_states() -> None:
    assert states.is_state_iterable([states.Completed(), states.Failed()])
    assert not states.is_state_iterable([states.Completed(), 1])
    assert not states.is_state_iterable([])
    assert not states.is_state_iterable({"a": states.Completed()})
