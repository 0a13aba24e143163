"""What travels: requests as method, path, query and JSON, and JSON answers as what the operation returns.

Pure, from the declarations alone. Not here: sending anything (`http`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_jsonable_python

from prefect.schemas.bases import ActionBaseModel
from prefect.schemas.operations import Operation, Request


class Message(NamedTuple):
    """A request as it travels. `path` is below the API's URL; `body` is JSON, as values or as bytes, or None."""

    method: str
    path: str
    query: dict[str, Any]
    body: Any


def message_of(request: Request[Any]) -> Message:
    """The message that asks for an operation. What was left out does not travel: the server has defaults."""
    operation = request.operation
    in_path: dict[str, str] = {}
    query: dict[str, Any] = {}
    members: dict[str, Any] = {}
    body: Any = None
    for name, argument in operation.arguments.items():
        value = request.arguments[name]
        if argument.place == "path":
            in_path[argument.wire_name] = quote(str(jsonable(value)), safe="")
        elif argument.place == "whole":
            body = jsonable(value)
        elif value is not None or argument.required:
            (query if argument.place == "query" else members)[argument.wire_name] = jsonable(value)
    if operation.takes_members:
        body = members
    return Message(operation.method, operation.path.format(**in_path), query, body)


def jsonable(value: Any) -> Any:
    """A value as JSON; of an action only what was set, since older servers refuse fields they do not know."""
    if isinstance(value, BaseModel):
        only_set = isinstance(value, ActionBaseModel)
        return value.model_dump(mode="json", exclude_unset=only_set)
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return to_jsonable_python(value, timedelta_mode="float")


def result_of(operation: Operation[Any, Any], content: bytes) -> Any:
    """What an answer means.

    Raises:
        pydantic.ValidationError: it is not what the operation returns.
    """
    if operation.result_is_text:
        return content.decode()
    return None if operation.result in (None, type(None)) else _adapter(operation).validate_json(content)


@cache
def _adapter(operation: Operation[Any, Any]) -> TypeAdapter[Any]:
    return TypeAdapter(operation.result)
