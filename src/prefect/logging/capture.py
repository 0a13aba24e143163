"""Every record of a run, whatever logger it came from.

While a run is active, what any logger in its code says (``logging.getLogger("my.library").info(...)``,
loggers that do not propagate, loggers made later) lands in the run's record. And what people see, in the
terminal or in handlers of their own, stays what it would be without us. Two things make that possible:

* `Logger.callHandlers` is wrapped, once and for good. A record comes through there exactly once, after its
  logger let it pass, whether or not it propagates. A handler on the root logger would be the usual way, but
  it would miss what does not propagate, turn a later ``logging.basicConfig()`` into a no-op, and silence
  `logging.lastResort`.
* The root logger's level is lowered to PREFECT_LOGGING_LEVEL (not below INFO) from the start of the first
  active run to the end of the last, so that a program that never configured logging has its libraries' INFO
  recorded. Records that only exist because of that are recorded and shown to no handler. The level set is a
  number of our own type: a level that somebody else sets meanwhile is seen as theirs, and left.

Records without any handler are shown in our console format, from WARNING up, where the standard library would
write the bare message. Records that reach an `APILogHandler` anyway (those of run loggers) are left to it.

A thread the program started by itself has no context of a run. While exactly one outermost run is active
its records are that run's; with several there is no telling, and they are only shown.
"""

from __future__ import annotations

import logging
import os
import threading
from types import TracebackType
from typing import NamedTuple
from uuid import UUID

from prefect.logging._console import PrefectConsoleHandler
from prefect.logging._current import current_run_ids
from prefect.logging.configuration import ensure_logging_setup
from prefect.logging.handlers import APILogHandler


class _LoweredLevel(int):
    """A level of the root logger that we set. `before` is the level people know of."""

    before: int


class _RunIds(NamedTuple):
    flow_run_id: UUID | None
    task_run_id: UUID | None


class run_logging:
    """
    Within the block, log records are recorded with the run they belong to. Blocks may nest and overlap.

    The engine enters it around each outermost run, with the ids of that run.
    """

    def __init__(self, flow_run_id: UUID | None = None, task_run_id: UUID | None = None) -> None:
        self._run = _RunIds(flow_run_id, task_run_id)

    def __enter__(self) -> None:
        _capture.begin(self._run)

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _capture.end(self._run)


class _Capture:
    """The state of capturing in this process: which outermost runs are active, what was changed for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # in a forked child the parent's thread that held it is gone
        os.register_at_fork(after_in_child=self._renew_lock)
        self._installed = False
        self._last_resort: logging.Handler | None = None
        self.runs: list[_RunIds] = []
        self.lowered: _LoweredLevel | None = None
        self.recorder = APILogHandler()

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def begin(self, run: _RunIds) -> None:
        ensure_logging_setup()
        with self._lock:
            self.runs = [*self.runs, run]
            if len(self.runs) > 1:
                return
            if not self._installed:
                _wrap_call_handlers(self)
                self._installed = True
            self._lower_root_level()
            if logging.lastResort is not None and not isinstance(logging.lastResort, PrefectConsoleHandler):
                self._last_resort = logging.lastResort
                logging.lastResort = _console_of_last_resort()

    def end(self, run: _RunIds) -> None:
        with self._lock:
            runs = list(self.runs)
            runs.remove(run)
            self.runs = runs
            if runs:
                return
            if self.lowered is not None and logging.root.level is self.lowered:
                logging.root.setLevel(self.lowered.before)
            self.lowered = None
            if isinstance(logging.lastResort, PrefectConsoleHandler):
                logging.lastResort = self._last_resort

    def _lower_root_level(self) -> None:
        from prefect.settings import get_current_settings

        chosen = get_current_settings().logging
        wanted = max(logging.getLevelName(chosen.level), logging.INFO)
        root = logging.root
        if chosen.to_api.enabled and root.level > wanted:
            self.lowered = _LoweredLevel(wanted)
            self.lowered.before = root.level
            root.setLevel(self.lowered)

    def is_shown(self, logger: logging.Logger, record: logging.LogRecord) -> bool:
        """Whether the record would exist without us."""
        lowered = self.lowered
        if lowered is None or record.levelno >= lowered.before:
            return True
        return logger.getEffectiveLevel() is not lowered

    def record(self, record: logging.LogRecord) -> None:
        """Put the record of an ordinary logger into the record of its run."""
        name = record.name
        named = record.__dict__
        if not named.get("flow_run_id") and current_run_ids() == (None, None):
            # Our own background threads work for every run alike, whatever library they speak through.
            own = name == "prefect" or name.startswith("prefect.")
            if len(self.runs) != 1 or own or (record.threadName or "").startswith("prefect-"):
                return
            run = self.runs[0]
            if run == (None, None):
                return
            record = logging.makeLogRecord({**named, **run._asdict()})
        self.recorder.handle(record)


def _reaches_api_handler(logger: logging.Logger) -> bool:
    level: logging.Logger | None = logger
    while level is not None:
        for handler in level.handlers:
            if isinstance(handler, APILogHandler):
                return True
        level = level.parent if level.propagate else None
    return False


def _console_of_last_resort() -> logging.Handler:
    from prefect.logging._defaults import DEFAULT_CONFIG
    from prefect.logging.formatters import PrefectFormatter

    handler = PrefectConsoleHandler(level=logging.WARNING)
    standard = DEFAULT_CONFIG["formatters"]["standard"]
    handler.setFormatter(PrefectFormatter(standard["format"], standard["datefmt"]))
    return handler


def _wrap_call_handlers(capture: _Capture) -> None:
    call_handlers = logging.Logger.callHandlers

    def callHandlers(self: logging.Logger, record: logging.LogRecord) -> None:
        if not capture.runs:
            call_handlers(self, record)
            return
        shown = capture.is_shown(self, record)
        if shown:
            call_handlers(self, record)
        if not (shown and _reaches_api_handler(self)):
            capture.record(record)

    logging.Logger.callHandlers = callHandlers  # type: ignore[method-assign]


_capture = _Capture()
