"""Settings are on the way of every program: what importing and reading them may load."""

import subprocess
import sys

PROGRAM = """
import sys
from pydantic import BaseModel
import prefect.settings
face = sorted(name for name in sys.modules if name.startswith("prefect.settings"))
prefect.settings.get_current_settings()
unwanted = {"pydantic_settings", "dotenv", "prefect.settings.profiles", "prefect.settings.legacy",
            "prefect.context", "pydantic.type_adapter", "rich", "typer", "sqlalchemy"}
print(face, sorted(unwanted & set(sys.modules)))
"""


def test_what_is_loaded_when() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    face = ["prefect.settings", "prefect.settings.constants", "prefect.settings.context"]
    assert found.strip() == f"{face} []"
