"""Requests of this process, answered as a server answers them, without one: no socket, no credentials, no bounds.

Not here: what a server says of itself alone (`/ready`, `/version`, `/admin/settings`, `/csrf-token`), and
operations that are asked for as such (`prefect.server.operations`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from starlette.routing import compile_path

from prefect.schemas.downloads import Download
from prefect.schemas.operations import OPERATIONS, Operation
from prefect.server.api.answers import Answer, json_answer
from prefect.server.api.routes import OperationAnswers, path_pattern
from prefect.server.operations import Store


def answer_to(store: Store, method: str, path: str, query: bytes, body: bytes) -> Answer:
    """What a server over that store answers; a file is given whole.

    Args:
        path: below the API's, not escaped.
    """
    found = _matching(path) or _matching(path.rstrip("/") if path.endswith("/") else f"{path}/")
    if not found:
        return json_answer(404, {"detail": "Not Found"})
    meant = next((one for one in found if one.operation.method == method), None)
    if meant is None:
        return json_answer(405, {"detail": "Method Not Allowed"})
    answer = OperationAnswers(meant.operation, store).answer(meant.path_params, query, body)
    return _whole(answer) if isinstance(answer, Download) else answer


class _Match(NamedTuple):
    operation: Operation[Any, Any]
    path_params: dict[str, Any]


def _matching(path: str) -> list[_Match]:
    """The operations whose path that is."""
    found = []
    for operation, regex, convertors in _paths():
        match = regex.match(path)
        if match is not None:
            named = match.groupdict().items()
            found.append(_Match(operation, {name: convertors[name].convert(text) for name, text in named}))
    return found


@cache
def _paths() -> tuple[tuple[Operation[Any, Any], Any, Any], ...]:
    return tuple((one, *compile_path(path_pattern(one))[::2]) for one in OPERATIONS.values())


def _whole(download: Download) -> Answer:
    media_type = (b"content-type", f"{download.media_type}; charset=utf-8".encode())
    disposition = (b"content-disposition", download.disposition.encode())
    return Answer(200, b"".join(download.parts), (media_type, disposition))
