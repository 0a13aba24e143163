"""Runs every piece of code of the tutorial and the README and compares what it prints with what they say."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", ROOT / "docs" / "resume.md"]
SECTION = re.compile(r"^## (.+?)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.DOTALL)


def scripts() -> list[tuple[str, str, str]]:
    """Title, code and expected output of each section that has code."""
    found = []
    for page in PAGES:
        for title, body in SECTION.findall(page.read_text(encoding="utf-8")):
            blocks = dict(BLOCK.findall(body))
            if "python" in blocks:
                found.append((title, blocks["python"], blocks.get("text", "")))
    return found


def test_the_pages_have_their_scripts() -> None:
    assert len(scripts()) >= 10


@pytest.mark.parametrize(
    ("code", "expected"), [script[1:] for script in scripts()], ids=[script[0] for script in scripts()]
)
def test_a_script_prints_what_its_page_says(
    code: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out == expected
