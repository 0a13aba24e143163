"""Deferred task runs without a server: what is stored for a worker, and what a future makes of the store.

The worker's part is played by the tests: they record the states a worker would.
"""

import asyncio
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from prefect import allow_failure, flow, runtime, tags, task
from prefect._clock import VirtualClock, use_clock
from prefect.client.orchestration.local import close_store, local_client
from prefect.context import FlowRunContext, hydrated_context
from prefect.exceptions import MissingResult, ParameterBindError, SerializationError
from prefect.filesystems import LocalFileSystem
from prefect.futures import PrefectDistributedFuture, PrefectFutureList, as_completed, wait
from prefect.results import ResultStore
from prefect.schemas.runs import TaskRun, TaskRunResult
from prefect.schemas.states import State, StateType
from prefect.settings import get_current_settings, temporary_settings
from prefect.states import Completed, Failed, Running
from prefect.task_engine import run_task
from prefect.task_runners import PrefectTaskRunner
from prefect.tasks import Task
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="module", autouse=True)
def store() -> Iterator[None]:
    with prefect_test_harness():
        yield


@task
def add(a: Any, b: Any = 2) -> Any:
    return a + b


@task
def nothing() -> None: ...


def recorded(future: PrefectDistributedFuture[Any]) -> TaskRun:
    """The run as the store has it."""
    (run,) = local_client().read_task_runs([future.task_run_id])
    return run


def stored_call(future: PrefectDistributedFuture[Any]) -> dict[str, Any]:
    """What was stored for a worker."""
    run = recorded(future)
    assert run.state is not None
    parameters_id = run.state.state_details.task_parameters_id
    call: dict[str, Any] = ResultStore().read(f"parameters/{parameters_id}").result
    return call


def enter(future: PrefectDistributedFuture[Any], state: State[Any]) -> None:
    """Record, as a worker, that the run has entered a state."""
    client, run = local_client(), recorded(future)
    run.state, run.state_id, run.state_type, run.state_name = state, state.id, state.type, state.name
    client.record_task_run(run, state)
    client.flush()


def stored(value: Any, key: str) -> State[Any]:
    """The state of a run that completed with a stored value."""
    results = ResultStore()
    record = results.create_result_record(value, key=key)
    results.persist_result_record(record)
    return Completed(data=record.metadata)


# --- what is recorded -----------------------------------------------------------------------------------


def test_a_deferred_run_is_recorded_before_the_call_returns() -> None:
    future: PrefectDistributedFuture[Any] = add.delay(1)
    assert isinstance(future, PrefectDistributedFuture)
    run = recorded(future)
    assert (run.name, run.task_key, run.flow_run_id, run.run_count) == ("add", add.task_key, None, 0)
    assert run.dynamic_key.startswith(f"{add.task_key}-")
    state = run.state
    assert state is not None
    assert (state.type, state.name) == (StateType.SCHEDULED, "Scheduled")
    assert state.state_details.deferred is True
    assert state.state_details.task_parameters_id is not None
    assert run.next_scheduled_start_time == run.expected_start_time == state.state_details.scheduled_time


def test_the_arguments_are_stored_as_a_result() -> None:
    call = stored_call(add.apply_async((1,), {"b": [5]}))
    assert call["parameters"] == {"a": 1, "b": [5]}
    assert call["wait_for"] == []


def test_a_call_without_arguments_stores_nothing() -> None:
    state = recorded(nothing.delay()).state
    assert state is not None
    assert state.state_details.deferred
    assert state.state_details.task_parameters_id is None


def test_arguments_that_do_not_fit_make_no_run() -> None:
    for call in (add.delay, add.apply_async, lambda: add.delay(1, 2, 3)):
        with pytest.raises(ParameterBindError):
            call()


def test_arguments_that_cannot_be_stored_make_no_run() -> None:
    flushed = threading.Lock()
    with pytest.raises(SerializationError, match=r"'add' cannot be deferred.*\['parameters'\]\['a'\]"):
        add.delay(flushed)


