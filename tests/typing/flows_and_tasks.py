"""What type checkers make of programs: read by mypy in `tests/unit/engine/test_typing.py`, never run.

An `ignore` without an error is an error there: so what must be refused is tested, too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any, assert_type

from prefect import Flow, State, Task, flow, task
from prefect.futures import PrefectFuture, PrefectFutureList, as_completed, wait
from prefect.states import Completed
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner


@task
def plain(x: int, y: str = "") -> float:
    return x / 2


@task(retries=3, retry_delay_seconds=[1.0, 2.0], tags=["t"], timeout_seconds=5)
def with_settings(x: int) -> float:
    return x / 2


@task
async def awaited(x: int) -> float:
    return x / 2


@task
def items(x: int) -> Generator[int, None, None]:
    yield x


@task
async def async_items(x: int) -> AsyncGenerator[int, None]:
    yield x


@flow
def sync_flow(x: int) -> str:
    return str(x)


@flow(name="named", retries=1, task_runner=ThreadPoolTaskRunner(max_workers=2), log_prints=True)
async def async_flow(x: int) -> str:
    return str(x)


class Owner:
    @task
    def method(self, x: int) -> int:
        return x

    @staticmethod
    @flow
    def static(x: int) -> int:
        return x


# --- decorators -----------------------------------------------------------------------------------------

assert_type(plain.name, str)
assert_type(with_settings(1), float)
one: Task[[int], float] = with_settings
another: Flow[[int], str] = sync_flow
assert_type(task(len)([1]), int)
assert_type(flow(len)([1]), int)

task(retries="3")  # type: ignore[call-overload]
flow(no_such_option=True)  # type: ignore[call-overload]

# --- calls ----------------------------------------------------------------------------------------------

assert_type(plain(1), float)
assert_type(plain(1, y="two"), float)
assert_type(plain(1, return_state=True), State[float])
assert_type(plain(1, return_state=False), float)
assert_type(plain(1, wait_for=[Completed()]), float)
assert_type(sync_flow(1), str)
assert_type(sync_flow(1, return_state=True), State[str])
assert_type(items(1), Generator[int, None, None])
assert_type(async_items(1), AsyncGenerator[int, None])

plain("one")  # type: ignore[call-overload]
plain()  # type: ignore[call-overload]
plain(1, z=2)  # type: ignore[call-overload]
sync_flow("one")  # type: ignore[call-overload]


async def in_async_code() -> None:
    coroutine = awaited(1)
    as_declared: Coroutine[Any, Any, float] = coroutine
    assert_type(await as_declared, float)
    assert_type(await awaited(1), float)
    assert_type(await awaited(1, return_state=True), State[float])
    assert_type(await async_flow(1), str)
    assert_type(await async_flow(1, return_state=True), State[str])


# --- submit, map ----------------------------------------------------------------------------------------

assert_type(plain.submit(1), PrefectFuture[float])
assert_type(plain.submit(1).result(), float)
assert_type(plain.submit(1, return_state=True), State[float])
assert_type(plain.submit(1, wait_for=[plain.submit(2)]), PrefectFuture[float])
assert_type(plain.submit(plain.submit(1)), PrefectFuture[float])
assert_type(awaited.submit(1), PrefectFuture[float])
assert_type(awaited.submit(1).result(), float)

assert_type(plain.map([1, 2]), PrefectFutureList[float])
assert_type(plain.map([1, 2]).result(), list[float])
assert_type(plain.map([1, 2], return_state=True), list[State[float]])
assert_type(awaited.map([1, 2]), PrefectFutureList[float])
assert_type(awaited.map([1, 2], return_state=True), list[State[float]])

for future in as_completed([plain.submit(1)]):
    assert_type(future, PrefectFuture[float])
assert_type(wait(plain.map([1])).done, set[PrefectFuture[float]])

# --- copies, states -------------------------------------------------------------------------------------

assert_type(plain.with_options(retries=2, name="copy")(1), float)
assert_type(sync_flow.with_options(task_runner=ProcessPoolTaskRunner())(1), str)
assert_type(plain.submit(1).state.is_completed(), bool)

plain.with_options(retries="two")  # type: ignore[arg-type]
