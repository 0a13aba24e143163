"""What a task run depends on: how it is found, recorded, waited for and refused."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from prefect import allow_failure, flow, task
from prefect.exceptions import UnfinishedRun
from prefect.states import Cancelled, Crashed
from prefect.utilities.annotations import quote


class Seen:
    """Remembers the task runs whose hooks it hears."""

    def __init__(self) -> None:
        self.runs: dict[str, Any] = {}

    def __call__(self, task: Any, task_run: Any, state: Any) -> None:
        self.runs[task.name] = task_run

    def inputs(self, name: str) -> dict[str, list[Any]]:
        """Ids of the task runs in each argument of a task's run."""
        inputs = self.runs[name].task_inputs
        return {argument: [one.id for one in found] for argument, found in inputs.items()}


@pytest.fixture
def seen() -> Seen:
    return Seen()


@task
def one() -> Any:
    return {"made": "by one"}


@task
def identity(x: Any) -> Any:
    return x


@task
def broken() -> None:
    raise ValueError("broken")


def in_flow(body: Any) -> Any:
    """Run a body in a flow and give its value."""
    return flow(lambda: {"value": body()}, name="around")()["value"]


# --- found and recorded ---------------------------------------------------------------------------------


def test_a_future_is_replaced_by_its_result() -> None:
    assert in_flow(lambda: identity.submit(one.submit()).result()) == {"made": "by one"}
    assert in_flow(lambda: identity(one.submit())) == {"made": "by one"}


def test_a_state_is_replaced_by_its_result() -> None:
    assert in_flow(lambda: identity(one(return_state=True))) == {"made": "by one"}


@dataclass
class Pair:
    left: Any
    right: Any


class Model(BaseModel):
    inside: Any


@pytest.mark.parametrize(
    ("wrap", "unwrap"),
    [
        (lambda x: [x, 1], lambda v: v[0]),
        (lambda x: (1, x), lambda v: v[1]),
        (lambda x: {"k": {"deep": [x]}}, lambda v: v["k"]["deep"][0]),
        (lambda x: Pair(left=x, right=1), lambda v: v.left),
        (lambda x: Model(inside=[x]), lambda v: v.inside[0]),
    ],
    ids=["list", "tuple", "dict", "dataclass", "model"],
)
def test_futures_are_found_in_structures(wrap: Any, unwrap: Any) -> None:
    value = in_flow(lambda: identity(wrap(one.submit())))
    assert unwrap(value) == {"made": "by one"}
    assert type(value) is type(wrap(1))


def test_a_set_of_futures_keeps_its_kind() -> None:
    @task
    def number() -> int:
        return 5

    assert in_flow(lambda: identity({number.submit(), 7})) == {5, 7}


@pytest.mark.parametrize("how", ["future", "state", "value", "in a list"])
def test_inputs_are_recorded(how: str, seen: Seen) -> None:
    first = one.with_options(name="first", on_completion=[seen])
    second = identity.with_options(name="second", on_completion=[seen])

    def body() -> None:
        if how == "future":
            second(first.submit())
        elif how == "state":
            second(first(return_state=True))
        elif how == "value":
            second(first())
        else:
            second([first.submit()])

    in_flow(body)
    assert seen.inputs("second")["x"] == [seen.runs["first"].id]
    assert seen.runs["second"].task_inputs["x"][0].input_type == "task_run"


def test_what_comes_from_nowhere_is_recorded_as_nothing(seen: Seen) -> None:
    in_flow(lambda: identity.with_options(name="alone", on_completion=[seen])(5))
    assert seen.inputs("alone") == {"x": []}


def test_items_of_a_result_are_remembered_one_level_deep(seen: Seen) -> None:
    @task(name="first", on_completion=[seen])
    def several() -> list[Any]:
        return [{"a": 1}, {"b": 2}]

    second = identity.with_options(name="second", on_completion=[seen])
    in_flow(lambda: second(several()[0]))
    assert seen.inputs("second")["x"] == [seen.runs["first"].id]


@pytest.mark.parametrize("value", [None, True, 5])
def test_values_that_everybody_shares_are_not_remembered(value: Any, seen: Seen) -> None:
    first = task(lambda: value, name="first")
    second = identity.with_options(name="second", on_completion=[seen])
    in_flow(lambda: second(first()))
    assert seen.inputs("second") == {"x": []}


def test_items_of_a_generator_come_from_it(seen: Seen) -> None:
    @task(name="first", on_completion=[seen])
    def yields() -> Any:
        yield {"item": 1}

    second = identity.with_options(name="second", on_completion=[seen])

    def body() -> None:
        for item in yields():
            second(item)

    in_flow(body)
    assert seen.inputs("second")["x"] == [seen.runs["first"].id]


