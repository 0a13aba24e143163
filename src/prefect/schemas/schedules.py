"""Schedules: by interval, by cron expression, by RFC 5545 recurrence rule, or none.

Here: what a schedule says, and whether it makes sense. Not here: when it comes round (`schedule_dates`),
which deployment has it (`deployments`), who makes the runs (`server/services`). The libraries that read cron
and recurrence rules are imported when one is validated.
"""

import datetime
import re
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeGuard, Union
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from prefect.schemas.bases import PrefectBaseModel, now
from prefect.types import DateTime

if TYPE_CHECKING:
    from dateutil.rrule import rrule as Rule
    from dateutil.rrule import rruleset as RuleSet

MAX_ITERATIONS = 1000
"""At most so many dates are generated at once."""

MAX_RRULE_LENGTH = 6500
"""At most so many characters of recurrence rule are read."""

DEFAULT_ANCHOR_DATE = datetime.date(2020, 1, 1)
"""Where a recurrence rule without DTSTART begins."""

_CRON_FIELDS = (5, 6)
_RANDOM_FIELD = re.compile(r"(?:^|[\s,/-])[rh](?:$|[\s,/(-])", re.IGNORECASE)


# --- validation -----------------------------------------------------------------------------------------


def is_valid_timezone(v: str) -> bool:
    """Whether `v` is the name of a time zone of the IANA database."""
    try:
        ZoneInfo(v)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _known_timezone(name: str) -> str:
    if not is_valid_timezone(name):
        raise ValueError(
            f'Invalid timezone: "{name}" (specify in IANA tzdata format, for example, America/New_York)'
        )
    return name


TimezoneName = Annotated[str, AfterValidator(_known_timezone)]


def validate_cron_string(value: str) -> str:
    """The cron expression itself, if it has five fields (six: seconds last) or is an alias like `@daily`.

    Raises:
        ValueError: it makes no sense, or leaves a field to chance (`R`, `H`).
    """
    from croniter import croniter

    if _RANDOM_FIELD.search(value):
        raise ValueError(f'Random and hashed expressions are unsupported, received: "{value}"')
    fields = len(value.split())
    well_formed = fields in _CRON_FIELDS or value.strip().startswith("@")
    if not well_formed or not croniter.is_valid(value):
        raise ValueError(f'Invalid cron string: "{value}"')
    return value


def validate_rrule_string(value: str) -> str:
    """The recurrence rule (or set of rules) itself, if it can be read.

    Raises:
        ValueError: it cannot be read, or is longer than `MAX_RRULE_LENGTH`.
    """
    from dateutil.rrule import rrulestr

    if len(value) > MAX_RRULE_LENGTH:
        raise ValueError(
            f'Invalid RRule string "{value[:40]}..."\nMax length is {MAX_RRULE_LENGTH}, got {len(value)}'
        )
    try:
        rrulestr(value, cache=True)
    except ValueError as error:
        raise ValueError(f'Invalid RRule string "{value}": {error}') from error
    return value


# --- schedules ------------------------------------------------------------------------------------------


class _Schedule(PrefectBaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_timedelta="float")

    def get_dates(
        self,
        n: int | None = None,
        start: datetime.datetime | None = None,
        end: datetime.datetime | None = None,
    ) -> list[datetime.datetime]:
        """The next moments of this schedule, see `prefect.schemas.schedule_dates.dates`."""
        from prefect.schemas.schedule_dates import dates

        return dates(self, n, start or now(), end)  # type: ignore[arg-type]  # one of the four below


class IntervalSchedule(_Schedule):
    """At `anchor_date` plus and minus every multiple of `interval`.

    The zone (default: that of the anchor, else UTC) matters where it changes its clocks: intervals of a day
    and more keep the time of day, shorter ones keep their length.
    """

    interval: datetime.timedelta = Field(gt=datetime.timedelta(0))
    anchor_date: DateTime = Field(default_factory=now)
    timezone: TimezoneName | None = None

    @model_validator(mode="after")
    def _timezone_of_anchor(self) -> Self:
        if self.timezone is None:
            self.__dict__["timezone"] = getattr(self.anchor_date.tzinfo, "key", "UTC")
        return self


