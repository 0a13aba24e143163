"""Walking through collections."""

import collections
import dataclasses
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest
from pydantic import BaseModel, ConfigDict, PrivateAttr

from prefect.utilities.annotations import allow_failure, quote, unmapped
from prefect.utilities.collections import StopVisiting, visit_collection


def increase(value: Any) -> Any:
    return value + 1 if type(value) is int else value


def same(value: Any) -> Any:
    return value


class Pair(NamedTuple):
    a: Any
    b: Any


class Tagged(list[Any]):
    tag = "none"


@dataclasses.dataclass
class Size:
    width: int
    init: dataclasses.InitVar[int] = 0
    area: int = dataclasses.field(init=False, default=5)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    width: Any


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")
    a: int
    b: Any = 0
    _hidden: int = PrivateAttr(3)


def visited(expr: Any, **options: Any) -> Any:
    return visit_collection(expr, increase, return_data=True, **options)


def tagged(*items: Any) -> Tagged:
    result = Tagged(items)
    result.tag = "kept"
    return result


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (1, 2),
        ([1, [2]], [2, [3]]),
        ((1, 2), (2, 3)),
        (Pair(1, "x"), Pair(2, "x")),
        ({1, 2}, {2, 3}),
        (frozenset({1}), frozenset({2})),
        ({"a": 1, 2: [3]}, {"a": 2, 3: [4]}),
        (collections.OrderedDict(a=1), collections.OrderedDict(a=2)),
        (collections.Counter({"a": 1}), collections.Counter({"a": 2})),
        (Frozen([1]), Frozen([2])),
        (Model(a=1, b=[2], extra=3), Model(a=2, b=[3], extra=4)),  # type: ignore[call-arg]
        (quote([1]), quote([2])),
        ({"deep": [{"er": (Pair(Frozen(1), 2),)}]}, {"deep": [{"er": (Pair(Frozen(2), 3),)}]}),
    ],
)
def test_replacements_keep_the_type_of_the_container(expr: Any, expected: Any) -> None:
    result = visited(expr)
    assert result == expected
    assert type(result) is type(expected)


def test_subclasses_keep_what_they_hold_besides_items() -> None:
    assert visited(tagged(1)).tag == "kept"
    by_default = collections.defaultdict(list, a=1)
    result = visited(by_default)
    assert result["a"] == 2
    assert result["missing"] == []


def test_dataclasses_are_not_initialised_again() -> None:
    size = Size(1)
    size.area = 8
    result = visited(size)
    assert (result.width, result.area) == (2, 9)
    assert (size.width, size.area) == (1, 8)


def test_models_keep_private_attributes_and_what_was_set() -> None:
    model = Model(a=1)
    model._hidden = 9
    result = visited(model)
    assert (result.a, result.b, result._hidden) == (2, 1, 9)
    assert visit_collection(model, same, return_data=True).model_fields_set == {"a"}


UNTOUCHED = [(i for i in range(3)), range(3), iter([1]), "text", b"bytes", Mock(), collections.deque([1])]


@pytest.mark.parametrize("expr", UNTOUCHED, ids=lambda value: type(value).__name__)
def test_not_looked_into(expr: Any) -> None:
    seen: list[Any] = []
    visit_collection([expr], seen.append)
    assert len(seen) == 2
    assert visited(expr) is expr


def test_a_mock_of_a_model_is_not_taken_for_one() -> None:
    mock = Mock(spec=Model)
    assert visited([mock])[0] is mock


@pytest.mark.parametrize(
    "expr", [[1, [2]], {"a": {"b": 1}}, Pair(1, [2]), Model(a=1, b=[1]), Frozen([1]), quote([1]), {1, 2}]
)
def test_unchanged_collections_are_the_same_object(expr: Any) -> None:
    assert visit_collection(expr, same, return_data=True) is expr


def test_unchanged_parts_of_a_changed_collection_are_the_same_objects() -> None:
    kept: list[Any] = ["x"]
    result = visited([1, kept])
    assert result[0] == 2
    assert result[1] is kept


def test_nothing_is_returned_unless_asked_for() -> None:
    assert visit_collection([1], increase) is None


def test_parents_come_before_children_and_keys_before_values() -> None:
    seen: list[Any] = []
    visit_collection([1, {"a": (2,)}, Model(a=5, b=[6])], seen.append)
    assert seen[1:6] == [1, {"a": (2,)}, "a", (2,), 2]
    assert seen[7:] == [5, [6], 6]


@pytest.mark.parametrize(("max_depth", "count"), [(0, 1), (1, 3), (2, 4), (-1, 5)])
def test_depth_can_be_limited(max_depth: int, count: int) -> None:
    seen: list[Any] = []
    visit_collection([1, [[2]]], seen.append, max_depth=max_depth)
    assert len(seen) == count


def test_what_a_replacement_contains_is_visited_too() -> None:
    def unpack(value: Any) -> Any:
        return [2, 3] if value == 1 else value * 10 if type(value) is int else value

    assert visit_collection([1], unpack, return_data=True) == [[20, 30]]


def test_stopping_keeps_the_object_and_goes_on_beside_it() -> None:
    def stop_at_lists(value: Any) -> Any:
        if isinstance(value, list):
            raise StopVisiting
        return increase(value)

    assert visit_collection({"a": [1], "b": 2}, stop_at_lists, return_data=True) == {"a": [1], "b": 3}


def test_stopping_may_put_something_in_the_place_that_is_not_visited() -> None:
    def open_envelopes(value: Any) -> Any:
        if isinstance(value, bytes):
            raise StopVisiting([value, b"inner"])
        return value

    assert visit_collection([b"outer"], open_envelopes, return_data=True) == [[b"outer", b"inner"]]


def test_context_goes_from_parent_to_child_only() -> None:
    seen: list[tuple[Any, int]] = []

    def count_depth(value: Any, context: dict[str, Any]) -> Any:
        seen.append((value, context["depth"]))
        context["depth"] += 1
        return value

    visit_collection([1, [2], 3], count_depth, context={"depth": 0})
    assert seen[1:] == [(1, 1), ([2], 1), (2, 2), (3, 1)]


def test_context_names_the_annotation_around_a_value() -> None:
    seen: dict[Any, Any] = {}

    def note(value: Any, context: dict[str, Any]) -> Any:
        if type(value) is int:
            seen[value] = context.get("annotation")
        return value

    visit_collection([allow_failure([1]), 2], note, context={})
    assert seen == {1: allow_failure([1]), 2: None}


def test_annotations_can_be_removed() -> None:
    expr = [unmapped(1), {"a": quote(allow_failure("x"))}]
    assert visited(expr, remove_annotations=True) == [2, {"a": "x"}]
    assert visited(expr) == [unmapped(2), {"a": quote(allow_failure("x"))}]


def test_a_collection_inside_itself_is_visited_once() -> None:
    knot: list[Any] = [1]
    knot.append(knot)
    seen: list[Any] = []
    visit_collection(knot, lambda value: seen.append(id(value)))
    assert seen.count(id(knot)) == 2
    assert visit_collection(knot, same, return_data=True) is knot


def test_an_object_in_two_places_is_visited_in_both() -> None:
    shared = [1]
    assert visited([shared, shared]) == [[2], [2]]
