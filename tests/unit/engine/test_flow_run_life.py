"""The life of a flow run in an embedded store: sequences of states in both colours, answers, hooks, interruptions."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from prefect import flow, get_run_logger, task
from prefect._clock import VirtualClock
from prefect._steps import generate_awaiting, generate_blocking, run_awaiting, run_blocking
from prefect.client.orchestration.local import LocalClient
from prefect.context import FlowRunContext, TaskRunContext, tags
from prefect.engine import observer
from prefect.engine.flow_run import FlowRunLife, FlowRunTimeoutError
from prefect.engine.naming import RunNameError
from prefect.exceptions import Abort, ParameterTypeError, Pause
from prefect.futures import PrefectConcurrentFuture
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun
from prefect.schemas.states import State, StateType
from prefect.server.database.holders import this_holder
from prefect.server.database.journal import Journal
from prefect.server.database.opening import memory_location
from prefect.server.database.store import Store as Opened
from prefect.server.models.transitions import Outcome
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Failed, Paused, Running

pytestmark = pytest.mark.usefixtures("virtual_clock", "store")


class Store(LocalClient):
    """A store in memory that may be told what to answer next, in place of its rules."""

    def __init__(self) -> None:
        super().__init__(Opened.over(Journal(memory_location(), this_holder())))
        self.answers: list[Outcome] = []

    def propose_flow_run_state(self, run_id: UUID, state: State[Any], *args: Any, **options: Any) -> Outcome:
        if self.answers:
            answer = self.answers.pop(0)
            if answer.status != "ACCEPT":
                return answer
        return super().propose_flow_run_state(run_id, state, *args, **options)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.journal.reading() as connection:
            return connection.execute(query, values).fetchall()

    def history(self, run: FlowRun) -> list[str]:
        query = "SELECT name FROM flow_run_state WHERE flow_run_id = ? ORDER BY timestamp"
        return [name for (name,) in self.rows(query, run.id.bytes)]

    def recorded(self, run: FlowRun, column: str) -> Any:
        return self.rows(f"SELECT {column} FROM flow_run WHERE id = ?", run.id.bytes)[0][0]


@pytest.fixture
def client() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def lived(life: FlowRunLife) -> FlowRunLife:
    """Live the life in the colour of its flow; what it raises is for the caller."""
    if life.flow.isasync:
        asyncio.run(run_awaiting(life.live()))
    else:
        run_blocking(life.live())
    return life


Colour = Callable[[Callable[..., Any]], Callable[..., Any]]


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Colour:
    """Makes a function of one colour out of a plain one."""

    def as_async(fn: Callable[..., Any]) -> Callable[..., Any]:
        async def async_fn(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            return fn(*args, **kwargs)

        async_fn.__signature__ = inspect.signature(fn)  # type: ignore[attr-defined]
        async_fn.__annotations__ = fn.__annotations__
        return async_fn

    return as_async if request.param == "async" else lambda fn: fn


class Attempts:
    """A body that raises what it is given, one after the other, and then returns."""

    def __init__(self, *errors: BaseException | None, value: Any = "value") -> None:
        self.errors = list(errors)
        self.value = value
        self.run_counts: list[int] = []

    def body(self) -> Callable[[], Any]:
        def attempt() -> Any:
            context = FlowRunContext.get()
            assert context is not None
            self.run_counts.append(context.flow_run.run_count)
            error = self.errors.pop(0) if self.errors else None
            if error is not None:
                raise error
            return self.value

        return attempt


BOOM = ValueError("boom")

# --- sequences ------------------------------------------------------------------------------------------


def test_success(colour: Colour, client: Store) -> None:
    life = lived(FlowRunLife(flow(colour(lambda: 5), name="five"), {}, client))
    assert client.history(life.run) == ["Pending", "Running", "Completed"]
    assert (life.value, life.raised) == (5, None)
    assert life.state is not None
    assert life.state.data == 5
    assert client.recorded(life.run, "run_count") == life.run.run_count == 1


def test_failure(colour: Colour, client: Store) -> None:
    life = lived(FlowRunLife(flow(name="fails")(colour(Attempts(BOOM).body())), {}, client))
    assert client.history(life.run) == ["Pending", "Running", "Failed"]
    assert life.raised is BOOM
    assert life.state is not None
    assert life.state.data is BOOM
    assert life.state.message == "Flow run encountered an exception: ValueError: boom"


def test_retries(colour: Colour, client: Store, virtual_clock: VirtualClock) -> None:
    attempts = Attempts(BOOM, BOOM)
    retried = flow(name="retried", retries=2, retry_delay_seconds=30)(colour(attempts.body()))
    life = lived(FlowRunLife(retried, {}, client))
    expected = ["Pending", "Running", "AwaitingRetry", "Running", "AwaitingRetry", "Running", "Completed"]
    assert client.history(life.run) == expected
    assert attempts.run_counts == [1, 2, 3]
    assert (life.value, life.raised) == ("value", None)
    assert sum(virtual_clock.slept) == pytest.approx(60, abs=0.1)


def test_retries_are_used_up(colour: Colour, client: Store) -> None:
    errors = [ValueError(str(number)) for number in range(3)]
    life = lived(FlowRunLife(flow(name="fails", retries=1)(colour(Attempts(*errors).body())), {}, client))
    assert client.history(life.run) == ["Pending", "Running", "AwaitingRetry", "Running", "Failed"]
    assert life.raised is errors[1]


@pytest.mark.parametrize("retries", [0, 1])
def test_a_timeout(colour: Colour, client: Store, retries: int) -> None:
    def endless() -> None:
        while True:
            pass

    async def waits() -> None:
        await asyncio.Event().wait()

    body = endless if colour(endless) is endless else waits
    life = lived(FlowRunLife(flow(timeout_seconds=0.01, retries=retries)(body), {}, client))
    again = ["AwaitingRetry", "Running"] * retries
    assert client.history(life.run) == ["Pending", "Running", *again, "TimedOut"]
    assert isinstance(life.raised, FlowRunTimeoutError)
    assert life.state is not None
    assert life.state.message == "Flow run exceeded timeout of 0.01 second(s)"


def typed(x: int = 0) -> int:
    return x


def test_parameters_are_coerced(colour: Colour, client: Store) -> None:
    life = lived(FlowRunLife(flow(colour(typed)), {"x": "3"}, client))
    assert life.value == 3
    assert client.recorded(life.run, "parameters") == '{"x":"3"}'


def test_parameters_that_do_not_fit(colour: Colour, client: Store) -> None:
    called: list[str] = []
    strict = flow(on_failure=[lambda *_: called.append("on_failure")])(colour(typed))
    life = lived(FlowRunLife(strict, {"x": "three"}, client))
    assert client.history(life.run) == ["Pending", "Failed"]
    assert isinstance(life.raised, ParameterTypeError)
    assert called == ["on_failure"]
    assert (client.recorded(life.run, "run_count"), client.recorded(life.run, "start_time")) == (0, None)


def test_a_name_that_cannot_be_made(colour: Colour, client: Store) -> None:
    life = lived(FlowRunLife(flow(flow_run_name="{nobody}")(colour(typed)), {"x": 1}, client))
    assert client.history(life.run) == ["Pending", "Failed"]
    assert isinstance(life.raised, RunNameError)


def test_a_run_is_named_once(colour: Colour, client: Store) -> None:
    named: list[str] = []

    def name() -> str:
        context = FlowRunContext.get()
        assert context is not None
        named.append(f"{context.flow_run.id}"[-4:])
        return f"name-{len(named)}-{(context.parameters or {})['x']}"

    attempts = Attempts(BOOM)
    body = attempts.body()

    def with_parameter(x: int) -> Any:
        return body()

    life = lived(FlowRunLife(flow(flow_run_name=name, retries=1)(colour(with_parameter)), {"x": "7"}, client))
    assert life.run.name == client.recorded(life.run, "name") == "name-1-7"
    assert len(named) == 1


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (Completed(name="Own", data=1), ["Pending", "Running", "Own"]),
        (Failed(message="said so"), ["Pending", "Running", "Failed"]),
        (Cancelled(), ["Pending", "Running", "Cancelled"]),
        (Cancelling(), ["Pending", "Running", "Cancelling"]),
        (Crashed(), ["Pending", "Running", "Crashed"]),
    ],
    ids=str,
)
def test_a_returned_state_is_the_state(
    colour: Colour, client: Store, state: State[Any], names: list[str]
) -> None:
    life = lived(FlowRunLife(flow(name="returns")(colour(lambda: state.fresh_copy())), {}, client))
    assert client.history(life.run) == names


def test_a_returned_failure_is_retried(client: Store) -> None:
    states = [Failed(), Completed(data=1)]
    life = lived(FlowRunLife(flow(name="returns", retries=1)(lambda: states.pop(0)), {}, client))
    assert client.history(life.run) == ["Pending", "Running", "AwaitingRetry", "Running", "Completed"]


def finished(value: Any = None, state: State[Any] | None = None) -> PrefectConcurrentFuture[Any]:
    future: PrefectConcurrentFuture[Any] = PrefectConcurrentFuture(uuid7())
    state = state or Completed(data=value)
    state.state_details.task_run_id = future.task_run_id
    future.complete(state)
    return future


def test_an_upstream_that_did_not_complete(colour: Colour, client: Store) -> None:
    failed = finished(state=Failed())
    for life in (
        FlowRunLife(flow(colour(typed)), {"x": failed}, client),
        FlowRunLife(flow(colour(typed)), {"x": 1}, client, wait_for=[failed]),
    ):
        lived(life)
        assert client.history(life.run) == ["Pending", "NotReady"]
        assert life.state is not None
        assert str(failed.task_run_id) in str(life.state.message)


def test_futures_among_arguments_are_waited_for(colour: Colour, client: Store) -> None:
    future: PrefectConcurrentFuture[int] = PrefectConcurrentFuture(uuid7())
    threading.Timer(0.01, future.complete, [Completed(data="6")]).start()
    assert lived(FlowRunLife(flow(colour(typed)), {"x": future}, client)).value == 6


# --- interruptions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()], ids=repr)
def test_an_interruption_is_recorded_and_goes_on_its_way(client: Store, error: BaseException) -> None:
    called: list[str] = []

    def hook(flow: Any, flow_run: Any, state: Any) -> None:
        called.append(state.name)

    interrupted = flow(retries=3, on_crashed=[hook], on_failure=[hook], on_completion=[hook])(
        Attempts(error).body()
    )
    life = FlowRunLife(interrupted, {}, client)
    with pytest.raises(type(error)):
        lived(life)
    assert client.history(life.run) == ["Pending", "Running", "Crashed"]
    assert called == ["Crashed"]
    assert FlowRunContext.get() is None


def test_a_cancelled_coroutine_is_recorded(client: Store) -> None:
    life = FlowRunLife(flow(name="waits")(wait_for_ever), {}, client)

    async def main() -> None:
        running = asyncio.ensure_future(run_awaiting(life.live()))
        while life.state is None or not life.state.is_running():
            await asyncio.sleep(0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert client.history(life.run) == ["Pending", "Running", "Crashed"]


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


def test_a_coroutine_that_is_thrown_away_is_recorded(client: Store) -> None:
    life = FlowRunLife(flow(name="waits")(wait_for_ever), {}, client)

    async def main() -> None:
        coroutine = run_awaiting(life.live())
        coroutine.send(None)
        coroutine.close()

    asyncio.run(main())
    assert client.history(life.run) == ["Pending", "Running", "Crashed"]


def test_an_interruption_while_waiting_for_a_retry(client: Store, virtual_clock: VirtualClock) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    virtual_clock.sleep = interrupted  # type: ignore[method-assign]
    life = FlowRunLife(flow(retries=1, retry_delay_seconds=5)(Attempts(BOOM).body()), {}, client)
    with pytest.raises(KeyboardInterrupt):
        lived(life)
    assert client.history(life.run) == ["Pending", "Running", "AwaitingRetry", "Crashed"]


def test_hooks_for_crashes_and_cancellations_may_be_somebody_elses(
    client: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def hook(flow: Any, flow_run: Any, state: Any) -> None:
        called.append(state.name)

    hooks = {"on_crashed": [hook], "on_cancellation": [hook], "on_completion": [hook]}
    for told in ("true", "FALSE"):
        monkeypatch.setenv("PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS", told)
        called.append(told)
        for state in (Crashed(), Cancelled(), Cancelling(), Completed()):
            lived(FlowRunLife(flow(**hooks, name="ends")(lambda s=state: s.fresh_copy()), {}, client))
    assert called == ["true", "Crashed", "Cancelled", "Cancelling", "Completed", "FALSE", "Completed"]


# --- answers --------------------------------------------------------------------------------------------


def test_wait_is_asked_again_later(client: Store, virtual_clock: VirtualClock) -> None:
    client.answers = [Outcome("WAIT", None, "not yet", delay_seconds=17.0)] * 2
    life = lived(FlowRunLife(flow(typed), {"x": 1}, client))
    assert client.history(life.run) == ["Pending", "Running", "Completed"]
    assert virtual_clock.slept == [17, 17]


@pytest.mark.parametrize("step", [0, 1])
def test_abort_ends_the_life_here(client: Store, step: int) -> None:
    client.answers = [Outcome("ACCEPT", None)] * step + [Outcome("ABORT", None, "told to stop")]
    life = FlowRunLife(flow(typed), {"x": 1}, client)
    with pytest.raises(Abort, match="told to stop"):
        lived(life)
    assert client.history(life.run) == ["Pending", "Running"][: 1 + step]


def test_a_pause_from_outside_is_a_signal(client: Store) -> None:
    paused = Paused()
    client.answers = [Outcome("REJECT", paused, "paused")]
    with pytest.raises(Pause) as caught:
        lived(FlowRunLife(flow(typed), {"x": 1}, client))
    assert caught.value.state is paused


def test_a_run_that_has_ended_meanwhile_does_not_start(client: Store) -> None:
    client.answers = [Outcome("REJECT", Crashed(), "crashed")]
    with pytest.raises(Abort, match=r"may not start.*Crashed"):
        lived(FlowRunLife(flow(typed), {"x": 1}, client))


def test_a_crash_that_cannot_be_recorded_goes_on_its_way(
    client: Store, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []
    client.answers = [Outcome("ACCEPT", None), Outcome("ABORT", None, "somebody else's")]
    crashing = flow(on_crashed=[lambda *_: called.append("hook")])(Attempts(KeyboardInterrupt()).body())
    with pytest.raises(KeyboardInterrupt):
        lived(FlowRunLife(crashing, {}, client))
    assert called == []
    assert "could not be recorded" in caplog.text


def test_each_proposal_has_a_transition_id_of_its_own(client: Store) -> None:
    life = lived(FlowRunLife(flow(retries=1)(Attempts(BOOM).body()), {}, client))
    query = "SELECT state_details FROM flow_run_state WHERE flow_run_id = ?"
    rows = client.rows(query, life.run.id.bytes)
    told = [json.loads(details or "{}").get("transition_id") for (details,) in rows]
    given = [one for one in told if one is not None]
    assert len(given) == len(set(given)) >= 3


# --- runs that exist ------------------------------------------------------------------------------------


def test_a_failed_run_can_be_run_again(client: Store) -> None:
    attempts = Attempts(BOOM)
    again = flow(name="again")(attempts.body())
    first = lived(FlowRunLife(again, {}, client))
    second = lived(FlowRunLife(again, {}, client, run=first.run))
    assert second.run.id == first.run.id
    assert client.history(first.run) == ["Pending", "Running", "Failed", "Pending", "Running", "Completed"]
    assert attempts.run_counts == [1, 2]
    assert client.recorded(first.run, "attempt") == 2


def test_a_run_that_may_not_start_is_refused(client: Store) -> None:
    done = lived(FlowRunLife(flow(typed, name="done"), {"x": 1}, client))
    client.answers = [Outcome("ABORT", None, "is running elsewhere")]
    with pytest.raises(Abort, match="elsewhere"):
        lived(FlowRunLife(done.flow, {"x": 1}, client, run=done.run))


def test_a_run_that_is_over_stays_as_it_is(client: Store) -> None:
    done = lived(FlowRunLife(flow(typed, name="done"), {"x": 1}, client))
    state = Completed(data=5)
    client.answers = [Outcome("REJECT", state, "completed already")]
    life = lived(FlowRunLife(done.flow, {"x": 1}, client, run=done.run))
    assert life.state is state


# --- bookkeeping ----------------------------------------------------------------------------------------


def test_what_a_new_run_is_recorded_with(client: Store) -> None:
    def body(x: int) -> None: ...

    with tags("b", "a"):
        run = lived(
            FlowRunLife(
                flow(name="kept", version="v2", retries=3, retry_delay_seconds=0.5)(body),
                {"x": 1},
                client,
                labels={"own": 1},
            )
        ).run
    assert client.rows("SELECT name FROM flow WHERE id = ?", run.flow_id.bytes) == [("kept",)]
    assert (run.flow_version, run.tags, run.parameters) == ("v2", ["a", "b"], {"x": 1})
    assert (run.empirical_policy.retries, run.empirical_policy.retry_delay) == (3, 0.5)
    assert run.labels["own"] == 1
    assert run.parent_task_run_id is None
    assert len(run.name.split("-")) == 2


def test_times_of_the_run(client: Store, virtual_clock: VirtualClock) -> None:
    run = lived(FlowRunLife(flow(name="naps")(lambda: virtual_clock.sleep(7)), {}, client)).run
    assert run.expected_start_time is not None
    assert run.start_time is not None
    assert run.end_time is not None
    assert run.expected_start_time < run.start_time < run.end_time
    assert abs(run.total_run_time - timedelta(seconds=7)) < timedelta(seconds=1)


def test_observers_are_told_of_every_move(client: Store) -> None:
    told: list[Any] = []

    class Watch:
        def on_flow_state(self, *move: Any) -> None:
            told.append(move[1:])

    previous = observer.set_observer(Watch())  # type: ignore[arg-type]
    try:
        lived(FlowRunLife(flow(typed), {"x": 1}, client))
    finally:
        observer.set_observer(previous)
    pending, running = StateType.PENDING, StateType.RUNNING
    assert told == [(None, pending), (pending, running), (running, StateType.COMPLETED)]


def test_the_lease_is_held_while_the_run_is_not_over(client: Store) -> None:
    held: list[int] = []

    def look() -> None:
        held.append(len(client.rows("SELECT * FROM lease WHERE kind = 'flow_run'")))

    lived(FlowRunLife(flow(look), {}, client))
    look()
    assert held == [1, 0]


# --- hooks, context, prints -----------------------------------------------------------------------------


def test_hooks_hear_of_running_and_of_the_end(colour: Colour, client: Store) -> None:
    heard: list[str] = []

    def hook(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is flow_run
        heard.append(f"{state.name} {flow_run.run_count}")

    hooks = {name: [colour(hook)] for name in ("on_running", "on_completion", "on_failure")}
    lived(FlowRunLife(flow(**hooks, retries=1)(colour(Attempts(BOOM).body())), {}, client))
    assert heard == ["Running 1", "Running 2", "Completed 2"]
    heard.clear()
    lived(FlowRunLife(flow(**hooks)(colour(Attempts(BOOM).body())), {}, client))
    assert heard == ["Running 1", "Failed 1"]


def test_hooks_that_raise_change_nothing(client: Store) -> None:
    def bad(*_: Any) -> None:
        raise RuntimeError("in a hook")

    life = lived(FlowRunLife(flow(on_running=[bad], on_completion=[bad, bad])(typed), {"x": 1}, client))
    assert client.history(life.run) == ["Pending", "Running", "Completed"]
    assert (life.value, life.raised) == (1, None)


def test_the_context_surrounds_the_body_only(colour: Colour, client: Store) -> None:
    seen: list[Any] = []

    def look(x: int) -> None:
        seen.append(FlowRunContext.get())
        seen.append(TaskRunContext.get())

    looking = flow(log_prints=True, persist_result=False)(colour(look))
    life = lived(FlowRunLife(looking, {"x": "1"}, client))
    context, task_context = seen
    assert (context.flow, context.flow_run, context.parameters) == (looking, life.run, {"x": 1})
    assert (context.log_prints, context.persist_result, context.client) == (True, False, client)
    assert context.task_runner is not looking.task_runner
    assert context.task_runner == looking.task_runner
    assert task_context is None
    assert FlowRunContext.get() is None


def test_prints_become_records_when_asked_for(
    colour: Colour, client: Store, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def talks() -> None:
        print("printed")
        get_run_logger().info("logged")

    for log_prints, said in ((True, ["printed", "logged"]), (None, ["logged"])):
        caplog.clear()
        with caplog.at_level("INFO"):
            lived(FlowRunLife(flow(log_prints=log_prints)(colour(talks)), {}, client))
        found = [record.getMessage() for record in caplog.records if record.name == "prefect.flow_runs"]
        assert [message for message in found if message in ("printed", "logged")] == said
    assert capsys.readouterr().out.count("printed") == 1


def test_what_cannot_be_stored_is_said(client: Store, caplog: pytest.LogCaptureFixture) -> None:
    kept = flow(name="kept", persist_result=True)(lambda: threading.Lock())
    life = lived(FlowRunLife(kept, {}, client))
    assert client.history(life.run)[-1] == "Completed"
    assert "cannot be stored" in caplog.text
    assert life.state is not None
    assert life.state.data is life.value


def test_what_is_kept_is_where_the_state_says(client: Store) -> None:
    life = lived(FlowRunLife(flow(name="kept", persist_result=True)(lambda: [1, 2]), {}, client))
    assert life.state is not None
    assert life.state.result() == [1, 2]
    assert "storage_key" in client.rows("SELECT data FROM flow_run_state WHERE name = 'Completed'")[0][0]


# --- what is returned -----------------------------------------------------------------------------------


@task
def double(x: Any) -> Any:
    return 2 * x


def test_returned_futures_are_waited_for_and_stand_for_their_states(colour: Colour, client: Store) -> None:
    def submits() -> Any:
        return {"deep": [double.submit(1)], "plain": 7}

    life = lived(FlowRunLife(flow(colour(submits)), {}, client))
    state = life.value["deep"][0]
    assert isinstance(state, State)
    assert (state.name, state.result(), life.value["plain"]) == ("Completed", 2, 7)


def test_a_returned_generator_is_a_list(colour: Colour, client: Store) -> None:
    life = lived(FlowRunLife(flow(colour(lambda: (number for number in (1, 2)))), {}, client))
    assert life.value == [1, 2]


# --- subflows -------------------------------------------------------------------------------------------


@flow
def child(x: int, fails: bool = False) -> int:
    if fails:
        raise BOOM
    return x + 1


def placeholders(client: Store, parent: FlowRun) -> list[tuple[str, list[str]]]:
    """Names of the placeholders of a parent, with their states."""
    query = "SELECT id, name FROM task_run WHERE flow_run_id = ? ORDER BY id"
    states = "SELECT name FROM task_run_state WHERE task_run_id = ? ORDER BY timestamp"
    return [
        (name, [state for (state,) in client.rows(states, id)])
        for id, name in client.rows(query, parent.id.bytes)
    ]


def test_placeholders_follow_their_children(colour: Colour, client: Store) -> None:
    def parent() -> int:
        with suppress(ValueError):
            child(1, fails=True)
        return child(double(1))

    life = lived(FlowRunLife(flow(colour(parent), name="parent"), {}, client))
    assert life.value == 3
    found = [entry for entry in placeholders(client, life.run) if entry[0].startswith("child")]
    assert found == [
        ("child-0", ["Pending", "Pending", "Running", "Failed"]),
        ("child-1", ["Pending", "Pending", "Running", "Completed"]),
    ]


def test_a_child_knows_its_place(client: Store) -> None:
    life = lived(FlowRunLife(flow(lambda: child(1), name="parent"), {}, client))
    query = (
        "SELECT task_run.flow_run_id FROM flow_run"
        " JOIN task_run ON task_run.id = flow_run.parent_task_run_id WHERE flow_run.id != ?"
    )
    assert client.rows(query, life.run.id.bytes) == [(life.run.id.bytes,)]


def test_a_completed_child_is_taken_over_by_a_retry_and_a_failed_one_runs_again(client: Store) -> None:
    calls: list[str] = []

    @flow
    def steady() -> int:
        calls.append("steady")
        return 1

    @flow
    def flaky() -> int:
        calls.append("flaky")
        if calls.count("flaky") < 2:
            raise BOOM
        return 2

    def parent() -> int:
        return steady() + flaky()

    life = lived(FlowRunLife(flow(parent, retries=1), {}, client))
    assert life.value == 3
    assert calls == ["steady", "flaky", "flaky"]
    assert placeholders(client, life.run) == [
        ("steady-0", ["Pending", "Pending", "Running", "Completed"]),
        ("flaky-0", ["Pending", "Pending", "Running", "Failed", "Pending", "Running", "Completed"]),
    ]
    assert client.rows("SELECT count(*) FROM flow_run") == [(3,)]


# --- generators -----------------------------------------------------------------------------------------


class Log:
    """What a generator went through."""

    def __init__(self) -> None:
        self.entries: list[Any] = []

    def numbers(self) -> Iterator[Any]:
        try:
            for number in (1, 2, 3):
                self.entries.append((yield number))
                assert FlowRunContext.get() is not None
        finally:
            self.entries.append("closed" if FlowRunContext.get() else "closed outside of the run")

    async def async_numbers(self) -> AsyncIterator[Any]:
        try:
            for number in (1, 2, 3):
                await asyncio.sleep(0)
                self.entries.append((yield number))
                assert FlowRunContext.get() is not None
        finally:
            await asyncio.sleep(0)
            self.entries.append("closed" if FlowRunContext.get() else "closed outside of the run")


def test_items_are_collected_when_nobody_iterates(client: Store) -> None:
    log = Log()
    assert lived(FlowRunLife(flow(log.numbers), {}, client)).value == [1, 2, 3]
    assert lived(FlowRunLife(flow(log.async_numbers), {}, client)).value == [1, 2, 3]


def test_items_are_handed_out_one_by_one(client: Store) -> None:
    log = Log()
    life = FlowRunLife(flow(log.numbers), {}, client, emits=True)
    items = generate_blocking(life.live())
    assert next(items) == 1
    assert FlowRunContext.get() is None
    assert items.send("sent") == 2
    assert list(items) == [3]
    assert log.entries == ["sent", None, None, "closed"]
    assert client.history(life.run) == ["Pending", "Running", "Completed"]


def test_closing_early_completes_the_run(client: Store) -> None:
    log = Log()
    life = FlowRunLife(flow(log.numbers), {}, client, emits=True)
    items = generate_blocking(life.live())
    next(items)
    items.close()
    assert log.entries == ["closed"]
    assert client.history(life.run) == ["Pending", "Running", "Completed"]


def test_closing_early_completes_the_run_in_async_code(client: Store) -> None:
    log = Log()
    life = FlowRunLife(flow(log.async_numbers), {}, client, emits=True)

    async def main() -> None:
        items = generate_awaiting(life.live())
        await anext(items)
        await items.aclose()

    asyncio.run(main())
    assert log.entries == ["closed"]
    assert client.history(life.run) == ["Pending", "Running", "Completed"]


def test_an_error_in_the_clean_up_fails_the_run_for_good(client: Store) -> None:
    @flow(retries=5)
    def messy() -> Iterator[int]:
        try:
            yield 1
        finally:
            raise BOOM

    life = FlowRunLife(messy, {}, client, emits=True)
    items = generate_blocking(life.live())
    next(items)
    items.close()
    assert client.history(life.run) == ["Pending", "Running", "Failed"]
    assert life.raised is BOOM


def test_what_the_consumer_throws_in_reaches_the_generator(client: Store) -> None:
    caught: list[Any] = []

    @flow
    def catches() -> Iterator[int]:
        try:
            yield 1
        except KeyError as error:
            caught.append(error)
            yield 2

    life = FlowRunLife(catches, {}, client, emits=True)
    items = generate_blocking(life.live())
    next(items)
    error = KeyError("thrown in")
    assert items.throw(error) == 2
    assert list(items) == []
    assert caught == [error]
    assert client.history(life.run) == ["Pending", "Running", "Completed"]


def test_a_running_state_made_by_the_user_is_no_end(client: Store) -> None:
    life = lived(FlowRunLife(flow(name="odd")(lambda: [Running()]), {}, client))
    assert life.state is not None
    assert life.state.type is StateType.FAILED
