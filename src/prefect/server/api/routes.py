"""Operations as routes: a request is read, done in the thread pool and answered.

The loop's thread only receives and sends; everything else of a request is one call in one thread, so that
a slow query holds up nobody. Not here: what fits (`arguments`), what is answered (`answers`).
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from prefect.logging import get_logger
from prefect.schemas.bases import now
from prefect.schemas.downloads import Download
from prefect.schemas.operations import Operation, Request, Response
from prefect.server.api.answers import (
    JSON,
    Answer,
    internal_error,
    invalid_request,
    refusal,
    send_answer,
    status_of,
)
from prefect.server.api.arguments import ArgumentReader, InvalidRequest
from prefect.server.api.downloads import send_download
from prefect.server.api.threads import Threads
from prefect.server.operations import Store
from prefect.server.operations.doing import do_for_wire
from prefect.server.operations.paging import ask_from

_LONGEST_REASON = 300
_BEFORE_SLASHES = ("name", "tag", "input", "queues", "related-to", "owned-by")
"""Parts of paths after which a text of any kind may stand, to the end."""
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


class OperationAnswers:
    """Answers requests for one operation, in the thread that asks.

    Args:
        operation: what is done.
        store: on what.
    """

    def __init__(self, operation: Operation[Any, Any], store: Store) -> None:
        self.operation = operation
        self.reader = ArgumentReader(operation)
        self._store = store
        self._writer: TypeAdapter[Any] | None = None

    def answer(self, path: dict[str, Any], query: bytes, body: bytes) -> Answer | Download:
        """What a request is answered with, once the operation is done."""
        try:
            asked_at = now()
            arguments = self.reader.read(path, query, body)
            result = do_for_wire(self._store, Request(self.operation, arguments))
            return self._success(result, status_of(self.operation, result, asked_at))
        except InvalidRequest as error:
            self._tell(422, error)
            return invalid_request(error, body)
        except Exception as error:
            answer = refusal(error, body)
            if answer is None:
                get_logger("server.api").exception("%s failed.", self.operation.name)
                return internal_error()
            self._tell(answer.status, error)
            return answer

    def _tell(self, status: int, error: Exception) -> None:
        """Log a refusal: clients are told more, but are not always there to be asked."""
        reason = str(error)[:_LONGEST_REASON]
        # as a literal: names that the client made up could end the line
        get_logger("server.api").info("%s refused (%d): %r", self.operation.name, status, reason)

    def _success(self, result: Any, status: int) -> Answer | Download:
        if status == 204:
            return Answer(status, b"", ())
        if isinstance(result, Download):
            return result
        if type(result) is bytes:
            return Answer(status, result, (JSON,))
        if self.operation.result_is_text:
            return Answer(status, result.encode(), (_TEXT,))
        if self._writer is None:
            declared = self.operation.result
            self._writer = TypeAdapter(Any if declared is Response else declared)
        return Answer(status, self._writer.dump_json(result, warnings=False), (JSON,))


class OperationEndpoint(OperationAnswers):
    """Serves one operation.

    Args:
        threads: where requests are done.
    """

    def __init__(self, operation: Operation[Any, Any], store: Store, threads: Threads) -> None:
        super().__init__(operation, store)
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await body_of(receive)
        except ClientDisconnect:
            return
        ask_from(_api_url(scope))
        given = (scope["path_params"], scope["query_string"], body)
        answer = await self._threads.run(self.answer, *given)
        if isinstance(answer, Download):
            await send_download(send, answer, self._threads)
        else:
            await send_answer(send, answer)


def _api_url(scope: Scope) -> str:
    """The API's URL as whoever asks knows it: answers name further pages by it."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "localhost")
    return f"{scope['scheme']}://{host}{scope.get('root_path', '')}"


async def body_of(receive: Receive) -> bytes:
    """The body of a request.

    Raises:
        ClientDisconnect: the client has gone before it was sent.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    parts = [body]
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
    return b"".join(parts)


def route_of(operation: Operation[Any, Any], store: Store, threads: Threads) -> Route:
    """The route of an operation."""
    endpoint = OperationEndpoint(operation, store, threads)
    return Route(path_pattern(operation), endpoint, methods=[operation.method], name=operation.name)


def path_pattern(operation: Operation[Any, Any]) -> str:
    """The path with the kinds of what it names: what is no identifier is not found where one belongs.

    A text at the end may hold slashes: clients cannot escape them so that servers see it.
    """
    path = operation.path
    for argument in operation.arguments.values():
        if argument.place == "path":
            named = f"{{{argument.wire_name}}}"
            if argument.name in operation.ids:
                path = path.replace(named, f"{{{argument.wire_name}:uuid}}")
            elif path.endswith(tuple(f"/{word}/{named}" for word in _BEFORE_SLASHES)):
                path = path.replace(named, f"{{{argument.wire_name}:path}}")
    return path
