"""A retry that a task was waiting for when its process went: what remains is waited, what was used stays used."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from prefect import flow, task
from prefect._clock import VirtualClock, use_clock
from prefect.engine.resumption import Resumption
from prefect.flow_runs import retry_flow_run
from prefect.runtime import task_run
from prefect.schemas.bases import now, uuid7
from prefect.schemas.outcomes import AwaitedRetry
from prefect.task_runners import ProcessPoolTaskRunner

LastRun = Callable[[Any], Any]

_DELAY_SECONDS = 100.0


class Killed(BaseException):
    """The process goes."""


class DeadlyClock(VirtualClock):
    """A clock on which a process may die in its sleep.

    Attributes:
        dies_after: so many seconds into its next sleep; None: it wakes up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dies_after: float | None = None

    def sleep(self, seconds: float) -> None:
        if self.dies_after is None:
            super().sleep(seconds)
            return
        super().sleep(self.dies_after)
        self.dies_after = None
        raise Killed


@pytest.fixture(autouse=True)
def clock() -> Iterator[DeadlyClock]:
    made = DeadlyClock()
    with use_clock(made):
        yield made


class Attempts:
    """What a task does: it fails so often, in all processes, and notes the number of its attempt.

    Attributes:
        seen: the numbers of its attempts, as the task sees them.
    """

    def __init__(self, failures: int) -> None:
        self.seen: list[int] = []
        self._failures = failures

    def make(self) -> str:
        self.seen.append(task_run.run_count)
        if len(self.seen) <= self._failures:
            raise ConnectionError(f"attempt {len(self.seen)}")
        return "done"


def blocking(attempts: Attempts, **options: Any) -> Any:
    @task(retry_delay_seconds=_DELAY_SECONDS, **options)
    def step() -> str:
        return attempts.make()

    @flow
    def main() -> str:
        return step()

    return main


def awaiting(attempts: Attempts, **options: Any) -> Any:
    @task(retry_delay_seconds=_DELAY_SECONDS, **options)
    async def step() -> str:
        return attempts.make()

    @flow
    async def main() -> str:
        return await step()

    return main


def generating(attempts: Attempts, **options: Any) -> Any:
    @task(retry_delay_seconds=_DELAY_SECONDS, **options)
    def step() -> Iterator[str]:
        yield attempts.make()

    @flow
    def main() -> str:
        return "".join(step())

    return main


def generating_in_async_code(attempts: Attempts, **options: Any) -> Any:
    @task(retry_delay_seconds=_DELAY_SECONDS, **options)
    async def step() -> Any:
        yield attempts.make()

    @flow
    async def main() -> str:
        return "".join([item async for item in step()])

    return main


def submitted(attempts: Attempts, **options: Any) -> Any:
    @task(retry_delay_seconds=_DELAY_SECONDS, **options)
    def step() -> str:
        return attempts.make()

    @flow
    def main() -> str:
        return step.submit().result()

    return main


KINDS = [blocking, awaiting, generating, generating_in_async_code, submitted]


def outcome(called: Any) -> Any:
    """What a call gives, whose flow may be async."""
    return asyncio.run(called) if asyncio.iscoroutine(called) else called


def die(flow: Any, clock: DeadlyClock, after: float) -> None:
    """Run a flow whose process dies so many seconds into a delay."""
    clock.dies_after = after
    with pytest.raises(Killed):
        outcome(flow())
    clock.slept.clear()


def resume(flow: Any, run: Any) -> Any:
    return outcome(retry_flow_run(run.id, flow))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"persist_result": True}], ids=["plain", "kept"])
