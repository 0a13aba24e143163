"""Fixed places the settings start from; nothing here reads the environment."""

from __future__ import annotations

from pathlib import Path

DEFAULT_PREFECT_HOME = Path("~/.prefect")
"""Where everything local lives unless `PREFECT_HOME` says otherwise."""

DEFAULT_PROFILES_PATH = Path(__file__).parent / "profiles.toml"
"""The profiles every installation starts with."""
