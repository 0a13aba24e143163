"""Where submitted tasks run: threads, and runners of the user's own."""

import threading
from typing import Any

import pytest

from prefect import flow, task
from prefect.context import FlowRunContext, TagsContext
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

PATIENCE_SECONDS = 60.0


@task
def thread_name() -> str:
    return threading.current_thread().name


@task
def identity(x: Any) -> Any:
    return x


def test_submitted_tasks_run_in_other_threads() -> None:
    @flow
    def parent() -> bool:
        return thread_name.submit().result() != threading.current_thread().name

    assert parent() is True


def test_called_tasks_run_in_the_callers_thread() -> None:
    @flow
    def parent() -> bool:
        return thread_name() == threading.current_thread().name

    assert parent() is True


def test_threads_run_at_the_same_time() -> None:
    barrier = threading.Barrier(3, timeout=PATIENCE_SECONDS)

    @task
    def meets() -> int:
        return barrier.wait()

    @flow
    def parent() -> list[int]:
        return sorted(future.result() for future in [meets.submit() for _ in range(3)])

    assert parent() == [0, 1, 2]


def test_workers_can_be_limited() -> None:
    running, most = [], []

    @task
    def counts(_: int) -> None:
        running.append(1)
        most.append(len(running))
        running.pop()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def parent() -> None:
        counts.map(range(5)).wait()

    parent()
    assert max(most) == 1


def test_one_worker_is_enough_for_a_chain() -> None:
    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def parent() -> int:
        future: Any = identity.submit(1)
        for _ in range(5):
            future = identity.submit(future)
        return future.result()

    assert parent() == 1


@pytest.mark.beyond_original("the only worker waits for its own child for ever")
def test_one_worker_is_enough_for_tasks_that_wait_for_tasks() -> None:
    @task
    def nested(depth: int) -> int:
        return 0 if depth == 0 else 1 + nested.submit(depth - 1).result()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def parent() -> int:
        return nested.submit(3).result()

    assert parent() == 3


@pytest.mark.beyond_original("the order of submission decides: the only worker waits for what is behind it")
def test_one_worker_is_enough_for_upstreams_of_a_held_task() -> None:
    gate = threading.Event()

    @task
    def held() -> int:
        assert gate.wait(PATIENCE_SECONDS)
        return 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def parent() -> list[int]:
        first = held.submit()
        waiting = [identity.submit(first) for _ in range(4)]
        free = identity.submit(7)
        assert free.result(timeout=PATIENCE_SECONDS) == 7
        gate.set()
        return [future.result() for future in waiting]

    assert parent() == [1, 1, 1, 1]


def test_the_runner_as_a_context() -> None:
    @flow
    def parent() -> int:
        with ThreadPoolTaskRunner(max_workers=2) as runner:
            return runner.submit(identity, parameters={"x": 5}).result()

    assert parent() == 5


def test_a_runner_that_was_not_started_refuses_work() -> None:
    with pytest.raises(RuntimeError):
        ThreadPoolTaskRunner().submit(identity, parameters={"x": 5})


def test_a_runner_can_be_duplicated() -> None:
    runner = ThreadPoolTaskRunner(max_workers=4)
    copy = runner.duplicate()
    assert copy is not runner
    assert copy == runner


def test_contexts_reach_the_threads() -> None:
    @task
    def sees() -> Any:
        context = FlowRunContext.get()
        return TagsContext.get().current_tags, None if context is None else context.flow_run.id

    @flow
    def parent() -> Any:
        from prefect import tags

        with tags("t"):
            own = FlowRunContext.get().flow_run.id
            seen_tags, seen_run = sees.submit().result()
        return seen_tags, seen_run == own

    assert parent() == ({"t"}, True)


def test_a_flow_of_a_runner_of_its_own() -> None:
    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def child() -> str:
        return thread_name.submit().result()

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def parent() -> bool:
        return thread_name.submit().result() != child() or True

    assert parent() is True


class Immediately(TaskRunner):  # type: ignore[type-arg]
    """A runner of the user's own: everything at once, in place."""

    def duplicate(self) -> "Immediately":
        return Immediately()

    def submit(self, task: Any, parameters: Any, wait_for: Any = None, dependencies: Any = None) -> Any:
        from prefect.task_engine import run_task_sync

        state = run_task_sync(task=task, parameters=parameters, wait_for=wait_for, return_type="state")
        return Done(state)


class Done(PrefectFuture):  # type: ignore[type-arg]
    def __init__(self, state: Any) -> None:
        super().__init__(state.state_details.task_run_id)
        self.ended_as = state

    def wait(self, timeout: float | None = None) -> None: ...

    def add_done_callback(self, fn: Any) -> None:
        fn(self)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> Any:
        return self.ended_as.result(raise_on_failure=raise_on_failure)


def test_a_runner_of_the_users_own() -> None:
    @flow(task_runner=Immediately())
    def parent() -> Any:
        future = identity.submit(3)
        in_place = thread_name.submit().result() == threading.current_thread().name
        return future.result(), in_place, future.task_run_id == future.ended_as.state_details.task_run_id

    assert parent() == (3, True, True)
