"""What must be settled before the body of a flow can run: upstreams, parameters, the run's name.

Not here: which parameters the record loses (`engine.parameters`), names in general (`engine.naming`).
"""

from __future__ import annotations

from typing import Any

from prefect._steps import Life
from prefect.engine import inputs
from prefect.engine.flow_run import contexts
from prefect.engine.flow_run.under_way import FlowRunUnderWay
from prefect.engine.naming import RunNameError, custom_run_name
from prefect.exceptions import ParameterTypeError, UpstreamTaskError
from prefect.schemas.states import State, StateType
from prefect.states import failed_state


def settle(life: FlowRunUnderWay) -> Life[State[Any] | None]:
    """Wait for upstreams, validate and name; the state of a run whose body cannot be run."""
    try:
        yield from _await_upstreams(life)
    except UpstreamTaskError as error:
        state = life.own_state(StateType.PENDING, "NotReady", str(error))
        return (yield from life.propose(state, force=True))
    try:
        if life.flow.should_validate_parameters:
            life.parameters = life.flow.validate_parameters(life.parameters)
        _name(life)
    except (ParameterTypeError, RunNameError, TypeError) as error:
        return (yield from _fail(life, error))
    return None


def _await_upstreams(life: FlowRunUnderWay) -> Life[None]:
    findings = inputs.look_through({**life.parameters, "wait_for": life.wait_for}, None)
    upstreams = findings.upstreams
    if not upstreams and not findings.marked:
        return
    if waiting := inputs.unfinished(upstreams):
        yield life.control.interruptible(waiting[0].waiting_for(waiting))
    inputs.require_completed(life.wait_for)
    life.parameters = inputs.resolved(life.parameters)


def _name(life: FlowRunUnderWay) -> None:
    if life.flow.flow_run_name is None:
        return
    with contexts.around_code(contexts.new_context(life, life.flow.task_runner)):
        name = custom_run_name(life.flow.flow_run_name, life.parameters, "flow_run_name")
    if name is not None:
        life.rename(name)


def _fail(life: FlowRunUnderWay, error: Exception) -> Life[State[Any] | None]:
    life.raised = error
    prefix = "Validation of flow parameters failed with error: "
    state = failed_state(error, prefix=prefix if isinstance(error, ParameterTypeError) else "")
    life.context = contexts.new_context(life, life.flow.task_runner)
    yield from life.propose(state, force=True)
    life.logger.error("%s", state.message)
    return life.state
