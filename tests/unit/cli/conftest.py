"""Running `prefect` in this process, on a machine on which nothing is set."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from prefect.cli import main
from prefect.settings import context


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Prefect = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.upper().startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PREFECT_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(context, "_process_wide", None)
    return home


@pytest.fixture
def prefect(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Prefect:
    """Run one command, as a new process would: nothing is remembered from the one before."""

    def run(*args: str) -> Outcome:
        monkeypatch.setattr(context, "_process_wide", None)
        with pytest.raises(SystemExit) as exit:
            main(args)
        captured = capsys.readouterr()
        return Outcome(int(exit.value.code or 0), captured.out, captured.err)

    return run
