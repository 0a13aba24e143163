"""Schedules: what makes sense, and when they come round, also where clocks are changed."""

import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule as dateutil_rrule
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from prefect.schemas.actions import DeploymentScheduleCreate
from prefect.schemas.schedules import (
    MAX_ITERATIONS,
    SCHEDULE_TYPES,
    CronSchedule,
    IntervalSchedule,
    NoSchedule,
    RRuleSchedule,
    construct_schedule,
    is_schedule_type,
    is_valid_timezone,
    normalize_schedule_rrule,
)

UTC = datetime.UTC
ROME = "Europe/Rome"
ANY_SCHEDULE: TypeAdapter[SCHEDULE_TYPES] = TypeAdapter(SCHEDULE_TYPES)


def utc(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def shown(moments: list[datetime.datetime]) -> list[str]:
    return [f"{moment:%m-%d %H:%M%z}" for moment in moments]


# --- what makes sense -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cron", ["* * * * *", "@daily", "*/15 * * * * *", "0 0 * * MON#1", "0 0 L * *"])
def test_cron_expressions_that_make_sense(cron: str) -> None:
    assert CronSchedule(cron=cron).cron == cron


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "x",
        "60 * * * *",
        "* * * *",
        "* * * * * * *",
        "@reboot",
        "R * * * *",
        "R(0-10) * * * *",
        "H 0 * * *",
    ],
)
def test_cron_expressions_that_do_not(cron: str) -> None:
    with pytest.raises(ValidationError, match=r"Invalid cron string|unsupported"):
        CronSchedule(cron=cron)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "+02:00", "", "../etc/passwd", "utc "])
def test_unknown_zones_are_refused(zone: str) -> None:
    assert not is_valid_timezone(zone)
    for content in ({"cron": "@daily"}, {"interval": 60}, {"rrule": "FREQ=DAILY"}):
        with pytest.raises(ValidationError, match="Invalid timezone"):
            ANY_SCHEDULE.validate_python({**content, "timezone": zone})


@pytest.mark.parametrize("seconds", [0, -1, 1e-9])
def test_intervals_are_positive(seconds: float) -> None:
    with pytest.raises(ValidationError, match="greater than 0 seconds"):
        IntervalSchedule(interval=seconds)


def test_the_zone_of_an_interval_is_that_of_its_anchor() -> None:
    anchor = datetime.datetime(2026, 1, 1, tzinfo=ZoneInfo(ROME))
    assert IntervalSchedule(interval=60, anchor_date=anchor).timezone == ROME
    assert IntervalSchedule(interval=60, anchor_date=anchor, timezone="Asia/Tokyo").timezone == "Asia/Tokyo"
    assert IntervalSchedule(interval=60, anchor_date="2026-01-01T00:00:00+02:00").timezone == "UTC"


