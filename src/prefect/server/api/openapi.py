"""The API's own description as an OpenAPI document, made from the declarations when it is first asked for.

The same models that requests are held to are described, so the description cannot say something else. Not
here: the pages for readers (`pages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from prefect.schemas.csrf_tokens import CsrfToken
from prefect.schemas.operations import Operation, Response
from prefect.schemas.operations.server import SPOKEN_VERSION
from prefect.server.api.arguments import ArgumentReader

_REF = "#/components/schemas/{model}"
_TEXT, _JSON = "text/plain", "application/json"
_PLACES = frozenset({"path", "query"})
_VERSION_HEADER = {
    "name": "x-prefect-api-version",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
}


class Problem(BaseModel):
    """Why a request was refused, or could not be served; one of the two is there."""

    detail: str | None = None
    exception_message: str | None = None


class ValidationProblem(Problem):
    """What of a request does not fit, and where; what may be secret is masked."""

    exception_detail: list[dict[str, Any]] | None = None
    request_body: Any = None


class Readiness(BaseModel):
    """Whether the server can do its work."""

    message: str


_OF_THE_SERVER: tuple[tuple[str, str, str, Any], ...] = (
    ("/ready", "perform_readiness_check", "Whether the server can reach its database.", Readiness),
    ("/version", "server_version", "The version of the REST API.", str),
    ("/admin/settings", "read_settings", "The server's settings, without secrets.", dict[str, Any]),
    ("/csrf-token", "create_csrf_token", "A token against cross-site requests.", CsrfToken),
)
"""Routes that are no operations: path, name, what they do, result."""


class _Part:
    """One route of the document: its description, and the types that its schemas come from."""

    def __init__(self, path: str, method: str, described: dict[str, Any]) -> None:
        self.path = path
        self.method = method.lower()
        self.described = described
        self.types: dict[str, TypeAdapter[Any]] = {}


def document(operations: Iterable[Operation[Any, Any]], base_path: str) -> dict[str, Any]:
    """The document of an API that serves these operations below `base_path`."""
    parts = [*(_operation(one) for one in operations), *_routes_of_the_server()]
    problems: dict[str, TypeAdapter[Any]] = {
        "problem": TypeAdapter(Problem),
        "validation": TypeAdapter(ValidationProblem),
    }
    types: list[tuple[Any, Any, TypeAdapter[Any]]] = [
        ((part.path, part.method, use), "serialization" if use == "result" else "validation", adapter)
        for part in parts
        for use, adapter in part.types.items()
    ]
    types += [(use, "validation", adapter) for use, adapter in problems.items()]
    schemas, definitions = TypeAdapter.json_schemas(types, ref_template=_REF)
    components = definitions.get("$defs", {})
    by_use = {key: schema for (key, _), schema in schemas.items()}
    for part in parts:
        for place in _PLACES & part.types.keys():
            key = (part.path, part.method, place)
            by_use[key] = _taken_out(by_use[key], components)
    paths: dict[str, dict[str, Any]] = {}
    for part in parts:
        paths.setdefault(part.path, {})[part.method] = _with_schemas(part, by_use)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Prefect REST API", "version": SPOKEN_VERSION},
        "servers": [{"url": base_path or "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(components.items()))},
    }


def _taken_out(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A schema that is no component by itself: parameters are described one by one."""
    return components.pop(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema


def _operation(operation: Operation[Any, Any]) -> _Part:
    reader = ArgumentReader(operation)
    summary, _, more = operation.doc.partition("\n")
    part = _Part(
        operation.path,
        operation.method,
        {
            "tags": [operation.tag],
            "summary": operation.name.replace("_", " ").capitalize(),
            "description": f"{summary}\n{more.partition('Args:')[0].partition('Raises:')[0]}".strip(),
            "operationId": reader.operation_id,
            "status": operation.status,
            "body_is_required": reader.body_is_required,
            "result_is_text": operation.result_is_text,
        },
    )
    part.types["path"], part.types["query"] = TypeAdapter(reader.path), TypeAdapter(reader.query)
    body = reader.whole or (TypeAdapter(reader.members) if reader.members else None)
    if body is not None:
        part.types["body"] = body
    if operation.status != 204:
        part.types["result"] = TypeAdapter(Any if operation.result is Response else operation.result)
    return part


def _routes_of_the_server() -> Iterator[_Part]:
    for path, name, doc, result in _OF_THE_SERVER:
        operation_id = f"{name}{path.replace('/', '_').replace('-', '_')}_get"
        described = {"tags": ["Root"], "summary": name.replace("_", " ").capitalize(), "description": doc}
        part = _Part(path, "get", {**described, "operationId": operation_id, "status": 200})
        part.types["result"] = TypeAdapter(result)
        yield part


def _with_schemas(part: _Part, by_use: dict[Any, Any]) -> dict[str, Any]:
    """The description of a route, complete."""
    described = dict(part.described)
    status = described.pop("status")
    body_is_required, is_text = (
        described.pop("body_is_required", False),
        described.pop("result_is_text", False),
    )
    described["parameters"] = [
        *(
            one
            for place in sorted(_PLACES)
            for one in _parameters(place, by_use.get((part.path, part.method, place)))
        ),
        _VERSION_HEADER,
    ]
    if part.path == "/csrf-token":
        client = {"type": "string", "minLength": 1, "maxLength": 200}
        described["parameters"].append({"name": "client", "in": "query", "required": True, "schema": client})
    body = by_use.get((part.path, part.method, "body"))
    if body is not None:
        described["requestBody"] = {"required": body_is_required, "content": {_JSON: {"schema": body}}}
    result = by_use.get((part.path, part.method, "result"))
    content = {} if result is None else {"content": {_TEXT if is_text else _JSON: {"schema": result}}}
    statuses = (200, 201) if status == 201 else (status,)
    described["responses"] = {
        **{str(one): {"description": "Done", **content} for one in statuses},
        "422": _problem("The request does not fit.", by_use["validation"]),
        "default": _problem("Refused, or not to be served.", by_use["problem"]),
    }
    return described


def _problem(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _parameters(place: str, schema: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The parameters that the members of a model are."""
    if schema is None:
        return
    for name, member in schema.get("properties", {}).items():
        required = place == "path" or name in schema.get("required", ())
        yield {"name": name, "in": place, "required": required, "schema": member}
