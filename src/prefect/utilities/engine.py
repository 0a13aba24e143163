"""Parts of the engine that programs import from here: thin faces.

Not here: the engine itself (`prefect.engine`), proposing states (`prefect.client`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from prefect.schemas.runs import FlowRunResult, RunInput, RunType, TaskRunResult
from prefect.schemas.states import State
from prefect.utilities.annotations import allow_failure, quote
from prefect.utilities.collections import StopVisiting

if TYPE_CHECKING:
    from prefect.engine.links import ResultLinks

UNTRACKABLE_TYPES: set[type] = {bool, type(None), type(...), type(NotImplemented)}
"""Types whose objects are shared: that one of them was passed on says nothing about where it came from."""


# --- what runs depend on --------------------------------------------------------------------------------


def collect_task_run_inputs_sync(
    expr: Any, future_cls: Any = None, max_depth: int = -1
) -> set[TaskRunResult | FlowRunResult]:
    """The runs that an argument depends on: by futures, by states, and by results of earlier runs here.

    Args:
        expr: the argument.
        future_cls: accepted for programs written for the original; futures are futures.
        max_depth: how deep in collections to look; -1: to the bottom.
    """
    from prefect.engine.inputs import edges_in

    found = edges_in(expr, _links()) if max_depth < 0 else edges_in(expr, _links(), max_depth)
    return {edge for edge in found if isinstance(edge, TaskRunResult | FlowRunResult)}


async def collect_task_run_inputs(expr: Any, max_depth: int = -1) -> set[TaskRunResult | FlowRunResult]:
    """`collect_task_run_inputs_sync` for async code."""
    return collect_task_run_inputs_sync(expr, max_depth=max_depth)


def link_state_to_result(state: State[Any], result: Any, run_type: RunType) -> None:
    """Remember, for the flow run around the caller, that this object is the result of the state's run."""
    details, links = state.state_details, _links()
    if links is None:
        return
    if run_type is RunType.TASK_RUN and details.task_run_id is not None:
        links.remember(result, TaskRunResult(id=details.task_run_id))
    elif run_type is RunType.FLOW_RUN and details.flow_run_id is not None:
        links.remember(result, FlowRunResult(id=details.flow_run_id))


def link_state_to_task_run_result(state: State[Any], result: Any) -> None:
    """`link_state_to_result` for the state of a task run."""
    link_state_to_result(state, result, RunType.TASK_RUN)


def link_state_to_flow_run_result(state: State[Any], result: Any) -> None:
    """`link_state_to_result` for the state of a flow run."""
    link_state_to_result(state, result, RunType.FLOW_RUN)


def get_state_for_result(obj: Any) -> tuple[State[Any], RunType] | None:
    """The state of the run that made this very object, and the kind of run; None when that is not known."""
    from prefect.context import FlowRunContext

    context, links = FlowRunContext.get(), _links()
    source = None if links is None else links.source_of(obj)
    if context is None or source is None:
        return None
    state = _state_of(context.client, source)
    if state is None:
        return None
    return state, RunType.TASK_RUN if isinstance(source, TaskRunResult) else RunType.FLOW_RUN


def _state_of(client: Any, source: RunInput) -> State[Any] | None:
    if isinstance(source, TaskRunResult):
        runs = client.read_task_runs([source.id])
        return runs[0].state if runs else None
    if isinstance(source, FlowRunResult):
        state: State[Any] | None = client.read_flow_run(source.id).state
        return state
    return None


def _links() -> ResultLinks | None:
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    # A context that a program has made itself has none.
    return context.run_results or None if context is not None else None


# --- putting results in ---------------------------------------------------------------------------------


def resolve_inputs_sync(
    parameters: dict[str, Any], return_data: bool = True, max_depth: int = -1
) -> dict[str, Any]:
    """The parameters with each future and state in them replaced by its result; futures are waited for.

    Args:
        parameters: the parameters.
        return_data: False: only wait and check; the result is empty.
        max_depth: accepted for programs written for the original; collections are looked through.

    Raises:
        UpstreamTaskError: an upstream did not complete.
        PrefectException: a parameter could not be resolved for another reason; it is named.
    """
    from prefect.engine.inputs import resolved, unfinished, upstreams_of

    for future in unfinished(upstreams_of(list(parameters.values()))):
        future.wait()
    values = resolved(parameters)
    return values if return_data else {}


async def resolve_inputs(
    parameters: dict[str, Any], return_data: bool = True, max_depth: int = -1
) -> dict[str, Any]:
    """`resolve_inputs_sync` for async code."""
    from prefect._colours import InThread

    found: dict[str, Any] = await InThread(resolve_inputs_sync, parameters, return_data, max_depth).wait()
    return found


def resolve_to_final_result(expr: Any, context: dict[str, Any]) -> Any:
    """For `visit_collection`: a future or state as its result, which is waited for; anything else as it is.

    Raises:
        UpstreamTaskError: it did not complete (and `allow_failure` does not cover it).
    """
    from prefect.engine.inputs import Upstream, result_of, unfinished

    annotation = context.get("annotation")
    if isinstance(annotation, quote):
        raise StopVisiting
    if not isinstance(expr, Upstream | State):
        return expr
    for future in unfinished([expr]):
        future.wait()
    return result_of(expr, lenient=isinstance(annotation, allow_failure))


# --- the process, and prints ----------------------------------------------------------------------------


def capture_sigterm() -> AbstractContextManager[Any]:
    """Raise `TerminationSignal` in the main thread when SIGTERM arrives within the block."""
    from prefect.engine.signals import termination_raised

    return termination_raised()


def is_prefect_sigterm_handler_installed() -> bool:
    """Whether SIGTERM is raised as an exception now: whether a flow runs in the main thread."""
    from prefect.engine.signals import is_termination_raised

    return is_termination_raised()


def should_log_prints(flow_or_task: Any) -> bool:
    """Whether prints go to the run's log: by the flow or task, else the flow around it, else the settings."""
    if flow_or_task.log_prints is not None:
        return bool(flow_or_task.log_prints)
    from prefect.context import FlowRunContext
    from prefect.settings import get_current_settings

    around = FlowRunContext.get()
    return bool(get_current_settings().logging.log_prints if around is None else around.log_prints)
