"""Decisions stay pure: the package reaches for no clock, no store, no setting and no chance."""

import ast
import sys
from pathlib import Path

import pytest

import prefect.server.orchestration as orchestration

MODULES = sorted(Path(orchestration.__file__ or "").parent.glob("*.py"))
OWN = (
    "prefect.schemas.described",
    "prefect.schemas.outcomes",
    "prefect.schemas.states",
    "prefect.server.orchestration",
)
IMPURE = {"asyncio", "io", "logging", "os", "random", "secrets", "socket", "sqlite3", "threading", "time"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_pure_things_are_imported(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    for name in names:
        top = name.partition(".")[0]
        assert name.startswith(OWN) or (top in sys.stdlib_module_names and top not in IMPURE), name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_moment_is_handed_in(path: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    attributes = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    assert not attributes & {"now", "utcnow", "today", "uuid4", "uuid1"}
