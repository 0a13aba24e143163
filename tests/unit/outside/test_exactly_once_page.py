"""Runs the scripts of docs/exactly-once.md and compares what they print with what the page says."""

import re
import runpy
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "exactly-once.md"
SCRIPT = re.compile(r"```python\n([^`]*)```\s*```text\n([^`]*)```")


def test_the_page_keeps_its_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    scripts = SCRIPT.findall(PAGE.read_text("utf-8"))
    assert scripts
    for code, expected in scripts:
        (tmp_path / "script.py").write_text(code, "utf-8")
        runpy.run_path(str(tmp_path / "script.py"), run_name="__main__")
        assert capsys.readouterr().out == expected
