"""`ThreadPoolTaskRunner`: what waits takes no thread, maps are made as they go, and nothing is left at the end."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import cloudpickle
import pytest

from prefect import allow_failure, flow, task, unmapped
from prefect.context import FlowRunContext, tags
from prefect.engine import observer
from prefect.exceptions import CancelledRun, MappingLengthMismatch, MappingMissingIterable
from prefect.futures import PrefectConcurrentFuture, PrefectFuture
from prefect.schemas.states import StateType
from prefect.settings import PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS, temporary_settings
from prefect.states import Completed
from prefect.task_engine import run_task
from prefect.task_runners import ConcurrentTaskRunner, TaskRunner, ThreadPoolTaskRunner

pytestmark = pytest.mark.usefixtures("store")


@task
def double(x: Any) -> Any:
    return 2 * x


@task
def fail(message: str = "on purpose") -> None:
    raise ValueError(message)


def threads_of(runner: ThreadPoolTaskRunner[Any]) -> int:
    assert runner._pool is not None
    return len(runner._pool._threads)


class Watch:
    """Counts states and what was announced."""

    def __init__(self) -> None:
        self.states: Counter[StateType] = Counter()
        self.expected: list[tuple[str, int]] = []

    def on_task_state(self, task_name: str, before: StateType | None, after: StateType) -> None:
        self.states[after] += 1

    def on_tasks_expected(self, task_name: str, number: int) -> None:
        self.expected.append((task_name, number))

    def on_flow_state(self, flow_run_name: str, before: StateType | None, after: StateType) -> None: ...


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    previous = observer.set_observer(watch)
    yield watch
    observer.set_observer(previous)


# --- the runner itself ----------------------------------------------------------------------------------


def test_runners_are_equal_when_their_options_are() -> None:
    assert ThreadPoolTaskRunner(2) == ThreadPoolTaskRunner(max_workers=2) != ThreadPoolTaskRunner(3)
    assert ThreadPoolTaskRunner() != "threads"
    assert len({ThreadPoolTaskRunner(2), ThreadPoolTaskRunner(2)}) == 2


def test_a_duplicate_has_the_options_but_not_the_work() -> None:
    with ThreadPoolTaskRunner(2) as runner:
        duplicate = runner.duplicate()
        assert duplicate == runner
        with pytest.raises(RuntimeError, match="must be started"):
            duplicate.submit(double, {"x": 1})


def test_the_runner_is_named_after_its_class() -> None:
    class OwnTaskRunner(ThreadPoolTaskRunner[Any]): ...

    assert (ThreadPoolTaskRunner().name, OwnTaskRunner().name) == ("threadpool", "own")
    assert repr(OwnTaskRunner()) == "OwnTaskRunner()"
    assert ConcurrentTaskRunner is ThreadPoolTaskRunner


@pytest.mark.parametrize("number", [0, -1])
def test_there_is_at_least_one_worker(number: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1; got {number}"):
        ThreadPoolTaskRunner(max_workers=number)


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_runners_and_flows_can_be_pickled(pickler: Any) -> None:
    assert pickle.loads(pickler.dumps(ThreadPoolTaskRunner(3))) == ThreadPoolTaskRunner(3)
    if pickler is cloudpickle:
        nothing = flow(lambda: "value", name="nothing", task_runner=ThreadPoolTaskRunner(3))
        copy = pickle.loads(pickler.dumps(nothing))
        assert (copy(), copy.task_runner) == ("value", ThreadPoolTaskRunner(3))


@pytest.mark.parametrize("verb", ["submit", "map"])
def test_work_is_taken_only_inside_the_context(verb: str) -> None:
    runner: ThreadPoolTaskRunner[Any] = ThreadPoolTaskRunner()
    with pytest.raises(RuntimeError, match="enter it with `with task_runner:`"):
        getattr(runner, verb)(double, {"x": [1]})
    with runner:
        pass
    with pytest.raises(RuntimeError, match="must be started"):
        getattr(runner, verb)(double, {"x": [1]})


def test_a_runner_is_entered_once_at_a_time_and_again_when_it_was_left() -> None:
    runner: ThreadPoolTaskRunner[int] = ThreadPoolTaskRunner(max_workers=1)
    for _ in range(2):
        with runner:
            with pytest.raises(RuntimeError, match="already started"):
                runner.__enter__()
            assert runner.submit(double, {"x": 1}).result() == 2


@pytest.mark.parametrize("workers", [None, 1])
def test_leaving_waits_for_what_has_started(workers: int | None, gate: Any) -> None:
    @task
    def slow() -> str:
        gate.pass_through()
        return "done"

    with ThreadPoolTaskRunner(workers) as runner:
        future = runner.submit(slow, {})
        gate.wait_until_reached()
        threading.Timer(0.01, gate.open).start()
    assert future.state.is_completed()


def test_a_setting_limits_the_workers(gate: Any) -> None:
    @task
    def slow() -> None:
        gate.pass_through()

    with (
        temporary_settings({PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS: 2}),
        ThreadPoolTaskRunner() as runner,
    ):
        futures = [runner.submit(slow, {}) for _ in range(5)]
        gate.wait_until_reached(2)
        assert threads_of(runner) == 2
        gate.open()
        for future in futures:
            future.wait()


# --- dependencies ---------------------------------------------------------------------------------------


def test_what_waits_takes_no_thread(gate: Any) -> None:
    @task
    def slow() -> int:
        gate.pass_through()
        return 1

    with ThreadPoolTaskRunner() as runner:
        first = runner.submit(slow, {})
        futures = [runner.submit(double, {"x": first}) for _ in range(50)]
        futures += [runner.submit(double, {"x": 1}, wait_for=[first]) for _ in range(50)]
        gate.wait_until_reached()
        assert threads_of(runner) == 1
        gate.open()
        assert [future.result() for future in futures] == [2] * 100


def test_a_run_waits_for_all_its_upstreams(gate: Any) -> None:
    order: list[str] = []

    @task
    def slow(name: str) -> str:
        gate.pass_through()
        order.append(name)
        return name

    @task
    def gather(names: list[str]) -> list[str]:
        order.append("gather")
        return names

    with ThreadPoolTaskRunner() as runner:
        names = [runner.submit(slow, {"name": name}) for name in "ab"]
        after = runner.submit(slow, {"name": "c"})
        gathered = runner.submit(gather, {"names": names}, wait_for=after)
        gate.wait_until_reached(3)
        gate.open()
        assert gathered.result() == ["a", "b"]
    assert order[-1] == "gather"


def test_an_upstream_that_failed_keeps_a_run_from_starting() -> None:
    with ThreadPoolTaskRunner() as runner:
        failed = runner.submit(fail, {})
        after = runner.submit(double, {"x": failed})
        after.wait()
        assert (after.state.name, after.state.type) == ("NotReady", StateType.PENDING)
        assert str(failed.task_run_id) in str(after.state.message)
        assert runner.submit(double, {"x": allow_failure([failed])}).result()[0].args == ("on purpose",)


def test_a_run_cannot_wait_for_itself() -> None:
    future: PrefectConcurrentFuture[Any] = PrefectConcurrentFuture(None)
    with pytest.raises(ValueError, match="waits for itself"):
        run_task(double, task_run_id=future.task_run_id, parameters={"x": 1}, wait_for=[future])
    state = run_task(
        double,
        task_run_id=future.task_run_id,
        parameters={"x": 1},
        wait_for=[future],
        return_type="state",
    )
    assert state.is_failed()


def test_futures_of_another_runner_are_waited_for(gate: Any) -> None:
    @task
    def slow() -> int:
        gate.pass_through()
        return 4

    with ThreadPoolTaskRunner() as one, ThreadPoolTaskRunner(1) as other:
        first = one.submit(slow, {})
        second = other.submit(double, {"x": first})
        gate.open()
        assert second.result() == 8


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_that_wait_for_tasks_need_no_worker_each(workers: int) -> None:
    @task
    def descend(depth: int) -> int:
        runner = FlowRunContext.get().task_runner  # type: ignore[union-attr]
        return 1 + runner.submit(descend, {"depth": depth - 1}).result() if depth else 0

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=workers))
    def outer() -> int:
        return descend.submit(20).result()

    assert outer() == 20


def test_contexts_reach_the_run_and_do_not_come_back() -> None:
    seen: list[set[str]] = []

    @task
    def look() -> None:
        with tags("inside"):
            seen.append(FlowRunContext.get() is None and set(tags_now()))

    def tags_now() -> set[str]:
        from prefect.context import TagsContext

        return TagsContext.get().current_tags

    with ThreadPoolTaskRunner(1) as runner:
        with tags("outside"):
            runner.submit(look, {}).wait()
        runner.submit(look, {}).wait()
    assert seen == [{"outside", "inside"}, {"inside"}]


# --- maps -----------------------------------------------------------------------------------------------


def test_a_map_keeps_the_order() -> None:
    with ThreadPoolTaskRunner() as runner:
        futures = runner.map(double, {"x": range(500)})
        assert futures.result() == [2 * number for number in range(500)]
        assert len({future.task_run_id for future in futures}) == 500


def test_the_runs_of_a_map_are_made_as_workers_take_them(gate: Any, watch: Watch) -> None:
    @task
    def slow(x: int) -> int:
        gate.pass_through()
        return x

    with ThreadPoolTaskRunner(max_workers=3) as runner:
        futures = runner.map(slow, {"x": range(1000)})
        gate.wait_until_reached(3)
        assert watch.states[StateType.PENDING] <= 4
        assert watch.expected == [("slow", 1000)]
        gate.open()
        futures.wait()
    assert watch.states[StateType.COMPLETED] == 1000


def test_a_map_takes_items_of_a_generator_as_they_come() -> None:
    with ThreadPoolTaskRunner() as runner:
        assert runner.map(double, {"x": (number for number in (1, 2))}).result() == [2, 4]


def test_nothing_is_mapped_over_nothing(watch: Watch) -> None:
    with ThreadPoolTaskRunner() as runner:
        assert runner.map(double, {"x": []}) == []
    assert watch.states == {}


def test_a_map_refuses_what_it_cannot_pair_before_anything_runs(watch: Watch) -> None:
    @task
    def add(x: int, y: int) -> int:
        return x + y

    with ThreadPoolTaskRunner() as runner:
        with pytest.raises(MappingMissingIterable):
            runner.map(add, {"x": 1, "y": 2})
        with pytest.raises(MappingLengthMismatch):
            runner.map(add, {"x": [1, 2], "y": [1]})
    assert watch.states == {}


def test_items_wait_for_their_own_upstreams_only(gate: Any) -> None:
    @task
    def slow() -> int:
        gate.pass_through()
        return 10

    with ThreadPoolTaskRunner() as runner:
        held, free = runner.submit(slow, {}), runner.submit(double, {"x": 1})
        first, second = runner.map(double, {"x": [held, free]})
        assert second.result() == 4
        assert not first.done()
        gate.open()
        assert first.result() == 20


def test_a_whole_map_waits_for_others(gate: Any, watch: Watch) -> None:
    @task
    def slow() -> None:
        gate.pass_through()

    with ThreadPoolTaskRunner() as runner:
        held = runner.submit(slow, {})
        futures = runner.map(double, {"x": [1, 2, 3]}, wait_for=[held])
        gate.wait_until_reached()
        assert not any(future.done() for future in futures)
        gate.open()
        assert futures.result() == [2, 4, 6]


@task
def numbers() -> list[int]:
    return [1, 2, 3]


@task
def add(x: Any, y: Any) -> Any:
    return x + y


def test_a_future_as_a_whole_argument_is_waited_for_and_iterated() -> None:
    with ThreadPoolTaskRunner() as runner:
        found = runner.submit(numbers, {})
        assert runner.map(double, {"x": found}).result() == [2, 4, 6]
        assert runner.map(add, {"x": found, "y": found}).result() == [2, 4, 6]
        assert runner.map(add, {"x": found, "y": unmapped(1)}).result() == [2, 3, 4]


def test_an_unmapped_future_is_one_argument_for_all() -> None:
    with ThreadPoolTaskRunner() as runner:
        found = runner.submit(numbers, {})
        assert runner.map(add, {"x": [[0], [9]], "y": unmapped(found)}).result() == [
            [0, 1, 2, 3],
            [9, 1, 2, 3],
        ]


def test_the_length_of_a_failed_upstream_is_unknown() -> None:
    with ThreadPoolTaskRunner() as runner, pytest.raises(ValueError, match="on purpose"):
        runner.map(double, {"x": runner.submit(fail, {})})


def test_allow_failure_of_a_list_reaches_each_item() -> None:
    @task
    def kind(x: Any) -> str:
        return type(x).__name__

    with ThreadPoolTaskRunner() as runner:
        items = [runner.submit(fail, {}), runner.submit(double, {"x": 1})]
        assert runner.map(kind, {"x": allow_failure(items)}).result() == ["ValueError", "int"]


# --- the end of a flow ----------------------------------------------------------------------------------


def test_with_a_limit_what_has_not_started_is_cancelled(gate: Any, store: Any) -> None:
    futures: list[PrefectFuture[Any]] = []

    @task
    def slow(x: int) -> int:
        gate.pass_through()
        return x

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def leaves() -> Any:
        futures.append(slow.submit(0))
        futures.append(slow.submit(1))
        futures.append(double.submit(futures[0]))
        futures.extend(slow.map(range(3)))
        gate.wait_until_reached()
        threading.Timer(0.01, gate.open).start()
        return FlowRunContext.get().flow_run.id  # type: ignore[union-attr]

    leaves()
    assert [future.state.name for future in futures] == ["Completed", *["Cancelled"] * 5]
    with pytest.raises(CancelledRun, match="ended before this task run started"):
        futures[1].result()
    assert [store.history(future.task_run_id) for future in futures[:2]] == [
        ["Pending", "Running", "Completed"],
        ["Pending", "Cancelled"],
    ]
    assert [store.history(future.task_run_id) for future in futures[2:]] == [["Pending", "Cancelled"]] * 4


def test_without_a_limit_everything_submitted_ends(gate: Any) -> None:
    futures: list[PrefectFuture[Any]] = []

    @task
    def slow() -> int:
        gate.pass_through()
        return 3

    @flow
    def leaves() -> str:
        futures.append(slow.submit())
        futures.append(double.submit(futures[0]))
        futures.extend(double.map([futures[0], 1]))
        threading.Timer(0.01, gate.open).start()
        return "decided"

    assert leaves() == "decided"
    assert [future.result() for future in futures] == [3, 6, 6, 2]


def test_what_a_running_task_submits_after_the_end_is_cancelled(gate: Any) -> None:
    outcome: list[Any] = []

    @task
    def late() -> None:
        runner = FlowRunContext.get().task_runner  # type: ignore[union-attr]
        gate.pass_through()
        for future in (runner.submit(double, {"x": 1}), *runner.map(double, {"x": [1, 2]})):
            future.wait()
            outcome.append(future.state.name)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
    def leaves() -> None:
        late.submit()
        gate.wait_until_reached()
        threading.Timer(0.01, gate.open).start()

    leaves()
    assert outcome == ["Cancelled"] * 3


def test_items_that_still_wait_at_the_end_are_cancelled(gate: Any) -> None:
    futures: list[PrefectFuture[Any]] = []

    @task
    def slow() -> int:
        gate.pass_through()
        return 1

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def leaves() -> None:
        held = slow.submit()
        futures.extend(double.map([held, held, held]))
        gate.wait_until_reached()
        numbers.submit().wait()  # the other worker has taken up the items, too
        threading.Timer(0.01, gate.open).start()

    leaves()
    assert {future.state.name for future in futures} == {"Cancelled"}


@pytest.mark.parametrize("workers", [None, 2])
def test_an_interrupted_flow_interrupts_its_tasks(workers: int | None, gate: Any, store: Any) -> None:
    futures: list[PrefectFuture[Any]] = []

    @task
    def endless() -> None:
        gate.pass_through()
        while True:
            pass

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=workers))
    def interrupted() -> None:
        futures.append(endless.submit())
        futures.append(double.submit(futures[0]))
        gate.open()
        gate.wait_until_reached()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert futures[0].state.type is StateType.CRASHED
    assert futures[1].state.type is StateType.CANCELLED
    assert store.history(futures[0].task_run_id) == ["Pending", "Running", "Crashed"]


# --- runners of users -----------------------------------------------------------------------------------


class InPlace(TaskRunner[PrefectConcurrentFuture[Any]]):
    """Runs what it is given at once."""

    def duplicate(self) -> InPlace:
        return InPlace()

    def submit(
        self, task: Any, parameters: Any, wait_for: Any = None, dependencies: Any = None
    ) -> PrefectConcurrentFuture[Any]:
        future: PrefectConcurrentFuture[Any] = PrefectConcurrentFuture(None)
        state = run_task(
            task,
            task_run_id=future.task_run_id,
            parameters=parameters,
            wait_for=wait_for,
            return_type="state",
            dependencies=dependencies,
        )
        future.complete(state)
        return future


def test_a_runner_of_the_users_own_maps_with_what_it_inherits(watch: Watch) -> None:
    with InPlace() as runner:
        futures = runner.map(add, {"x": [1, 2], "y": 1}, wait_for=[Completed()])
        assert futures.result() == [2, 3]
    assert watch.expected == [("add", 2)]
    with pytest.raises(RuntimeError, match="must be started"):
        runner.map(add, {"x": [1], "y": 1})


def test_a_flow_uses_a_runner_of_the_users_own() -> None:
    @flow(task_runner=InPlace)
    def outer() -> list[int]:
        return double.map([1, 2]).result()

    assert outer() == [2, 4]
