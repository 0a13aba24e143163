"""What values mean: conversion, limits, errors that name everything, values that follow from others."""

import errno
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prefect.exceptions import ConfigurationError
from prefect.settings import InvalidSettingError, Settings
from prefect.settings.coercion import coerce
from prefect.settings.sources import read_profiles_file
from prefect.settings.spelling import to_text

Read = Callable[..., Settings]


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("PREFECT_LOGGING_LEVEL", "debug", "logging.level", "DEBUG"),
        ("PREFECT_DEBUG_MODE", "on", "debug_mode", True),
        ("PREFECT_CLI_PROMPT", "no", "cli.prompt", False),
        ("PREFECT_CLI_PROMPT", "", "cli.prompt", None),
        ("PREFECT_API_URL", "", "api.url", None),
        ("PREFECT_LOGGING_EXTRA_LOGGERS", "a, b,", "logging.extra_loggers", ["a", "b"]),
        ("PREFECT_PLUGINS_ALLOW", '["x"]', "plugins.allow", {"x"}),
        ("PREFECT_CLIENT_CUSTOM_HEADERS", '{"X-A": "b"}', "client.custom_headers", {"X-A": "b"}),
        ("PREFECT_CLIENT_RETRY_EXTRA_CODES", "400,429", "client.retry_extra_codes", {400, 429}),
        (
            "PREFECT_TASK_DEFAULT_RETRY_DELAY_SECONDS",
            "1,2.5",
            "tasks.default_retry_delay_seconds",
            [1.0, 2.5],
        ),
        ("PREFECT_TASK_DEFAULT_RETRY_DELAY_SECONDS", "10", "tasks.default_retry_delay_seconds", 10),
        (
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED",
            "events",
            "server.services.db_vacuum.enabled",
            {"events"},
        ),
        ("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "false", "server.services.db_vacuum.enabled", False),
        (
            "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS",
            "30",
            "server.services.late_runs.after_seconds",
            timedelta(seconds=30),
        ),
    ],
)
def test_text_becomes_the_declared_type(
    read_with: Read, variable: str, text: str, path: str, value: Any
) -> None:
    found: Any = read_with(**{variable: text})
    for step in path.split("."):
        found = getattr(found, step)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90", timedelta(seconds=90)),
        ("1.5", timedelta(seconds=1.5)),
        ("P1DT2M", timedelta(days=1, minutes=2)),
        ("pt0.25s", timedelta(milliseconds=250)),
        ("P2W", timedelta(weeks=2)),
        ("1:02:03", timedelta(hours=1, minutes=2, seconds=3)),
        ("2 days, 0:00:01.5", timedelta(days=2, seconds=1.5)),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    assert coerce(timedelta, text) == duration


