"""One small program for each kind of task. A process imports it anew; what it does, the world outside sees.

Runs are named after what they compute, so that a run that is computed again is known by its name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.flows import Flow
from prefect.futures import wait
from prefect.locking.database import DatabaseLockManager
from prefect.transactions import IsolationLevel, transaction
from simulation.world import Outside, Scenario

Program = Callable[[Outside], Flow[..., Any]]

SCENARIOS: dict[str, Scenario] = {}


def scenario(gives: Any, **how_it_ends: Any) -> Callable[[Program], Program]:
    """Enter a program among the scenarios, under its name."""

    def enter(program: Program) -> Program:
        name = program.__name__
        SCENARIOS[name] = Scenario(name, program, gives, **how_it_ends)
        return program

    return enter


# --- tasks that are called ------------------------------------------------------------------------------


@scenario(gives=6)
def plain(outside: Outside) -> Flow[..., Any]:
    @task(task_run_name="add-{x}")
    def add(total: int, x: int) -> int:
        outside.happens()
        return total + x

    @flow
    def main() -> int:
        total = 0
        for x in (1, 2, 3):
            total = add(total, x)
        return total

    return main


@scenario(gives=[0, 1, 4])
def persisted(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="square-{x}")
    def square(x: int) -> int:
        outside.happens()
        return x * x

    @flow
    def main() -> list[int]:
        return [outside.sees(f"square-{x}", square(x)) for x in range(3)]

    return main


@scenario(gives=[None, None])
def persisted_nothing(outside: Outside) -> Flow[..., Any]:
    """A result that is None is a result."""

    @task(persist_result=True, task_run_name="notify-{x}")
    def notify(x: int) -> None:
        outside.happens()

    @flow
    def main() -> list[None]:
        return [outside.sees(f"notify-{x}", notify(x)) for x in range(2)]

    return main


@scenario(gives=[1, 4, 1, 4])
def cached(outside: Outside) -> Flow[..., Any]:
    @task(cache_policy=INPUTS, persist_result=True, task_run_name="square-{x}")
    def square(x: int) -> int:
        outside.happens()
        return x * x

    @flow
    def main() -> list[int]:
        return [outside.sees(f"square-{x}", square(x)) for x in (1, 2, 1, 2)]

    return main


@scenario(gives=[1, 4, 1])
def cached_under_locks(outside: Outside) -> Flow[..., Any]:
    """Locks that live in the store: those of dead processes do not hold anybody up."""
    locked = INPUTS.configure(isolation_level=IsolationLevel.SERIALIZABLE, lock_manager=DatabaseLockManager())

    @task(cache_policy=locked, persist_result=True, task_run_name="square-{x}")
    def square(x: int) -> int:
        outside.happens()
        return x * x

    @flow
    def main() -> list[int]:
        return [outside.sees(f"square-{x}", square(x)) for x in (1, 2, 1)]

    return main


@scenario(gives=["ab", "cd"])
def stored_in_two_objects(outside: Outside) -> Flow[..., Any]:
    """Results and their metadata in different places: a result alone is no record."""
    apart = INPUTS.configure(key_storage=outside.directory / "keys")

    @task(cache_policy=apart, persist_result=True, task_run_name="join-{x}")
    def joined(x: str, y: str) -> str:
        outside.happens()
        return x + y

    @flow
    def main() -> list[str]:
        return [joined("a", "b"), joined("c", "d")]

    return main


@scenario(gives="third time lucky")
def retried(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, retries=2, retry_delay_seconds=5, task_run_name="flaky")
    def flaky() -> str:
        outside.happens()
        # tries of processes that have died count: so do the retries that they used
        if outside.times("flaky") < 3:
            raise ConnectionError("not yet")
        return "third time lucky"

    @task(persist_result=True, task_run_name="echo")
    def echo(text: str) -> str:
        outside.happens()
        return text

    @flow
    def main() -> str:
        return echo(outside.sees("flaky", flaky()))

    return main


@scenario(gives=None, ends="FAILED")
def failing(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="prepare")
    def prepare() -> int:
        outside.happens()
        return 1

    @task(persist_result=True, task_run_name="fail")
    def fail(x: int) -> None:
        outside.happens()
        raise ValueError(f"{x} is not enough")

    @flow
    def main() -> None:
        fail(prepare())

    return main


@scenario(gives=[10, 11])
def retried_flow(outside: Outside) -> Flow[..., Any]:
    """The second attempt is made by the engine itself, within one process."""

    @task(persist_result=True, task_run_name="step-{x}")
    def step(x: int) -> int:
        outside.happens()
        return x + 10

    # an attempt that has died counts as one, and up to two of them die
    @flow(retries=3)
    def main() -> list[int]:
        first = step(0)
        if not outside.is_there("the service"):
            raise ConnectionError("not yet")
        return [first, step(1)]

    return main


@scenario(gives=42)
def nested_tasks(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="inner-{x}")
    def inner(x: int) -> int:
        outside.happens()
        return x * 2

    @task(persist_result=True, task_run_name="outer")
    def outer() -> int:
        first = outside.sees("inner-10", inner(10))
        outside.happens()
        return first + inner(11)

    @flow
    def main() -> int:
        return outside.sees("outer", outer())

    return main


# --- transactions ---------------------------------------------------------------------------------------


@scenario(gives=["left", "right", "after"], together=(("left", "right"),))
def transactional(outside: Outside) -> Flow[..., Any]:
    """Two results that are stored together, with a hook that would undo them, and one that follows."""

    @task(persist_result=True, task_run_name="{name}", on_rollback=[outside.undoes])
    def write(name: str) -> str:
        outside.happens()
        return name

    @task(persist_result=True, task_run_name="after")
    def after() -> str:
        outside.happens()
        return "after"

    @flow
    def main() -> list[str]:
        with transaction():
            both = [write("left"), write("right")]
        return [*both, after()]

    return main


@scenario(gives="undone", together=(("left", "right"),))
def rolled_back(outside: Outside) -> Flow[..., Any]:
    """A transaction that fails each time: its tasks run again after a crash, and are undone again."""
    undone: list[str] = []

    @task(persist_result=True, task_run_name="{name}")
    def write(name: str) -> str:
        outside.happens()
        return name

    @write.on_rollback
    def undo(transaction: Any) -> None:
        outside.undoes(transaction)
        undone.append(transaction.key)

    @task(persist_result=True, task_run_name="say")
    def say(text: str) -> str:
        outside.happens()
        return text

    @flow
    def main() -> str:
        try:
            with transaction():
                write("left")
                write("right")
                raise ConnectionError("lost")
        except ConnectionError:
            assert len(undone) == 2, f"{len(undone)} of 2 tasks were undone"
        return say("undone")

    return main


@scenario(gives=["left", "right"], together=(("left", "right"),))
def transactional_in_a_kept_task(outside: Outside) -> Flow[..., Any]:
    """The task around is kept as soon as it ends; those inside still wait for their transaction."""

    @task(persist_result=True, task_run_name="{name}", on_rollback=[outside.undoes])
    def write(name: str) -> str:
        outside.happens()
        return name

    @task(persist_result=True, task_run_name="around")
    def around() -> list[str]:
        with transaction():
            both = [write("left"), write("right")]
        outside.happens()
        return both

    @flow
    def main() -> list[str]:
        return outside.sees("around", around())

    return main


# --- tasks that are submitted ---------------------------------------------------------------------------


@scenario(gives=[0, 2, 4, 6])
def mapped(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="double-{x}")
    def double(x: int) -> int:
        outside.happens()
        return 2 * x

    @flow(task_runner=outside.task_runner)
    def main() -> list[int]:
        futures = double.map(range(4))
        wait(futures)
        return futures.result()

    return main


@scenario(gives=[3, 4])
def submitted_in_a_chain(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="begin")
    def begin() -> int:
        outside.happens()
        return 1

    @task(persist_result=True, task_run_name="add-{y}")
    def add(x: int, y: int) -> int:
        outside.happens()
        return x + y

    @flow(task_runner=outside.task_runner)
    def main() -> list[int]:
        first = begin.submit()
        futures = [add.submit(first, 2), add.submit(first, 3)]
        wait(futures)
        return [future.result() for future in futures]

    return main


@scenario(gives=["kept", "not reached"], ends="COMPLETED")
def upstream_fails(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="keep")
    def keep() -> str:
        outside.happens()
        return "kept"

    @task(task_run_name="fail")
    def fail(x: str) -> str:
        outside.happens()
        raise ValueError(x)

    @task(persist_result=True, task_run_name="never")
    def never(x: str) -> str:
        outside.happens()
        return x

    @flow(task_runner=outside.task_runner)
    def main() -> list[str]:
        kept = keep.submit()
        blocked = never.submit(fail.submit(kept))
        blocked.wait()
        assert outside.times("never") == 0
        return [kept.result(), "not reached" if blocked.state.name == "NotReady" else "reached"]

    return main


# --- async ----------------------------------------------------------------------------------------------


@scenario(gives=[1, 4, 9])
def awaited(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="square-{x}")
    async def square(x: int) -> int:
        outside.happens()
        return x * x

    @flow
    async def main() -> list[int]:
        return [outside.sees(f"square-{x}", await square(x)) for x in (1, 2, 3)]

    return main


@scenario(gives=[1, 4, "plain", 4])
def awaited_and_submitted(outside: Outside) -> Flow[..., Any]:
    @task(cache_policy=INPUTS, persist_result=True, task_run_name="square-{x}")
    async def square(x: int) -> int:
        outside.happens()
        return x * x

    @task(task_run_name="plain")
    def plain() -> str:
        outside.happens()
        return "plain"

    @flow(task_runner=outside.task_runner)
    async def main() -> list[Any]:
        futures = [square.submit(1), square.submit(2)]
        wait(futures)
        return [*[future.result() for future in futures], plain(), await square(2)]

    return main


# --- generators -----------------------------------------------------------------------------------------


@scenario(gives=[0, 10, 20, "end"])
def generators(outside: Outside) -> Flow[..., Any]:
    """A flow and a task that give item after item; each item is worked on by a task that is kept."""

    @task(task_run_name="numbers")
    def numbers() -> Iterator[int]:
        for number in range(3):
            outside.happens()
            yield number

    @task(persist_result=True, task_run_name="ten-times-{x}")
    def ten_times(x: int) -> int:
        outside.happens()
        return 10 * x

    @flow
    def main() -> Iterator[Any]:
        for number in numbers():
            yield outside.sees(f"ten-times-{number}", ten_times(number))
        yield "end"

    return main


@scenario(gives=["a", "bb"])
def async_generators(outside: Outside) -> Flow[..., Any]:
    @task(task_run_name="letters")
    async def letters() -> AsyncIterator[str]:
        for letter in "ab":
            outside.happens()
            yield letter

    @task(persist_result=True, task_run_name="repeat-{x}")
    async def repeat(x: str, times: int) -> str:
        outside.happens()
        return x * times

    @flow
    async def main() -> AsyncIterator[str]:
        times = 0
        async for letter in letters():
            times += 1
            yield outside.sees(f"repeat-{letter}", await repeat(letter, times))

    return main


# --- flows inside flows ---------------------------------------------------------------------------------


@scenario(gives=[11, 21, 102])
def nested_flows(outside: Outside) -> Flow[..., Any]:
    """Subflows whose values are kept, one whose value is not, and steps in all of them."""

    @task(persist_result=True, task_run_name="add-{x}-{y}")
    def add(x: int, y: int) -> int:
        outside.happens()
        return x + y

    @flow(persist_result=True, flow_run_name="kept-{x}")
    def kept(x: int) -> int:
        outside.happens()
        return add(x, 1)

    @flow(flow_run_name="not-kept")
    def not_kept() -> int:
        return add(100, 2)

    @flow
    def main() -> list[int]:
        return [outside.sees(f"kept-{x}", kept(x)) for x in (10, 20)] + [not_kept()]

    return main


@scenario(gives=[["deep", "deep"], "second"])
def flows_within_flows_within_tasks(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="leaf-{x}")
    def leaf(x: str) -> str:
        outside.happens()
        return x

    @flow(flow_run_name="innermost")
    def innermost() -> list[str]:
        futures = leaf.map(["deep", "deep"])
        wait(futures)
        return futures.result()

    @flow(flow_run_name="middle", task_runner=outside.task_runner)
    def middle() -> list[str]:
        return innermost.with_options(task_runner=outside.task_runner)()

    @task(task_run_name="around")
    def around() -> list[str]:
        return middle()

    @flow
    def main() -> list[Any]:
        return [around(), leaf("second")]

    return main


@scenario(gives=["one", "two"])
def async_nested_flows(outside: Outside) -> Flow[..., Any]:
    @task(persist_result=True, task_run_name="say-{x}")
    async def say(x: str) -> str:
        outside.happens()
        return x

    @flow(persist_result=True, flow_run_name="child-{x}")
    async def child(x: str) -> str:
        outside.happens()
        return await say(x)

    @flow
    async def main() -> list[str]:
        return [outside.sees(f"child-{x}", await child(x)) for x in ("one", "two")]

    return main


@scenario(gives=[["inside"], ["outside"]])
def same_flow_inside_a_kept_task_and_outside(outside: Outside) -> Flow[..., Any]:
    """The task is not run again, and does not call the flow again: the other call is still known for itself."""

    @task(persist_result=True, task_run_name="{text}")
    def step(text: str) -> str:
        outside.happens()
        return text

    @flow(persist_result=True, flow_run_name="steps-{text}")
    def steps(text: str) -> list[str]:
        outside.happens()
        return [step(text)]

    @task(persist_result=True, task_run_name="around")
    def around() -> list[str]:
        return steps("inside")

    @flow
    def main() -> list[list[str]]:
        first = outside.sees("around", around())
        return [first, outside.sees("steps-outside", steps("outside"))]

    return main
