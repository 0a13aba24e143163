import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    ("writer", "name"), [("draw_states.py", "states.md"), ("list_settings.py", "settings.md")]
)
def test_a_page_written_from_a_table_says_what_the_table_says(writer: str, name: str) -> None:
    written = runpy.run_path(str(DOCS / writer))["page"]()
    assert (DOCS / name).read_text(encoding="utf-8") == written, "run `make pages`"
