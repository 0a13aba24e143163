"""When a schedule comes round: pure functions from a schedule and a span to moments.

The clock is passed in. All calendar arithmetic is done on the wall clock of the schedule's zone and then
placed in time: a moment the clock jumps over is moved forward, one it shows twice is taken once, the first
time. Not here: what a schedule says (`schedules`).
"""

import datetime
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING, Any, Union
from zoneinfo import ZoneInfo

from prefect.schemas.schedules import (
    DEFAULT_ANCHOR_DATE,
    MAX_ITERATIONS,
    SCHEDULE_TYPES,
    CronSchedule,
    IntervalSchedule,
    RRuleSchedule,
    is_valid_timezone,
)
from prefect.types import DateTime

if TYPE_CHECKING:
    from dateutil.rrule import rrule, rruleset

_DAY = datetime.timedelta(days=1)


def dates(
    schedule: SCHEDULE_TYPES,
    n: int | None,
    start: DateTime,
    end: DateTime | None = None,
) -> list[datetime.datetime]:
    """The moments of a schedule from `start` to `end`, both included, at most `n`, in its zone.

    Args:
        n: default one if there is no end, else as many as there are; never more than `MAX_ITERATIONS`.
        start: aware; a naive one is taken as UTC, and so is `end`.
    """
    start = _aware(start)
    limit = min(n if n is not None else (1 if end is None else MAX_ITERATIONS), MAX_ITERATIONS)
    moments: Iterable[datetime.datetime] = _moments(schedule, start)
    if end is not None:
        last = _aware(end)
        moments = takewhile(lambda moment: moment <= last, moments)
    return list(islice(moments, limit))


def _moments(schedule: SCHEDULE_TYPES, start: datetime.datetime) -> Iterator[datetime.datetime]:
    if isinstance(schedule, IntervalSchedule):
        return _interval_moments(schedule, start)
    if isinstance(schedule, CronSchedule):
        return _cron_moments(schedule, start)
    if isinstance(schedule, RRuleSchedule):
        return _rrule_moments(schedule, start)
    return iter(())


