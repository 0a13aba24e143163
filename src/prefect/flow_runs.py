"""Acting on flow runs: continuing one that ended badly, and forking one from its completed steps.

Here: retry and fork, from Python. Shown here and at home elsewhere: pausing, suspending, resuming, waiting
(`_flow_run_pauses`). Not here: what another attempt takes over (`engine.resumption`, `engine.keeping`), finding a flow
in a file (`_flows_of_runs`).
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect._colours import steps_of
from prefect._flow_run_pauses import (
    apause_flow_run,
    aresume_flow_run,
    asuspend_flow_run,
    pause_flow_run,
    resume_flow_run,
    suspend_flow_run,
    wait_for_flow_run,
)
from prefect._steps import run_blocking
from prefect.cache_policies import source_fingerprint
from prefect.engine.forecast import Forecast, StepFacts, forecast
from prefect.engine.parameters import lost_names, restored
from prefect.engine.resumption import RENEWALS_LABEL, labels_after, past_of, renewals_of
from prefect.engine.subflows import children_of
from prefect.exceptions import (
    MissingFlowError,
    MissingResult,
    ObjectNotFound,
    ParameterBindError,
)
from prefect.schemas.bases import microseconds_since_epoch, now
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.states import described_result

if TYPE_CHECKING:
    from prefect.flows import Flow

__all__ = [
    "apause_flow_run",
    "aresume_flow_run",
    "asuspend_flow_run",
    "fork_flow_run",
    "pause_flow_run",
    "plan_fork",
    "resume_flow_run",
    "retry_flow_run",
    "suspend_flow_run",
    "wait_for_flow_run",
]

FORKED_FROM_LABEL = "prefect.forked-from"


def retry_flow_run(
    flow_run_id: UUID | str,
    flow: Flow[..., Any] | None = None,
    from_task: str | None = None,
    parameters: dict[str, Any] | None = None,
    return_state: bool = False,
) -> Any:
    """Run a flow run that failed or crashed again, from its completed steps on. A coroutine for an async flow.

    Steps (task runs and subflows) whose results were stored give them back without running; everything else
    runs. The run keeps its id and its history. After a crash of this call, it can be made again.

    Args:
        flow_run_id: the run.
        flow: its flow; default: loaded from the file it was run from.
        from_task: name of a task or subflow; what was stored of its first call and all that follow is left
            aside, for good.
        parameters: values for parameters that could not be stored; others stay as they were.
        return_state: give the final state instead of the value.

    Raises:
        ObjectNotFound: there is no such run.
        MissingFlowError: the run's flow cannot be found; give `flow`.
        ScriptError: the file of the flow cannot be run.
        ParameterTypeError: a parameter is not stored; give it in `parameters`.
        ParameterBindError: the parameters do not fit the flow.
        ValueError: neither the run nor the flow has a step called `from_task`; or a parameter is given another
            value than the run has.
        prefect.exceptions.Abort: the run may not run again (it was cancelled, or somebody else runs it).
    """
    from prefect.client.engine import engine_client
    from prefect.flow_engine import run_flow

    client = engine_client()
    client.close_dead_runs()
    run = client.read_flow_run(_as_uuid(flow_run_id))
    flow = flow or flow_of(run)
    given = _parameters(run, flow, parameters or {}, may_differ=False)
    if from_task is not None:
        _check_step(from_task, run, flow)
        run.labels[RENEWALS_LABEL] = json.dumps(_renewed(run, from_task))
    return run_flow(
        flow,
        flow_run=run,
        parameters=given,
        return_type="state" if return_state else "result",
        resumption=past_of(run, from_task=from_task, revisits=_revisits(run)),
    )


def fork_flow_run(
    flow_run_id: UUID | str,
    flow: Flow[..., Any] | None = None,
    parameters: dict[str, Any] | None = None,
    from_task: str | None = None,
    return_state: bool = False,
) -> Any:
    """Make a new run from another one's completed steps, with other parameters or code.

    A step is taken over when its cache key is the same as then: by default when neither the task's source nor its
    inputs have changed. The other run stays as it is.

    Args:
        flow_run_id: the run to fork from.
        flow: the flow as it is now; default: loaded from the file the run came from.
        parameters: parameters that differ.
        from_task: name of a task or subflow; its first call and all that follow are computed anew.
        return_state: give the final state instead of the value.

    Raises:
        ObjectNotFound, MissingFlowError, ScriptError, ParameterTypeError, ParameterBindError: as `retry_flow_run`.
        ValueError: neither the run nor the flow has a step called `from_task`.
    """
    from prefect.client.engine import engine_client
    from prefect.flow_engine import run_flow

    origin = engine_client().read_flow_run(_as_uuid(flow_run_id))
    flow = flow or flow_of(origin)
    given = _parameters(origin, flow, parameters or {})
    renewals = renewals_of(origin)
    if from_task is not None:
        _check_step(from_task, origin, flow)
        renewals = _renewed(origin, from_task)
    labels = {FORKED_FROM_LABEL: str(origin.id), **labels_after(origin, renewals)}
    past = past_of(
        origin.model_copy(update={"labels": labels, "run_count": 0}),
        origins=children_of(engine_client(), origin.id),
        from_task=from_task,
    )
    return run_flow(
        flow,
        parameters=given,
        return_type="state" if return_state else "result",
        resumption=past,
        labels=labels,
    )


def plan_fork(
    flow_run_id: UUID | str,
    flow: Flow[..., Any] | None = None,
    parameters: dict[str, Any] | None = None,
    from_task: str | None = None,
) -> list[Forecast]:
    """What `fork_flow_run` with the same arguments will do with each completed step, and why. Runs nothing.

    Raises:
        ObjectNotFound, MissingFlowError, ScriptError, ValueError: as `fork_flow_run`.
    """
    from prefect.client.engine import engine_client

    client = engine_client()
    origin = client.read_flow_run(_as_uuid(flow_run_id))
    flow = flow or flow_of(origin)
    if from_task is not None:
        _check_step(from_task, origin, flow)
    tasks = _tasks_in_module_of(flow)
    steps = [_facts(run, tasks) for run in client.completed_task_runs(origin.id)]
    changed = {name for name, value in (parameters or {}).items() if origin.parameters.get(name) != value}
    return forecast(steps, frozenset(changed), from_task)


def flow_of(run: FlowRun, as_main: bool = False) -> Flow[..., Any]:
    """The flow of a run, loaded from the file the run remembers. The file's own calls of flows are not made.

    Args:
        as_main: this process exists to run the flow, and a script that has it becomes its `__main__`.

    Raises:
        MissingFlowError: the run remembers no file, or the flow is not in it any more.
        ScriptError: the file cannot be run.
    """
    from prefect._flows_of_runs import flow_of
    from prefect.client.engine import engine_client

    return flow_of(run, engine_client().flow_name(run.flow_id), as_main)


# --- what a fork will do --------------------------------------------------------------------------------


def _facts(run: TaskRun, tasks: dict[str, Any]) -> StepFacts:
    from prefect.results import read_result

    parts: dict[str, str] = json.loads(str(run.labels.get("prefect.cache.parts", "{}")))
    task_name = run.task_key.rsplit("-", 1)[0]
    task, source = tasks.get(task_name), parts.get("task source")
    stored = False
    if run.state is not None and run.state.data is not None:
        try:
            run_blocking(steps_of(read_result, described_result(run.state.data)))
            stored = True
        except (MissingResult, OSError, ValueError):
            stored = False
    return StepFacts(
        id=run.id,
        name=run.name,
        task_name=task_name if task is None else task.name,
        upstreams=tuple(
            edge.id for edges in run.task_inputs.values() for edge in edges if hasattr(edge, "id")
        ),
        has_key=bool(parts),
        result_is_stored=stored,
        source_is_same=None if task is None or source is None else source_fingerprint(task) == source,
        flow_parameters=frozenset(
            name.split(" ", 2)[2] for name in parts if name.startswith("flow parameter ")
        ),
    )


def _tasks_in_module_of(flow: Flow[..., Any]) -> dict[str, Any]:
    """The tasks that the flow's module knows, by the name of their function."""
    from prefect.tasks import Task

    known = getattr(inspect.unwrap(flow.fn), "__globals__", {}).values()
    return {task.task_key.rsplit("-", 1)[0]: task for task in known if isinstance(task, Task)}


