"""One isolated store for the session, and eyes on it that work for any implementation of the public API.

These tests are written against the documented behaviour of the 3.9 API alone: the same files run under
another implementation with `path/to/its/python -m pytest tests/public`.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any, Literal, Protocol
from uuid import UUID

import pytest

THROUGH_SERVER = bool(os.environ.get("PREFECT_TESTS_THROUGH_SERVER"))
"""Whether runs are recorded at a server of ours over HTTP, and not in the store of this process."""
ORIGINAL = version("prefect").startswith("3.")
"""Whether the implementation under test is the one whose API this is."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "beyond_original(reason): the behaviour that users evidently want, where the original has a defect",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What goes beyond the original is not expected of it."""
    if not ORIGINAL:
        return
    for item in items:
        marker = item.get_closest_marker("beyond_original")
        if marker is not None:
            item.add_marker(pytest.mark.skip(reason=f"differs on purpose: {marker.args[0]}"))


def _scope(fixture_name: str, config: pytest.Config) -> Literal["session", "module"]:
    """Tests of other rooms that follow must not find the harness in force; a server takes seconds to start."""
    return "session" if ORIGINAL or THROUGH_SERVER else "module"


@pytest.fixture(scope=_scope, autouse=True)
def harness() -> Iterator[None]:
    """A store of our own for the tests of a module, behind a server if that is asked for."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness():
        if THROUGH_SERVER:
            with _server_over_the_store():
                yield
        else:
            yield


@contextmanager
def _server_over_the_store() -> Iterator[None]:
    from prefect.client.engine import close_clients
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.testing.server import running_server

    with running_server() as url, temporary_settings({PREFECT_API_URL: url}):
        yield
        close_clients()


class Records(logging.Handler):
    """Log records of runs, as they are made."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def messages(self, logger: str) -> list[str]:
        return [record.getMessage() for record in self.records if record.name == logger]


@pytest.fixture
def records() -> Iterator[Records]:
    """What is logged on the loggers of flow runs and task runs, from DEBUG up."""
    import prefect  # noqa: F401 - the logging of an implementation is set up by importing it

    handler = Records()
    loggers = [logging.getLogger(f"prefect.{kind}_runs") for kind in ("flow", "task")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield handler
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


# --- what was recorded ----------------------------------------------------------------------------------


class Store(Protocol):
    """What tests ask of the recorded runs. Runs have the attributes of the API's flow and task runs."""

    def flow_run(self, flow_run_id: UUID) -> Any: ...

    def task_runs(self, flow_run_id: UUID, count: int) -> list[Any]:
        """The task runs of a flow run, oldest first, once `count` of them are recorded and at rest."""

    def subflow_runs(self, flow_run_id: UUID) -> list[Any]: ...

    def history(self, run_id: UUID) -> list[str]:
        """Names of the states a flow run or task run went through."""

    def states(self, run_id: UUID) -> list[Any]: ...


@pytest.fixture(scope=_scope)
def store(harness: None) -> Store:
    return ServerStore() if ORIGINAL else EmbeddedStore()


class ServerStore:
    """Reads through the API, where task runs appear with a delay."""

    def _client(self) -> Any:
        from prefect.client.orchestration import get_client

        return get_client(sync_client=True)

    def _eventually(self, read: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + 60
        while True:
            found = read()
            if enough(found) or time.monotonic() > deadline:
                return found
            time.sleep(0.2)

    def flow_run(self, flow_run_id: UUID) -> Any:
        return self._client().read_flow_run(flow_run_id)

    def task_runs(self, flow_run_id: UUID, count: int) -> list[Any]:
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

        wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
        runs = self._eventually(
            lambda: self._client().read_task_runs(flow_run_filter=wanted),
            lambda runs: (
                len(runs) >= count and all(run.state_name not in ("Running", "Pending") for run in runs)
            ),
        )
        return sorted(runs, key=lambda run: run.created)

    def subflow_runs(self, flow_run_id: UUID) -> list[Any]:
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId

        wanted = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[flow_run_id]))
        runs = self._client().read_flow_runs(flow_run_filter=wanted)
        return sorted(runs, key=lambda run: run.created)

    def states(self, run_id: UUID) -> list[Any]:
        client = self._client()

        def read() -> list[Any]:
            for kind in ("flow", "task"):
                response = client._client.get(f"/{kind}_run_states/", params={f"{kind}_run_id": str(run_id)})
                if response.status_code == 200 and response.json():
                    return [SimpleNamespace(**state) for state in response.json()]
            return []

        states = self._eventually(
            read, lambda states: bool(states) and states[-1].type not in ("RUNNING", "PENDING")
        )
        return sorted(states, key=lambda state: state.timestamp)

    def history(self, run_id: UUID) -> list[str]:
        return [state.name for state in self.states(run_id)]


class EmbeddedStore:
    """Reads the tables of the embedded store."""

    def _rows(self, query: str, *values: Any) -> list[Any]:
        import json

        from prefect.settings import get_current_settings

        url = get_current_settings().server.database.connection_url
        text = url.get_secret_value() if hasattr(url, "get_secret_value") else str(url)
        path = text.partition("///")[2]
        assert os.path.exists(path), f"no store at {path}"
        connection = sqlite3.connect(path)
        connection.row_factory = sqlite3.Row
        rows = []
        with connection:
            for row in connection.execute(query, values):
                known = dict(row)
                for name, value in known.items():
                    if isinstance(value, bytes) and len(value) == 16:
                        known[name] = UUID(bytes=value)
                    elif isinstance(value, str) and value[:1] in "[{":
                        known[name] = json.loads(value)
                rows.append(SimpleNamespace(**known))
        connection.close()
        return rows

    def flow_run(self, flow_run_id: UUID) -> Any:
        return self._rows("SELECT * FROM flow_run WHERE id = ?", flow_run_id.bytes)[0]

    def task_runs(self, flow_run_id: UUID, count: int) -> list[Any]:
        runs = self._rows("SELECT * FROM task_run WHERE flow_run_id = ? ORDER BY id", flow_run_id.bytes)
        for run in runs:
            run.task_inputs = {
                name: [SimpleNamespace(input_type=one["input_type"], id=UUID(one["id"])) for one in inputs]
                for name, inputs in (run.task_inputs or {}).items()
            }
        return runs

    def subflow_runs(self, flow_run_id: UUID) -> list[Any]:
        return self._rows(
            "SELECT flow_run.* FROM flow_run JOIN task_run ON task_run.id = flow_run.parent_task_run_id"
            " WHERE task_run.flow_run_id = ? ORDER BY flow_run.id",
            flow_run_id.bytes,
        )

    def states(self, run_id: UUID) -> list[Any]:
        for kind in ("flow", "task"):
            query = f"SELECT * FROM {kind}_run_state WHERE {kind}_run_id = ? ORDER BY timestamp"
            rows = self._rows(query, run_id.bytes)
            if rows:
                return rows
        return []

    def history(self, run_id: UUID) -> list[str]:
        return [state.name for state in self.states(run_id)]