def test_the_tasks_serializer_and_storage_are_used(tmp_path: Path) -> None:
    own = add.with_options(result_serializer="json", result_storage=tmp_path)
    state = recorded(own.delay(1)).state
    assert state is not None
    storage = LocalFileSystem(basepath=str(tmp_path))
    record = ResultStore(result_storage=storage).read(f"parameters/{state.state_details.task_parameters_id}")
    assert record.result["parameters"] == {"a": 1, "b": 2}
    assert record.serializer.type == "json"


def test_tags_go_with_the_run() -> None:
    with tags("blue"):
        future = add.with_options(tags=["own"]).delay(1)
    assert set(recorded(future).tags) == {"blue", "own"}
    with hydrated_context(stored_call(future)["context"]), tags("green") as current:
        assert current == {"blue", "green"}


def test_the_run_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("prefect.tasks")
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    try:
        nothing.delay()
    finally:
        logger.removeHandler(caplog.handler)
    assert any("Created task run 'nothing'" in record.getMessage() for record in caplog.records)


def test_dependencies_are_recorded() -> None:
    first = nothing.delay()
    edge = TaskRunResult(id=first.task_run_id)
    run = recorded(add.apply_async((first,), wait_for=[first], dependencies={"b": {edge}}))
    assert run.task_inputs == {"a": [edge], "b": [edge], "wait_for": [edge]}


def test_a_deferred_future_is_left_for_the_worker_to_wait_for() -> None:
    first = nothing.delay()
    call = stored_call(add.apply_async(([first],), wait_for=[first]))
    assert call["parameters"]["a"] == [first]
    assert call["wait_for"] == [first]


def test_nobody_holds_a_deferred_run() -> None:
    """The end of its maker must not end it: see what a later process finds."""
    future = nothing.delay()
    with local_client().journal.reading() as connection:
        held = connection.execute("SELECT resource_id FROM lease").fetchall()
    assert (future.task_run_id.bytes,) not in held


# --- inside a flow --------------------------------------------------------------------------------------


def test_in_a_flow_deferred_runs_are_counted_and_belong_to_it() -> None:
    @task
    def outer() -> list[PrefectDistributedFuture[Any]]:
        return [add.delay(3)]

    futures: list[PrefectDistributedFuture[Any]] = []

    @flow
    def parent() -> str:
        futures.extend([add.delay(1), nothing.delay(), add.delay(2), *outer()])
        return runtime.flow_run.id

    flow_run_id = UUID(parent())
    runs = list(map(recorded, futures))
    assert [run.name for run in runs] == ["add-0", "nothing-0", "add-1", "add-2"]
    assert [run.dynamic_key for run in runs] == ["0", "0", "1", "2"]
    assert {run.flow_run_id for run in runs} == {flow_run_id}
    assert "__parents__" in runs[3].task_inputs


def test_a_flow_does_not_wait_for_deferred_runs() -> None:
    @flow
    def parent() -> str:
        add.delay(1)
        return "done"

    assert parent() == "done"


def test_the_flow_run_goes_with_the_arguments_and_its_live_objects_do_not() -> None:
    futures: list[PrefectDistributedFuture[Any]] = []

    @flow
    def parent(lock: Any) -> None:
        futures.extend([add.delay(1), add.with_options(result_serializer="json").delay(1)])

    parent(threading.Lock())
    for future in futures:
        flow_run_id = recorded(future).flow_run_id
        with hydrated_context(stored_call(future)["context"], client=local_client()):
            context = FlowRunContext.get()
            assert context is not None
            assert context.detached
            assert str(context.flow_run.id) == str(flow_run_id)


def test_futures_of_this_process_become_their_states() -> None:
    @task
    def fails() -> None:
        raise ValueError("no")

    made: list[Any] = []

    @flow
    def parent() -> None:
        good, bad = add.submit(1, 2), fails.submit()
        made.extend([add.apply_async(([good], allow_failure(bad)), wait_for=[good]), good.task_run_id])

    parent()
    future, upstream = made
    call = stored_call(future)
    assert call["parameters"]["a"][0].result() == 3
    assert call["parameters"]["b"].unwrap().is_failed()
    assert [state.state_details.task_run_id for state in call["wait_for"]] == [upstream]
    assert recorded(future).task_inputs["a"] == [TaskRunResult(id=upstream)]


