"""A machine on which nothing is set: no variables, an empty working directory, an empty home."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from prefect.settings import Settings, context


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.upper().startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("PREFECT_HOME", str(home))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(context, "_process_wide", None)
    return home


@pytest.fixture
def read_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Read all sources with these variables set."""

    def read(**variables: str) -> Settings:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            return Settings()

    return read
