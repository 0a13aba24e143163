"""Tasks in worker processes: what they get, what they give, and what is recorded of it."""

import asyncio
import logging
import os
import threading
from typing import Any

import pytest

from prefect import flow, get_run_logger, tags, task
from prefect.client.orchestration.local import flush_stores
from prefect.context import FlowRunContext, TagsContext, TaskRunContext
from prefect.futures import wait
from prefect.task_runners import ProcessPoolTaskRunner

pytestmark = pytest.mark.slow

NOT_PICKLABLE = threading.Lock()


@task
def process_id(_: Any = None) -> int:
    return os.getpid()


@task
def identity(x: Any) -> Any:
    return x


@task
def add(x: int, y: int) -> int:
    return x + y


def in_flow(body: Any, **options: Any) -> Any:
    """Run a function as a flow with one worker process."""
    runner = ProcessPoolTaskRunner(**{"max_workers": 1, **options})
    return flow(body, name="in processes", task_runner=runner)()


# --- values ---------------------------------------------------------------------------------------------


def test_tasks_run_in_other_processes(store: Any) -> None:
    def body() -> Any:
        first, second = process_id.submit(), process_id.submit()
        return first.result(), second.result()

    first, second = in_flow(body)
    assert first != os.getpid()
    assert first == second


def test_upstream_results_go_from_worker_to_worker(store: Any) -> None:
    def body() -> Any:
        chained = add.submit(add.submit(1, 2), 3)
        nested = identity.submit({"deep": [chained, 1]})
        return nested.result(), chained.task_run_id, nested.task_run_id

    value, upstream, run = in_flow(body)
    assert value == {"deep": [6, 1]}
    ((inputs,),) = store.rows("SELECT task_inputs FROM task_run WHERE id = ?", run.bytes)
    assert str(upstream) in inputs


def test_maps_keep_their_order(store: Any) -> None:
    assert in_flow(lambda: add.map(range(20), 1).result()) == list(range(1, 21))
    assert store.rows("SELECT count(*) FROM task_run WHERE state_type = 'COMPLETED'") == [(20,)]