# --- mapping, and the runner ----------------------------------------------------------------------------


def test_a_deferred_map_needs_no_flow() -> None:
    futures = add.map([1, 2, 3], b=10, deferred=True)
    assert isinstance(futures, PrefectFutureList)
    assert [stored_call(future)["parameters"] for future in futures] == [
        {"a": number, "b": 10} for number in (1, 2, 3)
    ]


def test_the_runner_leaves_runs_to_workers() -> None:
    runner = PrefectTaskRunner[Any]()
    with pytest.raises(RuntimeError, match="started"):
        runner.submit(add, {"a": 1, "b": 2})

    made: list[Any] = []

    @flow(task_runner=runner)
    def parent() -> None:
        made.append(add.submit(1))

    parent()
    (future,) = made
    assert isinstance(future, PrefectDistributedFuture)
    assert recorded(future).state_name == "Scheduled"


# --- the future -----------------------------------------------------------------------------------------


def test_a_future_is_known_by_its_run() -> None:
    future = nothing.delay()
    same = pickle.loads(pickle.dumps(future))
    assert same == future
    assert hash(same) == hash(future)
    assert future != nothing.delay()


def test_the_state_is_what_the_store_says() -> None:
    future = nothing.delay()
    assert future.state.is_scheduled()
    assert not future.done()
    enter(future, Running())
    assert future.state.is_running()
    enter(future, Completed())
    assert future.done()


def test_a_run_that_is_not_recorded_is_pending() -> None:
    assert PrefectDistributedFuture[Any](UUID(int=1)).state.is_pending()


