"""Profiles: reading, changing, writing `profiles.toml`."""

import tomllib
from pathlib import Path

import pytest

from prefect.exceptions import ConfigurationError, ProfileSettingsValidationError
from prefect.settings import (
    PREFECT_API_URL,
    Profile,
    ProfilesCollection,
    load_current_profile,
    load_profile,
    load_profiles,
    save_profiles,
    update_current_profile,
)
from prefect.settings.toml import toml_text, write_atomically


def test_new_installation_has_the_shipped_profiles() -> None:
    profiles = load_profiles()
    assert profiles.names == {"ephemeral", "local", "test", "cloud"}
    assert profiles.active_profile == load_current_profile() == load_profile("ephemeral")
    assert load_profiles(include_defaults=False).names == set()


def test_saved_profiles_are_read_again_without_the_shipped_ones(home: Path) -> None:
    profiles = load_profiles()
    profiles.add_profile(Profile(name="mine", settings={"PREFECT_API_URL": "http://m/api"}))
    profiles.set_active("mine")
    save_profiles(profiles)
    assert tomllib.loads((home / "profiles.toml").read_text()) == {
        "active": "mine",
        "profiles": {"mine": {"PREFECT_API_URL": "http://m/api"}},
    }
    assert load_profiles().active_name == "mine"
    assert load_profiles().names > {"mine", "local"}


def test_own_profile_replaces_the_shipped_one_of_its_name(home: Path) -> None:
    home.mkdir()
    (home / "profiles.toml").write_text('[profiles.local]\nPREFECT_API_URL = "http://mine/api"\n')
    assert load_profile("local").settings == {PREFECT_API_URL: "http://mine/api"}


def test_update_merges_and_none_removes() -> None:
    profiles = ProfilesCollection(
        [Profile(name="p", settings={"PREFECT_API_URL": "u", "PREFECT_DEBUG_MODE": "1"})]
    )
    profiles.update_profile("p", {"PREFECT_API_URL": None, "PREFECT_LOGGING_LEVEL": "INFO"})
    assert profiles.to_dict()["profiles"]["p"] == {"PREFECT_DEBUG_MODE": "1", "PREFECT_LOGGING_LEVEL": "INFO"}


def test_current_name_of_a_setting_takes_the_place_of_an_older_one() -> None:
    profiles = ProfilesCollection([Profile(name="p", settings={"PREFECT_API_DATABASE_ECHO": "true"})])
    profiles.update_profile("p", {"PREFECT_SERVER_DATABASE_ECHO": "false"})
    assert profiles.to_dict()["profiles"]["p"] == {"PREFECT_SERVER_DATABASE_ECHO": "false"}


def test_unknown_names_are_kept_and_warned_about() -> None:
    with pytest.warns(UserWarning, match="'PREFECT_NOPE' is not recognized"):
        profile = Profile(name="p", settings={"PREFECT_NOPE": "1"})
    assert profile.to_environment_variables() == {"PREFECT_NOPE": "1"}


def test_updating_the_current_profile_checks_before_it_writes(home: Path) -> None:
    update_current_profile({"PREFECT_LOGGING_LEVEL": "DEBUG"})
    before = (home / "profiles.toml").read_text()
    with pytest.raises(ProfileSettingsValidationError) as caught:
        update_current_profile({PREFECT_API_URL: "ok", "PREFECT_SERVER_API_PORT": "x"})
    assert [setting.name for setting, _ in caught.value.errors] == ["PREFECT_SERVER_API_PORT"]
    assert (home / "profiles.toml").read_text() == before


def test_collection_refuses_what_makes_no_sense() -> None:
    profiles = ProfilesCollection([Profile(name="p")])
    with pytest.raises(ValueError, match="already exists"):
        profiles.add_profile(Profile(name="p"))
    with pytest.raises(ValueError, match="Unknown profile name 'q'"):
        profiles.set_active("q")
    with pytest.raises(KeyError):
        profiles.remove_profile("q")
    with pytest.raises(ValueError, match="Profile 'q' not found"):
        load_profile("q")


def test_collection_behaves_like_a_mapping() -> None:
    p, q = Profile(name="p"), Profile(name="q", source=Path("x"))
    profiles = ProfilesCollection([p, q], active="p")
    assert list(profiles) == ["p", "q"]
    assert profiles.items() == [("p", p), ("q", q)]
    assert profiles["q"] is q
    assert profiles.without_profile_source(Path("x")) == ProfilesCollection([p], active="p")


def test_broken_file_is_named(home: Path) -> None:
    profiles = load_profiles()
    (home).mkdir()
    (home / "profiles.toml").write_text("profiles = 1")
    with pytest.raises(ConfigurationError, match=r"profiles\.toml is not a profiles file"):
        load_profiles()
    assert profiles.names


@pytest.mark.parametrize(
    "text", ['quo"te', "back\\slash", "line\nbreak\ttab", "\x00\x1f\x7f", "ümläut ☃", ""]
)
def test_toml_strings_survive(text: str) -> None:
    contents = {"top": text, "profiles": {text or "empty": {"key": text}, "plain": {}}}
    assert tomllib.loads(toml_text(contents)) == contents


def test_toml_values() -> None:
    contents = {"profiles": {"p": {"a": True, "b": 1, "c": 2.5, "d": None}}}
    assert tomllib.loads(toml_text(contents)) == {"profiles": {"p": {"a": True, "b": 1, "c": 2.5}}}


def test_written_file_is_private_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, "one")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    write_atomically(path, "two")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two", 0o644)
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_profiles_that_lie_elsewhere_stay_there(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.toml"
    elsewhere.write_text("")
    home.mkdir()
    (home / "profiles.toml").symlink_to(elsewhere)
    update_current_profile({PREFECT_API_URL: "http://here/api"})
    assert (home / "profiles.toml").is_symlink()
    assert "http://here/api" in elsewhere.read_text()


def test_profiles_that_cannot_be_written_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_PROFILES_PATH", "/dev/null/profiles.toml")
    with pytest.raises(
        ConfigurationError, match=r"/dev/null/profiles.toml cannot be written: .*PREFECT_HOME"
    ):
        save_profiles(ProfilesCollection([]))
