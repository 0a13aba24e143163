"""Classes of a script that stands for `__main__`: read back as they are, not as strangers."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from prefect.utilities import script_classes

SCRIPT = """
import enum

class Point:
    def __init__(self, x):
        self.x = x

class Colour(enum.Enum):
    RED = 1
"""


def as_module(name: str, **names: Any) -> Any:
    module = types.ModuleType(name)
    sys.modules[name] = module
    vars(module).update(names)
    exec(SCRIPT, vars(module))
    return module


@pytest.fixture
def pickled(monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """What a script wrote that was run as `__main__`."""
    main = sys.modules["__main__"]
    script = as_module("__main__")
    data = cloudpickle.dumps([script.Point(3), script.Colour.RED])
    sys.modules["__main__"] = main
    # another process has made none of these classes
    for tracked in ("_DYNAMIC_CLASS_TRACKER_BY_CLASS", "_DYNAMIC_CLASS_TRACKER_BY_ID"):
        getattr(cloudpickle.cloudpickle, tracked).clear()
    yield data
    sys.modules["__main__"] = main
    monkeypatch.setattr(script_classes, "_stand_in", None)


def test_they_are_the_classes_of_the_script(pickled: bytes) -> None:
    script = as_module("loaded_script")
    script_classes.stand_for_main(script)
    point, red = script_classes.loads(pickled)
    assert type(point) is script.Point
    assert point.x == 3
    assert red is script.Colour.RED
    assert script.Point.__module__ == "__main__"
    assert sys.modules["__main__"] is script


def test_a_class_that_the_script_does_not_have_any_more_is_made_from_the_pickle(pickled: bytes) -> None:
    script = as_module("loaded_script")
    del script.Point
    script_classes.stand_for_main(script)
    point, red = script_classes.loads(pickled)
    assert (type(point).__name__, point.x) == ("Point", 3)
    assert red is script.Colour.RED


def test_what_the_script_has_imported_stays_what_it_is() -> None:
    main = sys.modules["__main__"]
    try:
        script = as_module("loaded_script", Path=Path)
        script_classes.stand_for_main(script)
        assert Path.__module__ != "__main__"
        assert script_classes.main_has_stand_in()
    finally:
        sys.modules["__main__"] = main
        script_classes._stand_in = None