# --- where to start from --------------------------------------------------------------------------------


def _check_step(name: str, run: FlowRun, flow: Flow[..., Any]) -> None:
    from prefect.client.engine import engine_client

    had = {one for steps in engine_client().step_names(run.id).values() for one in steps.names}
    tasks = _tasks_in_module_of(flow)
    if name not in {*had, *tasks, *(task.name for task in tasks.values())}:
        raise ValueError(
            f"There is no step {name!r} to start from. The flow run {run.name!r} has had these: "
            f"{', '.join(sorted(had)) or 'none'}."
        )


def _renewed(run: FlowRun, from_task: str) -> dict[str, int]:
    """The renewals of a run with one more, as of now."""
    return {**renewals_of(run), from_task: microseconds_since_epoch(now())}


def _revisits(run: FlowRun) -> dict[UUID, int]:
    """The subflow runs in which a step to start from is, at any depth, with the latest moment of such a renewal."""
    from prefect.client.engine import engine_client

    renewals = renewals_of(run)
    if not renewals:
        return {}
    found: dict[UUID, int] = {}
    steps = engine_client().step_names(run.id)
    for id, inside in steps.items():
        moment = max((renewals.get(name, 0) for name in inside.names), default=0)
        at: UUID | None = id
        while at is not None and moment:
            found[at] = max(found.get(at, 0), moment)
            at = steps[at].parent
    return found


