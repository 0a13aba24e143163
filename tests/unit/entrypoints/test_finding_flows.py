"""Flows are found by their entrypoints: in files, in modules, and in source that cannot be run here."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect import flow
from prefect.exceptions import MissingFlowError, ScriptError, UnspecifiedFlowError
from prefect.flows import (
    Flow,
    is_entrypoint_async,
    load_flow_arguments_from_entrypoint,
    load_flow_from_entrypoint,
    load_function_and_convert_to_flow,
    load_placeholder_flow,
    safe_load_flow_from_entrypoint,
    select_flow,
)
from prefect.testing.utilities import prefect_test_harness

GOOD = """
from prefect import flow, task

NAME = "by constant"

def seconds():
    return 7

@flow
def plain_flow(x: int = 1):
    "Says what it does."
    return x

@flow(name="Own name", retries=3, retry_delay_seconds=seconds(), version=f"v{1 + 1}", log_prints=True)
async def declared(a: str, b: int = 2):
    return a * b

@flow(name=NAME)
def named_by_constant(): ...

class Pipeline:
    @flow(description="a method")
    def run(self): ...

if NAME:
    @flow
    def conditional(): ...

@task
def a_task(): ...

a_number = 3

def bare(x, y=2):
    return (x, y)

by_call = flow(bare, name="by call")

if __name__ == "__main__":
    raise AssertionError("run as a script")
"""

BROKEN = """
import not_installed_anywhere
import prefect
from prefect import flow
from prefect import flow as workflow

@prefect.flow(name="Needs it", retries=2, timeout_seconds=not_installed_anywhere.LIMIT)
def needs_it(x: int, y: "not_installed_anywhere.Thing" = None):
    "Uses what is missing."
    return not_installed_anywhere.use(x)

@flow
async def needs_it_too(): ...

@workflow(name="renamed")
def by_another_name(): ...

@flow(description=not_installed_anywhere.TEXT)
def cannot_be_made(): ...

