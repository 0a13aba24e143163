"""What is pickled by reference and what by value, and what becomes of things that cannot be pickled."""

import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from prefect import flow, task
from prefect._process_pool.transport import (
    arguments_cannot_be_sent,
    dump,
    dump_outcome,
    dump_task,
    is_importable,
    load,
    module_by_value,
    picklable_only,
    stand_in_for,
)
from prefect.exceptions import SerializationError
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

MODULE = """
from prefect import task

class Unit:
    pass

@task
def work(x):
    return Unit

class Group:
    @staticmethod
    @task
    def inner():
        return 1
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that any process with the same import path finds."""
    name = f"importable_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__(name)
    monkeypatch.delitem(sys.modules, name)
    __import__(name)
    return sys.modules[name]


def test_a_task_of_a_module_is_sent_by_name(module: ModuleType) -> None:
    pickled = dump_task(module.work)
    assert load(pickled) is module.work
    assert len(pickled) < 200


def test_the_function_of_a_task_with_other_options_is_sent_by_name(module: ModuleType) -> None:
    other = load(dump_task(module.work.with_options(name="other")))
    assert other.name == "other"
    assert other.fn is module.work.fn


def test_a_local_task_is_sent_by_value() -> None:
    factor = 3

    @task
    def times(x: int) -> int:
        return x * factor

    assert load(dump_task(times)).fn(2) == 6


def test_a_task_that_refers_to_a_flow_and_to_itself() -> None:
    @flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
    def child() -> int:
        return 4

    @task
    def calls() -> Any:
        return child.fn(), calls.name, child.task_runner

    assert load(dump_task(calls)).fn() == (4, "calls", ThreadPoolTaskRunner(max_workers=3))


def test_modules_that_workers_find(module: ModuleType) -> None:
    assert is_importable("json.decoder")
    assert is_importable(module.__name__)


def test_modules_that_workers_do_not_find(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("made_up_here")
    made.__file__ = "/nowhere/made_up_here.py"
    monkeypatch.setitem(sys.modules, "made_up_here", made)
    assert not is_importable("made_up_here")
    assert not is_importable("__main__")


def test_a_file_that_hides_behind_the_name_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    impostor = ModuleType("colorsys")
    impostor.__file__ = "/somewhere/else/colorsys.py"
    monkeypatch.setitem(sys.modules, "colorsys", impostor)
    assert not is_importable("colorsys")


def test_classes_of_a_module_that_was_loaded_by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = ModuleType("loaded_by_path")
    exec(MODULE, loaded.__dict__)
    monkeypatch.setitem(sys.modules, "loaded_by_path", loaded)
    with module_by_value("loaded_by_path"):
        pickled = dump_task(loaded.work)
    monkeypatch.delitem(sys.modules, "loaded_by_path")
    assert load(pickled).fn(1).__name__ == "Unit"


def test_a_process_pool_runner_is_sent_as_its_options() -> None:
    runner = ProcessPoolTaskRunner(max_workers=2, initializer=print, initargs=("x",))
    assert load(dump(runner)) == runner


class Unpicklable:
    def __reduce__(self) -> Any:
        raise TypeError("not me")


class Unmakable(Exception):
    """Pickles, but cannot be made again from its arguments."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a}{b}")


def test_an_exception_keeps_its_traceback_in_words() -> None:
    def inner_function() -> None:
        raise ValueError("seven")

    try:
        inner_function()
    except ValueError as error:
        arrived = load(dump_outcome(error))
    assert isinstance(arrived, ValueError)
    assert arrived.args == ("seven",)
    assert "inner_function" in str(arrived.__cause__)


def test_a_result_that_cannot_be_sent_is_named() -> None:
    with pytest.raises(SerializationError, match=r"The result, of type .*Unpicklable.*TypeError: not me"):
        dump_outcome(Unpicklable())


def test_an_exception_that_cannot_be_made_again_is_named() -> None:
    with pytest.raises(SerializationError, match=r"The exception, of type .*Unmakable") as caught:
        dump_outcome(Unmakable(1, 2))
    said = str(stand_in_for(caught.value, "It went wrong: 12"))
    assert said.startswith("It went wrong: 12. The exception, of type")


def test_the_argument_that_cannot_be_sent_is_named() -> None:
    error = arguments_cannot_be_sent({"fine": 1, "lock": threading.Lock()}, TypeError("some"))
    assert "argument 'lock', of type _thread.lock" in str(error)
    assert "ThreadPoolTaskRunner" in str(error)


def test_a_task_that_cannot_be_sent_is_told_apart_from_its_arguments() -> None:
    error = arguments_cannot_be_sent({"fine": 1}, TypeError("some"))
    assert str(error).startswith("The task cannot be sent to a worker process (TypeError: some)")


def test_what_can_be_pickled_of_many() -> None:
    assert picklable_only({"a": 1, "b": Unpicklable()}) == {"a": 1}
