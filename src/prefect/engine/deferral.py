"""Deferred task runs: recorded as Scheduled for a task worker, with what they were called with stored.

What a worker needs is stored as a result under `parameters/<id>`, before the run that names it is recorded: a
run without its parameters is never seen. Not here: the worker (`task_worker`), the future (`distributed`).
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID, uuid4

from prefect._colours import steps_of
from prefect._steps import Life, run_blocking
from prefect._thread_runs import calls_of_map
from prefect.context import FlowRunContext, TagsContext, TaskRunContext
from prefect.engine import inputs
from prefect.engine.distributed import PrefectDistributedFuture
from prefect.engine.recording import recording_client
from prefect.engine.task_run import TaskRunLife
from prefect.exceptions import SerializationError
from prefect.futures import PrefectFuture, PrefectFutureList
from prefect.logging import get_logger
from prefect.logging.configuration import ensure_logging_setup
from prefect.schemas.runs import RunInput, TaskRun
from prefect.schemas.states import State
from prefect.states import Pending, Scheduled
from prefect.task_runners import TaskRunner

if TYPE_CHECKING:
    from prefect.results import ResultStore
    from prefect.tasks import Task

R = TypeVar("R")

PLACE_LABEL = "prefect.place"
"""Under this label a deferred run remembers its place, by which later attempts of its flow run know it."""

_numbering = threading.Lock()


def defer(
    task: Any,
    parameters: dict[str, Any],
    wait_for: Any = None,
    dependencies: Mapping[str, Iterable[RunInput]] | None = None,
) -> PrefectDistributedFuture[Any]:
    """Record a run of a task for a worker to run. Blocks until everything about it is stored.

    Raises:
        SerializationError: the parameters cannot be stored.
        prefect.exceptions.StoreError: the run cannot be recorded.
    """
    run = run_blocking(recorded_run(task, parameters, wait_for, dependencies, deferred=True))
    return PrefectDistributedFuture(run.id)


def recorded_run(
    task: Any,
    parameters: dict[str, Any],
    wait_for: Any = None,
    dependencies: Mapping[str, Iterable[RunInput]] | None = None,
    *,
    deferred: bool,
    client: Any = None,
    run_id: UUID | None = None,
    flow_context: FlowRunContext | None = None,
    parent: TaskRunContext | None = None,
) -> Life[TaskRun]:
    """Make a run and store it, Scheduled when it is deferred, else Pending. See `local_run`.

    A run that an earlier attempt of the flow run has deferred at the same place is not deferred again, unless it
    has failed.
    """
    client = client or recording_client(flow_context)
    flow_context = flow_context or FlowRunContext.get()
    run = local_run(task, parameters, wait_for, dependencies, client, run_id, flow_context, parent)
    _number(run, task, flow_context)
    state: State[Any] = Pending()
    if deferred:
        if (earlier := _deferred_before(run, client, flow_context)) is not None:
            return earlier
        state = Scheduled(state_details={"deferred": True})
        if parameters or wait_for:
            state.state_details.task_parameters_id = yield from _store_call(task, parameters, wait_for)
    _enter(run, state)
    client.record_task_run(run, state)
    client.flush()
    if deferred:
        _tell(run)
    return run


def _deferred_before(run: TaskRun, client: Any, flow_context: FlowRunContext | None) -> TaskRun | None:
    """The run that an earlier attempt has deferred at this place, unless it came to a bad end."""
    past = None if flow_context is None else flow_context.resumption
    if past is None or not past.again:
        return None
    if past.deferred is None:
        past.deferred = client.deferred_runs(run.flow_run_id, PLACE_LABEL)
    found = past.deferred.get(run.labels.get(PLACE_LABEL))
    return None if found is None else next(iter(client.read_task_runs([found])), None)


def local_run(
    task: Any,
    parameters: dict[str, Any],
    wait_for: Any = None,
    dependencies: Mapping[str, Iterable[RunInput]] | None = None,
    client: Any = None,
    run_id: UUID | None = None,
    flow_context: FlowRunContext | None = None,
    parent: TaskRunContext | None = None,
) -> TaskRun:
    """Make a run, Pending, that is not stored anywhere.

    Args:
        parameters: bound arguments.
        wait_for: what the run depends on besides them.
        dependencies: further inputs to record, by parameter.
        client: where its states would be recorded.
        run_id: the id it is to have.
        flow_context, parent: the runs it belongs to; default: those around the caller.
    """

    def make() -> TaskRun:
        if flow_context is not None:
            FlowRunContext.__var__.set(flow_context)
        if parent is not None:
            TaskRunContext.__var__.set(parent)
        waited_for = inputs.wait_for_list(wait_for)
        life = TaskRunLife(task, parameters, client, waited_for, dependencies, run_id)
        past = None if life.flow_context is None else life.flow_context.resumption
        if past is not None and life.step is not None and life.run.flow_run_id is not None:
            life.run.labels[PLACE_LABEL] = past.place_key(life.run.flow_run_id, life.step, parameters)
        return life.run

    run = contextvars.copy_context().run(make)
    _enter(run, Pending())
    return run


def _number(run: TaskRun, task: Any, flow_context: FlowRunContext | None) -> None:
    """Inside a flow, stored runs are counted: `<task>-0`, `<task>-1`, …"""
    if flow_context is None:
        return
    with _numbering:
        keys = flow_context.task_run_dynamic_keys
        number = keys[task.task_key] = int(keys.get(task.task_key, -1)) + 1
    run.dynamic_key, run.name = str(number), f"{task.name}-{number}"


def _enter(run: TaskRun, state: State[Any]) -> None:
    """The run's first state."""
    details = state.state_details
    details.flow_run_id, details.task_run_id = run.flow_run_id, run.id
    run.state, run.state_id, run.state_type, run.state_name = state, state.id, state.type, state.name
    run.expected_start_time = details.scheduled_time or state.timestamp
    run.next_scheduled_start_time = details.scheduled_time


