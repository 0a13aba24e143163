"""What goes into a run: finding futures, states and earlier results among arguments, and putting values in.

Here: the dependency edges of a run (`task_inputs`), waiting for upstreams, replacing them by their results.
Not here: who made which object (`links`), binding arguments to a signature (`utilities.callables`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from prefect.engine.links import ResultLinks
from prefect.exceptions import PrefectException, UpstreamTaskError
from prefect.schemas.bases import trusted
from prefect.schemas.runs import FlowRunResult, RunInput, TaskRunResult
from prefect.schemas.states import State
from prefect.utilities.annotations import BaseAnnotation, allow_failure, opaque, quote

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray, type, type(...)})
_SEQUENCES = (list, tuple, set, frozenset)
_DEEPEST = 50


class Upstream:
    """Base of futures, as this room knows them: something to wait for that ends in a state.

    `prefect.futures.PrefectFuture` derives from it.
    """

    __slots__ = ()


def task_input(run_id: Any) -> TaskRunResult:
    """A task run as an input of another run."""
    return trusted(TaskRunResult, {"input_type": "task_run", "id": run_id})


class Findings:
    """What a look through one run's arguments found.

    Attributes:
        inputs: for each parameter the runs it depends on.
        upstreams: futures and states that must be replaced by their results; empty in most calls.
        marked: there are annotations (`allow_failure`, `quote`, …) that must be taken off.
    """

    __slots__ = ("inputs", "marked", "upstreams")

    def __init__(self) -> None:
        self.marked = False
        self.inputs: dict[str, list[RunInput]] = {}
        self.upstreams: list[Any] = []


def look_through(parameters: dict[str, Any], links: ResultLinks | None) -> Findings:
    """Find the dependencies of a run among its parameters."""
    findings = Findings()
    for name, value in parameters.items():
        if type(value) in _ATOMS:
            source = links.source_of(value) if links else None
            findings.inputs[name] = [] if source is None else [source]
        else:
            edges: dict[RunInput, None] = {}
            for found in _references(value, links, _DEEPEST):
                if isinstance(found, RunInput):
                    edges[found] = None
                elif isinstance(found, BaseAnnotation):
                    findings.marked = True
                else:
                    findings.upstreams.append(found)
                    if (edge := edge_of(found)) is not None:
                        edges[edge] = None
            findings.inputs[name] = list(edges)
    return findings


def edge_of(upstream: Any) -> RunInput | None:
    """A future or state as an input of another run; None for a state that belongs to no run."""
    if isinstance(upstream, State):
        details = upstream.state_details
        if details.task_run_id is not None:
            return task_input(details.task_run_id)
        if details.flow_run_id is not None:
            return FlowRunResult(id=details.flow_run_id)
        return None
    if (task_run_id := getattr(upstream, "task_run_id", None)) is not None:
        return task_input(task_run_id)
    return FlowRunResult(id=upstream.flow_run_id)


def _references(
    value: Any, links: ResultLinks | None, depth: int, seen: set[int] | None = None
) -> Iterator[Any]:
    """Futures, states, annotations and remembered sources in a value, however deep.

    Each container in it is looked through once: structures may refer back to what they are in (`seen`).
    """
    if isinstance(value, Upstream | State):
        yield value
        return
    if isinstance(value, BaseAnnotation):
        yield value
    if isinstance(value, quote):
        return
    if links and (source := links.source_of(value)) is not None:
        yield source
    seen = set() if seen is None else seen
    if depth <= 0 or isinstance(value, opaque) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, dict):
        yield from _references_among(list(value.values()), links, depth, seen)
        yield from _references_among(list(value), links, depth, seen)
    elif isinstance(value, _SEQUENCES):
        yield from _references_among(list(value), links, depth, seen)
    elif not isinstance(value, type) and (dataclasses.is_dataclass(value) or isinstance(value, BaseModel)):
        yield from _references_among(list(getattr(value, "__dict__", {}).values()), links, depth, seen)


def _references_among(
    values: list[Any], links: ResultLinks | None, depth: int, seen: set[int]
) -> Iterator[Any]:
    """`_references` of many values; plain ones are told apart in C, for lists of millions cost little then."""
    if links:
        yield from links.sources_among(values)
    if not set(map(type, values)) <= _ATOMS:
        for value in values:
            if type(value) not in _ATOMS:
                yield from _references(value, links, depth - 1, seen)


def edges_in(value: Any, links: ResultLinks | None = None, depth: int = _DEEPEST) -> list[RunInput]:
    """The runs that a value comes from, each once."""
    edges: dict[RunInput, None] = {}
    for found in _references(value, links, depth):
        edge = found if isinstance(found, RunInput | BaseAnnotation) else edge_of(found)
        if isinstance(edge, RunInput):
            edges[edge] = None
    return list(edges)


# --- waiting and resolving ------------------------------------------------------------------------------


def upstreams_of(values: Any) -> list[Any]:
    """The futures and states anywhere in `values`."""
    return [found for found in _references(values, None, _DEEPEST) if isinstance(found, Upstream | State)]


def with_states(value: Any) -> Any:
    """The value with every future in it replaced by its final state. Futures must have ended."""
    from prefect.utilities.collections import StopVisiting, visit_collection

    def visit(item: Any) -> Any:
        if isinstance(item, State):
            raise StopVisiting
        if isinstance(item, Upstream):
            raise StopVisiting(item.state)  # type: ignore[attr-defined]
        return item

    return visit_collection(value, visit_fn=visit, return_data=True)


def unfinished(upstreams: Iterable[Any]) -> list[Any]:
    """Those of the upstreams that have to be waited for."""
    return [upstream for upstream in upstreams if isinstance(upstream, Upstream) and not upstream.done()]  # type: ignore[attr-defined]


def refuse_own_future(futures: Iterable[Any], task_run_id: UUID) -> None:
    """A task run must not be among what it waits for.

    Raises:
        ValueError: it is.
    """
    if any(future.task_run_id == task_run_id for future in futures):
        raise ValueError(
            f"Task run '{task_run_id}' waits for itself: its own future is in its arguments or in `wait_for`."
        )


def resolved(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters with every future and state replaced by its result. Upstreams must have ended.

    Raises:
        UpstreamTaskError: an upstream did not complete (and `allow_failure` does not cover it).
        PrefectException: an argument could not be resolved for another reason; it is named.
    """
    values: dict[str, Any] = {}
    for name, value in parameters.items():
        if type(value) in _ATOMS:
            values[name] = value
            continue
        try:
            values[name] = _replace_upstreams(value, result_of)
        except UpstreamTaskError:
            raise
        except Exception as error:
            raise PrefectException(
                f"The value of the parameter {name!r} could not be resolved: {type(error).__name__}: {error}. "
                "If its content is not meant to be searched for futures, pass it as `quote(value)`."
            ) from error
    return values


