"""Schedules as the server names them. Home: `prefect.schemas.schedules`."""

from prefect.schemas.schedules import (
    MAX_ITERATIONS,
    CronSchedule,
    IntervalSchedule,
    NoSchedule,
    RRuleSchedule,
)
from prefect.schemas.schedules import SERVER_SCHEDULE_TYPES as SCHEDULE_TYPES

__all__ = [
    "MAX_ITERATIONS",
    "SCHEDULE_TYPES",
    "CronSchedule",
    "IntervalSchedule",
    "NoSchedule",
    "RRuleSchedule",
]
