"""What a pause asks for: a value of a type, described to whoever resumes the run, and read when the run goes on.

The schema of the answer and the answer are kept among the run's inputs, under keys that the paused state names.
Not here: checking an answer (`server/models/resuming`), inputs sent to a run that goes on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, create_model

from prefect._steps import Life
from prefect.engine.recording import InApi
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound


@dataclass(frozen=True, slots=True)
class Asked:
    """A value that is asked for.

    Attributes:
        model: what an answer has to fit.
        is_wrapped: the value is the only field, `value`, of the model.
        keys: under which its schema, its answer and a description are kept.
    """

    model: type[BaseModel]
    is_wrapped: bool
    keys: dict[str, str]


def asked_for(wanted: Any, verb: str, key: str) -> Asked | None:
    """What is asked for by `wait_for_input`: a pydantic model, or any other type; None for nothing."""
    if wanted is None:
        return None
    keys = {name: f"{verb}-{key}-{name}" for name in ("description", "response", "schema")}
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        return Asked(wanted, False, keys)
    return Asked(create_model("AutomaticRunInput", value=(wanted, ...)), True, keys)


def details(asked: Asked | None) -> dict[str, Any]:
    """What the paused state says of it."""
    return {} if asked is None else {"run_input_keyset": asked.keys}


def save(asked: Asked | None, flow_run_id: UUID) -> Life[None]:
    """Tell whoever resumes the run what it asks for."""
    if asked is None:
        return
    schema = json.dumps(asked.model.model_json_schema())
    try:
        yield InApi("create_flow_run_input", flow_run_id, asked.keys["schema"], schema)
    except ObjectAlreadyExists:  # by an earlier attempt
        return


def answer(asked: Asked | None, flow_run_id: UUID) -> Life[Any]:
    """What the run was given; None when it asked for nothing.

    Raises:
        RuntimeError: it was given nothing.
        pydantic.ValidationError: it was given something else.
    """
    if asked is None:
        return None
    try:
        given = yield InApi("read_flow_run_input", flow_run_id, asked.keys["response"])
    except ObjectNotFound:
        raise RuntimeError("The flow run was resumed without the input that it waits for.") from None
    value = asked.model.model_validate_json(given)
    return value.value if asked.is_wrapped else value  # type: ignore[attr-defined]
