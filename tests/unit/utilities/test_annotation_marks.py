"""The marks around arguments."""

import copy
import pickle

import cloudpickle
import pytest

from prefect.utilities.annotations import (
    BaseAnnotation,
    NotSet,
    Quote,
    allow_failure,
    freeze,
    opaque,
    quote,
    unmapped,
    unwrapped,
)

KINDS = [unmapped, allow_failure, quote, opaque, freeze]


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_holds_one_value_and_hands_it_back(kind: type[BaseAnnotation[object]]) -> None:
    value = [1, (2, 3)]
    mark = kind(value)
    assert mark.value is value
    assert mark.unwrap() is value
    assert mark.rewrap(5) == kind(5)
    assert repr(mark) == f"{kind.__name__}([1, (2, 3)])"


@pytest.mark.parametrize("kind", KINDS)
def test_marks_survive_copying_and_pickling(kind: type[BaseAnnotation[object]]) -> None:
    mark = kind([1, 2])
    assert copy.copy(mark) == mark
    assert copy.deepcopy(mark) == mark
    assert pickle.loads(pickle.dumps(mark)) == mark
    assert cloudpickle.loads(cloudpickle.dumps(mark)) == mark


def test_marks_of_different_kinds_differ_and_equal_ones_hash_alike() -> None:
    assert unmapped(1) != allow_failure(1)
    assert unmapped(1) != 1
    assert len({unmapped(1), unmapped(1), allow_failure(1), unmapped(2)}) == 3


def test_an_unmapped_value_is_the_same_at_every_position() -> None:
    assert unmapped("x")[7] == "x"


def test_names_that_only_some_marks_have() -> None:
    assert quote(1).unquote() == 1
    assert freeze(1).unfreeze() == 1
    with pytest.warns(DeprecationWarning, match="quote"):
        assert Quote(1).unquote() == 1


def test_frozen_values_must_be_json() -> None:
    with pytest.raises(ValueError, match="JSON serializable"):
        freeze(object())


def test_unwrapped_takes_off_all_marks() -> None:
    assert unwrapped(quote(allow_failure(3))) == 3
    assert unwrapped(NotSet) is NotSet
