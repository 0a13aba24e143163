"""What `map` makes of its arguments."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from prefect.exceptions import MappingLengthMismatch, MappingMissingIterable
from prefect.utilities.annotations import allow_failure, freeze, opaque, quote, unmapped
from prefect.utilities.callables import expand_mapping_parameters
from prefect.utilities.mapping import mapped_calls


def fn(a: Any, b: Any = "b") -> None: ...


def variadic(a: Any, *args: Any, **kwargs: Any) -> None: ...


@pytest.mark.parametrize(
    "iterable",
    [[1, 2], (1, 2), range(1, 3), {1: "x", 2: "y"}, iter([1, 2]), {1, 2}],
    ids=lambda value: type(value).__name__,
)
def test_iterables_are_iterated(iterable: Any) -> None:
    assert expand_mapping_parameters(fn, {"a": iterable}) == [{"a": 1, "b": "b"}, {"a": 2, "b": "b"}]


@pytest.mark.parametrize("static", ["text", b"bytes", 5, None, unmapped([1, 2, 3]), freeze([1, 2, 3])])
def test_other_values_and_defaults_are_the_same_for_every_call(static: Any) -> None:
    value = static.unwrap() if isinstance(static, (unmapped, freeze)) else static
    calls = expand_mapping_parameters(fn, {"a": [1, 2], "b": static})
    assert calls == [{"a": 1, "b": value}, {"a": 2, "b": value}]


def test_opaque_values_stay_whole_and_marked() -> None:
    [call] = expand_mapping_parameters(fn, {"a": [1], "b": opaque([1, 2])})
    assert call["b"] == opaque([1, 2])


@pytest.mark.parametrize("mark", [allow_failure, quote])
def test_marks_move_to_the_items(mark: Any) -> None:
    calls = expand_mapping_parameters(fn, {"a": mark([1, 2])})
    assert [call["a"] for call in calls] == [mark(1), mark(2)]


def test_marks_may_be_nested_either_way() -> None:
    outer, inner = allow_failure(unmapped([1, 2])), unmapped(allow_failure([1, 2]))
    for static in (outer, inner):
        [call] = expand_mapping_parameters(fn, {"a": [0], "b": static})
        assert call["b"] == allow_failure([1, 2])


def test_each_variadic_value_is_iterated_by_itself() -> None:
    calls = expand_mapping_parameters(
        variadic, {"a": [1, 2], "args": ([3, 4], "x"), "kwargs": {"k": [5, 6], "s": unmapped([0])}}
    )
    assert calls == [
        {"a": 1, "args": (3, "x"), "kwargs": {"k": 5, "s": [0]}},
        {"a": 2, "args": (4, "x"), "kwargs": {"k": 6, "s": [0]}},
    ]


def test_rows_do_not_share_their_kwargs() -> None:
    first, second = expand_mapping_parameters(variadic, {"a": [1, 2], "args": (), "kwargs": {}})
    assert first["kwargs"] == {}
    assert first["kwargs"] is not second["kwargs"]


def test_nothing_iterable() -> None:
    with pytest.raises(MappingMissingIterable, match="unmapped"):
        expand_mapping_parameters(fn, {"a": unmapped([1]), "b": 2})


def test_different_lengths_are_refused_and_named() -> None:
    with pytest.raises(MappingLengthMismatch, match=r"'a': 2.*'kwargs\[k\]': 1"):
        expand_mapping_parameters(variadic, {"a": [1, 2], "args": (), "kwargs": {"k": [1]}})


def test_empty_iterables_make_no_calls() -> None:
    assert expand_mapping_parameters(fn, {"a": [], "b": 1}) == []


def test_calls_are_made_as_they_are_asked_for() -> None:
    calls = mapped_calls(fn, {"a": range(10**12)})
    assert len(calls) == 10**12
    assert list(islice(calls, 2)) == [{"a": 0, "b": "b"}, {"a": 1, "b": "b"}]


def test_a_list_changed_afterwards_does_not_change_the_calls() -> None:
    items = [1, 2]
    calls = mapped_calls(fn, {"a": items})
    items.clear()
    assert [call["a"] for call in calls] == [1, 2]


def test_iterators_are_read_once() -> None:
    def numbers() -> Iterator[int]:
        yield from (1, 2)

    calls = mapped_calls(fn, {"a": numbers()})
    assert len(list(calls)) == len(list(calls)) == 2
