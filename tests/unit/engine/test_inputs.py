"""Finding upstreams among arguments, and putting their results in their place."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from prefect.engine import inputs
from prefect.engine.links import ResultLinks
from prefect.exceptions import PrefectException, UpstreamTaskError
from prefect.futures import PrefectConcurrentFuture
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRunResult, RunInput, TaskRunResult
from prefect.schemas.states import State
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending
from prefect.utilities.annotations import allow_failure, opaque, quote, unmapped


def finished(value: Any = None, state: State[Any] | None = None) -> PrefectConcurrentFuture[Any]:
    """A future that has ended."""
    future: PrefectConcurrentFuture[Any] = PrefectConcurrentFuture(uuid7())
    state = state or Completed(data=value)
    state.state_details.task_run_id = future.task_run_id
    future.complete(state)
    return future


def edge(future: PrefectConcurrentFuture[Any]) -> RunInput:
    return TaskRunResult(id=future.task_run_id)


class Model(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    inside: Any


@dataclasses.dataclass
class Data:
    inside: Any


Pair = namedtuple("Pair", ["first", "second"])

CONTAINERS: dict[str, Any] = {
    "itself": lambda item: item,
    "list": lambda item: [1, item],
    "tuple": lambda item: (item, "text"),
    "named tuple": lambda item: Pair(item, 2),
    "set": lambda item: {item},
    "frozenset": lambda item: frozenset([item]),
    "dictionary": lambda item: {"key": item},
    "ordered dictionary": lambda item: OrderedDict(key=item),
    "key": lambda item: {item: "value"},
    "model": lambda item: Model(inside=item),
    "dataclass": lambda item: Data(item),
    "deep": lambda item: [{"a": ({"b": Model(inside=[Data(item)])},)}],
    "annotated": lambda item: allow_failure([item]),
}
in_containers = pytest.mark.parametrize("wrap", CONTAINERS.values(), ids=CONTAINERS)


# --- looking through ------------------------------------------------------------------------------------


@in_containers
def test_futures_are_found_in_containers(wrap: Any) -> None:
    future = finished()
    found = inputs.look_through({"x": wrap(future), "y": 1}, None)
    assert found.upstreams == [future]
    assert found.inputs == {"x": [edge(future)], "y": []}


@in_containers
def test_results_of_earlier_runs_are_found_in_containers(wrap: Any) -> None:
    links, value, made_by = ResultLinks(), "a" * 300, TaskRunResult(id=uuid7())
    links.remember(value, made_by)
    found = inputs.look_through({"x": wrap(value)}, links)
    assert found.inputs == {"x": [made_by]}
    assert found.upstreams == []


def test_a_container_that_is_a_result_is_found_whole_and_by_its_items() -> None:
    links, made_by = ResultLinks(), TaskRunResult(id=uuid7())
    value = [Data(1), Data(2)]
    links.remember(value, made_by)
    assert inputs.look_through({"x": value}, links).inputs == {"x": [made_by]}
    assert inputs.look_through({"x": [value[1], 5]}, links).inputs == {"x": [made_by]}


def test_each_upstream_is_an_edge_once() -> None:
    future = finished()
    found = inputs.look_through({"x": [future, [future]], "y": future}, None)
    assert found.inputs == {"x": [edge(future)], "y": [edge(future)]}


def test_states_are_upstreams_too() -> None:
    of_task, of_flow, of_nobody = Completed(), Completed(), Completed()
    of_task.state_details.task_run_id = uuid7()
    of_task.state_details.flow_run_id = uuid7()
    of_flow.state_details.flow_run_id = uuid7()
    found = inputs.look_through({"x": [of_task, of_flow, of_nobody]}, None)
    assert found.upstreams == [of_task, of_flow, of_nobody]
    assert found.inputs["x"] == [
        TaskRunResult(id=of_task.state_details.task_run_id),
        FlowRunResult(id=of_flow.state_details.flow_run_id),
    ]


@pytest.mark.parametrize("mark", [quote, opaque])
def test_quoted_content_is_not_searched(mark: Any) -> None:
    found = inputs.look_through({"x": mark([finished()])}, None)
    assert (found.upstreams, found.inputs) == ([], {"x": []})


@pytest.mark.parametrize("mark", [allow_failure, quote, opaque, unmapped])
def test_annotations_are_noticed(mark: Any) -> None:
    assert inputs.look_through({"x": [mark(1)]}, None).marked
    assert not inputs.look_through({"x": [1]}, None).marked


def test_what_refers_to_itself_is_searched_to_an_end() -> None:
    knot: list[Any] = [finished()]
    knot.append(knot)
    assert set(inputs.look_through({"x": knot}, None).upstreams) == {knot[0]}


@dataclasses.dataclass(eq=False)
class Link:
    """One of a chain, each of which knows both its neighbours."""

    before: Any = None
    after: Any = None


class CountedLinks(ResultLinks):
    """Raises once it is asked more often than a look through a short chain may ask."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.remember("something", TaskRunResult(id=uuid7()))

    def source_of(self, value: Any) -> RunInput | None:
        self.asked += 1
        assert self.asked < 1_000, "the same objects are looked at again and again"
        return super().source_of(value)