def test_a_task_in_a_task_knows_its_parent(seen: Seen) -> None:
    inner = one.with_options(name="inner", on_completion=[seen])

    @task(name="outer", on_completion=[seen])
    def outer() -> None:
        inner()

    in_flow(outer)
    assert seen.inputs("inner")["__parents__"] == [seen.runs["outer"].id]


# --- wait_for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["call", "submit"])
def test_wait_for_orders_and_is_recorded(kind: str, seen: Seen) -> None:
    order = []

    @task(name="first", on_completion=[seen])
    def first() -> None:
        order.append("first")

    @task(name="second", on_completion=[seen])
    def second() -> None:
        order.append("second")

    def body() -> None:
        upstream = first.submit()
        if kind == "call":
            second(wait_for=[upstream])
        else:
            second.submit(wait_for=[upstream]).wait()

    in_flow(body)
    assert order == ["first", "second"]
    assert seen.inputs("second")["wait_for"] == [seen.runs["first"].id]


def test_wait_for_takes_values_too(seen: Seen) -> None:
    first = one.with_options(name="first", on_completion=[seen])
    second = identity.with_options(name="second", on_completion=[seen])
    in_flow(lambda: second(1, wait_for=[first()]))
    assert seen.inputs("second")["wait_for"] == [seen.runs["first"].id]


def test_submit_does_not_wait_for_upstreams() -> None:
    import threading

    gate = threading.Event()

    @task
    def held() -> int:
        assert gate.wait(60)
        return 1

    def body() -> int:
        downstream = identity.submit(held.submit())
        gate.set()
        return downstream.result()

    assert in_flow(body) == 1


# --- upstreams that did not complete --------------------------------------------------------------------


@pytest.mark.parametrize("how", ["argument", "wait_for"])
def test_a_failed_upstream_keeps_the_task_from_running(how: str) -> None:
    calls = []

    @task
    def downstream(x: Any = None) -> None:
        calls.append(x)

    def body() -> Any:
        upstream = broken.submit()
        if how == "argument":
            return downstream.submit(upstream, return_state=True)
        return downstream.submit(wait_for=[upstream], return_state=True)

    state = in_flow(body)
    assert calls == []
    assert (state.type.value, state.name) == ("PENDING", "NotReady")
    assert "COMPLETED" in state.message


def test_a_task_that_did_not_run_has_no_result() -> None:
    def body() -> None:
        future = identity.submit(broken.submit())
        with pytest.raises(UnfinishedRun):
            future.result()

    in_flow(body)


def test_hooks_of_a_task_that_did_not_run_are_silent(seen: Seen) -> None:
    quiet = identity.with_options(name="quiet", on_completion=[seen], on_failure=[seen])
    in_flow(lambda: quiet.submit(broken.submit()).wait())
    assert seen.runs == {}


def test_not_ready_spreads_down_the_chain() -> None:
    def body() -> Any:
        return identity.submit(identity.submit(broken.submit()), return_state=True).name

    assert in_flow(body) == "NotReady"


def test_an_allowed_failure_is_passed_as_its_exception() -> None:
    value = in_flow(lambda: identity(allow_failure(broken.submit())))
    assert isinstance(value, ValueError)
    assert in_flow(lambda: identity.submit(allow_failure(one.submit())).result()) == {"made": "by one"}


def test_an_allowed_failure_may_be_waited_for() -> None:
    assert in_flow(lambda: identity(3, wait_for=[allow_failure(broken.submit())])) == 3


@pytest.mark.parametrize("make", [Cancelled, Crashed])
def test_only_failures_can_be_allowed(make: Any) -> None:
    upstream = task(lambda: make(message="stopped"), name="upstream")
    body = lambda: identity.submit(allow_failure(upstream.submit()), return_state=True).name  # noqa: E731
    assert in_flow(body) == "NotReady"


# --- quote ----------------------------------------------------------------------------------------------


def test_what_is_quoted_is_not_searched(seen: Seen) -> None:
    first = one.with_options(name="first", on_completion=[seen])
    second = identity.with_options(name="second", on_completion=[seen])
    in_flow(lambda: second(quote({"inside": first()})))
    assert seen.inputs("second") == {"x": []}


def test_the_function_gets_what_was_quoted() -> None:
    value = ["quoted"]
    assert in_flow(lambda: identity(quote(value))) is value


def test_large_structures_are_passed_as_they_are() -> None:
    value = [[number] for number in range(1000)]
    assert in_flow(lambda: identity(value)) is value
