"""Settings objects: immutable, comparable, printable without secrets, carried to other processes."""

import copy
import json
import pickle
from pathlib import Path

import cloudpickle
import pytest
from pydantic import BaseModel, SecretStr

from prefect.settings import Settings, get_current_settings

SECRET = "pnu_hunter2"


def test_values_cannot_be_assigned() -> None:
    settings = get_current_settings()
    with pytest.raises(AttributeError, match="temporary_settings"):
        settings.api.url = "x"
    with pytest.raises(AttributeError, match="temporary_settings"):
        settings.debug_mode = True
    assert settings.api.url is None


def test_mutable_defaults_are_not_shared() -> None:
    first, second = Settings(), Settings()
    first.client.custom_headers["a"] = "b"
    assert second.client.custom_headers == {}


def test_equal_settings_are_equal_and_hash_alike() -> None:
    one, two = Settings(debug_mode=True), Settings(debug_mode=True)
    assert one == two
    assert one.hash_key() == two.hash_key()
    assert one != Settings()
    assert one.hash_key() != Settings().hash_key()


def test_settings_that_differ_in_a_secret_differ_in_their_key() -> None:
    assert Settings(api={"key": "a"}).hash_key() != Settings(api={"key": "b"}).hash_key()


@pytest.mark.parametrize(
    "carry",
    [
        copy.deepcopy,
        lambda s: pickle.loads(pickle.dumps(s)),
        lambda s: cloudpickle.loads(cloudpickle.dumps(s)),
    ],
)
def test_copies_keep_values_and_what_was_given(carry) -> None:
    settings = Settings(api={"key": SECRET}, home="/somewhere")
    carried = carry(settings)
    assert carried == settings
    assert carried.to_environment_variables(exclude_unset=True) == settings.to_environment_variables(
        exclude_unset=True
    )
    assert carried.copy_with_update({"home": "/else"}).results.local_storage_path == Path("/else/storage")


def test_secrets_are_masked_wherever_settings_are_printed() -> None:
    settings = Settings(api={"key": SECRET, "auth_string": f"me:{SECRET}"})
    shown = [
        repr(settings),
        str(settings),
        repr(settings.api),
        settings.model_dump_json(),
        str(settings.model_dump()),
    ]
    assert not any(SECRET in text for text in shown)
    assert SECRET not in json.dumps(settings.to_environment_variables(include_secrets=False))


def test_obfuscated_copy_holds_no_secret() -> None:
    settings = Settings(api={"key": SECRET}).with_obfuscated_secrets()
    assert settings.api.key == SecretStr("********")


def test_environment_variables_make_the_same_settings_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        api={"url": "http://h/api", "key": SECRET},
        client={"custom_headers": {"a": "b"}, "retry_extra_codes": [400, 500]},
        tasks={"default_retry_delay_seconds": [1, 2]},
        server={"services": {"late_runs": {"after_seconds": 90}}},
    )
    variables = settings.to_environment_variables(exclude_unset=True)
    assert variables["PREFECT_API_KEY"] == SECRET
    assert variables["PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS"] == "PT1M30S"
    assert "PREFECT_LOGGING_LEVEL" not in variables
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_environment_variables_may_include_older_names_and_defaults() -> None:
    settings = Settings(flows={"default_retries": 3})
    everything = settings.to_environment_variables(include_aliases=True)
    assert everything["PREFECT_FLOWS_DEFAULT_RETRIES"] == everything["PREFECT_FLOW_DEFAULT_RETRIES"] == "3"
    assert everything["PREFECT_SERVER_API_PORT"] == "4200"
    assert "PREFECT_API_URL" not in everything


def test_one_group_can_be_spelled_alone() -> None:
    assert set(Settings().cli.to_environment_variables()) == {"PREFECT_CLI_COLORS", "PREFECT_CLI_WRAP_LINES"}


def test_dump_is_nested_and_may_leave_out_defaults(home: Path) -> None:
    settings = Settings(api={"url": "http://h/api"})
    assert settings.model_dump(exclude_unset=True)["api"] == {"url": "http://h/api"}
    assert settings.model_dump()["server"]["api"]["port"] == 4200
    assert json.loads(settings.model_dump_json())["home"] == str(home)
    assert settings.api.model_fields_set == {"url"}


def test_settings_can_be_a_field_of_a_model() -> None:
    class Holder(BaseModel):
        settings: Settings

    settings = Settings()
    assert Holder(settings=settings).settings is settings


def test_former_places_still_lead_to_settings() -> None:
    settings = get_current_settings()
    assert settings.experiments.plugins == settings.plugins
    assert settings.runner.heartbeat_frequency == settings.flows.heartbeat_frequency == 180


def test_what_the_vacuum_deletes() -> None:
    def types(enabled: object) -> set[str]:
        return Settings(
            server={"services": {"db_vacuum": {"enabled": enabled}}}
        ).server.services.db_vacuum.enabled_vacuum_types

    assert types(True) == {"events", "flow_runs"}
    assert types(False) == types(None) == set()
    assert types("events") == {"events"}
