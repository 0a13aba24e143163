"""Loading the flow of a run: from the file it was run from, without making the calls that are in it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect._flows_of_runs import load_flow
from prefect.exceptions import MissingFlowError, ScriptError
from prefect.flow_runs import flow_of, retry_flow_run

LastRun = Callable[[Any], Any]
Count = Callable[[str], int]

HEAD = "from prefect import flow, task\ntouched = []\n"
FLOW = HEAD + "\n@flow\ndef main():\n    return 'main'\n"


@pytest.fixture(autouse=True)
def path(tmp_path: Path) -> Iterator[Path]:
    """A directory for scripts; what they import is forgotten afterwards."""
    modules, search = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = search
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def script(path: Path, text: str, name: str = "script.py") -> str:
    file = path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


def names_of(flow: Any) -> dict[str, Any]:
    return flow.fn.__globals__  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "call",
    [
        "main()",
        "print(main()['key'])",
        "main(return_state=True).result()",
        "import asyncio\nasync def around():\n    main()\nasyncio.run(around())",
        "if True:\n    main()",
        "step()",
        "step.submit()",
        "step.map([1])",
        "step.delay()",
    ],
)
def test_a_script_is_executed_up_to_its_first_call(path: Path, count: Count, call: str) -> None:
    text = FLOW.replace("@flow", "@task\ndef step():\n    touched.append('step')\n\n@flow")
    flow = load_flow(f"{script(path, text + call + chr(10) + 'touched.append(1)')}:main")
    assert names_of(flow)["touched"] == []
    assert flow() == "main"
    assert count("SELECT count(*) FROM flow_run") == 1


def test_an_async_call_is_not_made_either(path: Path, count: Count) -> None:
    text = (
        FLOW.replace("def main", "async def main") + "import asyncio\nasyncio.run(main())\ntouched.append(1)"
    )
    flow = load_flow(f"{script(path, text)}:main")
    assert names_of(flow)["touched"] == []
    assert count("SELECT count(*) FROM flow_run") == 0


def test_a_flow_that_comes_after_the_first_call_is_found(path: Path, count: Count) -> None:
    text = FLOW + "found = main()\n\n@flow\ndef second():\n    return found\n\nsecond()\ntouched.append(1)"
    flow = load_flow(f"{script(path, text)}:second")
    assert names_of(flow)["touched"] == []
    assert names_of(flow)["found"] is None
    assert count("SELECT count(*) FROM flow_run") == 0


def test_what_cannot_be_made_up_on_the_way_to_the_flow_is_an_error_that_names_the_remedy(path: Path) -> None:
    text = HEAD + "@task\ndef step():\n    pass\n\nstep.map([1])\n\n@flow\ndef second():\n    pass\n"
    with pytest.raises(ScriptError, match="__main__"):
        load_flow(f"{script(path, text)}:second")


def test_guarded_calls_are_no_matter(path: Path) -> None:
    text = FLOW + "if __name__ == '__main__':\n    main()\nelse:\n    touched.append(1)"
    assert names_of(load_flow(f"{script(path, text)}:main"))["touched"] == [1]


def test_several_flows_of_one_function_are_told_apart_by_their_names(path: Path) -> None:
    text = HEAD + (
        "def work():\n    pass\n\n"
        "small = flow(work, name='small')\nlarge = flow(work, name='large', retries=3)\n"
        "larger = large.with_options(name='larger', retries=4)\n"
    )
    place = f"{script(path, text)}:work"
    assert load_flow(place, "large").retries == 3
    assert load_flow(place, "larger").retries == 4
    with pytest.raises(MissingFlowError):
        load_flow(place, "unknown")


def test_a_flow_in_a_class(path: Path) -> None:
    text = HEAD + (
        "class Flows:\n    @staticmethod\n    @flow\n    def static():\n        return 'static'\n"
        "    @classmethod\n    def other(cls):\n        pass\n"
    )
    text = text.replace("    @staticmethod\n    @flow", "    @flow\n    @staticmethod")
    assert load_flow(f"{script(path, text)}:Flows.static")() == "static"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("import a_module_that_is_missing", ScriptError, "a_module_that_is_missing"),
        ("1 / 0", ScriptError, "division by zero"),
        ("def main(:", ScriptError, "SyntaxError"),
        ("other = 1", MissingFlowError, "no flow 'main'"),
        ("def main():\n    pass", MissingFlowError, "no flow 'main'"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_before_anything_begins(
    path: Path, notebook: Any, last_run: LastRun, text: str, error: Any, said: str
) -> None:
    place = script(path, FLOW.replace("return 'main'", "raise ConnectionError"))
    flow = load_flow(f"{place}:main")
    assert flow(return_state=True).is_failed()
    run = last_run(flow)
    script(path, text)
    with pytest.raises(error, match=said):
        retry_flow_run(run.id)
    os.unlink(place)
    with pytest.raises(MissingFlowError, match="no file"):
        retry_flow_run(run.id)
    assert last_run(flow).run_count == 1


def test_a_run_knows_its_file(path: Path, last_run: LastRun) -> None:
    flow = load_flow(f"{script(path, FLOW)}:main")
    flow()
    assert flow_of(last_run(flow)).fn.__code__.co_filename == str(path / "script.py")


def test_a_script_may_import_what_lies_beside_it_also_later(path: Path) -> None:
    script(path, "value = 7", "beside.py")
    text = HEAD + "@flow\ndef main():\n    import beside\n    return beside.value\n"
    assert load_flow(f"{script(path, text)}:main")() == 7


def test_a_file_in_a_package_is_loaded_as_part_of_it(path: Path) -> None:
    script(path, "", "pack/__init__.py")
    script(path, "", "pack/inner/__init__.py")
    script(path, "value = 7", "pack/values.py")
    text = (
        HEAD
        + "from ..values import value\n\n@flow\ndef main():\n    return value\n\nmain()\ntouched.append(1)"
    )
    flow = load_flow(f"{script(path, text, 'pack/inner/flows.py')}:main")
    assert flow() == 7
    assert flow.fn.__module__ == "pack.inner.flows"
    assert sys.modules["pack.inner.flows"].main is flow
    assert names_of(flow)["touched"] == []


def test_what_is_typed_into_a_prompt_has_no_file(tmp_path: Path) -> None:
    """A process of its own, for the prompt."""
    program = (
        "from prefect import flow\n@flow\ndef main(): pass\n\nprint('found', main.entrypoint_in_file())\n"
    )
    done = subprocess.run(
        [sys.executable, "-i"],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PREFECT_HOME": str(tmp_path)},
        check=True,
    )
    assert "found None" in done.stdout
