"""A flow run and its log, as a client of the API has them: in this process or at a server.

Not here: following (`_following`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.cli._following import PAGE
from prefect.cli._server_client import asked
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.logs import Log
from prefect.schemas.runs import FlowRun
from prefect.schemas.sorting import LogSort


class FlowRunSource:
    """The log of a flow run, through a client of blocking calls."""

    def __init__(self, client: Any, run: FlowRun) -> None:
        self._client = client
        self.run = run

    def logs(self, after: datetime | None, offset: int) -> list[Log]:
        """A page of the records from a moment on, by time."""
        criteria: dict[str, Any] = {"flow_run_id": {"any_": [self.run.id]}}
        if after is not None:
            criteria["timestamp"] = {"after_": after}
        order = LogSort.TIMESTAMP_ASC
        filter = LogFilter.model_validate(criteria)
        found: list[Log] = asked(self._client.read_logs, filter, PAGE, offset, order)
        return found

    def latest(self, number: int) -> list[Log]:
        """The last records, by time."""
        criteria = LogFilter.model_validate({"flow_run_id": {"any_": [self.run.id]}})
        found: list[Log] = []
        while len(found) < number:
            wanted = min(PAGE, number - len(found))
            page = self._client.read_logs(criteria, wanted, len(found), LogSort.TIMESTAMP_DESC)
            found += page
            if len(page) < wanted:
                break
        return found[::-1]

    def has_ended(self) -> bool:
        """Whether the run has ended."""
        state = asked(self._client.read_flow_run, self.run.id).state
        return state is not None and state.is_final()

    def task_run_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of task runs."""
        from prefect.schemas.filters.task_runs import TaskRunFilter

        filter = TaskRunFilter.model_validate({"id": {"any_": list(ids)[:PAGE]}})
        return {run.id: run.name for run in asked(self._client.read_task_runs, task_run_filter=filter)}
