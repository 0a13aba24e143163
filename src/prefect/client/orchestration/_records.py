"""Documented methods on logs, variables and concurrency limits that are not one operation as it is, as steps.

Also here: questions to the API itself. Not here: methods that are an operation
(`prefect.schemas.operations`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from prefect._steps import Life
from prefect.client.orchestration.transport import Asking
from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.concurrency import (
    ConcurrencyLimitCreate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.schemas.actions.records import LogCreate, VariableUpdate
from prefect.schemas.configuration import ServerDefaultResultStorage, ServerDefaultResultStorageUpdate
from prefect.schemas.operations import Response, concurrency_limits, result_storage, server, variables
from prefect.schemas.operations import logs as log_operations
from prefect.schemas.variables import Variable


class RecordMethods(Asking):
    """Methods on what runs leave behind or read."""

    def create_logs(self, logs: Iterable[LogCreate | dict[str, Any]]) -> Life[None]:
        """Keep log records."""
        records = [LogCreate.model_validate(one) if isinstance(one, dict) else one for one in logs]
        yield from self._ask(log_operations.create_logs(records))

    def read_variable_by_name(self, name: str) -> Life[Variable | None]:
        """The variable of that name; None when there is none."""
        try:
            return (yield from self._ask(variables.read_variable_by_name(name)))
        except ObjectNotFound:
            return None

    def update_variable(self, variable: VariableUpdate) -> Life[None]:
        """Change the variable of the name that `variable` has; what is not set stays as it is.

        Raises:
            ObjectNotFound: there is none of that name.
            ValueError: `variable` has no name.
        """
        if variable.name is None:
            raise ValueError("A variable to change is known by its name; `name` is not set.")
        yield from self._ask(variables.update_variable_by_name(variable.name, variable))


class LimitMethods(Asking):
    """Methods on concurrency limits."""

    def create_concurrency_limit(self, tag: str, concurrency_limit: int) -> Life[UUID]:
        """Limit how many task runs with a tag may run at once, anew if need be; returns the limit's id."""
        asked = ConcurrencyLimitCreate(tag=tag, concurrency_limit=concurrency_limit)
        created = yield from self._ask(concurrency_limits.create_concurrency_limit(asked))
        return created.id

    def create_global_concurrency_limit(self, concurrency_limit: GlobalConcurrencyLimitCreate) -> Life[UUID]:
        """Make a limit known by its name; returns its id.

        Raises:
            ObjectAlreadyExists: there is one of that name.
        """
        asked = concurrency_limits.create_global_concurrency_limit(concurrency_limit)
        return (yield from self._ask(asked)).id

    def upsert_global_concurrency_limit_by_name(
        self, name: str, limit: int, slot_decay_per_second: float | None = None
    ) -> Life[None]:
        """Change the limit of that name, or make it.

        Args:
            slot_decay_per_second: None leaves it as it is; of a new limit it is 0.
        """
        given: dict[str, Any] = {"limit": limit, "slot_decay_per_second": slot_decay_per_second}
        told = {field: value for field, value in given.items() if value is not None}
        changes = GlobalConcurrencyLimitUpdate(**told)
        try:
            yield from self._ask(concurrency_limits.update_global_concurrency_limit(name, changes))
        except ObjectNotFound:
            asked = GlobalConcurrencyLimitCreate(name=name, **told)
            yield from self._ask(concurrency_limits.create_global_concurrency_limit(asked))


class ServerMethods(Asking):
    """Questions to the API itself, and requests as they are."""

    def request(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        path_params: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Life[Response]:
        """Send a request as it is told, and return the answer.

        Args:
            path: below the API's URL, such as `/flow_runs/{id}`.
            params: of the query.
            path_params: what stands for the names in `path`; it is escaped.
            kwargs: what httpx takes of a request besides: `json`, `content`, `headers`, `timeout` in seconds, ...

        Raises:
            PrefectHTTPStatusError: the API refuses; `error.response` tells why.
            ValueError: `path` has a name that `path_params` does not tell.
        """
        options = kwargs if params is None else {**kwargs, "params": params}
        at = f"/{_filled(path, path_params).removeprefix('/')}"
        return (yield from self._transport.exchange(method.upper(), at, options))

    def update_server_default_result_storage(
        self, default_result_storage_block_id: UUID
    ) -> Life[ServerDefaultResultStorage]:
        """Keep results in that block when nothing else is said.

        Raises:
            ObjectNotFound: there is no such block.
        """
        told = ServerDefaultResultStorageUpdate(
            default_result_storage_block_id=default_result_storage_block_id
        )
        return (yield from self._ask(result_storage.update_server_default_result_storage(told)))

    def api_healthcheck(self) -> Life[Exception | None]:
        """None when the API is well, else the error that asking it raised."""
        try:
            yield from self._ask(server.read_health())
        except Exception as error:
            return error
        return None

    def raise_for_api_version_mismatch(self) -> Life[None]:
        """Check that the API can be reached and speaks the language of this client.

        Raises:
            RuntimeError: it cannot, or does not.
        """
        try:
            found = yield from self._ask(server.api_version())
        except Exception as error:
            raise RuntimeError(f"Failed to reach the API at {self._transport.url}: {error}") from error
        if found.partition(".")[0] != server.SPOKEN_VERSION.partition(".")[0]:
            raise RuntimeError(
                f"The API at {self._transport.url} is of version {found}; this client speaks to versions "
                f"like {server.SPOKEN_VERSION}. Install a version of Prefect that fits the server."
            )
        self._transport.is_checked = True

    def raise_for_api_version_mismatch_once(self) -> Life[None]:
        """The same, unless it is known already.

        Raises:
            RuntimeError: the API cannot be reached, or does not speak the language of this client.
        """
        if not self._transport.is_checked:
            yield from ServerMethods.raise_for_api_version_mismatch(self)


def _filled(path: str, path_params: dict[str, Any] | None) -> str:
    """A path with what stands for its names; without parameters it is taken as it is."""
    if path_params is None:
        return path
    try:
        return path.format(**{name: quote(str(value), safe="") for name, value in path_params.items()})
    except KeyError as error:
        raise ValueError(f"{path!r} names {error.args[0]!r}, which `path_params` does not tell.") from None
