"""`prefect.utilities.timeout` and `prefect.utilities.engine`: documented names over our engine."""

import asyncio
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from prefect import allow_failure, flow, task
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException, TerminationSignal, UpstreamTaskError
from prefect.futures import PrefectTaskRunFuture
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRunResult, RunType, TaskRunResult
from prefect.states import Completed, Failed
from prefect.testing.utilities import prefect_test_harness
from prefect.utilities.annotations import quote
from prefect.utilities.collections import visit_collection
from prefect.utilities.engine import (
    UNTRACKABLE_TYPES,
    capture_sigterm,
    collect_task_run_inputs,
    collect_task_run_inputs_sync,
    get_state_for_result,
    is_prefect_sigterm_handler_installed,
    link_state_to_flow_run_result,
    link_state_to_result,
    link_state_to_task_run_result,
    resolve_inputs,
    resolve_inputs_sync,
    resolve_to_final_result,
    should_log_prints,
)
from prefect.utilities.timeout import fail_if_not_timeout_error, timeout, timeout_async


@pytest.fixture(scope="module", autouse=True)
def store() -> Iterator[None]:
    with prefect_test_harness():
        yield


# --- time limits ----------------------------------------------------------------------------------------


class OwnTimeout(TimeoutError):
    pass


def test_code_that_takes_too_long_is_interrupted() -> None:
    with pytest.raises(OwnTimeout, match=r"0\.01 second"), timeout(0.01, OwnTimeout):
        while True:
            pass


def test_async_code_that_takes_too_long_is_cancelled() -> None:
    async def wait_forever() -> None:
        with timeout_async(seconds=0.01, timeout_exc_type=OwnTimeout):
            await asyncio.Event().wait()

    with pytest.raises(OwnTimeout, match=r"0\.01 second"):
        asyncio.run(wait_forever())


@pytest.mark.parametrize("seconds", [None, 0, 60])
def test_code_in_time_is_left_alone(seconds: float | None) -> None:
    async def quick() -> int:
        with timeout_async(seconds):
            await asyncio.sleep(0)
            return 1

    with timeout(seconds):
        assert asyncio.run(quick()) == 1


@pytest.mark.parametrize("limit", [timeout, timeout_async])
def test_an_error_of_the_block_is_its_own(limit: Any) -> None:
    async def fails() -> None:
        with limit(60, OwnTimeout):
            raise TimeoutError("own")

    with pytest.raises(TimeoutError, match="own") as caught:
        asyncio.run(fails())
    assert type(caught.value) is TimeoutError


def test_the_error_must_be_a_kind_of_timeout() -> None:
    fail_if_not_timeout_error(OwnTimeout)
    with pytest.raises(ValueError, match="subclass of `TimeoutError`"):
        fail_if_not_timeout_error(ValueError)
    for limit in (timeout, timeout_async):
        with pytest.raises(ValueError, match="KeyError"), limit(1, KeyError):  # type: ignore[arg-type]
            pass


# --- what runs depend on --------------------------------------------------------------------------------


@task
def rows() -> list[int]:
    return [1000, 2000]


@flow
def small() -> str:
    return "a value of its own"


def test_inputs_are_found_by_futures_states_and_results() -> None:
    @flow
    def parent() -> None:
        future = rows.submit()
        # its numbers are the same objects as those of the other runs: the last run to end is told to have made them
        future.wait()
        state = rows(return_state=True)
        result = rows()
        task_run = state.state_details.task_run_id
        assert collect_task_run_inputs_sync({"a": [future]}) == {TaskRunResult(id=future.task_run_id)}
        assert collect_task_run_inputs_sync((state, 5)) == {TaskRunResult(id=task_run)}
        assert len(collect_task_run_inputs_sync([result, result[0]])) == 1
        assert asyncio.run(collect_task_run_inputs(future)) == {TaskRunResult(id=future.task_run_id)}

    parent()


def test_inputs_are_looked_for_so_deep() -> None:
    state = rows(return_state=True)
    assert collect_task_run_inputs_sync([[state]], max_depth=1) == set()
    assert len(collect_task_run_inputs_sync([[state]], max_depth=2)) == 1
    assert collect_task_run_inputs_sync(quote([state])) == set()


