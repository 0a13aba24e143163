"""Field types for pydantic models, free to be used in users' own models.

Numbers with bounds, times and durations, variable values, labels, lists read from settings. What names may
look like is in `prefect.types.names`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Secret,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    WithJsonSchema,
)

from prefect.types.names import (
    BANNED_CHARACTERS,
    MAX_VARIABLE_NAME_LENGTH,
    WITHOUT_BANNED_CHARACTERS,
    WITHOUT_BANNED_CHARACTERS_EMPTY_OK,
    Name,
    NameOrEmpty,
    NonEmptyishName,
    URILike,
    ValidAssetKey,
    non_emptyish,
)

T = TypeVar("T")

MAX_VARIABLE_VALUE_LENGTH = 5000

# --- Numbers ------------------------------------------------------------------------------------

PositiveInteger = Annotated[int, Field(gt=0)]
NonNegativeInteger = Annotated[int, Field(ge=0)]
NonNegativeFloat = Annotated[float, Field(ge=0.0)]
StatusCode = Annotated[int, Field(ge=100, le=599)]

# --- Time ---------------------------------------------------------------------------------------

_OUTERMOST_YEARS = (datetime.MINYEAR, datetime.MAXYEAR)


def _with_zone(moment: datetime.datetime) -> datetime.datetime:
    if not moment.tzinfo:
        return moment.replace(tzinfo=datetime.UTC)
    if moment.year in _OUTERMOST_YEARS:
        try:
            moment.astimezone(datetime.UTC)
        except OverflowError:
            # it could be stored, but not be read again
            raise ValueError("must be within the years 1 and 9999 in UTC, too") from None
    return moment


def _known_time_zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # Names from outside may be paths that the time zone database refuses to open.
        raise ValueError(f"{name!r} is not a time zone; give a name such as 'Europe/Paris'") from None
    return name


def _positive(duration: datetime.timedelta) -> datetime.timedelta:
    if duration <= datetime.timedelta(0):
        raise ValueError("must be longer than nothing")
    return duration


def _not_negative(duration: datetime.timedelta) -> datetime.timedelta:
    if duration < datetime.timedelta(0):
        raise ValueError("must be non-negative")
    return duration


def _seconds_from_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.timedelta(seconds=float(value))
    except ValueError:
        return value  # ISO text, which pydantic reads itself


def _seconds_or_text(**bounds: int) -> tuple[WithJsonSchema, WithJsonSchema]:
    number = {"type": "number", **bounds}
    either: dict[str, Any] = {"anyOf": [number, {"type": "string", "format": "duration"}]}
    return WithJsonSchema(either, mode="validation"), WithJsonSchema(number, mode="serialization")


_read_seconds, _written_seconds = _seconds_or_text()
_read_non_negative, _written_non_negative = _seconds_or_text(minimum=0)

DateTime = Annotated[datetime.datetime, AfterValidator(_with_zone)]
"""A moment. One given without a time zone is taken to be UTC."""
Date = datetime.date
Duration = datetime.timedelta
Interval = Annotated[datetime.timedelta, AfterValidator(_positive)]
"""How far apart repeated things are: longer than nothing."""
PositiveInterval = Interval
TimeZone = Annotated[str, AfterValidator(_known_time_zone), Field(examples=["America/New_York"])]
DurationOrSecondsTimeDelta = Annotated[datetime.timedelta, _read_seconds, _written_seconds]
"""A duration, also given as a number of seconds or as ISO 8601 text."""
NonNegativeTimeDelta = Annotated[
    datetime.timedelta, AfterValidator(_not_negative), _read_non_negative, _written_non_negative
]
SecondsTimeDelta = Annotated[datetime.timedelta, BeforeValidator(_seconds_from_text)]
"""A duration, also given as seconds in text, as settings are."""

# --- Variables and labels -----------------------------------------------------------------------


def check_variable_value(value: object) -> object:
    """Return what a variable can hold.

    Raises:
        ValueError: the value is not JSON, or as JSON has `MAX_VARIABLE_VALUE_LENGTH` characters or more.
    """
    import json

    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        raise ValueError("Variable value must be serializable to JSON") from None
    if len(text) > MAX_VARIABLE_VALUE_LENGTH:
        raise ValueError(f"Variable value must be less than {MAX_VARIABLE_VALUE_LENGTH} characters")
    return value


VariableValue = StrictStr | StrictInt | StrictBool | StrictFloat | dict[str, Any] | list[Any] | None
StrictVariableValue = Annotated[VariableValue, BeforeValidator(check_variable_value)]


class SecretDict(Secret[dict[str, Any]]):
    """A dict shown as asterisks; `get_secret_value()` reveals it."""


def cast_none_to_empty_dict(value: Any) -> Any:
    """`{}` for None; anything else as it is."""
    return {} if value is None else value


convert_none_to_empty_dict = cast_none_to_empty_dict

KeyValueLabels = Annotated[
    dict[str, StrictBool | StrictInt | StrictFloat | str], BeforeValidator(cast_none_to_empty_dict)
]
KeyValueLabelsField = Annotated[
    KeyValueLabels,
    Field(
        description="A dictionary of key-value labels. Values can be strings, numbers, or booleans.",
        examples=[{"key": "value1", "key2": 42}],
    ),
]

# --- Values read from settings ------------------------------------------------------------------


def validate_set_T_from_delim_string(
    value: str | T | set[T] | None, type_: Any, delim: str | None = None
) -> set[T]:
    """A set from text with items between delimiters (by default commas), a single item, or a collection.

    Raises:
        pydantic.ValidationError: an item does not fit `type_`.
    """
    if value is None or value == "":
        return set()
    items: Any = [value]
    if isinstance(value, str):
        items = [item for part in value.split(delim or ",") if (item := part.strip())]
    elif isinstance(value, (set, frozenset, list, tuple)):
        items = value
    adapter: TypeAdapter[T] = TypeAdapter(type_)
    return {adapter.validate_python(item) for item in items}


def parse_retry_delay_input(value: Any) -> Any:
    """Read delays from text: `"1.5"` as one, `"1,2"` as a list, `""` as None; anything else as it is.

    Raises:
        ValueError: the text holds something that is no number.
    """
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        delays = [float(part) for part in value.split(",")]
    except ValueError:
        raise ValueError(f"Invalid number format {value!r} for retry delay.") from None
    return delays if "," in value else delays[0]


def _without_empty(value: Any) -> Any:
    if isinstance(value, str):
        value = value.split(",")
    return [str(item).strip() for item in value or () if str(item).strip()]


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _dict_from_json(value: Any) -> Any:
    import json

    return json.loads(value) if isinstance(value, str) else value


_status_codes: Callable[[Any], set[int]] = partial(validate_set_T_from_delim_string, type_=StatusCode)

ClientRetryExtraCodes = Annotated[str | StatusCode | set[StatusCode] | None, BeforeValidator(_status_codes)]
TaskRetryDelaySeconds = Annotated[
    str | int | float | list[float] | None, BeforeValidator(parse_retry_delay_input)
]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)]
LaxUrl = Annotated[str, BeforeValidator(_stripped)]
ListOfNonEmptyStrings = Annotated[list[str], BeforeValidator(_without_empty)]
JsonStringOrDict = Annotated[dict[str, str], BeforeValidator(_dict_from_json)]

__all__ = [
    "BANNED_CHARACTERS",
    "MAX_VARIABLE_NAME_LENGTH",
    "MAX_VARIABLE_VALUE_LENGTH",
    "WITHOUT_BANNED_CHARACTERS",
    "WITHOUT_BANNED_CHARACTERS_EMPTY_OK",
    "ClientRetryExtraCodes",
    "Date",
    "DateTime",
    "Duration",
    "DurationOrSecondsTimeDelta",
    "Interval",
    "JsonStringOrDict",
    "KeyValueLabels",
    "KeyValueLabelsField",
    "LaxUrl",
    "ListOfNonEmptyStrings",
    "LogLevel",
    "Name",
    "NameOrEmpty",
    "NonEmptyishName",
    "NonNegativeFloat",
    "NonNegativeInteger",
    "NonNegativeTimeDelta",
    "PositiveInteger",
    "PositiveInterval",
    "SecondsTimeDelta",
    "SecretDict",
    "StatusCode",
    "StrictVariableValue",
    "TaskRetryDelaySeconds",
    "TimeZone",
    "URILike",
    "ValidAssetKey",
    "VariableValue",
    "cast_none_to_empty_dict",
    "check_variable_value",
    "convert_none_to_empty_dict",
    "non_emptyish",
    "parse_retry_delay_input",
    "validate_set_T_from_delim_string",
]
