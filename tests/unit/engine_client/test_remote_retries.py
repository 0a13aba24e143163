"""Retries that tasks wait for while their runs are recorded at a server, when their process goes."""

import asyncio
from typing import Any

import pytest
from tests.unit.engine_client.conftest import World

from prefect import flow, task
from prefect._clock import VirtualClock
from prefect._steps import Life, run_awaiting, run_blocking
from prefect.engine.flow_run import FlowRunLife
from prefect.engine.resumption import past_of
from prefect.engine.watching import Watch
from prefect.runtime import task_run


class Killed(BaseException):
    """The process goes."""


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watch, "_watch", lambda watch: None)


def lived(flow: Any, life: Life[Any]) -> None:
    if flow.isasync:
        asyncio.run(run_awaiting(life))
    else:
        run_blocking(life)


@pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "awaiting"])
def test_what_remains_is_waited(
    world: World, clock: VirtualClock, is_async: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def step() -> str:
        seen.append(task_run.run_count)
        if len(seen) == 1:
            raise ConnectionError
        return "done"

    async def astep() -> str:
        return step()

    retried = task(retries=1, retry_delay_seconds=100)(astep if is_async else step)

    def main() -> Any:
        return retried()

    async def amain() -> Any:
        return await retried()

    tried = flow(amain if is_async else main)

    def dies(seconds: float) -> None:
        passes(30)
        clock.slept.clear()
        raise Killed

    passes = clock.sleep
    with monkeypatch.context() as patch:
        patch.setattr(clock, "sleep", dies)
        first = FlowRunLife(tried, {}, world.process())
        with pytest.raises(Killed):
            lived(tried, first.live())
    client = world.process("successor|boot|1|1")
    run = client.read_flow_run(first.run.id)
    assert run.state is not None
    assert run.state.is_crashed()
    second = FlowRunLife(tried, {}, client, run=run, resumption=past_of(run))
    lived(tried, second.live())
    assert second.value == "done"
    assert seen == [1, 2]
    assert clock.slept == [pytest.approx(70, abs=0.1)]
