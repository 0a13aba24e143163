"""Opening a flow run: making it, or beginning another attempt of one that exists.

A subflow that an earlier attempt of its parent has completed is not run again, and one that it left unfinished is
continued. Not here: what an attempt takes over (`engine.resumption`), the placeholder in the parent
(`engine.subflows`).
"""

from __future__ import annotations

import json
from typing import Any

from prefect._steps import Life
from prefect.context import FlowRunContext, TagsContext
from prefect.engine import inputs, parameters
from prefect.engine.control import is_held, refuse_if_stopped
from prefect.engine.flow_run import contexts
from prefect.engine.flow_run.under_way import FlowRunUnderWay
from prefect.engine.pauses import held_life, retry_due
from prefect.engine.recording import asking
from prefect.engine.resumption import Resumption, labels_after, past_of
from prefect.engine.subflows import Placeholder, children_of
from prefect.exceptions import Abort
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, FlowRunPolicy, trusted_flow_run
from prefect.schemas.states import State, StateType
from prefect.utilities.names import generate_slug

ENTRYPOINT_LABEL = "prefect.flow.entrypoint"
"""Under this label a flow run remembers where its code is: what it takes to run it again elsewhere."""

_CALLER_IS_LOST = "Another process runs the flow run around this one now."


def open_run(life: FlowRunUnderWay) -> Life[State[Any] | None]:
    """Make or continue the run; its state when that leaves nothing to be run.

    Raises:
        Abort: the run may not start, or its caller may not go on.
        FlowRunStopped: the flow run around has to stop.
    """
    if life.run is not None:
        return _begin_again(life, life.run)
    if life.parent is not None and life.parent.flow_run is not None:
        yield from _require_leave(life.parent, life.client)
        earlier = _placed_in(life, life.parent)
        if earlier is not None and earlier.is_usable(life.parent.resumption):
            life.run, life.state, life.value = earlier.run, earlier.state, earlier.value
            return life.state
        if earlier is not None:
            earlier.run.parameters = life.flow.serialize_parameters(life.parameters)
            return _begin_again(life, earlier.run, force=True)
    yield from _begin(life)
    return None


# --- as a subflow ---------------------------------------------------------------------------------------


def _require_leave(parent: FlowRunContext, client: Any) -> Life[None]:
    """Wait while the flow run around is paused, and begin nothing in one that may not go on."""
    if is_held(parent):
        yield from held_life(parent)
    refuse_if_stopped(parent)
    if client.superseded(parent.flow_run.id):
        raise Abort(_CALLER_IS_LOST)


def _placed_in(life: FlowRunUnderWay, parent: FlowRunContext) -> Any:
    """Take a place in the parent; the run that an earlier attempt of it has made there, if any."""
    findings = inputs.look_through(life.parameters, parent.run_results)
    life.placeholder = Placeholder(life.flow, parent, life.client, findings.inputs, life.parameters)
    earlier = life.placeholder.earlier_child()
    parent.resumption.reaches(life.flow.name)
    return earlier


def _past_of_parent(life: FlowRunUnderWay) -> Resumption | None:
    return None if life.parent is None else life.parent.resumption


def _child_of_origin(life: FlowRunUnderWay) -> FlowRun | None:
    """The subflow run that stood here in the run that the parent was forked from, if there was one."""
    past = _past_of_parent(life)
    if past is None or life.placeholder is None:
        return None
    child = past.origins.get(life.placeholder.key)
    return None if child is None else child.run


# --- a new run ------------------------------------------------------------------------------------------


def _begin(life: FlowRunUnderWay) -> Life[None]:
    origin = _child_of_origin(life)
    life.run = _new_run(life, origin)
    state = life.own_state(StateType.PENDING, "Pending")
    state.data = yield from _kept_parameters(life)
    # the placeholder names the run before there is one: it is stored first
    life.mirror(state)
    if not (yield asking(life.client, life.client.begin_flow_run, life.run, state)):
        raise Abort(_CALLER_IS_LOST)
    life.note(state, 1)
    if life.resumption is None:
        children = {} if origin is None else children_of(life.client, origin.id)
        life.resumption = past_of(life.run, _past_of_parent(life), children)


def _new_run(life: FlowRunUnderWay, origin: FlowRun | None) -> FlowRun:
    flow, tags = life.flow, TagsContext.__var__.get(None)
    return trusted_flow_run(
        id=uuid7(),
        name=generate_slug(2),
        flow_id=life.client.flow_id(flow.name),
        flow_version=flow.version,
        parameters=flow.serialize_parameters(life.parameters),
        empirical_policy=FlowRunPolicy(retries=flow.retries, retry_delay=flow.retry_delay_seconds),
        tags=[] if tags is None else sorted(tags.current_tags),
        parent_task_run_id=None if life.placeholder is None else life.placeholder.run.id,
        labels={**_origin_of(flow), **life.labels, **({} if origin is None else labels_after(origin))},
    )


def _origin_of(flow: Any) -> dict[str, Any]:
    entrypoint = flow.entrypoint_in_file()
    return {} if entrypoint is None else {ENTRYPOINT_LABEL: entrypoint}


def _kept_parameters(life: FlowRunUnderWay) -> Life[Any]:
    """Note which parameters the record loses, and keep them if the flow keeps its results."""
    lost = parameters.lost_in_record(life.flow, life.parameters, life.run.parameters)
    if not lost:
        return None
    life.run.labels[parameters.LOST_LABEL] = json.dumps(lost)
    if life.parent is not None or not contexts.persists(life):
        return None
    return (yield from parameters.keep(life.flow, life.run, {name: life.parameters[name] for name in lost}))


# --- another attempt ------------------------------------------------------------------------------------


def _begin_again(life: FlowRunUnderWay, run: FlowRun, force: bool = False) -> State[Any] | None:
    """Begin another attempt of a run that exists; its state when it does not allow that."""
    life.run = run
    if life.resumption is None:
        life.resumption = past_of(run, _past_of_parent(life))
    if run.run_count:
        life.children = children_of(life.client, run.id)
    pending = life.own_state(StateType.PENDING, "Pending")
    if run.run_count and life.resumption.from_task is None:
        pending.state_details.scheduled_time = retry_due(life.client.flow_run_history(run.id))
    outcome = life.client.propose_flow_run_state(run.id, pending, force=force, begin=True)
    if outcome.status == "ABORT":
        raise Abort(outcome.reason or "The run may not start.")
    life.adopt(outcome.state, outcome.attempt)
    if outcome.status != "ACCEPT":
        return outcome.state  # type: ignore[no-any-return]
    if force or life.resumption.from_task is not None:
        life.client.amend_flow_run(run)
    return None