@pytest.mark.parametrize(
    ("rule", "message"),
    [("FOO", "Invalid RRule"), ("", "Invalid RRule"), ("FREQ=DAILY" + " " * 6500, "Max length is 6500")],
)
def test_rules_that_cannot_be_read(rule: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RRuleSchedule(rrule=rule)


@pytest.mark.parametrize(
    "schedule",
    [
        IntervalSchedule(interval=90, anchor_date=utc(2026, 1, 1), timezone=ROME),
        CronSchedule(cron="0 3 * * *", timezone=ROME, day_or=False),
        RRuleSchedule(rrule="FREQ=DAILY", timezone=ROME),
        NoSchedule(),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_schedules_are_told_apart_in_json(schedule: SCHEDULE_TYPES) -> None:
    assert ANY_SCHEDULE.validate_json(schedule.model_dump_json()) == schedule
    assert is_schedule_type(schedule)


def test_an_interval_is_a_number_of_seconds_in_json() -> None:
    assert IntervalSchedule(interval=datetime.timedelta(minutes=1)).model_dump(mode="json")["interval"] == 60


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Either interval, cron, or rrule"),
        ({"interval": 60, "cron": "@daily"}, "Only one of"),
        ({"cron": "@daily", "anchor_date": "2026-01-01"}, "anchor date can only"),
        ({"timezone": ROME}, "timezone can only"),
        ({"interval": 0}, "greater than 0"),
        ({"cron": ""}, "Invalid cron"),
    ],
)
def test_schedules_that_cannot_be_constructed(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        construct_schedule(**options)  # type: ignore[arg-type]


def test_schedules_constructed() -> None:
    assert construct_schedule(cron="@daily", timezone=ROME) == CronSchedule(cron="@daily", timezone=ROME)
    assert construct_schedule(rrule="FREQ=DAILY") == RRuleSchedule(rrule="FREQ=DAILY")
    assert construct_schedule(interval=60, anchor_date="2026-01-01") == IntervalSchedule(
        interval=60, anchor_date=utc(2026, 1, 1)
    )


def test_a_rule_sent_to_the_server_says_when_it_begins() -> None:
    bare = RRuleSchedule(rrule="FREQ=DAILY;INTERVAL=3")
    begun = RRuleSchedule(rrule="DTSTART:20260101T000000\nFREQ=DAILY")
    assert normalize_schedule_rrule(begun) is begun
    sent = DeploymentScheduleCreate(schedule=bare).schedule
    assert sent == RRuleSchedule(rrule="DTSTART:20200101T000000\nFREQ=DAILY;INTERVAL=3")


# --- intervals ------------------------------------------------------------------------------------------


def test_intervals_run_from_the_anchor_in_both_directions() -> None:
    schedule = IntervalSchedule(interval=3600, anchor_date=utc(2030, 1, 1, 0, 20))
    assert shown(schedule.get_dates(2, utc(2026, 1, 1))) == ["01-01 00:20+0000", "01-01 01:20+0000"]
    assert shown(schedule.get_dates(1, utc(2031, 1, 1, 0, 20))) == ["01-01 00:20+0000"]


def test_intervals_of_days_keep_the_time_of_day() -> None:
    schedule = IntervalSchedule(interval=86_400, anchor_date=utc(2020, 1, 1), timezone=ROME)
    assert shown(schedule.get_dates(3, utc(2021, 3, 27))) == [
        "03-27 01:00+0100",
        "03-28 01:00+0100",
        "03-29 01:00+0200",
    ]


def test_intervals_of_hours_keep_their_length() -> None:
    schedule = IntervalSchedule(interval=12 * 3600, anchor_date=utc(2020, 1, 1), timezone=ROME)
    assert shown(schedule.get_dates(3, utc(2021, 3, 27, 12))) == [
        "03-27 13:00+0100",
        "03-28 01:00+0100",
        "03-28 14:00+0200",
    ]


def after_2015(seconds: int) -> datetime.datetime:
    return utc(2015, 1, 1) + datetime.timedelta(seconds=seconds)


@given(
    seconds=st.integers(1, 30 * 86_400),
    anchor=st.integers(0, 20 * 365 * 86_400),
    start=st.integers(0, 20 * 365 * 86_400),
    zone=st.sampled_from(["UTC", ROME, "America/New_York", "Australia/Lord_Howe"]),
)
def test_dates_rise_and_begin_at_the_first_after_the_start(
    seconds: int, anchor: int, start: int, zone: str
) -> None:
    schedule = IntervalSchedule(interval=seconds, anchor_date=after_2015(anchor), timezone=zone)
    begin = after_2015(start)
    moments = [moment.astimezone(UTC) for moment in schedule.get_dates(5, begin)]

    assert len(moments) == 5
    assert moments[0] >= begin
    # Clocks are changed by at most an hour, so no gap is wider than the interval and that hour.
    limit = datetime.timedelta(seconds=seconds, hours=1)
    assert moments[0] - begin <= limit
    assert all(datetime.timedelta(0) < second - first <= limit for first, second in pairwise(moments))


# --- cron and rules -------------------------------------------------------------------------------------


def test_a_time_the_clock_jumps_over_comes_an_hour_later() -> None:
    schedule = CronSchedule(cron="30 2 * * *", timezone=ROME)
    assert shown(schedule.get_dates(3, utc(2021, 3, 27))) == [
        "03-27 02:30+0100",
        "03-28 03:30+0200",
        "03-29 02:30+0200",
    ]


def test_a_time_the_clock_shows_twice_comes_once() -> None:
    schedule = CronSchedule(cron="30 2 * * *", timezone=ROME)
    assert shown(schedule.get_dates(3, utc(2021, 10, 30))) == [
        "10-30 02:30+0200",
        "10-31 02:30+0200",
        "11-01 02:30+0100",
    ]


def test_both_ends_are_included() -> None:
    schedule = CronSchedule(cron="0 0 1 * *")
    assert len(schedule.get_dates(None, utc(2021, 3, 1), utc(2021, 5, 1))) == 3
    assert len(schedule.get_dates(2, utc(2021, 3, 1), utc(2021, 5, 1))) == 2
    assert schedule.get_dates(None, utc(2021, 3, 1)) == [utc(2021, 3, 1)]


def test_the_number_of_dates_is_bounded() -> None:
    schedule = IntervalSchedule(interval=1, anchor_date=utc(2021, 1, 1))
    assert len(schedule.get_dates(None, utc(2021, 1, 1), utc(2022, 1, 1))) == MAX_ITERATIONS


def test_day_of_month_or_and_day_of_week() -> None:
    either = CronSchedule(cron="0 0 13 * FRI").get_dates(2, utc(2021, 3, 6))
    both = CronSchedule(cron="0 0 13 * FRI", day_or=False).get_dates(2, utc(2021, 3, 6))
    assert shown(either) == ["03-12 00:00+0000", "03-13 00:00+0000"]
    assert both == [utc(2021, 8, 13), utc(2022, 5, 13)]


@pytest.mark.parametrize("schedule", [CronSchedule(cron="0 0 30 2 *"), NoSchedule()], ids=["cron", "none"])
def test_what_never_comes_has_no_dates(schedule: SCHEDULE_TYPES) -> None:
    assert schedule.get_dates(3, utc(2021, 1, 1)) == []


def test_a_rule_counts_on_the_clock_of_its_zone() -> None:
    schedule = RRuleSchedule(rrule="DTSTART:20210327T023000\nRRULE:FREQ=DAILY;COUNT=3", timezone=ROME)
    assert shown(schedule.get_dates(9, utc(2021, 1, 1))) == [
        "03-27 02:30+0100",
        "03-28 03:30+0200",
        "03-29 02:30+0200",
    ]


def test_until_ends_a_rule() -> None:
    schedule = RRuleSchedule(rrule="DTSTART:20210301T000000\nFREQ=DAILY;UNTIL=20210303T000000", timezone=ROME)
    assert len(schedule.get_dates(9, utc(2021, 1, 1))) == 3


def test_frequent_rules_of_long_ago_are_answered_at_once() -> None:
    schedule = RRuleSchedule(rrule="FREQ=MINUTELY")
    assert schedule.get_dates(1, utc(2026, 1, 1, 0, 0, 30)) == [utc(2026, 1, 1, 0, 1)]


def test_bringing_a_rule_forward_keeps_its_phase() -> None:
    rule = "DTSTART:20200101T000130\nRRULE:FREQ=MINUTELY;INTERVAL=7;BYHOUR=3,4\nEXDATE:20250601T030030"
    schedule = RRuleSchedule(rrule=rule)
    walked = list(schedule.to_rrule().xafter(utc(2025, 6, 1), count=20, inc=True))
    assert schedule.get_dates(20, utc(2025, 6, 1)) == walked


def test_rules_and_sets_of_rules_there_and_back() -> None:
    start = datetime.datetime(2026, 3, 1, 9, tzinfo=ZoneInfo(ROME))
    rule = dateutil_rrule.rrule(dateutil_rrule.DAILY, count=3, dtstart=start)
    rules = dateutil_rrule.rruleset()
    rules.rrule(rule)
    rules.rdate(start + datetime.timedelta(days=9))
    rules.exdate(start + datetime.timedelta(days=1))

    for original in (rule, rules):
        schedule = RRuleSchedule.from_rrule(original)
        assert schedule.timezone == ROME
        assert list(schedule.to_rrule()) == list(original)
        assert schedule.get_dates(9, utc(2026, 1, 1)) == list(original)


def test_only_rules_become_rule_schedules() -> None:
    with pytest.raises(ValueError, match="got str"):
        RRuleSchedule.from_rrule("FREQ=DAILY")  # type: ignore[arg-type]