# --- parameters -----------------------------------------------------------------------------------------


def _parameters(
    run: FlowRun, flow: Flow[..., Any], given: dict[str, Any], may_differ: bool = True
) -> dict[str, Any]:
    """The parameters for another attempt, or a fork, of a run; whatever the flow has no parameter for is left out."""
    from prefect.client.engine import engine_client

    for name, value in given.items():
        if name not in flow.binder.names:
            raise ParameterBindError(f"The flow {flow.name!r} has no parameter {name!r}.")
        if not may_differ and name not in lost_names(run) and run.parameters.get(name, value) != value:
            raise ValueError(
                f"The flow run {run.name!r} was started with {name} = {run.parameters[name]!r}, and its completed "
                "steps go with that. To run with another value, fork it."
            )
    kept = engine_client().kept_parameters(run.id) if lost_names(run) else None
    known = run_blocking(restored(run, kept, given))
    fitting = {name: value for name, value in known.items() if name in flow.binder.names}
    if missing := [
        name for name in flow.binder.names if name not in fitting and name not in flow.binder.defaults
    ]:
        _refuse_method(flow, missing)
        raise ParameterBindError(
            f"The flow {flow.name!r} needs {', '.join(map(repr, missing))}, which the flow run {run.name!r} does "
            "not have. Give a value for it."
        )
    args, kwargs = flow.binder.arguments(fitting)
    return flow.binder.bind(args, kwargs)


def _refuse_method(flow: Flow[..., Any], missing: list[str]) -> None:
    if missing == ["self"]:
        raise MissingFlowError(
            f"The flow {flow.name!r} is a method, and the object it was called on is not stored. "
            "Pass the flow of an object as `flow`."
        )


def _as_uuid(flow_run_id: UUID | str) -> UUID:
    if isinstance(flow_run_id, UUID):
        return flow_run_id
    try:
        return UUID(flow_run_id)
    except ValueError as error:
        raise ObjectNotFound(error, f"{flow_run_id!r} is not the id of a flow run.") from None