def test_async_tasks(store: Any) -> None:
    @task
    async def awaits(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    assert in_flow(lambda: awaits.map([1, 2]).result()) == [2, 3]


def test_async_flows(store: Any) -> None:
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    async def parent() -> int:
        return identity.submit(4).result()

    assert asyncio.run(parent()) == 4


def test_generator_tasks_give_lists(store: Any) -> None:
    @task
    def counts() -> Any:
        yield from range(3)

    assert in_flow(lambda: counts.submit().result()) == [0, 1, 2]


def test_classes_of_this_file_stay_themselves(store: Any) -> None:
    class Own:
        pass

    @task
    def makes() -> Any:
        return Own()

    assert isinstance(in_flow(lambda: makes.submit().result()), Own)


def test_a_failure_is_raised_with_the_workers_traceback(store: Any) -> None:
    @task
    def fails() -> None:
        raise KeyError("gone")

    def body() -> Any:
        future = fails.submit()
        with pytest.raises(KeyError, match="gone") as caught:
            future.result()
        return future.task_run_id, str(caught.value.__cause__)

    run, cause = in_flow(body)
    assert "in fails" in cause
    assert store.history(run) == ["Pending", "Running", "Failed"]


def test_retries_happen_in_the_worker(store: Any) -> None:
    seen: list[int] = []

    @task(retries=2)
    def stubborn() -> int:
        seen.append(1)
        if len(seen) < 3:
            raise ValueError
        return len(seen)

    def body() -> Any:
        future = stubborn.submit()
        return future.result(), future.task_run_id

    value, run = in_flow(body)
    assert value == 3
    assert store.history(run) == ["Pending", "Running", "Retrying", "Retrying", "Completed"]
    assert store.rows("SELECT run_count FROM task_run") == [(3,)]


# --- what surrounds a task ------------------------------------------------------------------------------


def test_contexts_are_those_of_the_submission(store: Any) -> None:
    @task(tags=["own"])
    def sees() -> Any:
        run, around = TaskRunContext.get().task_run, FlowRunContext.get()
        return run.id, run.tags, around.flow_run.id, around.flow.name, TagsContext.get().current_tags

    def body() -> Any:
        with tags("given"):
            future = sees.submit()
        return future.result(), future.task_run_id, FlowRunContext.get().flow_run.id

    (run, run_tags, flow_run, name, current), expected_run, expected_flow_run = in_flow(body)
    assert (run, flow_run, name) == (expected_run, expected_flow_run, "in processes")
    assert run_tags == ["given", "own"]
    assert current == {"given"}


def test_what_the_flow_uses_need_not_be_picklable(store: Any) -> None:
    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def parent(lock: Any) -> int:
        with lock, NOT_PICKLABLE:
            return identity.submit(3).result()

    assert parent(threading.Lock()) == 3


def test_settings_go_with_the_task(store: Any) -> None:
    from prefect.settings import get_current_settings, temporary_settings

    @task
    def home() -> Any:
        settings = get_current_settings()
        return settings.home, settings.tasks.default_retries

    def body() -> Any:
        with temporary_settings({"PREFECT_TASKS_DEFAULT_RETRIES": 5}):
            return home.submit().result()

    assert in_flow(body) == (get_current_settings().home, 5)


def test_logs_of_any_logger_are_recorded_with_the_run(store: Any) -> None:
    @task(log_prints=True)
    def talks() -> None:
        get_run_logger().info("by the run")
        logging.getLogger("my.library").info("by a library")
        print("by print")

    def body() -> Any:
        future = talks.submit()
        future.wait()
        return future.task_run_id, FlowRunContext.get().flow_run.id

    run, flow_run = in_flow(body)
    query = "SELECT message FROM log WHERE task_run_id = ? AND flow_run_id = ?"
    said = {message for (message,) in store.rows(query, run.bytes, flow_run.bytes)}
    assert said >= {"by the run", "by a library", "by print"}


def test_a_record_is_stored_although_the_process_dies_at_once(store: Any) -> None:
    @task
    def says_and_dies() -> None:
        logging.getLogger("my.library").warning("last words")
        os._exit(3)

    def body() -> Any:
        says_and_dies.submit().wait()
        return 1

    in_flow(body)
    assert store.rows("SELECT count(*) FROM log WHERE message = 'last words'") == [(1,)]


def test_state_of_a_module_stays_from_run_to_run(store: Any) -> None:
    counted: list[int] = []

    @task
    def counts(_: int) -> int:
        counted.append(1)
        return len(counted)

    assert in_flow(lambda: counts.map(range(4)).result()) == [1, 2, 3, 4]
    assert counted == []


# --- inside of a task -----------------------------------------------------------------------------------


def test_tasks_and_subflows_inside_of_a_task(store: Any) -> None:
    @flow
    def child(x: int) -> int:
        return add(x, 1)

    @task
    def outer() -> Any:
        return add(1, 1), add.submit(2, 2).result(), child(5), os.getpid()

    def body() -> Any:
        future = outer.submit()
        return future.result(), future.task_run_id

    (called, submitted, of_child, _), run = in_flow(body)
    assert (called, submitted, of_child) == (2, 4, 6)
    states = store.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1")
    assert states == [("COMPLETED", 5)]
    flows = store.rows("SELECT flow.name, state_type FROM flow_run JOIN flow ON flow.id = flow_id ORDER BY 1")
    assert flows == [("child", "COMPLETED"), ("in processes", "COMPLETED")]
    parents = store.rows("SELECT count(*) FROM task_run WHERE task_inputs LIKE ?", f"%__parents__%{run}%")
    assert parents[0][0] >= 2


def test_a_process_forked_by_a_task_runs_flows_of_its_own(store: Any) -> None:
    @flow
    def of_the_fork() -> int:
        return add(1, 2)

    @task
    def forks() -> int:
        child = os.fork()
        if child == 0:
            os._exit(of_the_fork())
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert in_flow(lambda: forks.submit().result()) == 3
    assert store.rows("SELECT DISTINCT state_type FROM flow_run") == [("COMPLETED",)]
    assert store.rows("SELECT count(*) FROM lease") == [(0,)]


def test_results_are_kept_and_reused(store: Any) -> None:
    from prefect.cache_policies import INPUTS

    @task(persist_result=True, cache_policy=INPUTS)
    def kept(x: int) -> int:
        return os.getpid()

    def body() -> Any:
        first = kept.submit(1)
        first.wait()
        second = kept.submit(1)
        return first.result() == second.result(), second.task_run_id

    same, run = in_flow(body)
    assert same
    assert store.history(run)[-1] == "Cached"


# --- the runner -----------------------------------------------------------------------------------------


def test_as_a_context_inside_of_a_flow(store: Any) -> None:
    @flow
    def parent() -> bool:
        with ProcessPoolTaskRunner(max_workers=1) as runner:
            return bool(runner.submit(process_id, {"_": 1}).result() != os.getpid())

    assert parent()


def test_outside_of_flows(store: Any) -> None:
    with ProcessPoolTaskRunner(max_workers=1) as runner:
        future: Any = runner.submit(add, {"x": 1, "y": 2})
        assert future.result() == 3
    flush_stores()
    assert store.history(future.task_run_id) == ["Pending", "Running", "Completed"]


def test_a_runner_can_be_entered_again(store: Any) -> None:
    runner: ProcessPoolTaskRunner[int] = ProcessPoolTaskRunner(max_workers=1)
    for _ in range(2):
        with runner:
            assert runner.submit(add, {"x": 2, "y": 2}).result() == 4


def test_an_initializer_runs_once_in_each_worker(store: Any) -> None:
    def initialize(value: str) -> None:
        os.environ["INITIALIZED"] = os.environ.get("INITIALIZED", "") + value

    @task
    def initialized(_: int) -> str:
        return os.environ.get("INITIALIZED", "")

    given = in_flow(lambda: initialized.map(range(3)).result(), initializer=initialize, initargs=("!",))
    assert given == ["!"] * 3


def test_nothing_is_started_without_work(store: Any) -> None:
    before = set(threading.enumerate())

    def body() -> Any:
        return set(threading.enumerate()) - before

    assert not [thread for thread in in_flow(body) if thread.name == "prefect-process-pool"]


def test_work_that_has_not_begun_when_the_flow_ends_is_cancelled(store: Any) -> None:
    def body() -> Any:
        futures = [identity.submit(number) for number in range(20)]
        return [future.task_run_id for future in futures]

    runs = in_flow(body)
    ends = {store.history(run)[-1] for run in runs}
    assert ends <= {"Completed", "Cancelled"}
    assert store.history(runs[-1]) == ["Pending", "Cancelled"]


def test_an_upstream_that_fails_keeps_its_downstream_from_running(store: Any) -> None:
    @task
    def fails() -> None:
        raise ValueError

    def body() -> Any:
        downstream = identity.submit(fails.submit())
        waiting = identity.submit(1, wait_for=[fails.submit()])
        wait([downstream, waiting])
        return downstream.task_run_id, waiting.task_run_id

    for run in in_flow(body):
        assert store.history(run) == ["Pending", "NotReady"]


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ProcessPoolTaskRunner(max_workers=0)
    with pytest.raises(TypeError, match="callable"):
        ProcessPoolTaskRunner(initializer="no")  # type: ignore[arg-type]


def test_a_runner_that_was_not_entered_refuses_work() -> None:
    with pytest.raises(RuntimeError, match="started"):
        ProcessPoolTaskRunner().submit(identity, {"x": 1})


def test_a_duplicate_has_the_same_options() -> None:
    runner = ProcessPoolTaskRunner(2, [print], print, (1,))
    copy = runner.duplicate()
    assert copy is not runner
    assert copy == runner
    assert copy.subprocess_message_processor_factories == (print,)
    copy.subprocess_message_processor_factories = None  # type: ignore[assignment]
    assert copy.subprocess_message_processor_factories == ()
    assert copy != runner
    assert runner.name == "processpool"
