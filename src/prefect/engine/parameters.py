"""Parameters of a flow run that its record cannot tell: kept apart for those who run it again, or noted as lost.

A run's record has its parameters as JSON. What that and the flow's annotations do not give back as it was is
stored like a result, if the flow keeps its results. Secrets never are. Not here: validation (`flows`), who runs
a flow again (`flow_runs`).
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

from prefect._colours import steps_of
from prefect._steps import Life
from prefect.exceptions import MissingResult, ParameterTypeError, SerializationError
from prefect.schemas.runs import FlowRun
from prefect.states import described_result

LOST_LABEL = "prefect.parameters.lost"
"""Under this label a flow run names, as JSON, the parameters that its record does not give back as they were."""

_HIDDEN = "*" * 8
_PLAIN = frozenset({str, bool, type(None)})


def lost_in_record(flow: Any, parameters: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    """The names of those parameters that a run's record does not give back as they were."""
    doubtful = [name for name, value in parameters.items() if not _is_plain(value)]
    return [name for name in doubtful if not _comes_back(flow, name, parameters, recorded)]


def _is_plain(value: Any) -> bool:
    """Whether JSON gives a value back as it is."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is int:
        return bool(-(2**63) <= value < 2**64)
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return all(map(_is_plain, value))
    if kind is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    return False


def _comes_back(flow: Any, name: str, parameters: dict[str, Any], recorded: dict[str, Any]) -> bool:
    """Whether validation makes of what is recorded what it makes of the value itself."""
    if not flow.should_validate_parameters:
        return False
    try:
        value = flow.validate_parameters(parameters)[name]
        again = flow.validate_parameters({**parameters, name: recorded[name]})[name]
        return type(value) is type(again) and bool(value == again)
    except Exception:  # it does not fit, or cannot be compared: then it does not come back
        return False


def keep(flow: Any, run: FlowRun, values: dict[str, Any]) -> Life[Any]:
    """Store what a run's record loses, unless it is secret or cannot be stored; the description of where.

    Raises:
        OSError: the storage is full, read-only or out of reach.
    """
    from prefect.results import ResultStore

    storable = {
        name: value for name, value in values.items() if _HIDDEN not in json.dumps(run.parameters[name])
    }
    if not storable:
        return None
    store = yield from steps_of(ResultStore().update_for_flow, flow)
    try:
        record = yield from store.record_steps(storable, key=f"parameters/{run.id}")
        yield from store.persist_steps(record, "")
    except SerializationError:
        return None
    return record.metadata


def restored(run: FlowRun, kept: Any, given: dict[str, Any]) -> Life[dict[str, Any]]:
    """The parameters of a run for its next attempt.

    Args:
        kept: the description of what was stored of them; None: nothing.
        given: values for some of them.

    Raises:
        ParameterTypeError: some are not stored anywhere, and not given; they are named.
    """
    from prefect.results import read_result

    stored: dict[str, Any] = {}
    if kept is not None:
        with suppress(MissingResult):
            stored = (yield from steps_of(read_result, described_result(kept))).result
    if missing := [name for name in lost_names(run) if name not in stored and name not in given]:
        raise ParameterTypeError(
            f"The flow run {run.name!r} ({run.id}) cannot be run again as it was: the value of "
            f"{', '.join(map(repr, missing))} cannot be expressed as JSON and is not stored. Give a value for it: "
            "in Python as `parameters`, on the command line as `--param name=JSON`. "
            "A flow with `persist_result=True` stores such values with its results."
        )
    return {**run.parameters, **stored, **given}


def lost_names(run: FlowRun) -> list[str]:
    """The names of the parameters that a run's record does not give back as they were."""
    names: list[str] = json.loads(str(run.labels.get(LOST_LABEL, "[]")))
    return names
