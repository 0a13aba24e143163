"""Field types for numbers, times, names, labels and settings."""

import datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import prefect.types as types
import prefect.types.names as names
from prefect.types.entrypoint import EntrypointType

HOUR = datetime.timedelta(hours=1)


def read(field_type: Any, value: Any) -> Any:
    return TypeAdapter(field_type).validate_python(value)


@pytest.mark.parametrize(
    ("field_type", "value", "expected"),
    [
        (types.PositiveInteger, 1, 1),
        (types.NonNegativeInteger, 0, 0),
        (types.NonNegativeFloat, 0, 0.0),
        (types.StatusCode, "200", 200),
        (types.DateTime, "2026-01-02T00:00", datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)),
        (types.Date, "2026-01-02", datetime.date(2026, 1, 2)),
        (types.Interval, 3600, HOUR),
        (types.Duration, "PT1H", HOUR),
        (types.TimeZone, "Europe/Paris", "Europe/Paris"),
        (types.DurationOrSecondsTimeDelta, 3600, HOUR),
        (types.NonNegativeTimeDelta, "PT1H", HOUR),
        (types.SecondsTimeDelta, "3600", HOUR),
        (types.SecondsTimeDelta, "PT1H", HOUR),
        (types.StrictVariableValue, {"a": [1, None]}, {"a": [1, None]}),
        (types.StrictVariableValue, None, None),
        (types.KeyValueLabels, None, {}),
        (types.KeyValueLabelsField, {"a": True, "b": 1, "c": "x"}, {"a": True, "b": 1, "c": "x"}),
        (types.ClientRetryExtraCodes, "400, 500", {400, 500}),
        (types.ClientRetryExtraCodes, 500, {500}),
        (types.ClientRetryExtraCodes, "", set()),
        (types.TaskRetryDelaySeconds, "1,2.5", [1.0, 2.5]),
        (types.TaskRetryDelaySeconds, "3", 3.0),
        (types.TaskRetryDelaySeconds, "", None),
        (types.TaskRetryDelaySeconds, [1, 2], [1.0, 2.0]),
        (types.LogLevel, "info", "INFO"),
        (types.LaxUrl, " http://x/ ", "http://x/"),
        (types.ListOfNonEmptyStrings, "a, b,,", ["a", "b"]),
        (types.ListOfNonEmptyStrings, ["a", " ", 1], ["a", "1"]),
        (types.JsonStringOrDict, '{"a": "b"}', {"a": "b"}),
        (types.JsonStringOrDict, {"a": "b"}, {"a": "b"}),
        (names.Name, "any name", "any name"),
        (names.NameOrEmpty, "", ""),
        (names.NonEmptyishName, "x", "x"),
        (names.ArtifactKey, "a-1", "a-1"),
        (names.BlockDocumentName, "a-1", "a-1"),
        (names.BlockTypeSlug, "a-1", "a-1"),
        (names.VariableName, "a_1-b", "a_1-b"),
        (names.URILike, "s3://b", "s3://b"),
        (names.ValidAssetKey, "s3://b/c.csv", "s3://b/c.csv"),
    ],
)
def test_accepted(field_type: Any, value: Any, expected: Any) -> None:
    result = read(field_type, value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("field_type", "value"),
    [
        (types.PositiveInteger, 0),
        (types.NonNegativeInteger, -1),
        (types.NonNegativeFloat, -0.1),
        (types.StatusCode, 99),
        (types.Interval, 0),
        (types.TimeZone, "Mars/Olympus"),
        (types.TimeZone, "../../etc/passwd"),
        (types.TimeZone, ""),
        (types.NonNegativeTimeDelta, -1),
        (types.SecondsTimeDelta, "soon"),
        (types.StrictVariableValue, object()),
        (types.StrictVariableValue, "x" * 5000),
        (types.KeyValueLabels, {"a": None}),
        (types.ClientRetryExtraCodes, "99"),
        (types.ClientRetryExtraCodes, "x"),
        (types.TaskRetryDelaySeconds, "soon"),
        (types.LogLevel, "LOUD"),
        (types.JsonStringOrDict, "no json"),
        (types.JsonStringOrDict, "[1]"),
        (names.Name, "a/b"),
        (names.Name, ""),
        (names.NameOrEmpty, "a%"),
        (names.NonEmptyishName, ' "" '),
        (names.ArtifactKey, "a_b"),
        (names.ArtifactKey, "a\n"),
        (names.BlockDocumentName, ""),
        (names.BlockTypeSlug, "A"),
        (names.VariableName, "A"),
        (names.VariableName, "x" * 256),
        (names.URILike, "S3://b"),
        (names.ValidAssetKey, "s3://b?c"),
        (names.ValidAssetKey, "s3://" + "x" * 512),
        (names.ValidAssetKey, "plain"),
        (names.NonEmptyishName, 7),
        (names.NonEmptyishName, ["n"]),
        (types.DateTime, "0001-01-01T00:00:00+14:00"),
        (types.DateTime, "9999-12-31T23:59:59-14:00"),
    ],
)
def test_refused(field_type: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        read(field_type, value)


def test_moments_keep_the_zone_they_have() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert read(types.DateTime, datetime.datetime(2026, 1, 2, tzinfo=zone)).tzinfo is zone


def test_secret_dicts_show_asterisks() -> None:
    secret = types.SecretDict({"password": "pw"})
    assert "pw" not in f"{secret} {secret!r}"
    assert secret.get_secret_value() == {"password": "pw"}
    assert b"pw" not in TypeAdapter(types.SecretDict).dump_json(secret)


def test_durations_are_described_as_numbers_or_text() -> None:
    schema = TypeAdapter(types.NonNegativeTimeDelta).json_schema()
    assert schema == {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "format": "duration"}]}


@pytest.mark.parametrize(
    ("value", "delimiter", "expected"),
    [
        ("1,2", None, {1, 2}),
        ("1;2", ";", {1, 2}),
        (5, None, {5}),
        ([1, "2"], None, {1, 2}),
        (None, None, set()),
    ],
)
def test_sets_from_text(value: Any, delimiter: str | None, expected: set[int]) -> None:
    assert types.validate_set_T_from_delim_string(value, int, delimiter) == expected


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.raise_on_name_alphanumeric_dashes_only, "a-1", "a_1"),
        (names.raise_on_name_alphanumeric_underscores_only, "a_1", "a-1"),
        (names.raise_on_name_alphanumeric_dashes_underscores_only, "a_-1", "a b"),
    ],
)
def test_checks_of_names_say_which_name(check: Any, good: str, bad: str) -> None:
    assert check(good) == good
    with pytest.raises(ValueError, match="Artifact key must only contain"):
        check(bad, "Artifact key")


def test_names_that_may_be_missing() -> None:
    assert names.raise_on_name_alphanumeric_dashes_only(None) is None
    assert names.raise_on_name_alphanumeric_underscores_only(None) is None


def test_forms_of_entrypoints() -> None:
    assert EntrypointType("file_path") is EntrypointType.FILE_PATH


@pytest.mark.parametrize("name", types.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert hasattr(types, name)