@pytest.mark.parametrize("text", ["", "P", "PT", "1:2", "soon", "P1"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="number of seconds or a duration"):
        coerce(timedelta, text)


@pytest.mark.parametrize(
    ("variable", "text", "reason"),
    [
        ("PREFECT_API_REQUEST_TIMEOUT", "abc", "must be a number"),
        ("PREFECT_SERVER_API_PORT", "1.5", "must be a whole number"),
        ("PREFECT_DEBUG_MODE", "maybe", "must be true or false"),
        ("PREFECT_LOGGING_LEVEL", "LOUD", "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("PREFECT_CLIENT_CUSTOM_HEADERS", "x", "must be a JSON object"),
        ("PREFECT_CLIENT_CUSTOM_HEADERS", "{", "must be valid JSON"),
        ("PREFECT_CLIENT_RETRY_EXTRA_CODES", "99", "must be at least 100"),
        ("PREFECT_CLIENT_RETRY_EXTRA_CODES", "600", "must be at most 599"),
        ("PREFECT_TASKS_DEFAULT_RETRIES", "-1", "must be at least 0"),
        ("PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS", "0", "must be more than 0"),
        ("PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS", "x", "must be a number or a comma-separated list"),
        ("PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD", "60", "must be more than 3600"),
        ("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "logs", "one of events, flow_runs"),
    ],
)
def test_errors_name_setting_value_source_and_what_is_allowed(
    read_with: Read, variable: str, text: str, reason: str
) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        read_with(**{variable: text})
    [problem] = caught.value.problems
    assert problem.env_name == variable
    assert reason in problem.reason
    message = str(caught.value)
    assert repr(text) in message
    assert f"from environment variable {variable}" in message
    assert problem.path in message


def test_errors_name_the_file_a_value_came_from() -> None:
    Path("prefect.toml").write_text("[server.api]\nport = 'x'\n")
    with pytest.raises(InvalidSettingError, match=r"from server\.api\.port in prefect\.toml"):
        Settings()


def test_all_bad_values_are_reported_at_once(read_with: Read) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        read_with(PREFECT_DEBUG_MODE="x", PREFECT_SERVER_API_PORT="y")
    assert {problem.path for problem in caught.value.problems} == {"debug_mode", "server.api.port"}
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ConfigurationError)


def test_bad_secrets_are_not_shown() -> None:
    with pytest.raises(InvalidSettingError) as caught:
        Settings(api={"key": ["hunter2"]})
    assert "hunter2" not in str(caught.value)


def test_unknown_name_in_code_is_an_error_with_a_hint() -> None:
    with pytest.raises(
        ValueError, match="Unknown setting: 'PREFECT_API_ULR'; did you mean 'PREFECT_API_URL'"
    ):
        Settings().copy_with_update({"PREFECT_API_ULR": "x"})


def test_settings_that_are_no_text_are_named() -> None:
    Path("prefect.toml").write_bytes(b"prefect \xff")
    with pytest.raises(ConfigurationError, match=r"prefect\.toml .* is not UTF-8"):
        Settings()


def test_settings_that_may_not_be_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, **options: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    # as root nothing is refused
    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(ConfigurationError, match=r"cannot be read: Permission denied\. Let this user"):
        read_profiles_file(Path("profiles.toml"))


def test_broken_toml_is_named() -> None:
    Path("prefect.toml").write_text("x = ]")
    with pytest.raises(ConfigurationError, match=r"prefect\.toml is not valid TOML"):
        Settings()


def test_paths_follow_home(read_with: Read, home: Path) -> None:
    settings = read_with()
    assert settings.profiles_path == home / "profiles.toml"
    assert settings.results.local_storage_path == home / "storage"
    assert settings.logging.config_path == home / "logging.yml"
    assert settings.server.memo_store_path == home / "memo_store.toml"
    assert read_with(PREFECT_LOCAL_STORAGE_PATH="${PREFECT_HOME}/r").results.local_storage_path == home / "r"


def test_home_is_absolute_and_may_start_with_a_tilde(
    read_with: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/users/me")
    assert read_with(PREFECT_HOME="~/p").home == Path("/users/me/p")
    assert read_with(PREFECT_HOME="here").home == Path.cwd() / "here"


def database_url(settings: Settings) -> str:
    url = settings.server.database.connection_url
    assert url is not None
    return url.get_secret_value()


def test_store_is_a_file_in_home_unless_said_otherwise(read_with: Read, home: Path) -> None:
    assert database_url(read_with()) == f"sqlite+aiosqlite:///{home}/runs.db"
    assert database_url(read_with(PREFECT_API_DATABASE_CONNECTION_URL="sqlite:///x.db")) == "sqlite:///x.db"


def test_postgresql_url_is_made_of_its_parts(read_with: Read) -> None:
    parts = {
        "PREFECT_SERVER_DATABASE_DRIVER": "postgresql+asyncpg",
        "PREFECT_SERVER_DATABASE_HOST": "db",
        "PREFECT_SERVER_DATABASE_USER": "u",
        "PREFECT_SERVER_DATABASE_NAME": "n",
        "PREFECT_SERVER_DATABASE_PASSWORD": "p@ss/word",
    }
    assert database_url(read_with(**parts)) == "postgresql+asyncpg://u:p%40ss%2Fword@db:5432/n"
    del parts["PREFECT_SERVER_DATABASE_NAME"]
    with pytest.raises(InvalidSettingError, match="needs PREFECT_SERVER_DATABASE_NAME") as caught:
        read_with(**parts)
    assert "p@ss" not in str(caught.value)


def test_password_is_put_into_a_connection_url(read_with: Read) -> None:
    settings = read_with(
        PREFECT_API_DATABASE_PASSWORD="pw",
        PREFECT_API_DATABASE_CONNECTION_URL="postgresql+asyncpg://u:${PREFECT_API_DATABASE_PASSWORD}@h/d",
    )
    assert database_url(settings) == "postgresql+asyncpg://u:pw@h/d"


@pytest.mark.parametrize(
    ("api_url", "ui_url"),
    [
        ("http://host:1/api", "http://host:1"),
        (
            "https://api.prefect.cloud/api/accounts/a/workspaces/w",
            "https://app.prefect.cloud/account/a/workspace/w",
        ),
    ],
)
def test_ui_url_follows_from_the_api_url(read_with: Read, api_url: str, ui_url: str) -> None:
    settings = read_with(PREFECT_API_URL=api_url)
    assert settings.ui_url == ui_url
    assert settings.connected_to_cloud is ("cloud" in api_url)
    assert read_with(PREFECT_API_URL=api_url, PREFECT_UI_URL="http://mine").ui_url == "http://mine"


def test_debug_mode_wins_over_levels_and_is_undone_with_it(read_with: Read) -> None:
    settings = read_with(PREFECT_DEBUG_MODE="1", PREFECT_LOGGING_LEVEL="ERROR")
    assert (settings.logging.level, settings.internal.logging_level) == ("DEBUG", "DEBUG")
    assert settings.copy_with_update({"debug_mode": False}).logging.level == "ERROR"


def test_log_messages_must_fit_into_batches(read_with: Read) -> None:
    with pytest.raises(InvalidSettingError, match="must not exceed PREFECT_LOGGING_TO_API_BATCH_SIZE"):
        read_with(PREFECT_LOGGING_TO_API_MAX_LOG_SIZE="20", PREFECT_LOGGING_TO_API_BATCH_SIZE="10")


def test_suspicious_api_url_is_warned_about_unless_silenced(read_with: Read, recwarn) -> None:
    url = "https://app.prefect.cloud/account/a/workspace/w"
    with pytest.warns(UserWarning, match=r"api\.prefect\.cloud"):
        read_with(PREFECT_API_URL=url)
    recwarn.clear()
    read_with(PREFECT_API_URL=url, PREFECT_SILENCE_API_URL_MISCONFIGURATION="true")
    read_with(PREFECT_API_URL="https://api.prefect.cloud/api/accounts/a/workspaces/w")
    assert not recwarn.list


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999"])
def test_a_number_is_one_that_can_be_counted_to(read_with: Read, text: str) -> None:
    with pytest.raises(
        InvalidSettingError, match=r"PREFECT_ENGINE_LEASE_TTL_SECONDS .*must be a finite number"
    ):
        read_with(PREFECT_ENGINE_LEASE_TTL_SECONDS=text)


def test_the_home_of_nobody_is_told(read_with: Read) -> None:
    with pytest.raises(InvalidSettingError, match="'~nobody-of-that-name/x' from environment variable"):
        read_with(PREFECT_RESULTS_LOCAL_STORAGE_PATH="~nobody-of-that-name/x")


@pytest.mark.parametrize(
    "duration", [timedelta(seconds=-5), -timedelta(days=2, microseconds=3), timedelta(days=9)]
)
def test_a_duration_that_was_spelled_is_read_again(duration: timedelta) -> None:
    assert coerce(timedelta, to_text(duration)) == duration