def bare(): ...
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with the scripts, the first of them in a package, too."""
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "broken.py").write_text(BROKEN)
    (tmp_path / "raises.py").write_text("from prefect import flow\n@flow\ndef f(): ...\n1 / 0\n")
    (tmp_path / "syntax.py").write_text("def f(: ...")
    package = tmp_path / "flows_in_a_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "good.py").write_text(GOOD)
    (package / "broken.py").write_text(BROKEN)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("flows_in_a_package")]:
        del sys.modules[name]


# --- by running -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entrypoint", "name"),
    [
        ("good.py:plain_flow", "plain-flow"),
        ("./good.py:declared", "Own name"),
        ("good.py:named_by_constant", "by constant"),
        ("good.py:Pipeline.run", "run"),
        ("good.py:conditional", "conditional"),
        ("good.py:by_call", "by call"),
        ("flows_in_a_package.good.plain_flow", "plain-flow"),
        ("flows_in_a_package.good:plain_flow", "plain-flow"),
        ("flows_in_a_package/good.py:plain_flow", "plain-flow"),
    ],
)
def test_a_flow_is_loaded(place: Path, entrypoint: str, name: str) -> None:
    found = load_flow_from_entrypoint(entrypoint)
    assert isinstance(found, Flow)
    assert found.name == name


def test_an_absolute_path_works_from_anywhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert load_flow_from_entrypoint(f"{place}/good.py:plain_flow").description == "Says what it does."


@pytest.mark.parametrize(
    ("entrypoint", "message"),
    [
        ("good.py:nothing", "no 'nothing' in 'good.py'"),
        ("good.py:Pipeline.nothing", "no 'Pipeline.nothing'"),
        ("flows_in_a_package.good.nothing", "no 'nothing' in 'flows_in_a_package.good'"),
        ("good.py:bare", "a function, not a flow"),
        ("good.py:a_task", "a Task, not a flow"),
        ("good.py:a_number", "a int, not a flow"),
        ("broken.py:nothing", "no 'nothing' in 'broken.py'"),
        ("broken.py:bare", "a function, not a flow"),
    ],
)
def test_what_is_no_flow_is_named(place: Path, entrypoint: str, message: str) -> None:
    with pytest.raises(MissingFlowError, match=message):
        load_flow_from_entrypoint(entrypoint)


@pytest.mark.parametrize("entrypoint", ["", "good", "good.py", "good.py:", ":f"])
def test_malformed_entrypoints_are_refused(place: Path, entrypoint: str) -> None:
    with pytest.raises(ValueError, match=r"path/to/file\.py:name"):
        load_flow_from_entrypoint(entrypoint)


def test_a_missing_file_or_module_is_named(place: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.py"):
        load_flow_from_entrypoint("missing.py:f")
    with pytest.raises(ScriptError, match=r"missing\.py"):
        load_flow_from_entrypoint("missing.py:f", use_placeholder_flow=False)
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        load_flow_from_entrypoint("no_such_package.f")
    with pytest.raises(ModuleNotFoundError, match=r"flows_in_a_package\.nothing"):
        load_flow_from_entrypoint("flows_in_a_package.nothing.f")


@pytest.mark.parametrize("entrypoint", ["broken.py:needs_it", "flows_in_a_package.broken.needs_it"])
def test_without_placeholders_the_error_of_the_script_is_raised(place: Path, entrypoint: str) -> None:
    with pytest.raises(ScriptError, match="not_installed_anywhere") as caught:
        load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    assert isinstance(caught.value.user_exc, ModuleNotFoundError)


def test_a_script_that_is_no_python_has_no_placeholder(place: Path) -> None:
    with pytest.raises(ScriptError, match="SyntaxError"):
        load_flow_from_entrypoint("syntax.py:f")


def test_a_function_is_made_a_flow_whose_prints_are_logged(place: Path) -> None:
    found = load_function_and_convert_to_flow("good.py:bare")
    assert (found.name, found.log_prints) == ("bare", True)
    assert load_function_and_convert_to_flow("good.py:declared").name == "Own name"
    for entrypoint in ("good.py:nothing", "good.py:a_number"):
        with pytest.raises(MissingFlowError):
            load_function_and_convert_to_flow(entrypoint)


# --- placeholders ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("entrypoint", ["broken.py:needs_it", "flows_in_a_package.broken.needs_it"])
def test_a_placeholder_is_declared_like_the_flow(place: Path, entrypoint: str) -> None:
    found: Flow[..., Any] = load_flow_from_entrypoint(entrypoint)
    assert (found.name, found.retries, found.description) == ("Needs it", 2, "Uses what is missing.")
    assert list(found.parameters.properties) == ["x", "y"]
    assert found.parameters.required == ["x"]


def test_a_placeholder_raises_the_reason_when_it_is_called(place: Path) -> None:
    with prefect_test_harness():
        with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
            load_flow_from_entrypoint("broken.py:by_another_name")()
        with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
            asyncio.run(load_flow_from_entrypoint("broken.py:needs_it_too")())
        with pytest.raises(ZeroDivisionError):
            load_flow_from_entrypoint("raises.py:f")()


def test_a_placeholder_raises_what_it_is_told_to(place: Path) -> None:
    placeholder: Flow[..., Any] = load_placeholder_flow("good.py:Pipeline.run", ValueError("not here"))
    assert (placeholder.name, placeholder.description) == ("run", "a method")
    with prefect_test_harness(), pytest.raises(ValueError, match="not here"):
        placeholder()


def test_an_argument_that_is_refused_does_not_keep_a_placeholder_from_being_made(place: Path) -> None:
    (place / "odd.py").write_text("from prefect import flow\n@flow(name='odd', retries=-1)\ndef f(): ...\n")
    assert load_placeholder_flow("odd.py:f", ValueError()).name == "odd"


# --- by reading -----------------------------------------------------------------------------------------


def test_arguments_are_read_from_the_source(place: Path) -> None:
    assert load_flow_arguments_from_entrypoint("good.py:declared") == {
        "name": "Own name",
        "retries": 3,
        "retry_delay_seconds": 7,
        "version": "v2",
        "log_prints": True,
    }
    assert load_flow_arguments_from_entrypoint("good.py:declared", {"retries"}) == {"retries": 3}
    assert load_flow_arguments_from_entrypoint("good.py:named_by_constant") == {"name": "by constant"}


@pytest.mark.parametrize(
    ("entrypoint", "name"),
    [
        ("good.py:plain_flow", "plain-flow"),
        ("good.py:conditional", "conditional"),
        ("good.py:Pipeline.run", "run"),
        ("broken.py:by_another_name", "renamed"),
        ("flows_in_a_package.good:plain_flow", "plain-flow"),
    ],
)
def test_a_name_is_always_found(place: Path, entrypoint: str, name: str) -> None:
    assert load_flow_arguments_from_entrypoint(entrypoint)["name"] == name


def test_arguments_that_need_what_is_missing_are_left_out(place: Path) -> None:
    assert load_flow_arguments_from_entrypoint("broken.py:needs_it") == {"name": "Needs it", "retries": 2}


def test_whether_it_is_async_is_read_from_the_source(place: Path) -> None:
    assert is_entrypoint_async("good.py:declared")
    assert is_entrypoint_async("broken.py:needs_it_too")
    assert not is_entrypoint_async("good.py:plain_flow")


def test_a_flow_is_made_without_running_all_of_its_file(place: Path) -> None:
    found = safe_load_flow_from_entrypoint("raises.py:f")
    assert found is not None
    assert found.name == "f"
    assert safe_load_flow_from_entrypoint("good.py:Pipeline.run") is not None
    conditional = safe_load_flow_from_entrypoint("good.py:conditional")
    assert conditional is not None
    assert conditional.name == "conditional"


def test_what_cannot_be_made_is_none(place: Path) -> None:
    assert safe_load_flow_from_entrypoint("broken.py:cannot_be_made") is None
    assert safe_load_flow_from_entrypoint("good.py:bare") is None


@pytest.mark.parametrize(
    "read", [load_flow_arguments_from_entrypoint, is_entrypoint_async, safe_load_flow_from_entrypoint]
)
def test_reading_names_what_is_missing(place: Path, read: Any) -> None:
    with pytest.raises(MissingFlowError, match="'nothing'"):
        read("good.py:nothing")
    with pytest.raises(FileNotFoundError):
        read("missing.py:f")
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        read("no_such_package.f")


def test_reading_leaves_the_import_path_as_it_was(place: Path) -> None:
    before = list(sys.path)
    is_entrypoint_async("flows_in_a_package.good.plain_flow")
    load_flow_from_entrypoint("good.py:plain_flow")
    assert sys.path == before


# --- choosing -------------------------------------------------------------------------------------------


@flow(name="first")
def first() -> None: ...


@flow(name="second")
def second() -> None: ...


def test_the_only_flow_needs_no_name() -> None:
    assert select_flow([first]) is first
    assert select_flow(iter([first, second]), flow_name="second") is second


def test_several_flows_need_a_name() -> None:
    with pytest.raises(UnspecifiedFlowError, match=r"2 flows in file x: 'first', 'second'"):
        select_flow([first, second], from_message="in file x")


def test_a_name_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(MissingFlowError, match=r"no flow 'third' in file x; the flows found are: 'first'"):
        select_flow([first], flow_name="third", from_message="in file x")
    with pytest.raises(MissingFlowError, match="no flows"):
        select_flow([])