def test_what_remains_of_the_delay_is_waited(
    kind: Any, options: Any, clock: DeadlyClock, last_run: LastRun
) -> None:
    attempts = Attempts(failures=1)
    main = kind(attempts, retries=3, **options)
    die(main, clock, after=30)
    assert resume(main, last_run(main)) == "done"
    assert clock.slept == [pytest.approx(_DELAY_SECONDS - 30, abs=0.1)]
    assert attempts.seen == [1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_retries_that_were_used_stay_used(kind: Any, clock: DeadlyClock, last_run: LastRun) -> None:
    attempts = Attempts(failures=9)
    main = kind(attempts, retries=2)
    die(main, clock, after=30)
    with pytest.raises(ConnectionError):
        resume(main, last_run(main))
    assert attempts.seen == [1, 2, 3]
    assert clock.slept == [pytest.approx(70, abs=0.1), _DELAY_SECONDS]


def test_a_moment_that_has_passed_is_not_waited_for(clock: DeadlyClock, last_run: LastRun) -> None:
    attempts = Attempts(failures=1)
    main = blocking(attempts, retries=1)
    die(main, clock, after=30)
    clock.sleep(3_600)
    clock.slept.clear()
    assert resume(main, last_run(main)) == "done"
    assert clock.slept == []
    assert attempts.seen == [1, 2]


def test_it_may_die_in_the_same_delay_again(clock: DeadlyClock, last_run: LastRun) -> None:
    attempts = Attempts(failures=1)
    main = blocking(attempts, retries=1)
    die(main, clock, after=30)
    clock.dies_after = 50
    with pytest.raises(Killed):
        resume(main, last_run(main))
    clock.slept.clear()
    assert resume(main, last_run(main)) == "done"
    assert clock.slept == [pytest.approx(20, abs=0.1)]
    assert attempts.seen == [1, 2]


def test_a_process_that_dies_before_it_comes_to_the_task_leaves_the_delay_as_it_is(
    notebook: Any, clock: DeadlyClock, last_run: LastRun
) -> None:
    attempts = Attempts(failures=1)

    @task(retries=1, retry_delay_seconds=_DELAY_SECONDS)
    def step() -> str:
        return attempts.make()

    @flow
    def main() -> str:
        if notebook.broken:
            raise Killed
        return step()

    notebook.broken = False
    die(main, clock, after=30)
    notebook.broken = True
    with pytest.raises(Killed):
        resume(main, last_run(main))
    notebook.broken = False
    assert resume(main, last_run(main)) == "done"
    assert clock.slept == [pytest.approx(70, abs=0.1)]


def test_a_task_that_was_under_way_begins_anew(clock: DeadlyClock, last_run: LastRun) -> None:
    attempts = Attempts(failures=1)
    notes: list[int] = []

    @task(retries=1, retry_delay_seconds=_DELAY_SECONDS)
    def step() -> str:
        notes.append(task_run.run_count)
        if len(notes) == 2:
            raise Killed
        return attempts.make()

    @flow
    def main() -> str:
        return step()

    with pytest.raises(Killed):
        main()
    clock.slept.clear()
    assert resume(main, last_run(main)) == "done"
    assert notes == [1, 2, 1]
    assert clock.slept == []


def test_each_step_has_its_own(clock: DeadlyClock, last_run: LastRun) -> None:
    """Known by their places: submitted ones, too. A step with other arguments is another one."""
    seen: list[tuple[str, int]] = []

    @task(retries=1, retry_delay_seconds=_DELAY_SECONDS)
    def step(name: str) -> str:
        seen.append((name, task_run.run_count))
        if name in names:
            names.discard(name)
            raise ConnectionError(name)
        return name

    @flow
    def main() -> list[str]:
        return [step("calm"), step("shy"), step.submit(third).result()]

    names, third = {"shy"}, "wild"
    die(main, clock, after=30)
    names = {"wild"}
    assert resume(main, last_run(main)) == ["calm", "shy", "wild"]
    assert seen == [("calm", 1), ("shy", 1), ("calm", 1), ("shy", 2), ("wild", 1), ("wild", 2)]
    assert clock.slept == [pytest.approx(70, abs=0.1), _DELAY_SECONDS]


def test_a_retry_of_the_flow_in_its_process_does_not_ask(
    notebook: Any, clock: DeadlyClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks have not crashed; and what would be asked costs something."""
    monkeypatch.setattr("prefect.client.orchestration.local.LocalClient.awaited_retries", None)

    @task(retries=1)
    def step() -> None:
        notebook.compute("step")

    @flow(retries=1)
    def main() -> None:
        step()
        if notebook.times("step") == [1]:
            raise ConnectionError

    main()
    assert notebook.times("step") == [2]


def test_a_worker_process_takes_it_over(notebook: Any, clock: DeadlyClock, last_run: LastRun) -> None:
    @task(retries=1, retry_delay_seconds=_DELAY_SECONDS)
    def step() -> list[int]:
        seen.append(task_run.run_count)
        if task_run.run_count == 1:
            raise ConnectionError
        return seen

    @flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
    def main() -> Any:
        return step() if notebook.broken else step.submit().result()

    seen: list[int] = []
    die(main, clock, after=30)
    notebook.broken = False
    # by the clock of the worker, which is the real one, the moment has passed long ago
    assert resume(main, last_run(main)) == [1, 2]


def test_the_past_of_a_run_can_be_sent_to_task_workers() -> None:
    """As JSON, too."""
    past = Resumption(uuid7(), again=True, awaited={"place": AwaitedRetry(now(), 2)})
    carrier = TypeAdapter(Resumption)
    assert carrier.validate_json(carrier.dump_json(past)) == past