class Busy(VirtualClock):
    """A clock on which a worker does its work in the third pause of whoever waits."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self.work = work

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if len(self.slept) == 3:
            self.work()


def test_waiting_looks_more_and_more_rarely() -> None:
    future = nothing.delay()
    with use_clock(Busy(lambda: enter(future, Completed()))) as clock:
        future.wait()
    assert future.state.is_completed()
    assert clock.slept == [0.05, 0.1, 0.2]  # type: ignore[attr-defined]


def test_waiting_ends_after_its_time() -> None:
    future = nothing.delay()
    with use_clock(VirtualClock()) as clock:
        future.wait(timeout=10)
        assert not future.done()
        assert sum(clock.slept) == pytest.approx(10, abs=0.01)  # type: ignore[attr-defined]
        assert max(clock.slept) == 1.0  # type: ignore[attr-defined]
        with pytest.raises(TimeoutError, match=f"{future.task_run_id}.* 5 "):
            future.result(timeout=5)


def test_in_async_code_waiting_is_awaited() -> None:
    future = add.delay(1)

    async def wait_for_it() -> Any:
        with pytest.raises(TimeoutError):
            await future.result_async(timeout=1)
        enter(future, stored(3, "awaited"))
        return await future.result_async()

    with use_clock(VirtualClock()):
        assert asyncio.run(wait_for_it()) == 3


def test_a_stored_result_is_read() -> None:
    future = add.delay(1)
    enter(future, stored({"sum": 3}, "some-result"))
    assert future.result() == {"sum": 3}


def test_a_result_that_was_not_stored_is_missing() -> None:
    future = add.delay(1)
    enter(future, Completed())
    with pytest.raises(MissingResult):
        future.result()


def test_a_failure_is_raised_or_given() -> None:
    future = nothing.delay()
    enter(future, Failed(message="went wrong"))
    with pytest.raises(Exception, match="went wrong"):
        future.result()
    assert isinstance(future.result(raise_on_failure=False), Exception)


def test_a_callback_of_a_run_that_has_ended_is_called_at_once() -> None:
    future, called = nothing.delay(), []
    enter(future, Completed())
    future.add_done_callback(called.append)
    assert called == [future]


def test_callbacks_of_many_runs_share_one_thread() -> None:
    futures = [nothing.delay() for _ in range(3)]
    arrived: list[Any] = []
    all_there = threading.Event()

    def arrive(future: Any) -> None:
        arrived.append(future)
        if len(arrived) == 3:
            all_there.set()

    def broken(future: Any) -> None:
        raise ValueError("a callback must not stop the others")

    for future in futures:
        future.add_done_callback(broken)
        future.add_done_callback(arrive)
    watching = [thread for thread in threading.enumerate() if thread.name == "prefect-task-runs"]
    assert len(watching) == 1
    for future in reversed(futures):
        enter(future, Completed())
    assert all_there.wait(timeout=60)
    assert set(arrived) == set(futures)
    watching[0].join(timeout=60)
    assert not watching[0].is_alive()


def test_groups_of_futures_wait_for_deferred_ones() -> None:
    done, not_done = nothing.delay(), nothing.delay()
    enter(done, Completed())
    with use_clock(VirtualClock()):
        assert wait([done, not_done], timeout=1) == ({done}, {not_done})
    enter(not_done, Completed())
    assert set(as_completed([done, not_done], timeout=30)) == {done, not_done}


def test_a_task_can_depend_on_a_deferred_run() -> None:
    future = add.delay(1)
    enter(future, stored(3, "upstream"))

    @flow
    def parent() -> Any:
        return add.submit(future, 4).result()

    assert parent() == 7


# --- runs made by hand ----------------------------------------------------------------------------------


def made(create: Callable[..., Any], **options: Any) -> TaskRun:
    run: TaskRun = asyncio.run(create(**options))
    return run


def test_a_run_is_recorded_and_can_be_run() -> None:
    run = made(add.create_run, parameters={"a": 1, "b": 2})
    assert recorded(PrefectDistributedFuture(run.id)).state_name == "Pending"
    assert run_task(add, task_run=run, parameters={"a": 1, "b": 2}) == 3
    assert recorded(PrefectDistributedFuture(run.id)).state_name == "Completed"


def test_a_recorded_run_can_be_deferred() -> None:
    run = made(add.create_run, id=UUID(int=7), parameters={"a": 1}, deferred=True)
    future: PrefectDistributedFuture[Any] = PrefectDistributedFuture(UUID(int=7))
    assert run.id == future.task_run_id
    assert recorded(future).state_name == "Scheduled"
    assert stored_call(future)["parameters"] == {"a": 1}


def test_a_local_run_is_recorded_nowhere() -> None:
    run = made(add.create_local_run, parameters={"a": 1})
    assert (run.name, run.state_name) == ("add", "Pending")
    assert local_client().read_task_runs([run.id]) == []


def test_a_run_can_be_given_to_another_flow_run() -> None:
    contexts: list[FlowRunContext] = []

    @flow
    def parent() -> None:
        context = FlowRunContext.get()
        assert context is not None
        contexts.append(context)

    parent()
    (context,) = contexts
    run = made(add.create_run, parameters={"a": 1}, flow_run_context=context)
    assert run.flow_run_id == context.flow_run.id
    assert run.name == "add-0"
    assert made(Task(lambda: 1, name="later").create_local_run, flow_run_context=context).flow_run_id


# --- after a crash --------------------------------------------------------------------------------------

CRASHES = """
import os, signal
from prefect import flow, task

@task
def later(a): ...

@flow
def dies():
    later.delay(1)
    os.kill(os.getpid(), signal.SIGKILL)

later.delay(2)
dies()
"""


def test_deferred_runs_outlive_the_process_that_made_them(tmp_path: Path) -> None:
    died = subprocess.run([sys.executable, "-c", CRASHES], env=os.environ | {"PREFECT_HOME": str(tmp_path)})
    assert died.returncode == -signal.SIGKILL
    with temporary_settings({"home": tmp_path}, restore_defaults=["server.database.connection_url"]):
        with local_client().reading() as connection:
            flow_runs = connection.exec_driver_sql("SELECT state_name FROM flow_run").scalars().all()
            task_runs = connection.exec_driver_sql("SELECT state_name FROM task_run").scalars().all()
        url = get_current_settings().server.database.connection_url
        assert url is not None
        close_store(url.get_secret_value())
    assert flow_runs == ["Crashed"]
    assert task_runs == ["Scheduled", "Scheduled"]
