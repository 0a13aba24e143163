"""Schedules under their documented import path. Home: `prefect.schemas.schedules`."""

from prefect.schemas.schedules import (
    DEFAULT_ANCHOR_DATE,
    MAX_ITERATIONS,
    MAX_RRULE_LENGTH,
    SCHEDULE_TYPES,
    CronSchedule,
    IntervalSchedule,
    NoSchedule,
    RRuleSchedule,
    construct_schedule,
    is_schedule_type,
    is_valid_timezone,
)

__all__ = [
    "DEFAULT_ANCHOR_DATE",
    "MAX_ITERATIONS",
    "MAX_RRULE_LENGTH",
    "SCHEDULE_TYPES",
    "CronSchedule",
    "IntervalSchedule",
    "NoSchedule",
    "RRuleSchedule",
    "construct_schedule",
    "is_schedule_type",
    "is_valid_timezone",
]
