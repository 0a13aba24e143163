"""Which source wins, and how each is read."""

from pathlib import Path

import pytest

from prefect.settings import Settings
from prefect.settings.sources import parse_dotenv


def write_profiles(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "profiles.toml").write_text(text)


def test_each_source_wins_over_the_ones_below(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Added from the lowest to the highest, so that each step fails if the new source does not win.
    def url_and_origin() -> tuple[str | None, str | None]:
        settings = Settings()
        origin = settings.origin_of("api.url")
        return settings.api.url, origin.kind if origin else None

    assert url_and_origin() == (None, None)
    write_profiles(home, 'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "http://profile/api"\n')
    assert url_and_origin() == ("http://profile/api", "profile")
    Path("pyproject.toml").write_text('[tool.prefect]\napi.url = "http://pyproject/api"\n')
    assert url_and_origin() == ("http://pyproject/api", "pyproject.toml")
    Path("prefect.toml").write_text('[api]\nurl = "http://toml/api"\n')
    assert url_and_origin() == ("http://toml/api", "prefect.toml")
    Path(".env").write_text("PREFECT_API_URL=http://dotenv/api\n")
    assert url_and_origin() == ("http://dotenv/api", ".env")
    monkeypatch.setenv("PREFECT_API_URL", "http://environment/api")
    assert url_and_origin() == ("http://environment/api", "env")
    assert Settings(api={"url": "http://code/api"}).api.url == "http://code/api"


def test_sources_are_merged_setting_by_setting(read_with) -> None:
    Path("prefect.toml").write_text("[server.api]\nport = 4300\nhost = 'h'\n")
    settings = read_with(PREFECT_SERVER_API_PORT="4400")
    assert (settings.server.api.host, settings.server.api.port) == ("h", 4400)


def test_current_variable_wins_over_older_ones(read_with) -> None:
    settings = read_with(PREFECT_API_DATABASE_ECHO="true", PREFECT_SERVER_DATABASE_ECHO="false")
    assert settings.server.database.echo is False
    assert read_with(PREFECT_API_DATABASE_ECHO="true").server.database.echo is True


def test_older_variable_in_the_environment_wins_over_a_current_one_in_a_file(read_with) -> None:
    Path("prefect.toml").write_text("[flows]\ndefault_retries = 1\n")
    assert read_with(PREFECT_FLOW_DEFAULT_RETRIES="2").flows.default_retries == 2


def test_variables_are_found_in_any_letter_case(read_with) -> None:
    assert read_with(prefect_api_url="http://small/api").api.url == "http://small/api"


def test_dotenv_syntax() -> None:
    text = """
    # a comment
    PLAIN=value # trailing
    export EXPORTED=1
    SINGLE='a # b\\n'
    DOUBLE="line\\nbreak"
    HASH=a#b
    EMPTY=
    no assignment
    """
    assert dict(parse_dotenv(text)) == {
        "PLAIN": "value",
        "EXPORTED": "1",
        "SINGLE": "a # b\\n",
        "DOUBLE": "line\nbreak",
        "HASH": "a#b",
        "EMPTY": "",
    }


def test_profile_named_by_variable_or_dotenv(home: Path, read_with) -> None:
    write_profiles(home, '[profiles.mine]\nPREFECT_LOGGING_LEVEL = "DEBUG"\n')
    assert read_with().logging.level == "INFO"
    assert read_with(PREFECT_PROFILE="mine").logging.level == "DEBUG"
    Path(".env").write_text("PREFECT_PROFILE=mine\n")
    assert read_with().logging.level == "DEBUG"


def test_missing_active_profile_is_warned_about_and_the_default_used(read_with) -> None:
    with pytest.warns(UserWarning, match="'nowhere' does not exist"):
        settings = read_with(PREFECT_PROFILE="nowhere")
    assert settings.server.ephemeral.enabled


def test_home_from_a_file_decides_where_profiles_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_HOME")
    write_profiles(tmp_path / "other", 'active = "a"\n[profiles.a]\nPREFECT_LOGGING_LEVEL = "ERROR"\n')
    Path("prefect.toml").write_text(f'home = "{tmp_path / "other"}"\n')
    assert Settings().logging.level == "ERROR"


def test_code_may_give_groups_or_nested_mappings() -> None:
    nested = Settings(server={"api": {"port": "99"}}, home="/h")
    assert (nested.server.api.port, nested.home) == (99, Path("/h"))
    assert Settings(server=nested.server).server.api.port == 99


def test_group_alone_reads_the_sources_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings.models.api import APISettings

    monkeypatch.setenv("PREFECT_API_KEY", "k")
    group = APISettings(url="http://u/api")
    assert group.url == "http://u/api"
    assert group.key is not None
    assert group.key.get_secret_value() == "k"


def test_unknown_keys_in_files_are_warned_about() -> None:
    Path("prefect.toml").write_text("[api]\nulr = 'x'\n[integrations.other]\nkey = 1\n")
    with pytest.warns(
        UserWarning, match=r"'api\.ulr' in prefect\.toml is not a setting; did you mean"
    ) as caught:
        Settings()
    assert len(caught) == 1


def test_unrelated_pyproject_is_ignored() -> None:
    Path("pyproject.toml").write_text('[project]\nname = "uses prefect"\n[tool.other]\nx = 1\n')
    assert Settings().model_fields_set == {"home", "server"}
