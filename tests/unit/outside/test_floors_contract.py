import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "prefect"


def rooms_in(folder: Path, prefix: str) -> set[str]:
    """Dotted names of the modules and packages directly in `folder`."""
    found = {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}
    found |= {path.name for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    return {f"{prefix}.{name}" for name in found}


def floors_contract() -> dict[str, Any]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(contract for contract in contracts if contract["id"] == "floors")


def rooms_with_a_floor() -> set[str]:
    return {name for layer in floors_contract()["layers"] for name in re.findall(r"[\w.]+", layer)}


def imported_at_the_top(module: str) -> set[str]:
    """Modules that `module` imports when it is itself imported."""
    path = ROOT / "src" / Path(*module.split("."))
    source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    names: set[str] = set()
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            names |= {statement.module, *(f"{statement.module}.{alias.name}" for alias in statement.names)}
        elif isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
    return names


def test_every_room_stands_on_a_floor() -> None:
    rooms = rooms_in(PACKAGE, "prefect") | rooms_in(PACKAGE / "server", "prefect.server")
    homeless = rooms - rooms_with_a_floor() - {"prefect.server"}
    assert homeless == set(), "name each of these in the floors contract of pyproject.toml"


@pytest.mark.parametrize("exception", floors_contract()["ignore_imports"])
def test_an_import_up_the_floors_happens_late(exception: str) -> None:
    importer, imported = exception.split(" -> ")
    assert imported not in imported_at_the_top(importer), "import it inside the function that needs it"
