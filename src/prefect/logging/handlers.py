"""Handlers, and the port through which records of runs leave for the store.

`APILogHandler` makes a `LogRow` of every record that belongs to a run and gives it to the sink that the
engine installed (`set_log_sink`). Without a sink records are only shown on the console. What a sink does
with a row (queue, batch, write) is its own business; it must be quick, safe to call from any thread, and
must not log.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self
from uuid import UUID

from prefect.exceptions import MissingContextError
from prefect.logging._console import PrefectConsoleHandler
from prefect.logging._current import current_run_ids
from prefect.logging.filters import mask_secrets

__all__ = [
    "APILogHandler",
    "APILogWorker",
    "LogRow",
    "PrefectConsoleHandler",
    "WorkerAPILogHandler",
    "emit_api_log",
    "set_api_log_sink",
    "set_log_sink",
]


class LogRow(NamedTuple):
    """One log record of a run, as it is stored. `timestamp` is aware and in UTC."""

    name: str
    level: int
    message: str
    timestamp: datetime
    flow_run_id: UUID | None
    task_run_id: UUID | None


LogSink = Callable[[LogRow], None]

_sink: LogSink | None = None
_flush_sink: Callable[[], None] | None = None
_api_log_sink: Callable[[dict[str, Any]], None] | None = None


def set_log_sink(sink: LogSink | None, flush: Callable[[], None] | None = None) -> None:
    """Send the records of runs to `sink` from now on. `flush` makes it store what it holds back."""
    global _sink, _flush_sink
    _sink, _flush_sink = sink, flush


def set_api_log_sink(sink: Callable[[dict[str, Any]], None] | None) -> None:
    """
    Divert the records of runs, as dictionaries, to `sink`; None ends that.

    For processes that hand their records to another one, which passes them to `emit_api_log`.
    """
    global _api_log_sink
    _api_log_sink = sink


def emit_api_log(log: dict[str, Any]) -> None:
    """Take in a record in the form `APILogHandler.prepare` gives it."""
    if _api_log_sink is not None:
        _api_log_sink(log)
    elif _sink is not None:
        timestamp = log["timestamp"]
        if isinstance(timestamp, str):
            timestamp = datetime.fromisoformat(timestamp)
        ids = (_as_uuid(log.get("flow_run_id")), _as_uuid(log.get("task_run_id")))
        _sink(LogRow(log["name"], log["level"], log["message"], timestamp, *ids))


class APILogHandler(logging.Handler):
    """
    Puts records into the record of the run they belong to.

    The run is the one named by the record's ``flow_run_id`` and ``task_run_id`` extras (run loggers set
    them), else the one the calling code is part of. A record with ``extra={"send_to_api": False}``, all
    records if PREFECT_LOGGING_TO_API_ENABLED is off, and records larger than
    PREFECT_LOGGING_TO_API_MAX_LOG_SIZE bytes (with a notice in their place) are left out. Records outside
    runs: PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW.
    """

    def emit(self, record: logging.LogRecord) -> None:
        from prefect.settings import get_current_settings

        try:
            if not getattr(record, "send_to_api", True):
                return
            to_api = get_current_settings().logging.to_api
            if not to_api.enabled:
                return
            row = self._row(record, to_api.max_log_size)
            if _api_log_sink is not None:
                _api_log_sink(_as_dict(row))
            elif _sink is not None:
                _sink(row)
        except Exception:
            self.handleError(record)

    def prepare(self, record: logging.LogRecord) -> dict[str, Any]:
        """The record as a dictionary of JSON values.

        Raises:
            MissingContextError: the record belongs to no run.
        """
        from prefect.settings import get_current_settings

        return _as_dict(self._row(record, get_current_settings().logging.to_api.max_log_size))

    def _row(self, record: logging.LogRecord, max_size: int) -> LogRow:
        flow_run_id, task_run_id = _run_of(record)
        if flow_run_id is None and task_run_id is None:
            raise MissingContextError(
                f"Logger {record.name!r} has a record for a run's log, but there is no run here. Log inside "
                "a run, pass flow_run_id in extra, or set PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW=ignore."
            )
        level = record.levelno
        message = mask_secrets(self._message(record))
        # A character takes at most four bytes: short messages need no encoding to know they fit.
        if len(message) * 4 > max_size and (size := len(message.encode())) > max_size:
            level = max(level, logging.WARNING)
            message = (
                f"A log message of {size} bytes was left out of this log: it is larger than "
                f"PREFECT_LOGGING_TO_API_MAX_LOG_SIZE ({max_size})."
            )
        timestamp = datetime.fromtimestamp(record.created, UTC)
        return LogRow(record.name, level, message, timestamp, flow_run_id, task_run_id)

    def _message(self, record: logging.LogRecord) -> str:
        if self.formatter is None and not record.exc_info and not record.stack_info and not record.exc_text:
            return record.getMessage()
        return self.format(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Report, never raise into the code that logs, except for a missing run where settings ask for it."""
        import sys

        from prefect.settings import get_current_settings

        error = sys.exc_info()[1]
        if not isinstance(error, MissingContextError):
            super().handleError(record)
            return
        when_missing = get_current_settings().logging.to_api.when_missing_flow
        if when_missing == "error":
            raise error
        if when_missing == "warn":
            warnings.warn(str(error), stacklevel=8)

    def flush(self) -> None:
        """Have the sink store what it holds back."""
        if _flush_sink is not None:
            _flush_sink()

    @classmethod
    async def aflush(cls) -> None:
        """Have the sink store what it holds back, without blocking the event loop."""
        if _flush_sink is not None:
            import asyncio

            await asyncio.to_thread(_flush_sink)


class WorkerAPILogHandler(APILogHandler):
    """
    Takes records of workers that belong to a flow run. Other records of a worker have no run to be
    recorded with; they are shown on its console only.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "flow_run_id", None):
            super().emit(record)

    def prepare(self, record: logging.LogRecord) -> dict[str, Any]:
        """As in `APILogHandler`, with the worker's id."""
        return {**super().prepare(record), "worker_id": getattr(record, "worker_id", None)}


class APILogWorker:
    """Face of the log sink for code that sends records by itself."""

    _instance: APILogWorker | None = None

    @classmethod
    def instance(cls, *args: Any) -> Self:
        """The one worker of the process."""
        if not isinstance(cls._instance, cls):
            cls._instance = cls()
        return cls._instance

    def send(self, item: dict[str, Any] | bytes) -> None:
        """Take in a record: a dictionary, or the same as JSON."""
        if isinstance(item, bytes):
            import orjson

            item = orjson.loads(item)
        assert isinstance(item, dict)
        emit_api_log(item)


def _run_of(record: logging.LogRecord) -> tuple[UUID | None, UUID | None]:
    named = record.__dict__
    flow_run_id, task_run_id = named.get("flow_run_id"), named.get("task_run_id")
    if flow_run_id or task_run_id:
        return _as_uuid(flow_run_id), _as_uuid(task_run_id)
    return current_run_ids()


@lru_cache(maxsize=1024)
def _as_uuid(value: UUID | str | None) -> UUID | None:
    return value if value is None or isinstance(value, UUID) else UUID(value)


def _as_dict(row: LogRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "level": row.level,
        "message": row.message,
        "timestamp": row.timestamp.isoformat(),
        "flow_run_id": str(row.flow_run_id) if row.flow_run_id else None,
        "task_run_id": str(row.task_run_id) if row.task_run_id else None,
    }
