"""The questions that commands ask about runs, put together once for the store and for a server.

Whoever answers says how lists are read; what is asked for is said here. Not here: either of them (`_store`,
`_remote_store`), finding one run by what a person types (`_finding`), telling the answers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.cli._finding import Finding
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.sorting import FlowRunSort, FlowSort, LogSort
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from prefect.server.models.stories import FlowOverview, FlowRunStory, TaskRunStory
    from prefect.server.models.trees import FlowRunNode


class Questions(Finding):
    """What can be asked about runs; each command asks a few."""

    # --- lists -----------------------------------------------------------------------------------------

    def flow_runs(
        self, flow_names: Sequence[str], types: Sequence[StateType], names: Sequence[str], limit: int
    ) -> list[FlowRun]:
        """The flow runs that were to start last, of these flows and in these states where any are named."""
        return self.read_flow_runs(
            limit,
            FlowRunFilter.model_validate({"state": _states(types, names)}),
            FlowFilter.model_validate({"name": {"any_": list(flow_names)}}) if flow_names else None,
            FlowRunSort.EXPECTED_START_TIME_DESC,
        )

    def latest_flow_run(self) -> FlowRun | None:
        """The flow run that was made last and is no other's subflow; None without any."""
        outermost = FlowRunFilter.model_validate({"parent_task_run_id": {"is_null_": True}})
        return next(iter(self.read_flow_runs(1, outermost)), None)

    def task_runs(
        self,
        flow_run_id: UUID | None,
        run_names: Sequence[str],
        types: Sequence[StateType],
        names: Sequence[str],
        limit: int,
    ) -> list[TaskRun]:
        """The task runs that were made last, of a flow run, with these names and in these states, if told."""
        criteria: dict[str, Any] = {"state": _states(types, names)}
        if run_names:
            criteria["name"] = {"any_": list(run_names)}
        if flow_run_id is not None:
            criteria["flow_run_id"] = {"any_": [flow_run_id]}
        return self.read_task_runs(limit, TaskRunFilter.model_validate(criteria))

    def flows(self, limit: int) -> list[FlowOverview]:
        """The newest flows, each with its last run."""
        from prefect.cli._store import overview

        overviews = []
        for flow in self.read_flows(limit, sort=FlowSort.CREATED_DESC):
            itself = FlowFilter.model_validate({"id": {"any_": [flow.id]}})
            last_run = next(iter(self.read_flow_runs(1, None, itself)), None)
            overviews.append(overview(flow, self.count_flow_runs(itself), last_run))
        return overviews

    def flow_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of flows, by id."""
        these = FlowFilter.model_validate({"id": {"any_": list(ids)}})
        return {flow.id: flow.name for flow in self.read_flows(len(ids), these)}

    def task_run_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of task runs, by id."""
        these = TaskRunFilter.model_validate({"id": {"any_": list(ids)}})
        return {run.id: run.name for run in self.read_task_runs(len(ids), these)}

    def logs(self, criteria: dict[str, Any], newest_first: bool, limit: int, offset: int) -> list[Log]:
        """A page of log records; `criteria` as of a log filter."""
        sort = LogSort.TIMESTAMP_DESC if newest_first else LogSort.TIMESTAMP_ASC
        return self.read_logs(LogFilter.model_validate(criteria), sort, limit, offset)

    # --- how lists are read ----------------------------------------------------------------------------

    @abstractmethod
    def read_flow_runs(
        self,
        limit: int,
        flow_run_filter: FlowRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        sort: FlowRunSort = FlowRunSort.ID_DESC,
    ) -> list[FlowRun]:
        """The first so many of the flow runs that meet the filters."""

    @abstractmethod
    def count_flow_runs(self, flow_filter: FlowFilter) -> int:
        """How many runs the flows that meet the filter have."""

    @abstractmethod
    def read_task_runs(self, limit: int, task_run_filter: TaskRunFilter) -> list[TaskRun]:
        """The newest so many of the task runs that meet the filter."""

    @abstractmethod
    def read_flows(
        self, limit: int, flow_filter: FlowFilter | None = None, sort: FlowSort = FlowSort.NAME_ASC
    ) -> list[Flow]:
        """The first so many of the flows that meet the filter."""

    @abstractmethod
    def read_logs(self, log_filter: LogFilter, sort: LogSort, limit: int, offset: int) -> list[Log]:
        """A page of the log records that meet the filter."""

    # --- single runs -----------------------------------------------------------------------------------

    @abstractmethod
    def flow_run_tree(self, flow_run_id: UUID, limit: int) -> FlowRunNode:
        """A flow run with everything inside it; of each flow run at most so many task runs."""

    @abstractmethod
    def flow_run_story(self, run: FlowRun) -> FlowRunStory:
        """Everything that is told about a flow run."""

    @abstractmethod
    def task_run_story(self, run: TaskRun) -> TaskRunStory:
        """Everything that is told about a task run."""

    @abstractmethod
    def delete_flow_run(self, id: UUID, force: bool) -> None:
        """Delete a flow run with everything inside it; a run that goes on only when forced."""


def _states(types: Sequence[StateType], names: Sequence[str]) -> dict[str, Any] | None:
    """The criterion for states of these types and of these names."""
    criterion: dict[str, Any] = {}
    if types:
        criterion["type"] = {"any_": list(types)}
    if names:
        criterion["name"] = {"any_": list(names)}
    return criterion or None
