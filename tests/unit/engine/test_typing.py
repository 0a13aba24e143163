"""The public face as type checkers see it."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.parametrize(
    "program", sorted((ROOT / "tests" / "typing").glob("*.py")), ids=lambda path: path.stem
)
def test_programs_have_the_types_that_people_expect(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    report, trouble, status = api.run(["--follow-imports=silent", str(program)])
    assert (status, trouble) == (0, ""), report
