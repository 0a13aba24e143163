"""The first level: finding commands, global options, errors, what starting costs."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest
import typer

from prefect.cli import _output, root
from prefect.cli._groups import command_group
from prefect.exceptions import PrefectException
from prefect.settings import Settings, get_current_settings, temporary_settings


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """A group `prefect probe`, for one test."""
    module = ModuleType("probe_commands")
    app = module.__dict__["app"] = command_group("For this test.")
    monkeypatch.setitem(sys.modules, "probe_commands", module)
    monkeypatch.setitem(root.COMMANDS, "probe", "probe_commands")
    return app


@pytest.mark.parametrize("args", [(), ("--help",), ("config",), ("profile",)])
def test_a_group_alone_shows_its_help(prefect, args: tuple[str, ...]) -> None:
    outcome = prefect(*args)
    assert outcome.code == 0
    assert outcome.out.startswith("Usage: prefect")
    assert "Commands:" in outcome.out


@pytest.mark.parametrize("option", ["--version", "-v"])
def test_version_option(prefect, option: str) -> None:
    assert prefect(option).out == root_version() + "\n"


def root_version() -> str:
    from prefect.cli.version import installed_version

    return installed_version()


@pytest.mark.parametrize("args", [("profile", "ls"), ("profiles", "ls"), ("Profile", "LS")])
def test_commands_are_found_by_plural_and_in_any_case(prefect, args: tuple[str, ...]) -> None:
    assert prefect(*args, "-o", "json").code == 0


def test_dashes_and_underscores_are_the_same(prefect) -> None:
    assert prefect("--no-prompt", "profile", "populate_defaults").code == 0


def test_other_names_are_hidden(prefect) -> None:
    assert "profiles" not in prefect("--help").out


@pytest.mark.parametrize(
    "args", [("nope",), ("config", "nope"), ("config", "view", "--nope"), ("profile", "use")]
)
def test_wrong_usage_exits_2_on_standard_error(prefect, args: tuple[str, ...]) -> None:
    outcome = prefect(*args)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Usage: prefect" in outcome.err


def test_every_registered_command_can_be_loaded(prefect) -> None:
    for name in root.COMMANDS:
        outcome = prefect(name, "--help")
        assert outcome.code == 0, name
        assert f"prefect {name}" in outcome.out


def test_other_names_lead_to_registered_or_coming_commands() -> None:
    assert not set(root.PLURALS) & set(root.COMMANDS)


def test_profile_option_wins_over_the_environment(prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://env/api")
    shown = json.loads(prefect("-p", "local", "config", "view", "-o", "json").out)
    assert shown["profile"] == "local"
    assert {"name": "PREFECT_API_URL", "value": "http://127.0.0.1:4200/api", "source": "profile"} in shown[
        "settings"
    ]
    assert get_current_settings().api.url == "http://env/api"


def test_unknown_profile_exits_1(prefect) -> None:
    outcome = prefect("--profile", "nope", "version")
    assert (outcome.code, outcome.out) == (1, "")
    assert "Profile 'nope' not found" in outcome.err


def test_prompt_option_says_whether_to_ask(prefect, probe: typer.Typer) -> None:
    asked: list[bool] = []
    probe.command("ask")(lambda: asked.append(_output.is_interactive()))
    for option in (("--prompt",), ("--no-prompt",), ()):
        assert prefect(*option, "probe", "ask").code == 0
    assert asked == [True, False, False]


def test_known_errors_are_one_message_and_others_a_traceback(prefect, probe: typer.Typer) -> None:
    @probe.command()
    def known() -> None:
        raise PrefectException("the reason")

    @probe.command()
    def unknown() -> None:
        raise ZeroDivisionError

    assert prefect("probe", "known") == (1, "", "the reason\n")
    with pytest.raises(ZeroDivisionError):
        root.run(["probe", "unknown"])


def test_bad_settings_stop_commands_except_those_that_mend(prefect, home: Path, probe: typer.Typer) -> None:
    (home / "profiles.toml").write_text('active = "p"\n[profiles.p]\nPREFECT_LOGGING_LEVEL = "LOUD"\n')
    probe.command("ok")(lambda: None)
    outcome = prefect("probe", "ok")
    assert outcome.code == 1
    assert "must be one of DEBUG, INFO" in outcome.err
    assert prefect("version").code == 0
    assert prefect("config", "view").code == prefect("config", "validate").code == 1
    assert prefect("config", "unset", "PREFECT_LOGGING_LEVEL").code == 0
    assert prefect("config", "validate").code == prefect("probe", "ok").code == 0


def test_bad_settings_of_a_named_profile_can_be_mended(prefect, home: Path) -> None:
    (home / "profiles.toml").write_text('[profiles.p]\nPREFECT_LOGGING_LEVEL = "LOUD"\n')
    assert prefect("-p", "p", "config", "set", "PREFECT_LOGGING_LEVEL=INFO").code == 0
    assert prefect("-p", "p", "config", "validate").code == 0


def test_version_says_what_it_talks_to(prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = json.loads(prefect("version", "-o", "json").out)
    assert facts["Version"] == root_version()
    assert facts["Profile"] == facts["Server type"] == "ephemeral"
    assert facts["Server"] == {"Database": "sqlite"}
    monkeypatch.setenv("PREFECT_API_URL", "http://h/api")
    lines = prefect("version").out.splitlines()
    assert "Server type:          server" in lines
    assert not any("Database" in line for line in lines)


def test_json_knows_models_ids_and_times(capsys: pytest.CaptureFixture[str]) -> None:
    from datetime import UTC, datetime, timedelta

    _output.print_json(
        {
            "settings": Settings(api={"key": "hunter2"}).api,
            "id": UUID(int=1),
            "time": datetime(2026, 1, 2, tzinfo=UTC),
            "duration": timedelta(seconds=1.5),
            "set": {1},
        }
    )
    printed = json.loads(capsys.readouterr().out)
    assert printed["settings"]["key"] == "********"
    assert printed["id"] == "00000000-0000-0000-0000-000000000001"
    assert (printed["time"], printed["duration"], printed["set"]) == ("2026-01-02T00:00:00+00:00", 1.5, [1])


def test_tables_take_text_literally_and_are_not_cut_in_pipes(capsys: pytest.CaptureFixture[str]) -> None:
    _output.print_table(["Name", "Id"], [("[red]x[/red]", "a" * 120), (None, 7)], title="Things")
    printed = capsys.readouterr().out
    assert "[red]x[/red]" in printed
    assert "a" * 120 in printed
    assert "None" not in printed


def test_confirm_asks_only_when_somebody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"Sure?": False}
    monkeypatch.setattr(typer, "confirm", answers.__getitem__)
    _output.confirm("Sure?")
    with temporary_settings({"cli.prompt": True}):
        _output.confirm("Sure?", yes=True)
        with pytest.raises(typer.Exit):
            _output.confirm("Sure?")
        answers["Sure?"] = True
        _output.confirm("Sure?")


def test_a_small_command_loads_little() -> None:
    program = (
        "import sys\nfrom prefect.cli import main\n"
        "try: main(['version', '--omit-integrations'])\nexcept SystemExit: pass\n"
        "print(sorted({'rich', 'sqlalchemy', 'httpx', 'fastapi', 'alembic', 'jinja2', 'yaml',"
        " 'prefect.flows', 'prefect.cli.config'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
