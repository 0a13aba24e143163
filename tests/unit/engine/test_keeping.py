"""When a task run keeps what it computed, under what key, and what it says of a cache."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prefect import flow, task
from prefect._clock import VirtualClock
from prefect.cache_policies import INPUTS, NO_CACHE
from prefect.context import EngineContext
from prefect.engine.keeping import keeper_for, persists_result
from prefect.results import ResultRecord, ResultRecordMetadata
from prefect.schemas.states import State
from prefect.settings import (
    PREFECT_RESULTS_PERSIST_BY_DEFAULT,
    PREFECT_TASKS_DEFAULT_PERSIST_RESULT,
    PREFECT_TASKS_DISABLE_CACHING,
    PREFECT_TASKS_REFRESH_CACHE,
    temporary_settings,
)
from prefect.transactions import transaction

pytestmark = pytest.mark.usefixtures("store")


def nothing() -> None: ...


# --- who keeps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_task", "of_flow", "setting", "expected"),
    [
        (None, None, False, False),
        (None, None, True, True),
        (None, True, False, True),
        (None, False, True, False),
        (True, False, False, True),
        (False, True, True, False),
    ],
)
def test_a_result_is_stored_if_the_task_says_so_else_its_flow_else_the_settings(
    of_task: bool | None, of_flow: bool | None, setting: bool, expected: bool
) -> None:
    around = EngineContext(persist_result=of_flow) if of_flow is not None else None
    with temporary_settings({PREFECT_RESULTS_PERSIST_BY_DEFAULT: setting}):
        assert persists_result(task(persist_result=of_task)(nothing), around) is expected


def test_the_setting_for_tasks_comes_before_their_flow() -> None:
    around = EngineContext(persist_result=False)
    with temporary_settings({PREFECT_TASKS_DEFAULT_PERSIST_RESULT: True}):
        assert persists_result(task(nothing), around)
        assert not persists_result(task(persist_result=False)(nothing), around)
    with temporary_settings({PREFECT_TASKS_DEFAULT_PERSIST_RESULT: False}):
        assert not persists_result(task(nothing), EngineContext(persist_result=True))


@pytest.mark.parametrize("setting", [True, False])
def test_the_settings_decide_inside_flows_too(setting: bool) -> None:
    states: list[State[Any]] = []

    @task
    def computes() -> int:
        return 1

    @flow
    def around() -> Any:
        states.append(computes(return_state=True))
        return 2

    with temporary_settings({PREFECT_RESULTS_PERSIST_BY_DEFAULT: setting}):
        states.append(around(return_state=True))
    assert [isinstance(state.data, ResultRecord) for state in states] == [setting, setting]


def test_most_tasks_keep_nothing() -> None:
    assert keeper_for(task(nothing), None) is None


@pytest.mark.parametrize(
    "options",
    [
        {"persist_result": True},
        {"cache_policy": INPUTS},
        {"on_commit": [nothing]},
        {"on_rollback": [nothing]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_those_keep_that_store_or_have_hooks_for_their_transaction(options: Any) -> None:
    assert keeper_for(task(**options)(nothing), None) is not None


def test_those_keep_that_hand_out_items_or_are_part_of_a_transaction() -> None:
    def items() -> Iterator[int]:
        yield 1

    assert keeper_for(task(items), None) is not None
    with transaction():
        assert keeper_for(task(nothing), None) is not None


# --- what is kept ---------------------------------------------------------------------------------------


def test_the_state_says_where_the_result_is() -> None:
    state = task(persist_result=True)(lambda: [1, 2])(return_state=True)
    assert isinstance(state.data, ResultRecord)
    assert Path(state.data.metadata.storage_key).is_absolute()
    assert state.result() == [1, 2]


def test_a_result_may_be_left_out_of_memory() -> None:
    kept = task(persist_result=True, cache_result_in_memory=False)(lambda: [1, 2])
    state = kept(return_state=True)
    assert isinstance(state.data, ResultRecordMetadata)
    assert state.result() == [1, 2]
    assert kept() == [1, 2]


def test_a_stored_none_is_a_result() -> None:
    assert task(persist_result=True)(nothing)(return_state=True).result() is None


def test_the_exception_of_a_run_that_failed_is_stored_but_never_found() -> None:
    calls: list[int] = []

    @task(cache_policy=INPUTS, retries=1)
    def fails(x: int) -> None:
        calls.append(x)
        raise ValueError("kept")

    for _ in range(2):
        state = fails(1, return_state=True)
        assert isinstance(state.data, ResultRecord)
        with pytest.raises(ValueError, match="kept"):
            state.result()
    assert len(calls) == 4


def test_an_exception_that_cannot_be_stored_stays_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Exception):
        def __init__(self) -> None:
            super().__init__("odd")
            self.lock = threading.Lock()

    @task(persist_result=True)
    def fails() -> None:
        raise Odd

    state = fails(return_state=True)
    assert type(state.data) is Odd
    assert "cannot be stored" in caplog.text


def test_a_result_that_cannot_be_stored_fails_the_task() -> None:
    state = task(persist_result=True)(lambda: threading.Lock())(return_state=True)
    assert state.is_failed()


# --- what is found --------------------------------------------------------------------------------------


class Counting:
    """A cached task that counts its calls, and what it said of the cache."""

    def __init__(self, **options: Any) -> None:
        self.calls = 0
        self.labels: list[dict[str, Any]] = []

        def heard(task: Any, task_run: Any, state: Any) -> None:
            self.labels.append(task_run.labels)

        @task(on_completion=[heard], **options)
        def computes(x: int, y: int = 0) -> int:
            self.calls += 1
            return x + y

        self.task = computes

    def outcome(self, number: int = -1) -> tuple[Any, Any]:
        labels = self.labels[number]
        return labels.get("prefect.cache.outcome"), labels.get("prefect.cache.reason")


def test_a_hit_says_why() -> None:
    counting = Counting(cache_policy=INPUTS, result_storage=None, name="a-hit")
    states = [counting.task(1001, return_state=True) for _ in range(2)]
    assert [state.name for state in states] == ["Completed", "Cached"]
    assert counting.calls == 1
    assert states[1].result() == 1001
    assert "The result of an equal run was reused" in str(states[1].message)
    assert [counting.outcome(number)[0] for number in (0, 1)] == ["miss", "hit"]
    assert counting.outcome(1)[1] == "a stored result has the same key"
    assert json.loads(counting.labels[1]["prefect.cache.parts"]).keys() == {"input x", "input y"}


def test_a_miss_says_what_differs_from_the_call_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefect.engine.keeping._latest_parts", {})
    counting = Counting(cache_policy=INPUTS, name="a-miss")
    counting.task(2001)
    assert counting.outcome() == ("miss", "no usable result is stored under its key")
    counting.task(2002)
    outcome, reason = counting.outcome()
    assert outcome == "miss"
    assert reason == "different from the call before: input x"


def test_a_result_is_found_until_it_expires(virtual_clock: VirtualClock) -> None:
    counting = Counting(cache_policy=INPUTS, cache_expiration=timedelta(minutes=10), name="expires")
    state = counting.task(3001, return_state=True)
    expiration = state.state_details.cache_expiration
    assert expiration is not None
    assert abs(expiration - state.timestamp - timedelta(minutes=10)) < timedelta(seconds=1)
    virtual_clock.sleep(300)
    counting.task(3001)
    assert counting.calls == 1
    virtual_clock.sleep(301)
    counting.task(3001)
    assert counting.calls == 2
    assert counting.outcome() == ("miss", "the result stored under its key is gone or has expired")


@pytest.mark.parametrize(("option", "setting"), [(True, False), (None, True)])
def test_a_refresh_computes_and_stores_anew(option: Any, setting: bool) -> None:
    counting = Counting(cache_policy=INPUTS, refresh_cache=option, name=f"refresh-{option}")
    with temporary_settings({PREFECT_TASKS_REFRESH_CACHE: setting}):
        counting.task(4001 + setting)
        counting.task(4001 + setting)
    assert counting.calls == 2
    assert counting.outcome() == ("miss", "it was to be computed anew")


def test_refresh_can_be_refused_for_one_task() -> None:
    counting = Counting(cache_policy=INPUTS, refresh_cache=False, name="refuses")
    with temporary_settings({PREFECT_TASKS_REFRESH_CACHE: True}):
        counting.task(5001)
        counting.task(5001)
    assert counting.calls == 1


def test_caching_can_be_switched_off() -> None:
    counting = Counting(cache_policy=INPUTS, name="switched-off")
    with temporary_settings({PREFECT_TASKS_DISABLE_CACHING: True}):
        counting.task(6001)
        counting.task(6001)
    assert counting.calls == 2
    assert counting.outcome() == ("miss", "caching is switched off by a setting")


def test_a_policy_that_gives_no_key_says_so() -> None:
    counting = Counting(persist_result=True, cache_policy=NO_CACHE, name="no-key")
    counting.task(7001)
    counting.task(7001)
    assert counting.calls == 2
    assert counting.outcome() == ("miss", "its cache policy gives this call no key")


def test_a_key_has_to_be_text(caplog: pytest.LogCaptureFixture) -> None:
    counting = Counting(cache_key_fn=lambda context, parameters: 5, name="odd-key")
    counting.task(8001)
    counting.task(8001)
    assert counting.calls == 2
    assert "must be a str or None" in caplog.text


def test_inputs_that_cannot_be_compared_are_named() -> None:
    labels: list[dict[str, Any]] = []

    @task(cache_policy=INPUTS, on_completion=[lambda task, run, state: labels.append(run.labels)])
    def takes(lock: Any) -> int:
        return 1

    assert takes(threading.Lock()) == 1
    assert labels[0]["prefect.cache.outcome"] == "miss"
    assert "lock" in labels[0]["prefect.cache.reason"]
