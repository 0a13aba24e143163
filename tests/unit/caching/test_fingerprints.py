"""Fingerprints: equal for equal values in every process, different for others, errors that name the part."""

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import os
import pathlib
import re
import subprocess
import sys
import threading
import uuid
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pydantic
import pytest

from prefect.exceptions import HashError
from prefect.utilities.fingerprints import STABLE_TRANSFORMS, fingerprint


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


@dataclasses.dataclass
class Row:
    a: int
    b: Any = None


class Model(pydantic.BaseModel):
    a: int = 1
    names: set[str] = set()


class Plain:
    def __init__(self, *names: str) -> None:
        self.names = set(names)

    def method(self) -> None: ...


Pair = collections.namedtuple("Pair", "a b")


def samples() -> list[Any]:
    """Values that are all different, of every kind there is a rule for."""
    return [
        None,
        True,
        False,
        0,
        1,
        1.0,
        float("nan"),
        "x",
        b"x",
        bytearray(b"x"),
        [1],
        (1,),
        [[1]],
        {1, 2, "a"},
        frozenset("abcdef"),
        {"b": 1, "a": {2, 3}},
        {1: "b"},
        {"1": "b"},
        1 + 2j,
        range(3),
        slice(1, 2),
        datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        datetime.date(2024, 1, 1),
        datetime.time(1),
        datetime.timedelta(1),
        decimal.Decimal("1.0"),
        uuid.UUID(int=3),
        pathlib.PurePosixPath("/x"),
        re.compile("x"),
        Colour.RED,
        Colour.GREEN,
        Row(1, {"z", "y"}),
        Row(2),
        Model(),
        Model(names={"a", "b", "c"}),
        Plain("a", "b", "c"),
        Plain("d").method,
        Pair(1, 2),
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.Counter("abca"),
        collections.deque([1, 2]),
        functools.partial(len, [1]),
        len,
        Plain,
        ValueError("x"),
        lambda x: x + 1,
        lambda x: x + 2,
        np.arange(6),
        np.arange(6.0),
        np.arange(6).reshape(2, 3),
        np.array(["a", None], dtype=object),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.ma.array([1, 2], mask=[0, 1]),
        np.ma.array([1, 2], mask=[1, 0]),
        np.float32(3),
        np.dtype("int8"),
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pd.DataFrame({"a": [1, 2], "b": ["x", "z"]}),
        pd.DataFrame({"a": [1, 2], "c": ["x", "y"]}),
        pd.DataFrame({"c": pd.Categorical(["u", "v"]), "s": pd.array(["a", None], dtype="string")}),
        pd.Series([1, 2], name="q"),
        pd.Series([1, 2], name="r"),
        pd.Series(pd.to_datetime(["2024-01-01"]).tz_localize("UTC")),
        pd.Index([1, 2]),
        pd.MultiIndex.from_tuples([(1, "a")]),
        pd.Timestamp("2024"),
        pd.NaT,
        pd.NA,
    ]


def test_different_values_differ() -> None:
    found: dict[str, Any] = {}
    for value in samples():
        print_ = fingerprint(value)
        assert print_ not in found, (value, found.get(print_))
        found[print_] = value


def test_equal_values_are_equal() -> None:
    for one, other in zip(samples(), samples(), strict=True):
        assert fingerprint(one) == fingerprint(other), one


def test_other_processes_agree() -> None:
    code = "import test_fingerprints as t; print([t.fingerprint(value) for value in t.samples()])"

    def other(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(pathlib.Path(__file__).parent)}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    assert other("1") == other("2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (Model(), Model(a=1, names=set())),
        (np.arange(6).reshape(2, 3).T, np.asfortranarray(np.arange(6).reshape(2, 3).T)),
        (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
        (pd.RangeIndex(3), pd.Index([0, 1, 2])),
        (pd.DataFrame({"a": [1, 2]}).iloc[:1], pd.DataFrame({"a": [1]})),
    ],
)
def test_what_is_equal_does_not_depend_on_its_form(one: Any, other: Any) -> None:
    assert fingerprint(one) == fingerprint(other)


def test_functions_count_by_what_they_do() -> None:
    def make(step: int) -> Any:
        return lambda x: x + step

    assert fingerprint(make(1)) == fingerprint(make(1))
    assert fingerprint(make(1)) != fingerprint(make(2))


def test_cycles_have_fingerprints() -> None:
    def ring(value: int) -> list[Any]:
        made: list[Any] = [value]
        made.append(made)
        return made

    assert fingerprint(ring(1)) == fingerprint(ring(1))
    assert fingerprint(ring(1)) != fingerprint(ring(2))
    loop: dict[str, Any] = {}
    loop["self"] = loop
    assert fingerprint(loop) != fingerprint({"self": {}})


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (threading.Lock(), "_thread.lock"),
        ({"a": [1, {"b": threading.Lock()}]}, r"\['a'\]\[1\]\['b'\]"),
        (Row(1, threading.Lock()), r"at \.b"),
        ((n for n in ()), "generator"),
        (sys.stdout, "TextIOWrapper|EncodedFile|CaptureIO"),
    ],
)
def test_what_is_no_value_is_named(value: Any, where: str) -> None:
    with pytest.raises(HashError, match=where):
        fingerprint(value)


def test_depth_is_bounded() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(HashError, match="nested too deeply"):
        fingerprint(deep)


def test_types_of_ones_own_can_be_transformed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handle:
        def __init__(self, name: str) -> None:
            self.name, self.lock = name, threading.Lock()

    with pytest.raises(HashError):
        fingerprint(Handle("a"))
    monkeypatch.setitem(STABLE_TRANSFORMS, Handle, lambda handle: handle.name)
    assert fingerprint(Handle("a")) == fingerprint(Handle("a"))
    assert fingerprint(Handle("a")) != fingerprint(Handle("b"))
