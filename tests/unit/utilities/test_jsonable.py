"""Values in terms of JSON."""

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, SecretStr

from prefect.utilities.jsonable import jsonable, serialize_parameters


class Color(enum.Enum):
    RED = "red"


class Login(BaseModel):
    user: str
    password: SecretStr


@dataclasses.dataclass
class Size:
    width: int


class Thing:
    pass


Pair = collections.namedtuple("Pair", ["a", "b"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (1, 1),
        (1.5, 1.5),
        ("text ü", "text ü"),
        (2**64, str(2**64)),
        (-(2**63), -(2**63)),
        (math.inf, "inf"),
        ([1, (2, {3})], [1, [2, [3]]]),
        (Pair(1, 2), [1, 2]),
        ({"a": {1: 0, None: 2, Color.RED: 3}}, {"a": {"1": 0, "null": 2, "red": 3}}),
        ({True: 1, 2.5: 2}, {"true": 1, "2.5": 2}),
        ({(1, 2): 3}, "<dict>"),
        ([{(1, 2): 3}, 4], ["<dict>", 4]),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00Z"),
        (datetime.timedelta(minutes=1.5), 90.0),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("1.50"), "1.50"),
        (Path("a/b"), "a/b"),
        (Color.RED, "red"),
        (b"ab", "ab"),
        (b"\xff", "<bytes>"),
        (Size(3), {"width": 3}),
        (Login(user="me", password=SecretStr("pw")), {"user": "me", "password": "**********"}),
        (SecretStr("pw"), "**********"),
        (Thing(), "<Thing>"),
        ([1, Thing()], [1, "<Thing>"]),
        (Thing, "<type>"),
        (print, "<builtin_function_or_method>"),
        (ValueError("x"), "<ValueError>"),
        (np.int64(3), 3),
        (np.float64(1.5), 1.5),
        (np.zeros(3), "<ndarray>"),
        ("\ud800", "\\ud800"),
        (collections.deque([1]), [1]),
    ],
)
def test_every_value_has_a_form_that_json_takes(value: Any, expected: Any) -> None:
    encoded = jsonable(value)
    assert encoded == expected
    assert json.loads(json.dumps(encoded, allow_nan=False)) == expected
    json.dumps(encoded, ensure_ascii=False).encode()


def test_numbers_without_a_form_read_back() -> None:
    assert int(jsonable(10**30)) == 10**30
    assert math.isnan(float(jsonable(math.nan)))


def test_iterators_are_not_consumed() -> None:
    numbers = iter([1, 2])
    assert jsonable({"n": numbers}) == {"n": "<list_iterator>"}
    assert list(numbers) == [1, 2]


def test_a_list_inside_itself() -> None:
    knot: list[Any] = [1]
    knot.append(knot)
    json.dumps(jsonable(knot))


def test_parameters_are_encoded_one_by_one() -> None:
    assert serialize_parameters({"a": 1, "b": Thing()}) == {"a": 1, "b": "<Thing>"}
