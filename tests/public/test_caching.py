"""Cached tasks: when a result is found again, and when it is made anew."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from prefect import flow, task
from prefect.cache_policies import FLOW_PARAMETERS, INPUTS, NONE, RUN_ID, TASK_SOURCE, CachePolicy
from prefect.exceptions import SerializationError


class Counted:
    """A task body that counts its calls, with a storage of its own."""

    def __init__(self, storage: Path) -> None:
        self.calls: list[Any] = []
        self.storage = storage

    def task(self, **options: Any) -> Any:
        def body(x: Any = None, y: Any = None) -> Any:
            self.calls.append(x)
            return ["value", x]

        return task(body, name="counted", result_storage=self.storage, **options)


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def names(*calls: Any, **parameters: Any) -> list[str]:
    """Names of the final states of some calls, made in one run of a flow."""
    found: list[str] = []

    @flow
    def around(**given: Any) -> None:
        found.extend(call().name for call in calls)

    around(**parameters)
    return found


def twice(counted_task: Any, x: Any = 1) -> list[str]:
    return names(*[lambda: counted_task(x, return_state=True)] * 2)


def test_without_a_stored_result_there_is_no_cache(counted: Counted) -> None:
    assert twice(counted.task(persist_result=False)) == ["Completed", "Completed"]


def test_the_default_policy_finds_equal_calls_of_the_same_run(counted: Counted) -> None:
    cached = counted.task(persist_result=True)
    assert twice(cached) == ["Completed", "Cached"]
    assert twice(cached) == ["Completed", "Cached"]
    assert len(counted.calls) == 2


def test_a_cached_result_is_the_value(counted: Counted) -> None:
    cached = counted.task(cache_policy=INPUTS)
    values = []
    flow(lambda: values.extend([cached(3), cached(3)]), name="around")()
    assert values == [["value", 3], ["value", 3]]


def test_inputs_are_found_across_runs(counted: Counted) -> None:
    cached = counted.task(cache_policy=INPUTS)
    assert twice(cached) == ["Completed", "Cached"]
    assert twice(cached) == ["Cached", "Cached"]
    assert twice(cached, x=2) == ["Completed", "Cached"]


def test_an_input_can_be_left_out(counted: Counted) -> None:
    cached = counted.task(cache_policy=INPUTS - "y")
    calls = [lambda y=y: cached(1, y=y, return_state=True) for y in (1, 2)]
    assert names(*calls) == ["Completed", "Cached"]


@pytest.mark.parametrize(
    ("policy", "again"),
    [
        (TASK_SOURCE, "Cached"),
        (RUN_ID, "Completed"),
        (TASK_SOURCE + RUN_ID, "Completed"),
        (NONE, "Completed"),
    ],
)
def test_what_other_policies_look_at(counted: Counted, policy: CachePolicy, again: str) -> None:
    cached = counted.task(cache_policy=policy, persist_result=True)
    call = lambda: cached(uuid4(), return_state=True)  # noqa: E731
    assert names(call) == ["Completed"]
    assert names(call) == [again]


def test_parameters_of_the_flow(counted: Counted) -> None:
    cached = counted.task(cache_policy=FLOW_PARAMETERS)
    call = lambda: cached(return_state=True)  # noqa: E731
    assert names(call, a=1) == ["Completed"]
    assert names(call, a=1) == ["Cached"]
    assert names(call, a=2) == ["Completed"]


def test_a_key_may_be_computed(counted: Counted) -> None:
    seen = []

    def key(context: Any, parameters: dict[str, Any]) -> str:
        seen.append((context.task.name, parameters))
        return "constant"

    cached = counted.task(cache_key_fn=key)
    calls = [lambda x=x: cached(x, return_state=True) for x in (1, 2)]
    assert names(*calls) == ["Completed", "Cached"]
    assert seen[0] == ("counted", {"x": 1, "y": None})


def test_no_key_means_no_cache(counted: Counted) -> None:
    assert twice(counted.task(cache_key_fn=lambda context, parameters: None)) == ["Completed", "Completed"]


def test_a_storage_key_is_found_wherever_it_was_made(counted: Counted) -> None:
    cached = counted.task(result_storage_key="known-{parameters[x]}")
    assert twice(cached) == ["Completed", "Cached"]
    assert twice(cached, x=2) == ["Completed", "Cached"]
    assert (counted.storage / "known-1").exists()


def test_an_expired_result_is_made_anew(counted: Counted) -> None:
    cached = counted.task(cache_policy=INPUTS, cache_expiration=timedelta(seconds=-1))
    assert twice(cached) == ["Completed", "Completed"]
    kept = counted.task(cache_policy=INPUTS, cache_expiration=timedelta(days=1))
    assert twice(kept, x=2) == ["Completed", "Cached"]


def test_a_refresh_makes_the_result_anew(counted: Counted) -> None:
    cached = counted.task(cache_policy=INPUTS)
    assert twice(cached) == ["Completed", "Cached"]
    assert twice(cached.with_options(refresh_cache=True)) == ["Completed", "Completed"]
    assert twice(cached) == ["Cached", "Cached"]


def test_failures_are_not_cached(tmp_path: Path) -> None:
    tries = []

    @task(cache_policy=INPUTS, result_storage=tmp_path)
    def flaky(x: int) -> int:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError
        return x

    call = lambda: flaky(1, return_state=True)  # noqa: E731
    assert names(call, call, call) == ["Failed", "Completed", "Cached"]


def test_submitted_and_mapped_tasks_find_their_results(counted: Counted) -> None:
    cached = counted.task(cache_policy=INPUTS)
    names(lambda: cached(1, return_state=True))
    assert names(lambda: cached.submit(1, return_state=True)) == ["Cached"]
    states: list[Any] = []
    flow(lambda: states.extend(cached.map([1, 2], return_state=True)), name="around")()
    assert sorted(state.name for state in states) == ["Cached", "Completed"]


def test_hooks_hear_of_cached_runs(counted: Counted) -> None:
    heard = []
    cached = counted.task(
        cache_policy=INPUTS, on_completion=[lambda task, run, state: heard.append(state.name)]
    )
    twice(cached)
    assert heard == ["Completed", "Cached"]


def test_inputs_that_cannot_be_hashed_do_not_stop_the_task(tmp_path: Path) -> None:
    sized = task(lambda x: 3, name="sized", cache_policy=INPUTS, result_storage=tmp_path)
    assert twice(sized, x=threading.Lock()) == ["Completed", "Completed"]


@pytest.mark.beyond_original("a result that was to be stored and cannot be is a failure, not a warning")
def test_a_result_that_cannot_be_stored_fails_the_task(tmp_path: Path) -> None:
    locks = task(lambda: threading.Lock(), name="locks", persist_result=True, result_storage=tmp_path)
    state = locks(return_state=True)
    assert state.is_failed()
    with pytest.raises(SerializationError, match="lock"):
        state.result()


def test_results_of_flows_are_stored_when_asked(tmp_path: Path) -> None:
    flow(lambda: "kept", name="stored", persist_result=True, result_storage=tmp_path)()
    assert len(list(tmp_path.iterdir())) == 1
    flow(lambda: "lost", name="not-stored", persist_result=False, result_storage=tmp_path)()
    assert len(list(tmp_path.iterdir())) == 1


def test_tasks_take_over_the_storage_of_their_flow(tmp_path: Path) -> None:
    inner = task(lambda: 1, name="inner")
    flow(lambda: inner() and None, name="around", persist_result=True, result_storage=tmp_path)()
    assert len(list(tmp_path.iterdir())) == 2