class CronSchedule(_Schedule):
    """At the times of a cron expression, on the clocks of `timezone` (default UTC).

    `day_or`: when both day of month and day of week are restricted, either may match (as cron does; default),
    or both must.
    """

    cron: Annotated[str, AfterValidator(validate_cron_string)]
    timezone: TimezoneName | None = None
    day_or: bool = True


def _utc_if_none(name: str | None) -> str:
    return "UTC" if name is None else _known_timezone(name)


class RRuleSchedule(_Schedule):
    """At the times of an RFC 5545 recurrence rule, or set of rules, on the clocks of `timezone`.

    The clock times in the text count; a zone given there does not. Without DTSTART the rule begins on
    `DEFAULT_ANCHOR_DATE`.
    """

    rrule: Annotated[str, AfterValidator(validate_rrule_string)]
    timezone: Annotated[str | None, AfterValidator(_utc_if_none)] = "UTC"

    @classmethod
    def from_rrule(cls, rrule: Union["Rule", "RuleSet"]) -> Self:
        """The schedule of a dateutil rule or set of rules; its zone is that of the (first) rule's start.

        Raises:
            ValueError: it is neither.
        """
        from prefect.schemas.schedule_dates import text_of_rrule

        text, timezone = text_of_rrule(rrule)
        return cls(rrule=text, timezone=timezone)

    def to_rrule(self) -> Union["Rule", "RuleSet"]:
        """This schedule as a dateutil rule or set of rules, aware of the zone."""
        from prefect.schemas.schedule_dates import naive_rrule, with_timezone

        return with_timezone(naive_rrule(self.rrule), ZoneInfo(self.timezone or "UTC"))


class NoSchedule(_Schedule):
    """Never."""


SCHEDULE_TYPES = IntervalSchedule | CronSchedule | RRuleSchedule | NoSchedule

SERVER_SCHEDULE_TYPES = IntervalSchedule | CronSchedule | RRuleSchedule


def is_schedule_type(obj: Any) -> TypeGuard[SCHEDULE_TYPES]:
    """Whether `obj` is a schedule."""
    return isinstance(obj, _Schedule)


def normalize_schedule_rrule(schedule: SCHEDULE_TYPES) -> SCHEDULE_TYPES:
    """The schedule itself; a recurrence rule that does not say when it begins is given the default start.

    Rules with an interval or count would otherwise drift with the moment they are read.
    """
    if isinstance(schedule, RRuleSchedule) and "DTSTART" not in schedule.rrule.upper():
        start = f"DTSTART:{DEFAULT_ANCHOR_DATE:%Y%m%d}T000000\n"
        return schedule.model_copy(update={"rrule": start + schedule.rrule})
    return schedule


def construct_schedule(
    interval: int | float | datetime.timedelta | None = None,
    anchor_date: DateTime | str | None = None,
    cron: str | None = None,
    rrule: str | None = None,
    timezone: str | None = None,
) -> SCHEDULE_TYPES:
    """A schedule from exactly one of `interval` (seconds or timedelta), `cron` and `rrule`.

    Raises:
        ValueError: none or several were given, an anchor date without an interval, or they make no sense.
    """
    kinds: dict[str, Any] = {"interval": interval, "cron": cron, "rrule": rrule}
    given = {name: value for name, value in kinds.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"Only one of interval, cron, or rrule can be provided; got {', '.join(given)}.")
    if anchor_date and interval is None:
        raise ValueError("An anchor date can only be provided with an interval schedule")
    if timezone and not given:
        raise ValueError("A timezone can only be provided with interval, cron, or rrule")
    if anchor_date:
        given["anchor_date"] = anchor_date
    if timezone:
        given["timezone"] = timezone
    if interval is not None:
        return IntervalSchedule.model_validate(given)
    if cron is not None:
        return CronSchedule.model_validate(given)
    if rrule is not None:
        return RRuleSchedule.model_validate(given)
    raise ValueError("Either interval, cron, or rrule must be provided")
