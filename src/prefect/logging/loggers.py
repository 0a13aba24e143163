"""Loggers and run loggers: where user code and the engine get the thing they call ``.info()`` on.

Run loggers are adapters over two ordinary loggers, ``prefect.flow_runs`` and ``prefect.task_runs``; they
add the ids and names of the run to every record. What becomes of a record is the business of
`prefect.logging.handlers`.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from prefect.exceptions import MissingContextError
from prefect.logging._prints import patch_print, print_as_log
from prefect.logging.configuration import ensure_logging_setup
from prefect.logging.filters import ObfuscateApiKeyFilter

if TYPE_CHECKING:
    from prefect.context import RunContext
    from prefect.flows import Flow
    from prefect.schemas.runs import FlowRun, TaskRun
    from prefect.tasks import Task

__all__ = [
    "LogEavesdropper",
    "PrefectLogAdapter",
    "disable_logger",
    "disable_run_logger",
    "flow_run_logger",
    "get_logger",
    "get_run_logger",
    "get_worker_logger",
    "patch_print",
    "print_as_log",
    "task_run_logger",
]

UNKNOWN = "<unknown>"

LoggingAdapter = logging.LoggerAdapter[logging.Logger]


class PrefectLogAdapter(LoggingAdapter):
    """A logger adapter whose extras are joined with those of the single call, which win."""

    extra: Any

    def process(self, msg: str, kwargs: MutableMapping[str, Any]) -> tuple[str, MutableMapping[str, Any]]:
        given = kwargs.get("extra")
        kwargs["extra"] = {**(self.extra or {}), **given} if given else {**(self.extra or {})}
        return msg, kwargs

    def getChild(self, suffix: str, extra: dict[str, Any] | None = None) -> PrefectLogAdapter:
        """An adapter over the child logger `suffix`, with these extras and `extra`."""
        return PrefectLogAdapter(self.logger.getChild(suffix), extra={**(self.extra or {}), **(extra or {})})


class _RunLogAdapter(PrefectLogAdapter):
    """
    A run's logger. The engine makes one for every run, and most runs never log at an enabled level:
    the extras are put together when the first record asks for them.
    """

    def __init__(self, logger: logging.Logger, run: tuple[Any, ...], given: dict[str, Any]) -> None:
        self.logger = logger
        self._run = run
        self._given = given

    @cached_property
    def extra(self) -> dict[str, Any]:  # type: ignore[override]
        task_run, task, flow_run, flow, flow_run_id = self._run
        flow_run_name = flow_run.name if flow_run is not None else UNKNOWN
        flow_name = flow.name if flow is not None else UNKNOWN
        if task_run is None:
            run_id = flow_run.id if flow_run is not None else flow_run_id
            return {
                "flow_run_name": flow_run_name,
                "flow_run_id": str(run_id),
                "flow_name": flow_name,
                "deployment_name": None,
                **self._given,
            }
        return {
            "task_run_id": str(task_run.id),
            "flow_run_id": str(task_run.flow_run_id) if task_run.flow_run_id else None,
            "task_run_name": task_run.name,
            "task_name": task.name if task is not None else UNKNOWN,
            "flow_run_name": flow_run_name,
            "flow_name": flow_name,
            **self._given,
        }


@lru_cache
def get_logger(name: str | None = None) -> logging.Logger:
    """The logger `name` below ``prefect`` (a name that starts with ``prefect.`` is taken as it is)."""
    if name is None:
        logger = logging.getLogger("prefect")
    elif name.startswith("prefect."):
        logger = logging.getLogger(name)
    else:
        logger = logging.getLogger("prefect." + name)
    logger.addFilter(ObfuscateApiKeyFilter())
    return logger


_FLOW_RUNS = get_logger("prefect.flow_runs")
_TASK_RUNS = get_logger("prefect.task_runs")


def get_run_logger(context: RunContext | None = None, **kwargs: Any) -> logging.Logger | LoggingAdapter:
    """
    The logger of the current run, or of the run of `context`.

    `kwargs` are added to every record as extras. Inside `disable_run_logger`, and where there is no run,
    this is a logger that says nothing.

    Raises:
        MissingContextError: there is no run.
        TypeError: `context` is not the context of a run.
    """
    from prefect.context import FlowRunContext, TaskRunContext

    task_context = TaskRunContext.get() if context is None else context
    flow_context = FlowRunContext.get() if context is None else context
    if isinstance(task_context, TaskRunContext):
        enclosing = FlowRunContext.get()
        flow_run, flow = (enclosing.flow_run, enclosing.flow) if enclosing is not None else (None, None)
        return task_run_logger(task_context.task_run, task_context.task, flow_run, flow, **kwargs)
    if isinstance(flow_context, FlowRunContext):
        return flow_run_logger(flow_context.flow_run, flow_context.flow, **kwargs)
    if context is not None:
        raise TypeError(
            f"get_run_logger() takes a FlowRunContext or a TaskRunContext, not {type(context).__name__!r}."
        )
    if _FLOW_RUNS.disabled and _TASK_RUNS.disabled:
        silent = logging.getLogger("null")
        silent.disabled = True
        return silent
    raise MissingContextError(
        "There is no active flow or task run, so there is no run logger. Call get_run_logger() inside a flow "
        "or task, or use prefect.logging.get_logger() elsewhere."
    )


def flow_run_logger(
    flow_run: FlowRun | None = None,
    flow: Flow[Any, Any] | None = None,
    flow_run_id: UUID | None = None,
    **kwargs: Any,
) -> PrefectLogAdapter:
    """
    A logger for a flow run, also from outside the run.

    Raises:
        ValueError: neither `flow_run` nor `flow_run_id` is given.
    """
    if flow_run is None and flow_run_id is None:
        raise ValueError("flow_run_logger() needs a flow run: pass either 'flow_run' or 'flow_run_id'.")
    ensure_logging_setup()
    return _RunLogAdapter(_FLOW_RUNS, (None, None, flow_run, flow, flow_run_id), kwargs)


def task_run_logger(
    task_run: TaskRun,
    task: Task[Any, Any] | None = None,
    flow_run: FlowRun | None = None,
    flow: Flow[Any, Any] | None = None,
    **kwargs: Any,
) -> PrefectLogAdapter:
    """A logger for a task run, also from outside the run. Names not given appear as ``<unknown>``."""
    ensure_logging_setup()
    return _RunLogAdapter(_TASK_RUNS, (task_run, task, flow_run, flow, None), kwargs)


def get_worker_logger(worker: Any, name: str | None = None) -> LoggingAdapter:
    """A logger for a worker, below ``prefect.workers`` unless a full `name` is given."""
    logger = get_logger(name or f"prefect.workers.{type(worker).type}.{worker.name.lower()}")
    worker_id = getattr(worker, "backend_id", None)
    extra = {
        "worker_name": worker.name,
        "work_pool_name": getattr(worker, "_work_pool_name", UNKNOWN),
        "worker_id": str(worker_id) if worker_id else None,
    }
    return PrefectLogAdapter(logger, extra=extra)


@contextmanager
def disable_logger(name: str) -> Iterator[None]:
    """Within the block the logger `name` drops every record, in the whole process."""
    logger = logging.getLogger(name)
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


@contextmanager
def disable_run_logger() -> Iterator[None]:
    """Within the block run loggers are silent, and `get_run_logger` also works where there is no run."""
    with disable_logger(_FLOW_RUNS.name), disable_logger(_TASK_RUNS.name):
        yield


class LogEavesdropper(logging.Handler):
    """
    Collects what a logger and its children say while the block runs.

        with LogEavesdropper("my.library", level=logging.INFO) as heard:
            ...
        heard.text()

    Records the logger itself drops because of its level are not heard.
    """

    def __init__(self, eavesdrop_on: str, level: int = logging.NOTSET) -> None:
        super().__init__(level=level)
        self.eavesdrop_on = eavesdrop_on
        self._heard = io.StringIO()
        self.formatter = logging.Formatter("[%(levelname)s]: %(message)s")

    def __enter__(self) -> Self:
        logging.getLogger(self.eavesdrop_on).addHandler(self)
        return self

    def __exit__(self, *_: Any) -> None:
        logging.getLogger(self.eavesdrop_on).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.write(self.format(record) + "\n")

    def text(self) -> str:
        """What was heard, one line for each record."""
        return self._heard.getvalue().removesuffix("\n")
