"""`prefect config`."""

import json
import tomllib
from pathlib import Path

import pytest


def profile(home: Path, name: str = "ephemeral") -> dict[str, str]:
    settings: dict[str, str] = tomllib.loads((home / "profiles.toml").read_text())["profiles"][name]
    return settings


def test_view_shows_what_is_set_and_from_where(prefect, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_FLOW_DEFAULT_RETRIES", "2")
    Path("prefect.toml").write_text("[logging]\nlevel = 'DEBUG'\n")
    assert prefect("config", "view").out.splitlines() == [
        "PREFECT_PROFILE='ephemeral'",
        "PREFECT_FLOWS_DEFAULT_RETRIES='2' (from env)",
        f"PREFECT_HOME='{home}' (from env)",
        "PREFECT_LOGGING_LEVEL='DEBUG' (from prefect.toml)",
        "PREFECT_SERVER_EPHEMERAL_ENABLED='True' (from profile)",
    ]
    assert "(from" not in prefect("config", "view", "--hide-sources").out


def test_view_with_defaults_shows_every_setting(prefect) -> None:
    lines = prefect("config", "view", "--show-defaults").out.splitlines()
    assert "PREFECT_SERVER_API_PORT='4200' (from defaults)" in lines
    assert "PREFECT_API_URL='None' (from defaults)" in lines
    assert len(lines) > 230


def test_secrets_are_shown_only_on_request(prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "hunter2")
    assert "hunter2" not in prefect("config", "view").out
    assert "PREFECT_API_KEY='********' (from env)" in prefect("config", "view").out
    assert "hunter2" not in prefect("config", "view", "-o", "json").out
    assert "PREFECT_API_KEY='hunter2' (from env)" in prefect("config", "view", "--show-secrets").out


def test_view_as_json(prefect, home: Path) -> None:
    shown = json.loads(prefect("config", "view", "--output", "json").out)
    assert shown == {
        "profile": "ephemeral",
        "settings": [
            {"name": "PREFECT_HOME", "value": str(home), "source": "env"},
            {"name": "PREFECT_SERVER_EPHEMERAL_ENABLED", "value": "True", "source": "profile"},
        ],
    }
    assert prefect("config", "view", "-o", "xml").code == 2


def test_set_writes_into_the_profile_in_use(prefect, home: Path) -> None:
    outcome = prefect("config", "set", "PREFECT_LOGGING_LEVEL=DEBUG", "PREFECT_API_KEY=a=b")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "Set 'PREFECT_LOGGING_LEVEL' to 'DEBUG'.",
        "Set 'PREFECT_API_KEY' to '********'.",
        "Updated profile 'ephemeral'.",
    ]
    assert profile(home)["PREFECT_API_KEY"] == "a=b"
    assert "PREFECT_LOGGING_LEVEL='DEBUG' (from profile)" in prefect("config", "view").out
    assert prefect("-p", "local", "config", "set", "PREFECT_LOGGING_LEVEL=INFO").code == 0
    assert profile(home, "local")["PREFECT_LOGGING_LEVEL"] == "INFO"


def test_set_takes_older_names_and_paths(prefect, home: Path) -> None:
    assert prefect("config", "set", "PREFECT_API_DATABASE_ECHO=true", "api.url=http://h/api").code == 0
    assert profile(home)["PREFECT_SERVER_DATABASE_ECHO"] == "true"
    assert profile(home)["PREFECT_API_URL"] == "http://h/api"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("PREFECT_API_ULR=x", "did you mean 'PREFECT_API_URL'"),
        ("PREFECT_SERVER_API_PORT=x", "must be a whole number, got 'x'"),
        ("PREFECT_HOME=/x", "cannot be changed with this command"),
        ("PREFECT_PROFILES_PATH=/x", "cannot be changed with this command"),
        ("PREFECT_API_URL", "Use the format 'VAR=VAL'"),
    ],
)
def test_set_refuses_what_cannot_be(prefect, home: Path, assignment: str, message: str) -> None:
    outcome = prefect("config", "set", "PREFECT_DEBUG_MODE=true", assignment)
    assert (outcome.code, outcome.out) == (1, "")
    assert message in outcome.err
    assert not (home / "profiles.toml").exists()


def test_set_says_when_the_environment_wins(prefect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "ERROR")
    outcome = prefect("config", "set", "PREFECT_LOGGING_LEVEL=DEBUG")
    assert outcome.code == 0
    assert "also set by environment variable PREFECT_LOGGING_LEVEL, which wins" in outcome.err


def test_unset_removes_by_any_name(prefect, home: Path) -> None:
    prefect("config", "set", "PREFECT_SERVER_DATABASE_ECHO=true", "PREFECT_DEBUG_MODE=true")
    outcome = prefect("config", "unset", "PREFECT_API_DATABASE_ECHO", "-y")
    assert outcome.code == 0
    assert set(profile(home)) == {"PREFECT_SERVER_EPHEMERAL_ENABLED", "PREFECT_DEBUG_MODE"}


def test_unset_changes_nothing_when_one_name_is_not_set(prefect, home: Path) -> None:
    prefect("config", "set", "PREFECT_DEBUG_MODE=true")
    for name, message in (
        ("PREFECT_API_URL", "is not set in profile"),
        ("PREFECT_NOPE", "Unknown setting name"),
    ):
        outcome = prefect("config", "unset", "PREFECT_DEBUG_MODE", name)
        assert outcome.code == 1
        assert message in outcome.err
    assert "PREFECT_DEBUG_MODE" in profile(home)


def test_unset_asks_first(prefect, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefect("config", "set", "PREFECT_DEBUG_MODE=true")
    monkeypatch.setattr("typer.confirm", lambda question: False)
    assert prefect("--prompt", "config", "unset", "PREFECT_DEBUG_MODE").code == 1
    assert "PREFECT_DEBUG_MODE" in profile(home)


def test_validate_brings_older_names_up_to_date(prefect, home: Path) -> None:
    lines = ('active = "p"', "[profiles.p]", 'PREFECT_API_DATABASE_ECHO = "true"')
    (home / "profiles.toml").write_text("\n".join([*lines, 'PREFECT_ASYNC_FETCH_STATE_RESULT = "1"']))
    outcome = prefect("config", "validate")
    assert outcome.code == 0
    assert "Updated 'PREFECT_API_DATABASE_ECHO' to 'PREFECT_SERVER_DATABASE_ECHO'." in outcome.out
    assert "'PREFECT_ASYNC_FETCH_STATE_RESULT' no longer has an effect" in outcome.out
    assert profile(home, "p") == {
        "PREFECT_SERVER_DATABASE_ECHO": "true",
        "PREFECT_ASYNC_FETCH_STATE_RESULT": "1",
    }
    assert prefect("config", "unset", "PREFECT_ASYNC_FETCH_STATE_RESULT").code == 0
    assert profile(home, "p") == {"PREFECT_SERVER_DATABASE_ECHO": "true"}


def test_unknown_names_in_a_profile_can_be_removed(prefect, home: Path) -> None:
    (home / "profiles.toml").write_text('active = "p"\n[profiles.p]\nPREFECT_NOPE = "1"\n')
    with pytest.warns(UserWarning, match="PREFECT_NOPE"):
        assert prefect("config", "unset", "PREFECT_NOPE").code == 0
    assert "PREFECT_NOPE" not in (home / "profiles.toml").read_text()