def test_results_are_linked_to_the_runs_they_came_from() -> None:
    @flow
    def parent() -> None:
        state = rows(return_state=True)
        by_task, by_flow = ["made by a task"], ["made by a flow"]
        link_state_to_task_run_result(state, by_task)
        link_state_to_flow_run_result(state, by_flow)
        assert collect_task_run_inputs_sync(by_task) == {TaskRunResult(id=state.state_details.task_run_id)}
        assert collect_task_run_inputs_sync(by_flow) == {FlowRunResult(id=state.state_details.flow_run_id)}
        found = get_state_for_result(by_task)
        assert found is not None
        assert (found[0].id, found[1]) == (state.id, RunType.TASK_RUN)
        child = get_state_for_result(by_flow)
        assert child is not None
        assert (child[0].name, child[1]) == ("Running", RunType.FLOW_RUN)
        assert get_state_for_result(["nobody made this"]) is None

    parent()


def test_outside_of_flows_nothing_is_linked() -> None:
    value = ["a value"]
    link_state_to_result(Completed(), value, RunType.TASK_RUN)
    assert get_state_for_result(value) is None


def test_shared_objects_are_of_untrackable_types() -> None:
    assert {type(value) for value in (True, None, ..., NotImplemented)} == UNTRACKABLE_TYPES


# --- putting results in ---------------------------------------------------------------------------------


def test_futures_and_states_are_replaced_by_their_results() -> None:
    @flow
    def parent() -> None:
        future = rows.submit()
        assert resolve_inputs_sync({"a": {"b": [future]}, "c": Completed(data=3), "d": 4}) == {
            "a": {"b": [[1000, 2000]]},
            "c": 3,
            "d": 4,
        }
        assert resolve_inputs_sync({"a": future}, return_data=False) == {}
        assert asyncio.run(resolve_inputs({"a": future})) == {"a": [1000, 2000]}

    parent()


def test_an_upstream_that_failed_is_refused_unless_it_is_allowed_to() -> None:
    failed = Failed(data=ValueError("no"))
    with pytest.raises(UpstreamTaskError):
        resolve_inputs_sync({"a": failed})
    assert isinstance(resolve_inputs_sync({"a": allow_failure(failed)})["a"], ValueError)


def test_a_parameter_that_cannot_be_resolved_is_named() -> None:
    class Broken(PrefectTaskRunFuture[Any]):
        @property
        def state(self) -> Any:
            raise ZeroDivisionError

        def done(self) -> bool:
            return True

        def wait(self, timeout: float | None = None) -> None: ...

        def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Any: ...

        def add_done_callback(self, fn: Any) -> None: ...

    broken: Broken = Broken(uuid7())
    with pytest.raises(PrefectException, match="'x'"):
        resolve_inputs_sync({"x": broken})


def test_visiting_resolves_to_final_results() -> None:
    failed = Failed(data=ValueError("no"))
    given = [Completed(data=1), allow_failure(failed), quote(Completed(data=2)), 3]
    first, second, third, fourth = visit_collection(
        given, visit_fn=resolve_to_final_result, return_data=True, context={}, remove_annotations=True
    )
    assert (first, fourth) == (1, 3)
    assert isinstance(second, ValueError)
    assert third.is_completed()
    with pytest.raises(UpstreamTaskError):
        resolve_to_final_result(failed, {})


# --- the process, and prints ----------------------------------------------------------------------------


def test_sigterm_is_captured_within_the_block() -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        assert not is_prefect_sigterm_handler_installed()
        with pytest.raises(TerminationSignal), capture_sigterm():
            assert is_prefect_sigterm_handler_installed()
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]


def test_prints_are_logged_as_the_task_says_else_its_flow() -> None:
    silent, told = rows.with_options(log_prints=None), rows.with_options(log_prints=True)

    @flow(log_prints=True)
    def loud() -> tuple[bool, bool]:
        assert FlowRunContext.get() is not None
        return should_log_prints(silent), should_log_prints(rows.with_options(log_prints=False))

    assert loud() == (True, False)
    assert (should_log_prints(silent), should_log_prints(told)) == (False, True)