def _interval_moments(schedule: IntervalSchedule, start: datetime.datetime) -> Iterator[datetime.datetime]:
    zone = ZoneInfo(schedule.timezone or "UTC")
    step = schedule.interval
    if step < _DAY:
        anchor = schedule.anchor_date.astimezone(datetime.UTC)
        first = -((anchor - start) // step)
        return ((anchor + step * k).astimezone(zone) for k in count(first))
    wall = _wall(schedule.anchor_date, zone)
    # One step early: the clock may have been put back in between.
    first = (_wall(start, zone) - wall) // step - 1
    return _placed((wall + step * k for k in count(first)), zone, start)


def _cron_moments(schedule: CronSchedule, start: datetime.datetime) -> Iterator[datetime.datetime]:
    from croniter import CroniterBadDateError, croniter

    def walls() -> Iterator[datetime.datetime]:
        try:
            yield from croniter(schedule.cron, early, day_or=schedule.day_or).all_next(datetime.datetime)
        except CroniterBadDateError:
            return  # a day that never comes, such as the 30th of February

    zone = ZoneInfo(schedule.timezone or "UTC")
    # The iterator excludes its start and knows whole seconds; an hour early covers a clock put back.
    early = _wall(start, zone).replace(microsecond=0) - datetime.timedelta(hours=1, seconds=1)
    return _placed(walls(), zone, start)


def _rrule_moments(schedule: RRuleSchedule, start: datetime.datetime) -> Iterator[datetime.datetime]:
    zone = ZoneInfo(schedule.timezone or "UTC")
    early = _wall(start, zone) - datetime.timedelta(hours=1)
    return _placed(_brought_forward(naive_rrule(schedule.rrule), early).xafter(early, inc=True), zone, start)


def _placed(
    walls: Iterable[datetime.datetime], zone: ZoneInfo, start: datetime.datetime
) -> Iterator[datetime.datetime]:
    """Wall clock times as moments of the zone, from `start` on, each once."""
    last: DateTime | None = None
    for wall in walls:
        moment = wall.replace(tzinfo=zone).astimezone(datetime.UTC)
        if moment < start or (last is not None and moment <= last):
            continue
        last = moment
        yield moment.astimezone(zone)


def _wall(moment: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _aware(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


# --- recurrence rules -----------------------------------------------------------------------------------


def naive_rrule(text: str) -> Union["rrule", "rruleset"]:
    """The rule, or set of rules, of a text, in clock times without zone."""
    from dateutil.rrule import rrulestr

    anchor = datetime.datetime.combine(DEFAULT_ANCHOR_DATE, datetime.time())
    return rrulestr(text, dtstart=anchor, ignoretz=True, cache=True)


def _brought_forward(
    rule: Union["rrule", "rruleset"], moment: datetime.datetime
) -> Union["rrule", "rruleset"]:
    """The same rule, begun as late as `moment` allows.

    A rule by the minute that began years ago would be walked through minute by minute.
    """
    from dateutil.rrule import HOURLY, MINUTELY, SECONDLY, rrule

    steps = {HOURLY: 3600, MINUTELY: 60, SECONDLY: 1}

    def begun_late(single: rrule) -> rrule:
        begin, seconds = single._dtstart, steps.get(single._freq)  # type: ignore[attr-defined]
        if seconds is None or single._count is not None or begin >= moment:  # type: ignore[attr-defined]
            return single
        step = datetime.timedelta(seconds=seconds) * single._interval  # type: ignore[attr-defined]
        return single.replace(dtstart=begin + (moment - begin) // step * step)

    if isinstance(rule, rrule):
        return begun_late(rule)
    return _rebuilt(rule, begun_late, lambda date: date)


def with_timezone(rule: Union["rrule", "rruleset"], zone: ZoneInfo) -> Union["rrule", "rruleset"]:
    """A rule, or set of rules, in clock times of a zone."""
    from dateutil.rrule import rrule

    def placed(single: "rrule") -> "rrule":
        until = single._until  # type: ignore[attr-defined]
        bounds = {"until": until.replace(tzinfo=zone)} if until else {}
        return single.replace(dtstart=single._dtstart.replace(tzinfo=zone), **bounds)  # type: ignore[attr-defined]

    if isinstance(rule, rrule):
        return placed(rule)
    return _rebuilt(rule, placed, lambda date: date.replace(tzinfo=zone))


def _rebuilt(
    rules: "rruleset",
    each_rule: Callable[["rrule"], "rrule"],
    each_date: Callable[[datetime.datetime], datetime.datetime],
) -> "rruleset":
    """A set of rules with each rule and each date replaced."""
    from dateutil.rrule import rruleset

    parts = _parts(rules)
    rebuilt = rruleset(cache=True)
    for single in parts["RRULE"]:
        rebuilt.rrule(each_rule(single))
    for single in parts["EXRULE"]:
        rebuilt.exrule(each_rule(single))
    for date in parts["RDATE"]:
        rebuilt.rdate(each_date(date))
    for date in parts["EXDATE"]:
        rebuilt.exdate(each_date(date))
    return rebuilt


def text_of_rrule(rule: Union["rrule", "rruleset"]) -> tuple[str, str]:
    """The text of a dateutil rule or set of rules, and the name of the zone it is in.

    Raises:
        ValueError: it is neither a rule nor a set of rules, or the rules of the set begin at different times
            (one text has one DTSTART).
    """
    from dateutil.rrule import rrule, rruleset

    if isinstance(rule, rrule):
        return str(rule), _zone_name(rule._dtstart.tzinfo)  # type: ignore[attr-defined]
    if not isinstance(rule, rruleset):
        raise ValueError(
            f"A schedule can be made from a dateutil rrule or rruleset; got {type(rule).__name__}."
        )
    parts = _parts(rule)
    rules = [*parts["RRULE"], *parts["EXRULE"]]
    if len({single._dtstart for single in rules}) > 1:
        raise ValueError("All rules of a set must begin at the same time (DTSTART) to become one schedule.")
    lines = [str(rules[0]).splitlines()[0]] if rules else []
    for kind in ("RRULE", "EXRULE"):
        lines += [str(single).splitlines()[1].replace("RRULE", kind, 1) for single in parts[kind]]
    for kind in ("RDATE", "EXDATE"):
        lines += [f"{kind}:{moment:%Y%m%dT%H%M%S}" for moment in parts[kind]]
    moments = [*(single._dtstart for single in rules), *parts["RDATE"], *parts["EXDATE"]]
    return "\n".join(lines), _zone_name(moments[0].tzinfo if moments else None)


def _parts(rules: "rruleset") -> dict[str, list[Any]]:
    """What a set is made of. dateutil can build sets but not take them apart: hence its private names."""
    return {
        "RRULE": rules._rrule,  # type: ignore[attr-defined]
        "EXRULE": rules._exrule,  # type: ignore[attr-defined]
        "RDATE": rules._rdate,  # type: ignore[attr-defined]
        "EXDATE": rules._exdate,  # type: ignore[attr-defined]
    }


def _zone_name(zone: datetime.tzinfo | None) -> str:
    """The IANA name of a zone, however its library keeps it; UTC for zones without a name."""
    for attribute in ("key", "zone", "name", "_filename"):
        name = getattr(zone, attribute, None)
        if isinstance(name, str):
            name = name.partition("zoneinfo/")[2] or name
            if is_valid_timezone(name):
                return name
    return "UTC"
