"""What `@task` makes of a function, before anything runs."""

import inspect
from datetime import timedelta
from typing import Any

import pytest

from prefect import Task, task
from prefect.cache_policies import DEFAULT, INPUTS, NONE
from prefect.exceptions import ReservedArgumentError
from prefect.settings import PREFECT_TASK_DEFAULT_RETRIES, temporary_settings
from prefect.tasks import exponential_backoff


@task
def my_task(x: int, y: str = "b") -> int:
    """Adds nothing."""
    return x


def hook(*args: Any) -> None: ...


def test_the_name_is_that_of_the_function() -> None:
    assert my_task.name == "my_task"
    assert task(name="other/name")(my_task.fn).name == "other/name"


def test_texts() -> None:
    assert my_task.description == "Adds nothing."
    assert task(description="mine", version="v")(my_task.fn).description == "mine"
    assert task(version="v")(my_task.fn).version == "v"
    assert my_task.version is None


def test_what_is_not_callable_is_no_task() -> None:
    with pytest.raises(TypeError):
        Task(fn=3)  # type: ignore[arg-type]


def test_a_task_key_is_stable_and_its_own() -> None:
    key = my_task.task_key
    assert key.startswith("my_task-")
    assert len(key.rpartition("-")[2]) == 8
    assert my_task.with_options(name="other").task_key == key
    assert task(lambda: 1).task_key != key


def test_defaults_of_the_options() -> None:
    assert my_task.retries == 0
    assert my_task.retry_delay_seconds == 0
    assert my_task.retry_jitter_factor is None
    assert my_task.timeout_seconds is None
    assert my_task.persist_result is None
    assert my_task.tags == set()
    assert my_task.cache_result_in_memory is True


def test_defaults_come_from_settings() -> None:
    with temporary_settings({PREFECT_TASK_DEFAULT_RETRIES: 3}):
        assert task(lambda: 1).retries == 3
        assert task(retries=1)(lambda: 1).retries == 1


@pytest.mark.parametrize("name", ["return_state", "wait_for"])
def test_names_that_calls_use_are_reserved(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def reserved({name}): ...", namespace)
    with pytest.raises(ReservedArgumentError):
        task(namespace["reserved"])


@pytest.mark.parametrize("event", ["completion", "failure", "commit", "rollback", "running"])
def test_hooks_are_added_by_decorators(event: str) -> None:
    one = task(lambda: 1)
    assert getattr(one, f"on_{event}")(hook) is hook
    assert getattr(one, f"on_{event}_hooks") == [hook]


@pytest.mark.parametrize("event", ["completion", "failure"])
def test_hooks_are_lists_of_callables(event: str) -> None:
    with pytest.raises(TypeError):
        task(**{f"on_{event}": hook})(lambda: 1)
    with pytest.raises(TypeError):
        task(**{f"on_{event}": ["hook"]})(lambda: 1)


def test_kinds_of_functions_are_known() -> None:
    async def later() -> None: ...

    def generator() -> Any:
        yield 1

    assert task(later).isasync
    assert task(generator).isgenerator
    assert not my_task.isasync
    assert not my_task.isgenerator


def test_a_task_looks_like_its_function() -> None:
    assert my_task.__name__ == "my_task"
    assert list(inspect.signature(my_task).parameters) == ["x", "y"]


# --- retries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delay", [1, 0.5, [1, 2]])
def test_retry_delays_are_numbers_or_lists(delay: Any) -> None:
    assert task(retries=3, retry_delay_seconds=delay)(lambda: 1).retry_delay_seconds == delay


def test_retry_delays_may_be_computed_from_the_number_of_retries() -> None:
    delays = exponential_backoff(backoff_factor=10)
    assert delays(4) == [10, 20, 40, 80]
    assert task(retries=3, retry_delay_seconds=delays)(lambda: 1).retry_delay_seconds == [10, 20, 40]
    assert len(delays(80)) == 50


def test_there_are_at_most_50_delays() -> None:
    with pytest.raises(ValueError):
        task(retries=60, retry_delay_seconds=[1] * 51)(lambda: 1)


def test_jitter_is_not_negative() -> None:
    assert task(retry_jitter_factor=0.5)(lambda: 1).retry_jitter_factor == 0.5
    with pytest.raises(ValueError):
        task(retry_jitter_factor=-1)(lambda: 1)


def test_a_retry_condition_is_callable() -> None:
    assert task(retry_condition_fn=hook)(lambda: 1).retry_condition_fn is hook
    with pytest.raises(TypeError):
        task(retry_condition_fn="no")(lambda: 1)  # type: ignore[call-overload]


# --- results and caches ---------------------------------------------------------------------------------


def test_asking_for_a_cache_means_storing_results() -> None:
    assert task(cache_policy=INPUTS)(lambda: 1).persist_result is True
    assert task(cache_key_fn=lambda context, parameters: "k")(lambda: 1).persist_result is True
    assert task(result_storage_key="k")(lambda: 1).persist_result is True
    assert task(result_serializer="json")(lambda: 1).persist_result is True
    assert task(cache_expiration=timedelta(1))(lambda: 1).persist_result is None
    assert task(cache_policy=NONE)(lambda: 1).persist_result is None


def test_no_stored_result_means_no_cache() -> None:
    assert task(persist_result=False)(lambda: 1).cache_policy == NONE
    assert task(persist_result=False, cache_policy=INPUTS)(lambda: 1).cache_policy == NONE
    assert task(persist_result=True)(lambda: 1).cache_policy == DEFAULT


# --- copies ---------------------------------------------------------------------------------------------


def test_with_options_changes_a_copy() -> None:
    copy = my_task.with_options(name="n", retries=2, tags={"t"}, timeout_seconds=1, description="d")
    assert (copy.name, copy.retries, copy.tags, copy.timeout_seconds) == ("n", 2, {"t"}, 1)
    assert copy.description == "d"
    assert (my_task.name, my_task.retries, my_task.tags) == ("my_task", 0, set())


def test_with_options_keeps_what_is_not_given() -> None:
    options = {"retries": 2, "retry_delay_seconds": [1], "tags": {"t"}, "persist_result": True}
    original = task(**options, on_failure=[hook], on_completion=[hook], retry_condition_fn=hook)(lambda: 1)
    copy = original.with_options(name="n")
    assert {name: getattr(copy, name) for name in options} == options
    assert (copy.on_failure_hooks, copy.on_completion_hooks) == ([hook], [hook])
    assert copy.retry_condition_fn is hook


def test_with_options_keeps_the_hooks_of_transactions() -> None:
    original = task(lambda: 1)
    original.on_commit(hook)
    original.on_rollback(hook)
    copy = original.with_options(name="n")
    assert (copy.on_commit_hooks, copy.on_rollback_hooks) == ([hook], [hook])


def test_with_options_can_take_results_back_to_the_default() -> None:
    assert task(persist_result=True)(lambda: 1).with_options(persist_result=None).persist_result is None


# --- in classes -----------------------------------------------------------------------------------------


class Holder:
    factor = 10

    @task
    def method(self, x: int) -> int:
        return self.factor * x

    @classmethod
    @task
    def of_class(cls, x: int) -> int:
        return cls.factor * x

    @staticmethod
    @task
    def static(x: int) -> int:
        return x


def test_methods_class_methods_and_static_methods() -> None:
    assert Holder().method(2) == 20
    assert Holder.of_class(3) == 30
    assert Holder.static(4) == 4