def test_what_is_referred_to_from_many_places_is_searched_once() -> None:
    """There are more ways through such a chain than anyone could go."""
    future = PrefectConcurrentFuture[Any](uuid7())
    chain = [Link() for _ in range(20)]
    for one, other in itertools.pairwise(chain):
        one.after, other.before = other, one
    chain[-1].after = future
    assert inputs.look_through({"x": chain[0]}, CountedLinks()).upstreams == [future]


def test_generators_are_not_consumed() -> None:
    items = (item for item in [finished()])
    assert inputs.look_through({"x": items}, None).upstreams == []
    assert next(items).done()


def test_classes_and_live_objects_are_left_alone() -> None:
    class Live:
        @property
        def inside(self) -> None:
            raise AssertionError("looked into a live object")

    assert inputs.look_through({"x": [Live(), Data, Model, len]}, None).upstreams == []


@contextmanager
def few_lines_of_python() -> Iterator[None]:
    """What the block calls visits no million of things one by one."""
    lines = 0

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        yield
    finally:
        sys.settrace(before)
    assert lines < 10_000


@pytest.mark.parametrize(
    "huge", [list(range(1_000_000)), dict.fromkeys(range(1_000_000), "v"), ["text"] * 1_000_000]
)
def test_huge_collections_of_plain_values_cost_little(huge: Any) -> None:
    links = ResultLinks()
    links.remember(Data(1), TaskRunResult(id=uuid7()))
    with few_lines_of_python():
        found = inputs.look_through({"x": huge}, links)
        assert inputs.resolved({"x": huge})["x"] is huge
    assert (found.upstreams, found.inputs) == ([], {"x": []})


def test_edges_in_a_value() -> None:
    future, links, value = finished(), ResultLinks(), Data(1)
    made_by = TaskRunResult(id=uuid7())
    links.remember(value, made_by)
    assert set(inputs.edges_in([future, {"a": value}, Completed(), allow_failure(1)], links)) == {
        edge(future),
        made_by,
    }
    assert inputs.edges_in([[future]], links, depth=1) == []


# --- waiting --------------------------------------------------------------------------------------------


def test_only_unfinished_futures_are_waited_for() -> None:
    waits: PrefectConcurrentFuture[Any] = PrefectConcurrentFuture(uuid7())
    upstreams = inputs.upstreams_of([finished(), {"a": waits}, Pending(), 1])
    assert len(upstreams) == 3
    assert inputs.unfinished(upstreams) == [waits]


def test_a_run_may_not_wait_for_itself() -> None:
    future = finished()
    inputs.refuse_own_future([future], uuid7())
    with pytest.raises(ValueError, match=f"{future.task_run_id}' waits for itself"):
        inputs.refuse_own_future([finished(), future], future.task_run_id)


one, text = finished(1), "text"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, []),
        ([one, 2], [one, 2]),
        ((one,), [one]),
        (one, [one]),
        (7, [7]),
        (text, [text]),
        (allow_failure(one), [allow_failure(one)]),
    ],
    ids=["nothing", "list", "tuple", "one", "number", "text", "marked"],
)
def test_what_is_waited_for_is_a_list(given: Any, expected: Any) -> None:
    assert inputs.wait_for_list(given) == expected


