"""Importing by name, path and alias; reading namespaces from source."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from prefect.exceptions import ScriptError
from prefect.utilities.importtools import (
    AliasedModuleDefinition,
    AliasedModuleFinder,
    from_qualified_name,
    import_object,
    lazy_import,
    load_module,
    load_script_as_module,
    objects_from_script,
    safe_load_namespace,
    to_qualified_name,
)


@pytest.fixture(autouse=True)
def _modules_and_path_as_before() -> Iterator[None]:
    modules, path = set(sys.modules), list(sys.path)
    yield
    assert sys.path == path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "beside_the_script.py").write_text("value = 7\n")
    path = tmp_path / "script.py"
    path.write_text(
        "from dataclasses import dataclass\n"
        "import beside_the_script\n"
        "value = beside_the_script.value\n"
        "class Outer:\n"
        "    class Inner: pass\n"
        "@dataclass\n"
        "class Size:\n"
        "    width: 'int'\n"
        "if __name__ == '__main__':\n"
        "    raise SystemExit('must not run')\n"
    )
    return path


def test_qualified_names_there_and_back() -> None:
    assert to_qualified_name(import_object) == "prefect.utilities.importtools.import_object"
    assert from_qualified_name("prefect.utilities.importtools.import_object") is import_object
    assert from_qualified_name("os.path") is os.path


@pytest.mark.parametrize(
    ("name", "error"), [("os.nothing", AttributeError), ("no_such_module.x", ModuleNotFoundError)]
)
def test_qualified_names_of_nothing(name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=name.rpartition(".")[0] if error is ModuleNotFoundError else "nothing"):
        from_qualified_name(name)


def test_a_module_whose_own_import_fails_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import no_such_requirement\n")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        with pytest.raises(ModuleNotFoundError, match="no_such_requirement"):
            from_qualified_name("needs_more")


@pytest.mark.parametrize(
    "path", ["os.path.join", "os.path:join", "posixpath:join" if os.name == "posix" else "ntpath:join"]
)
def test_objects_in_modules(path: str) -> None:
    assert import_object(path) is os.path.join


def test_objects_in_scripts(script: Path) -> None:
    assert import_object(f"{script}:value") == 7
    assert import_object(f"{script}:Outer.Inner").__name__ == "Inner"
    with pytest.raises(AttributeError, match="missing"):
        import_object(f"{script}:missing")


@pytest.mark.parametrize("path", ["os", "os:", ":x", ""])
def test_what_names_no_object(path: str) -> None:
    with pytest.raises(ValueError, match="Invalid format"):
        import_object(path)


def test_modules_in_the_working_directory_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in_the_working_directory.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    assert load_module("in_the_working_directory").x == 1


def test_scripts_of_one_name_are_different_modules(tmp_path: Path) -> None:
    modules = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "flow.py").write_text(f"where = {folder!r}\n")
        modules.append(load_script_as_module(str(tmp_path / folder / "flow.py")))
    assert [module.where for module in modules] == ["a", "b"]
    assert all(sys.modules[module.__name__] is module for module in modules)


@pytest.mark.parametrize("source", ["raise ValueError('x')", "def f(:", None])
def test_scripts_that_fail(tmp_path: Path, source: str | None) -> None:
    path = tmp_path / "failing.py"
    if source is not None:
        path.write_text(source)
    with pytest.raises(ScriptError, match=r"failing\.py") as caught:
        load_script_as_module(str(path))
    assert caught.value.__cause__ is caught.value.user_exc
    with pytest.raises(ScriptError):
        objects_from_script(str(path))


def test_only_python_files_are_scripts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="python file"):
        load_script_as_module(str(tmp_path))


def test_names_a_script_leaves_behind(script: Path) -> None:
    assert objects_from_script(str(script))["value"] == 7
    assert objects_from_script(str(script), text="x = 1")["x"] == 1


def test_lazy_modules() -> None:
    sys.modules.pop("this_is_lazy", None)
    assert lazy_import("json") is sys.modules["json"]
    assert lazy_import("wave").Error.__name__ == "Error"
    missing = lazy_import("no_such_module", help_message="Run `pip install it`.")
    with pytest.raises(ModuleNotFoundError, match=r"(?s)no_such_module.*pip install"):
        _ = missing.anything
    assert not hasattr(missing, "__wrapped__")
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        lazy_import("no_such_module", error_on_import=True)


def test_aliases_of_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    finder = AliasedModuleFinder([AliasedModuleDefinition("old_json", "json", used.append)])
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    import json.decoder

    assert load_module("old_json") is json
    assert load_module("old_json.decoder") is json.decoder
    assert used == ["old_json", "old_json.decoder"]
    with pytest.raises(ModuleNotFoundError):
        load_module("old_json.nothing")


NAMESPACE_SOURCE = """
from __future__ import annotations
import json, no_such_module
from os import path, no_such_name
X = 3
Y: int = 4
class A: pass
class B(no_such_module.C): pass
def f(a: NotDefined = A()): return X
async def g(): pass
Z = no_such_module.q
print("must not run")
if __name__ == "__main__":
    W = 1
"""


def test_names_are_made_as_far_as_they_can(capsys: pytest.CaptureFixture[str]) -> None:
    namespace = safe_load_namespace(NAMESPACE_SOURCE)
    made = {name for name in namespace if not name.startswith("__")}
    assert made == {"annotations", "json", "path", "X", "Y", "A", "f", "g"}
    assert namespace["f"]() == 3
    assert isinstance(namespace["json"], ModuleType)
    assert capsys.readouterr().out == ""


def test_what_lies_beside_the_script_can_be_imported(script: Path) -> None:
    assert safe_load_namespace(script.read_text(), str(script))["value"] == 7
