"""The same life for sync and async functions: every scenario in both colours, with one expectation."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from prefect import flow, runtime, task
from prefect.states import Cancelled, Completed, Failed


class Colour:
    """Makes functions of one colour out of plain bodies, and calls what is made of them."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async

    def function(self, body: Callable[..., Any]) -> Callable[..., Any]:
        if not self.is_async:
            return lambda: body()

        async def function() -> Any:
            await asyncio.sleep(0)
            return body()

        return function

    def run(self, runnable: Any, **options: Any) -> Any:
        """The final state of a flow, or of a task in a flow of the same colour."""
        if hasattr(runnable, "task_runner"):
            called = runnable(return_state=True, **options)
            return asyncio.run(called) if self.is_async else called
        return self._in_flow(runnable, options)

    def _in_flow(self, runnable: Any, options: Any) -> Any:
        seen = []
        if self.is_async:

            async def around() -> None:
                seen.append(await runnable(return_state=True, **options))

            asyncio.run(flow(around, name="around")())
        else:
            flow(lambda: seen.append(runnable(return_state=True, **options)), name="around")()
        return seen[0]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Colour:
    return Colour(request.param)


@pytest.fixture(params=[flow, task], ids=["flow", "task"])
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


def run_id(state: Any) -> Any:
    """The flow runs and task runs of these tests are told apart by what their states know."""
    return state.state_details.task_run_id or state.state_details.flow_run_id


class Flaky:
    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tries = 0

    def __call__(self) -> int:
        self.tries += 1
        if self.tries <= self.failures:
            raise ValueError(f"try {self.tries}")
        return self.tries


def test_success(colour: Colour, make: Any, store: Any) -> None:
    state = colour.run(make(colour.function(lambda: 5), name="one"))
    assert (state.name, state.result()) == ("Completed", 5)
    assert store.history(run_id(state)) == ["Pending", "Running", "Completed"]


def test_failure(colour: Colour, make: Any, store: Any) -> None:
    state = colour.run(make(colour.function(Flaky(1)), name="one"))
    assert "try 1" in state.message
    assert isinstance(state.result(raise_on_failure=False), ValueError)
    assert store.history(run_id(state)) == ["Pending", "Running", "Failed"]


def test_retries(colour: Colour, make: Any, store: Any) -> None:
    flaky = Flaky(1)
    state = colour.run(make(colour.function(flaky), name="one", retries=2))
    assert (state.result(), flaky.tries) == (2, 2)
    again = ["Retrying"] if make is task else ["AwaitingRetry", "Running"]
    assert store.history(run_id(state)) == ["Pending", "Running", *again, "Completed"]


def test_exhausted_retries(colour: Colour, make: Any) -> None:
    flaky = Flaky(9)
    state = colour.run(make(colour.function(flaky), name="one", retries=2))
    assert state.is_failed()
    assert flaky.tries == 3


@pytest.mark.parametrize("outcome", [Completed, Failed, Cancelled])
def test_a_returned_state(colour: Colour, make: Any, outcome: Any) -> None:
    state = colour.run(make(colour.function(lambda: outcome(name="Mine", message="m")), name="one"))
    assert (state.type, state.name, state.message) == (outcome().type, "Mine", "m")


def test_hooks(colour: Colour, make: Any) -> None:
    heard: list[str] = []

    def note(event: str) -> Any:
        return lambda subject, run, state: heard.append(f"{event} {state.name}")

    hooks: dict[str, Any] = {event: [note(event)] for event in ("on_completion", "on_failure", "on_running")}
    colour.run(make(colour.function(lambda: 1), name="one", **hooks))
    assert heard == ["on_running Running", "on_completion Completed"]
    heard.clear()
    colour.run(make(colour.function(Flaky(1)), name="one", **hooks))
    assert heard == ["on_running Running", "on_failure Failed"]


def test_names(colour: Colour, make: Any) -> None:
    option, group = ("flow_run_name", "flow_run") if make is flow else ("task_run_name", "task_run")

    def body() -> str:
        return getattr(runtime, group).name

    one = make(colour.function(body), name="one", **{option: "named so"})
    assert colour.run(one).result() == "named so"


@pytest.mark.parametrize("cause", [KeyboardInterrupt, SystemExit])
def test_crashes(colour: Colour, make: Any, cause: type[BaseException], store: Any) -> None:
    seen = []

    def body() -> None:
        seen.append(runtime.task_run.id or runtime.flow_run.id)
        raise cause

    with pytest.raises(cause):
        colour.run(make(colour.function(body), name="one"))
    import uuid

    assert store.history(uuid.UUID(str(seen[0]))) == ["Pending", "Running", "Crashed"]


def test_prints_are_logged(colour: Colour, make: Any, records: Any) -> None:
    colour.run(make(colour.function(lambda: print("printed")), name="one", log_prints=True))
    logger = "prefect.flow_runs" if make is flow else "prefect.task_runs"
    assert "printed" in records.messages(logger)


def test_a_failed_upstream(colour: Colour, make: Any, store: Any) -> None:
    calls = []
    one = make(colour.function(lambda: calls.append(1)), name="one")
    upstream = Failed(message="upstream")
    seen = []

    def sync_parent() -> None:
        seen.append(one(wait_for=[upstream], return_state=True))

    async def async_parent() -> None:
        seen.append(await one(wait_for=[upstream], return_state=True))

    if colour.is_async:
        asyncio.run(flow(async_parent)())
    else:
        flow(sync_parent)()
    assert (seen[0].type.value, seen[0].name) == ("PENDING", "NotReady")
    assert calls == []


def test_a_timeout(colour: Colour, make: Any, store: Any) -> None:
    import time

    def busy() -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            time.sleep(0.002)

    async def sleeps() -> None:
        await asyncio.sleep(120)

    body = sleeps if colour.is_async else busy
    state = colour.run(make(body, name="one", timeout_seconds=0.05))
    assert (state.type.value, state.name) == ("FAILED", "TimedOut")
    assert isinstance(state.result(raise_on_failure=False), TimeoutError)
    assert store.history(run_id(state)) == ["Pending", "Running", "TimedOut"]