def _tell(run: TaskRun) -> None:
    from prefect.utilities.urls import url_for

    ensure_logging_setup()
    url = url_for(run)
    where = f"View it in the UI at {url!r}" if url else "A task worker that serves the task will run it"
    get_logger("tasks").info("Created task run %r. %s.", run.name, where)


# --- what a worker needs --------------------------------------------------------------------------------


def _store_call(task: Any, parameters: dict[str, Any], wait_for: Any) -> Life[UUID]:
    """Store what a task was called with; the id under which a worker finds it."""
    parameters_id = uuid4()
    call = {
        "context": _context_for_worker(),
        "parameters": (yield from _carried(parameters)),
        "wait_for": (yield from _carried(inputs.wait_for_list(wait_for))),
    }
    store = yield from parameter_store(task)
    record = yield from store.record_steps(call, key=parameters_key(parameters_id))
    try:
        yield from store.persist_steps(record, store.generate_default_holder())
    except SerializationError as error:
        raise SerializationError(f"This call of {task.name!r} cannot be deferred. {error}") from error
    return parameters_id


def parameters_key(parameters_id: UUID) -> str:
    """The storage key of what a deferred run was called with."""
    return f"parameters/{parameters_id}"


def parameter_store(task: Any) -> Life[ResultStore]:
    """Where the parameters of a task's deferred runs are: with its results, else where the settings say."""
    from prefect.results import ResultStore, get_default_result_storage, resolve_result_storage
    from prefect.settings import get_current_settings

    if block := get_current_settings().tasks.scheduling.default_storage_block:
        storage = yield from steps_of(resolve_result_storage, block)
    else:
        storage = yield from steps_of(get_default_result_storage)
    store = ResultStore(result_storage=storage)
    return (yield from steps_of(store.update_for_task, task))


def _context_for_worker() -> dict[str, Any]:
    """The flow run and the tags around the caller, for `hydrated_context`.

    Settings stay behind, for a worker has its own (its store, its storage); so do live objects (the flow).
    """
    carried: dict[str, Any] = {"tags_context": TagsContext.get().serialize()}
    flow_context = FlowRunContext.get()
    if flow_context is not None:
        known = flow_context.serialize()
        known["flow_run"] = flow_context.flow_run.model_copy(update={"state": None})
        known["parameters"] = flow_context.flow_run.parameters
        del known["flow"]
        carried["flow_run_context"] = known
    return carried


def _carried(values: Any) -> Life[Any]:
    """The values as a worker can take them: a future of this process is waited for and becomes its state."""
    here = [found for found in inputs.upstreams_of(values) if _lives_here(found)]
    waiting = inputs.unfinished(here)
    if waiting:
        yield waiting[0].waiting_for(waiting)
    if not here:
        return values
    from prefect.utilities.collections import visit_collection

    return visit_collection(values, lambda item: item.state if _lives_here(item) else item, return_data=True)


def _lives_here(value: Any) -> bool:
    return isinstance(value, PrefectFuture) and not isinstance(value, PrefectDistributedFuture)


# --- as a task runner -----------------------------------------------------------------------------------


class PrefectTaskRunner(TaskRunner[PrefectDistributedFuture[R]]):
    """Leaves submitted runs to task workers."""

    def duplicate(self) -> Self:
        """A runner that has not been entered."""
        return type(self)()

    def submit(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        dependencies: dict[str, set[RunInput]] | None = None,
    ) -> PrefectDistributedFuture[R]:
        """Record one run of a task for a worker.

        Raises:
            RuntimeError: the runner has not been entered.
            SerializationError: the parameters cannot be stored.
        """
        self._require_started()
        return defer(task, parameters, wait_for, dependencies)

    def map(
        self,
        task: Task[Any, Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
    ) -> PrefectFutureList[PrefectDistributedFuture[R]]:
        """Record a run of a task for each item of its iterable parameters; see `TaskRunner.map`."""
        self._require_started()
        calls = calls_of_map(task, parameters)
        waited_for = list(wait_for or ())
        # They are not this process's to run: its progress display does not expect them.
        futures = (self.submit(task, call, waited_for) for call in calls)
        return PrefectFutureList(futures)  # type: ignore[arg-type]  # a list of one kind of future
