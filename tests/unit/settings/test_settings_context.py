"""The settings in force: read once, replaced for a block, and handles on single settings."""

import contextvars
from pathlib import Path

import pytest

import prefect.settings
from prefect.exceptions import MissingProfileError
from prefect.settings import (
    PREFECT_API_KEY,
    PREFECT_API_URL,
    Profile,
    get_current_settings,
    refresh_global_settings_context,
    temporary_settings,
    use_profile,
)
from prefect.settings.legacy import SettingKey


def test_read_once_and_again_when_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = get_current_settings()
    monkeypatch.setenv("PREFECT_API_URL", "http://later/api")
    assert get_current_settings() is before
    refresh_global_settings_context()
    assert get_current_settings().api.url == "http://later/api"


@pytest.mark.parametrize("key", [PREFECT_API_URL, "PREFECT_API_URL", "api.url"])
def test_temporary_settings_last_as_long_as_the_block(key: SettingKey) -> None:
    with temporary_settings({key: "http://t/api"}) as settings:
        assert get_current_settings() is settings
        assert PREFECT_API_URL.value() == "http://t/api"
        assert settings.ui_url == "http://t"
    assert PREFECT_API_URL.value() is None


def test_temporary_settings_end_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), temporary_settings({"debug_mode": True}):
        raise ZeroDivisionError
    assert not get_current_settings().debug_mode


def test_temporary_settings_nest_and_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://env/api")
    with temporary_settings({"api.url": None}), temporary_settings({"debug_mode": "yes"}) as inner:
        assert inner.api.url is None
        assert inner.debug_mode is True


def test_set_defaults_yields_to_what_is_set_and_restore_defaults_removes_it() -> None:
    with temporary_settings({"logging.level": "ERROR"}):
        with temporary_settings(set_defaults={"logging.level": "DEBUG", "debug_mode": True}) as settings:
            assert settings.origin_of("logging.level") is not None
            assert settings.debug_mode
        with temporary_settings(restore_defaults=["PREFECT_LOGGING_LEVEL"]) as settings:
            assert settings.logging.level == "INFO"


def test_home_moves_everything_in_it() -> None:
    with temporary_settings({"PREFECT_HOME": "/elsewhere"}) as settings:
        assert settings.results.local_storage_path == Path("/elsewhere/storage")


def test_a_copied_context_keeps_its_settings() -> None:
    with temporary_settings({"api.url": "http://t/api"}):
        context = contextvars.copy_context()
    assert context.run(PREFECT_API_URL.value) == "http://t/api"
    assert PREFECT_API_URL.value() is None


def test_use_profile_by_name_and_by_object(monkeypatch: pytest.MonkeyPatch) -> None:
    with use_profile("local") as frame:
        assert frame.profile_name == "local"
        assert frame.profile.settings == {PREFECT_API_URL: "http://127.0.0.1:4200/api"}
        assert PREFECT_API_URL.value() == "http://127.0.0.1:4200/api"
    monkeypatch.setenv("PREFECT_API_URL", "http://env/api")
    mine = Profile(name="mine", settings={PREFECT_API_URL: "http://mine/api"})
    with use_profile(mine):
        assert PREFECT_API_URL.value() == "http://env/api"
    with use_profile(mine, override_environment_variables=True):
        assert PREFECT_API_URL.value() == "http://mine/api"


def test_use_profile_keeps_what_code_set_unless_told_otherwise() -> None:
    with temporary_settings({"debug_mode": True}):
        with use_profile("local"):
            assert get_current_settings().debug_mode
        with use_profile("local", include_current_context=False):
            assert not get_current_settings().debug_mode


def test_use_profile_that_does_not_exist() -> None:
    with pytest.raises(MissingProfileError, match="'nope' not found"), use_profile("nope"):
        pass


def test_setting_object() -> None:
    assert PREFECT_API_URL.name == "PREFECT_API_URL"
    assert PREFECT_API_URL.default() is None
    assert not PREFECT_API_URL
    assert not PREFECT_API_URL.is_secret
    assert prefect.settings.PREFECT_API_DATABASE_ECHO == prefect.settings.PREFECT_SERVER_DATABASE_ECHO
    assert (
        len({prefect.settings.PREFECT_API_DATABASE_ECHO, prefect.settings.PREFECT_SERVER_DATABASE_ECHO}) == 1
    )


def test_secret_setting_object_gives_plain_text_only_when_asked() -> None:
    with temporary_settings({PREFECT_API_KEY: "hunter2"}) as settings:
        assert PREFECT_API_KEY.is_secret
        assert PREFECT_API_KEY
        assert PREFECT_API_KEY.value() == PREFECT_API_KEY.value_from(settings) == "hunter2"
        assert settings.value_of(PREFECT_API_KEY) == "hunter2"
        assert "hunter2" not in f"{PREFECT_API_KEY} {PREFECT_API_KEY!r}"


def test_retired_names_can_be_read() -> None:
    assert prefect.settings.PREFECT_ASYNC_FETCH_STATE_RESULT.value() is False


def test_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="PREFECT_NOPE is not a Prefect setting"):
        _ = prefect.settings.PREFECT_NOPE


def test_names_of_the_package_can_all_be_imported() -> None:
    for name in prefect.settings.__all__:
        assert getattr(prefect.settings, name) is not None
    assert "PREFECT_API_URL" in dir(prefect.settings)
    assert prefect.settings.SETTING_VARIABLES["PREFECT_API_URL"] == PREFECT_API_URL
