"""The table itself: complete, consistent, and every value can be spelled and read again."""

import json
import typing
from pathlib import Path

import pytest

import prefect.settings
from prefect.settings import Settings, canonical_environment_prefix
from prefect.settings.base import PrefectBaseSettings
from prefect.settings.coercion import coerce
from prefect.settings.index import by_env_name, by_path
from prefect.settings.legacy import get_default_settings, setting_named
from prefect.settings.spelling import to_text

DOCUMENTED = json.loads((Path(__file__).parent / "documented_settings.json").read_text())
SIMPLE_DEFAULTS = {
    path: facts["default"]
    for path, facts in DOCUMENTED["settings_3_9"].items()
    if facts["default"][0] in "'0123456789TF" or facts["default"] == "None"
}


@pytest.mark.parametrize("path", DOCUMENTED["settings_3_9"])
def test_has_every_documented_setting_with_its_variables(path: str) -> None:
    assert list(by_path()[path].env_names) == DOCUMENTED["settings_3_9"][path]["variables"]


@pytest.mark.parametrize("path", SIMPLE_DEFAULTS)
def test_defaults_are_the_documented_ones(path: str) -> None:
    row = by_path()[path]
    if row.derive is None:
        assert repr(row.default) == SIMPLE_DEFAULTS[path]


@pytest.mark.parametrize("variable", DOCUMENTED["variables_3_0"])
def test_names_of_3_0_can_be_imported(variable: str) -> None:
    assert getattr(prefect.settings, variable).name == variable


def test_no_variable_means_two_settings() -> None:
    names = [name for row in by_path().values() for name in row.env_names]
    assert len(names) == len(set(names)) == len(by_env_name())


@pytest.mark.parametrize("row", by_path().values(), ids=lambda row: row.path)
def test_every_setting_is_explained(row) -> None:
    assert row.description.endswith(".")
    assert row.description[0].isupper() or row.description[0] == "`"


@pytest.mark.parametrize("row", by_path().values(), ids=lambda row: row.path)
def test_every_default_has_the_declared_type_and_survives_spelling(row) -> None:
    value = setting_named(row.env_name).value_from(get_default_settings())
    assert value is None or coerce(row.annotation, value) is not None
    if value is not None:
        assert coerce(row.annotation, to_text(coerce(row.annotation, value), reveal=True)) == coerce(
            row.annotation, value
        )


def test_optional_settings_are_the_ones_that_may_be_none() -> None:
    settings = get_default_settings()
    for row, value in settings.items():
        if value is None:
            assert row.annotation is typing.Any or type(None) in typing.get_args(row.annotation), row


def test_prefix_of_a_group() -> None:
    settings = get_default_settings()
    assert canonical_environment_prefix(settings) == "PREFECT_"
    assert canonical_environment_prefix(settings.server.api) == "PREFECT_SERVER_API_"


def test_groups_are_where_the_documentation_says() -> None:
    def groups(cls: type[PrefectBaseSettings]) -> list[type[PrefectBaseSettings]]:
        return [cls, *(found for sub in cls.subgroups.values() for found in groups(sub))]

    for group in groups(Settings):
        place = group.path.split(".")
        top = place[1] if place[0] == "server" and len(place) > 1 else place[0] or "root"
        assert group.__module__.rpartition(".")[2] in (top, "root"), group