def test_an_iterator_of_upstreams_is_taken_once() -> None:
    def futures() -> Iterator[Any]:
        yield one

    assert inputs.wait_for_list(futures()) == [one]


# --- resolving ------------------------------------------------------------------------------------------


@in_containers
def test_futures_are_replaced_by_their_results_in_containers_of_the_same_kind(wrap: Any) -> None:
    result = inputs.resolved({"x": wrap(finished("result"))})["x"]
    expected = wrap("result")
    if isinstance(expected, allow_failure):
        expected = expected.unwrap()
    assert result == expected
    assert type(result) is type(expected)


def test_what_holds_no_future_stays_the_same_object() -> None:
    values = [[1], {"a": 1}, Data(1), Model(inside=1), object()]
    resolved = inputs.resolved({str(number): value for number, value in enumerate(values)})
    assert all(resolved[str(number)] is value for number, value in enumerate(values))


def test_states_are_replaced_by_their_results() -> None:
    assert inputs.resolved({"x": [Completed(data=3)]}) == {"x": [3]}


@in_containers
def test_a_result_is_not_searched_again(wrap: Any) -> None:
    inner, mark = finished("inner"), allow_failure(1)
    expected = inputs.resolved({"x": wrap(quote((inner, mark)))})
    assert inputs.resolved({"x": wrap(finished((inner, mark)))}) == expected


def test_a_huge_result_in_a_list_is_not_walked_through() -> None:
    huge = list(range(1_000_000))
    with few_lines_of_python():
        assert inputs.resolved({"x": [finished(huge)]})["x"][0] is huge
        assert inputs.with_states([finished(huge), Completed(data=huge)])[0].data is huge


@pytest.mark.parametrize("mark", [allow_failure, quote, opaque, unmapped])
def test_annotations_are_taken_off(mark: Any) -> None:
    assert inputs.resolved({"x": mark([1]), "y": [mark(1)]}) == {"x": [1], "y": [1]}


def test_quoted_futures_stay_futures() -> None:
    future = finished()
    assert inputs.resolved({"x": quote([future])}) == {"x": [future]}


REFUSED = [Failed(), Crashed(), Cancelled(), Pending()]


@pytest.mark.parametrize("state", REFUSED, ids=str)
@pytest.mark.parametrize("resolve", [lambda x: inputs.resolved({"x": x}), inputs.require_completed])
def test_an_upstream_has_to_be_completed(state: State[Any], resolve: Any) -> None:
    future = finished(state=state)
    with pytest.raises(
        UpstreamTaskError, match=rf"task run '{future.task_run_id}'.*'COMPLETED'.*{state.name}"
    ):
        resolve([future])
    with pytest.raises(UpstreamTaskError, match=state.name):
        resolve([state])


@pytest.mark.parametrize("resolve", [lambda x: inputs.resolved({"x": x}), inputs.require_completed])
def test_a_failed_upstream_may_be_allowed_and_no_other(resolve: Any) -> None:
    failed = finished(state=Failed(data=ValueError("x")))
    resolve([allow_failure(failed), allow_failure([[failed]]), [allow_failure(finished(1))]])
    for state in REFUSED[1:]:
        with pytest.raises(UpstreamTaskError):
            resolve([allow_failure(finished(state=state))])
    with pytest.raises(UpstreamTaskError):
        resolve([allow_failure(failed), failed])


def test_an_allowed_failure_is_its_exception() -> None:
    error = ValueError("x")
    failed = finished(state=Failed(data=error))
    assert inputs.resolved({"x": allow_failure({"a": [failed]})}) == {"x": {"a": [error]}}


def test_what_is_only_waited_for_is_not_loaded() -> None:
    inputs.require_completed([Completed(), finished(), "a value", None])


def test_an_argument_that_cannot_be_resolved_is_named() -> None:
    with pytest.raises(PrefectException, match=r"parameter 'x'.*TypeError: unhashable.*quote") as caught:
        inputs.resolved({"x": {finished([1])}})
    assert isinstance(caught.value.__cause__, TypeError)


def test_futures_in_a_value_become_states() -> None:
    future, waiting = finished(1), Completed(data=2)
    with_states = inputs.with_states({"a": [future, 5], "b": waiting})
    assert with_states["a"][1] == 5
    assert with_states["a"][0].id == future.state.id
    assert with_states["b"] is waiting
