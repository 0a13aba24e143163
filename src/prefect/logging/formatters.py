"""Formatters: one line of text for people, one JSON object for machines."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any, Literal

ExceptionInfoType = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_STYLES: dict[str, type[logging.PercentStyle]] = {
    "%": logging.PercentStyle,
    "{": logging.StrFormatStyle,
    "$": logging.StringTemplateStyle,
}


class PrefectFormatter(logging.Formatter):
    """
    A formatter with its own formats for records of flow runs and of task runs.

    `flow_run_fmt` and `task_run_fmt` default to `format`; a record of a run logger without a run (and so
    without the names these formats ask for) is shown in the plain format. The rest is as in
    `logging.Formatter`.
    """

    def __init__(
        self,
        format: str | None = None,
        datefmt: str | None = None,
        style: Literal["%", "{", "$"] = "%",
        validate: bool = True,
        *,
        defaults: dict[str, Any] | None = None,
        task_run_fmt: str | None = None,
        flow_run_fmt: str | None = None,
    ) -> None:
        super().__init__(format, datefmt, style, validate, defaults=defaults)

        def run_style(fmt: str | None) -> logging.PercentStyle:
            if fmt is None:
                return self._style
            made = _STYLES[style](fmt, defaults=defaults)
            if validate:
                made.validate()
            return made

        self._flow_run_style = run_style(flow_run_fmt)
        self._task_run_style = run_style(task_run_fmt)
        self._uses_time = any(
            used.usesTime() for used in (self._style, self._flow_run_style, self._task_run_style)
        )
        self._second: tuple[int, str] = (-1, "")

    def usesTime(self) -> bool:
        return self._uses_time

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        # strftime is a good part of the cost of a line, and its answer changes once a second.
        if datefmt is None:
            return super().formatTime(record, datefmt)
        second, text = self._second
        if second != int(record.created):
            text = super().formatTime(record, datefmt)
            self._second = (int(record.created), text)
        return text

    def formatMessage(self, record: logging.LogRecord) -> str:
        name = record.name
        if name == "prefect.flow_runs" and "flow_run_name" in record.__dict__:
            return self._flow_run_style.format(record)
        if name == "prefect.task_runs" and "task_run_name" in record.__dict__:
            return self._task_run_style.format(record)
        return self._style.format(record)


class JsonFormatter(logging.Formatter):
    """
    Every attribute of a record as one JSON object, plus ``severity`` (the level's name, as log collectors
    expect it). `fmt`: ``"pretty"`` indents, anything else gives one line. What has no JSON form appears as
    its ``str()``.
    """

    def __init__(self, fmt: Literal["pretty", "default"], dmft: str | None = None, style: str = "%") -> None:
        if fmt not in ("pretty", "default"):
            raise ValueError(f"JsonFormatter takes the format 'pretty' or 'default', not {fmt!r}.")
        super().__init__()
        self._pretty = fmt == "pretty"

    def format(self, record: logging.LogRecord) -> str:
        import orjson

        fields = dict(record.__dict__)
        fields["severity"] = record.levelname
        if record.exc_info and record.exc_info[0] is not None:
            fields["exc_info"] = format_exception_info(record.exc_info)
        options = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if self._pretty else 0)
        return orjson.dumps(fields, default=str, option=options).decode()


def format_exception_info(exc_info: ExceptionInfoType) -> dict[str, Any]:
    """The type, message and traceback of an exception as texts."""
    kind, error, trace = exc_info
    if kind is None:
        return {"type": None, "message": None, "traceback": None}
    lines = traceback.format_tb(trace) if trace is not None else None
    return {"type": kind.__name__, "message": str(error), "traceback": "".join(lines) if lines else None}