def require_completed(waited_for: list[Any]) -> None:
    """Check that upstreams whose values are not needed completed. They must have ended.

    Raises:
        UpstreamTaskError: one did not (and `allow_failure` does not cover it).
    """
    _replace_upstreams(waited_for, _accepted_state)


def _replace_upstreams(value: Any, outcome: Callable[[Any, bool], Any], lenient: bool = False) -> Any:
    """The value with each upstream in it replaced by its outcome, and without annotations."""
    from prefect.utilities.collections import StopVisiting, visit_collection

    if isinstance(value, BaseAnnotation):
        if isinstance(value, quote | opaque):
            return value.unwrap()
        return _replace_upstreams(value.unwrap(), outcome, lenient or isinstance(value, allow_failure))
    if isinstance(value, Upstream | State):
        return outcome(value, lenient)
    if not any(True for _ in _references(value, None, _DEEPEST)):
        return value

    def visit(item: Any) -> Any:
        if isinstance(item, Upstream | State | BaseAnnotation):
            raise StopVisiting(_replace_upstreams(item, outcome, lenient))
        return item

    return visit_collection(value, visit_fn=visit, return_data=True)


def result_of(upstream: Any, lenient: bool = False) -> Any:
    """The result of a future or state that has ended; lenient: the exception of one that failed.

    Raises:
        UpstreamTaskError: it did not complete.
    """
    return _accepted_state(upstream, lenient).result(raise_on_failure=False)


def _accepted_state(upstream: Any, lenient: bool) -> State[Any]:
    state: State[Any] = upstream if isinstance(upstream, State) else upstream.state
    if state.is_completed() or (lenient and state.is_failed()):
        return state
    edge = edge_of(upstream)
    who = "An upstream" if edge is None else f"Upstream {edge.input_type.replace('_', ' ')} '{edge.id}'"  # type: ignore[attr-defined]
    raise UpstreamTaskError(f"{who} did not reach a 'COMPLETED' state; it is in the state {state}.")


def wait_for_list(wait_for: Any) -> list[Any]:
    """What `wait_for=` was given, as a list (one future may be given without a list)."""
    if wait_for is None:
        return []
    if (
        isinstance(wait_for, Upstream | State | BaseAnnotation)
        or not isinstance(wait_for, Iterable)
        or isinstance(wait_for, str | bytes)
    ):
        return [wait_for]
    return list(wait_for)
