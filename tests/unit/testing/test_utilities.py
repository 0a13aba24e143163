"""Small helpers of people's tests, and time under their control."""

import asyncio
import warnings

import pytest

from prefect import flow, task
from prefect.schemas.states import State
from prefect.testing.clock import VirtualClock, use_clock
from prefect.testing.utilities import (
    assert_does_not_warn,
    assert_uses_result_serializer,
    exceptions_equal,
    get_most_recent_flow_run,
    kubernetes_environments_equal,
    prefect_test_harness,
)


def test_exceptions_are_equal_by_class_and_arguments() -> None:
    assert exceptions_equal(ValueError("a"), ValueError("a"))
    assert not exceptions_equal(ValueError("a"), ValueError("b"))
    assert not exceptions_equal(ValueError("a"), TypeError("a"))


def test_a_warning_fails_the_block() -> None:
    with pytest.raises(AssertionError, match="take care"), assert_does_not_warn():
        warnings.warn("take care", UserWarning, stacklevel=1)


def test_some_warnings_can_be_allowed() -> None:
    with assert_does_not_warn([DeprecationWarning]):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    with pytest.raises(AssertionError), assert_does_not_warn([DeprecationWarning]):
        warnings.warn("other", UserWarning, stacklevel=1)


def test_environments_are_compared_in_either_form() -> None:
    actual = [{"name": "A", "value": "1"}]
    assert kubernetes_environments_equal(actual, {"A": "1"})
    assert not kubernetes_environments_equal(actual, [{"name": "A", "value": "2"}])
    with pytest.raises(AssertionError, match="Missing"):
        kubernetes_environments_equal(actual, {"A": "1", "B": "2"})


def test_no_runs_is_said() -> None:
    from prefect.exceptions import ObjectNotFound

    with prefect_test_harness(), pytest.raises(ObjectNotFound, match="no flow run of the flow 'ghost'"):
        asyncio.run(get_most_recent_flow_run(flow_name="ghost"))


def test_the_serializer_of_a_result() -> None:
    @task(persist_result=True, result_serializer="json")
    def kept() -> int:
        return 1

    @flow
    def parent() -> State[int]:
        return kept(return_state=True)

    with prefect_test_harness():
        outcome: State[int] = kept(return_state=True)
        asyncio.run(assert_uses_result_serializer(outcome, "json"))
        with pytest.raises(AssertionError):
            asyncio.run(assert_uses_result_serializer(outcome, "pickle"))


def test_retries_without_waiting() -> None:
    attempts: list[int] = []

    @task(retries=3, retry_delay_seconds=[60, 3_600, 86_400])
    def stubborn() -> str:
        attempts.append(1)
        if len(attempts) <= 3:
            raise ConnectionError
        return "done"

    with prefect_test_harness(), use_clock(VirtualClock()) as clock:
        assert flow(lambda: stubborn(), name="patient")() == "done"
    assert clock.slept == [60, 3_600, 86_400]
