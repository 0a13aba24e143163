"""Iterables, nested dicts, enums of names."""

import io
from typing import Any

import pytest

from prefect.utilities.collections import (
    AutoEnum,
    batched_iterable,
    deep_merge,
    deep_merge_dicts,
    dict_to_flatdict,
    distinct,
    ensure_iterable,
    extract_instances,
    flatdict_to_dict,
    get_from_dict,
    isiterable,
    listrepr,
    remove_nested_keys,
    set_in_dict,
)


class Fruit(AutoEnum):
    APPLE = AutoEnum.auto()
    PEAR = AutoEnum.auto()


def test_members_of_an_auto_enum_are_their_names() -> None:
    assert Fruit.APPLE == "APPLE"
    assert Fruit("PEAR") is Fruit.PEAR
    assert repr(Fruit.APPLE) == str(Fruit.APPLE) == f"{Fruit.APPLE}" == "Fruit.APPLE"


@pytest.mark.parametrize("value", [[], (), {}, set(), range(3), iter([]), bytearray(b"x")])
def test_iterable(value: Any) -> None:
    assert isiterable(value)


@pytest.mark.parametrize("value", ["text", b"bytes", 1, None, io.StringIO("file"), int])
def test_not_iterable(value: Any) -> None:
    assert not isiterable(value)


def test_ensure_iterable() -> None:
    assert ensure_iterable("text") == "text"
    assert ensure_iterable([1]) == [1]
    assert ensure_iterable(1) == [1]
    assert ensure_iterable({"a": 1}) == [{"a": 1}]


def test_batches_and_distinct_items() -> None:
    assert list(batched_iterable(range(5), 2)) == [(0, 1), (2, 3), (4,)]
    assert list(distinct([1, 2, 1, 3])) == [1, 2, 3]
    assert list(distinct(["a", "B", "b"], key=str.lower)) == ["a", "B"]
    assert listrepr([1, "a"], sep=", ") == "1, 'a'"


def test_instances_by_type() -> None:
    assert extract_instances([1, "a", 2], int) == [1, 2]
    assert extract_instances([1, "a", 2.0], (int, str)) == {int: [1], str: ["a"]}


NESTED = {"a": {"b": 1, "c": {"d": 2}}, "e": {}, "f": 3}


def test_flat_dicts_and_back() -> None:
    flat = dict_to_flatdict(NESTED)
    assert flat == {("a", "b"): 1, ("a", "c", "d"): 2, ("e",): {}, ("f",): 3}
    assert flatdict_to_dict(flat) == NESTED


def test_removing_keys() -> None:
    assert remove_nested_keys(["b", "d"], NESTED) == {"a": {"c": {}}, "e": {}, "f": 3}
    assert remove_nested_keys(["b"], 5) == 5


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ("a.b[2].c", 5),
        ("a[b][0]", 0),
        (["a", "b", 1], 1),
        ("a.b[9]", "default"),
        ("a.x", "default"),
        ("a.b[2].c.d", "default"),
        ("n.x", "default"),
        ("n", None),
        ("by_number.7", "seven"),
    ],
)
def test_getting_by_path(keys: Any, found: Any) -> None:
    dct = {"a": {"b": [0, 1, {"c": 5}]}, "n": None, "by_number": {7: "seven"}}
    assert get_from_dict(dct, keys, "default") == found


def test_setting_by_path() -> None:
    dct: dict[str, Any] = {"a": 1}
    set_in_dict(dct, "b.c.d", 2)
    set_in_dict(dct, ["b", "e"], 3)
    assert dct == {"a": 1, "b": {"c": {"d": 2}, "e": 3}}
    with pytest.raises(TypeError, match=r"a\.b"):
        set_in_dict(dct, "a.b", 1)


def test_merging_leaves_the_originals_alone() -> None:
    left, right = {"a": {"b": 1}, "x": [1]}, {"a": {"c": 2}, "x": [2]}
    assert deep_merge(left, right) == {"a": {"b": 1, "c": 2}, "x": [2]}
    assert left == {"a": {"b": 1}, "x": [1]}
    assert deep_merge_dicts(left, right, {"a": 5}) == {"a": 5, "x": [2]}
    assert deep_merge_dicts() == {}
