"""The store as commands see it: opened, what is dead closed, and every question that a command asks.

Commands reach runs through `open_store` alone: where the settings name a server it is asked instead (`_remote_store`).
Not here: what is done with the answers, and SQL (`server/models`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.cli._finding import Finding, states_criterion
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from prefect.server.database.store import Store as Opened
    from prefect.server.models.retention import ResultVerdict, RunFacts, Verdict
    from prefect.server.models.stories import FlowOverview, FlowRunStory, TaskRunStory
    from prefect.server.models.trees import FlowRunNode


@contextmanager
def open_store() -> Iterator[Store]:
    """The store that the settings name. Opening it closes the runs whose process is gone.

    Raises:
        prefect.exceptions.StoreError, ConfigurationError: it cannot be opened; the error says why.
    """
    from prefect.settings import get_current_settings

    if get_current_settings().api.url is not None:
        from prefect.cli._remote_store import RemoteStore

        with RemoteStore.opened() as remote:
            # the same questions; those that only a store of one's own answers end the command
            yield remote  # type: ignore[misc]
        return
    from prefect.client.orchestration.local import local_client

    store = local_client().store
    with store.reading() as connection:
        yield Store(connection, store)


class Store(Finding):
    """Questions to the store; each command asks a few."""

    def __init__(self, connection: Connection, store: Opened) -> None:
        self._connection = connection
        self._store = store

    # --- lists -----------------------------------------------------------------------------------------

    def flow_runs(
        self, flow_names: Sequence[str], types: Sequence[StateType], names: Sequence[str], limit: int
    ) -> list[FlowRun]:
        """The flow runs that were to start last, of these flows and in these states where any are named."""
        from prefect.schemas.filters.flow_runs import FlowRunFilter
        from prefect.schemas.filters.flows import FlowFilter, FlowFilterName
        from prefect.schemas.sorting import FlowRunSort
        from prefect.server.models.filters import Filters
        from prefect.server.models.flow_runs import read_flow_runs

        filters = Filters(
            flows=FlowFilter(name=FlowFilterName(any_=list(flow_names))) if flow_names else None,
            flow_runs=FlowRunFilter.model_validate({"state": states_criterion(types, names)}),
        )
        return read_flow_runs(self._connection, filters, FlowRunSort.EXPECTED_START_TIME_DESC, limit)

    def task_runs(
        self,
        flow_run_id: UUID | None,
        run_names: Sequence[str],
        types: Sequence[StateType],
        names: Sequence[str],
        limit: int,
    ) -> list[TaskRun]:
        """The task runs that were made last, of a flow run, with these names and in these states, if told."""
        from prefect.schemas.filters.task_runs import TaskRunFilter
        from prefect.server.models.filters import Filters
        from prefect.server.models.task_runs import read_task_runs

        criteria: dict[str, Any] = {"state": states_criterion(types, names)}
        if run_names:
            criteria["name"] = {"any_": list(run_names)}
        if flow_run_id is not None:
            criteria["flow_run_id"] = {"any_": [flow_run_id]}
        filters = Filters(task_runs=TaskRunFilter.model_validate(criteria))
        return read_task_runs(self._connection, filters, limit=limit)

    def flows(self, limit: int) -> list[FlowOverview]:
        """The newest flows, each with its last run."""
        from prefect.schemas.filters.flows import FlowFilter, FlowFilterId
        from prefect.schemas.sorting import FlowSort
        from prefect.server.models.filters import Filters
        from prefect.server.models.flow_runs import count_flow_runs, read_flow_runs
        from prefect.server.models.flows import read_flows

        overviews = []
        for flow in read_flows(self._connection, sort=FlowSort.CREATED_DESC, limit=limit):
            of_flow = Filters(flows=FlowFilter(id=FlowFilterId(any_=[flow.id])))
            last = read_flow_runs(self._connection, of_flow, limit=1)
            number = count_flow_runs(self._connection, of_flow)
            overviews.append(overview(flow, number, last[0] if last else None))
        return overviews

    def flow_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of flows, by id."""
        from prefect.schemas.filters.flows import FlowFilter, FlowFilterId
        from prefect.server.models.filters import Filters
        from prefect.server.models.flows import read_flows

        filters = Filters(flows=FlowFilter(id=FlowFilterId(any_=list(ids))))
        return {flow.id: flow.name for flow in read_flows(self._connection, filters)}

    def task_run_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of task runs, by id."""
        from prefect.schemas.filters.task_runs import TaskRunFilter
        from prefect.server.models.filters import Filters
        from prefect.server.models.task_runs import read_task_runs

        filters = Filters(task_runs=TaskRunFilter.model_validate({"id": {"any_": list(ids)}}))
        return {run.id: run.name for run in read_task_runs(self._connection, filters)}

    # --- single runs -----------------------------------------------------------------------------------

    def flow_run(self, id: UUID) -> FlowRun:
        """The flow run with that id."""
        from prefect.server.models.flow_runs import read_flow_run

        return read_flow_run(self._connection, id)

    def task_run(self, id: UUID) -> TaskRun:
        """The task run with that id."""
        from prefect.server.models.task_runs import read_task_run

        return read_task_run(self._connection, id)

    def ids_meant(self, noun: str, text: str, limit: int) -> list[UUID]:
        """The ids of those that a text can mean, the newest first."""
        from prefect.server.models.lookup import ids_meant

        return ids_meant(self._connection, noun, text, limit)

    def latest_flow_run(self) -> FlowRun | None:
        """The flow run that was made last and is no other's subflow; None without any."""
        from prefect.schemas.filters.flow_runs import FlowRunFilter
        from prefect.server.models.filters import Filters
        from prefect.server.models.flow_runs import read_flow_runs

        criteria = {"parent_task_run_id": {"is_null_": True}}
        filters = Filters(flow_runs=FlowRunFilter.model_validate(criteria))
        return next(iter(read_flow_runs(self._connection, filters, limit=1)), None)

    def flow_run_tree(self, flow_run_id: UUID, limit: int) -> FlowRunNode:
        """A flow run with everything inside it; of each flow run at most so many task runs."""
        from prefect.server.models.trees import read_flow_run_tree

        return read_flow_run_tree(self._connection, flow_run_id, limit)

    def flow_run_story(self, run: FlowRun) -> FlowRunStory:
        """Everything that is told about a flow run."""
        from prefect.server.models.stories import read_flow_run_story

        return read_flow_run_story(self._connection, run.id)

    def task_run_story(self, run: TaskRun) -> TaskRunStory:
        """Everything that is told about a task run."""
        from prefect.server.models.stories import read_task_run_story

        return read_task_run_story(self._connection, run.id)

    def logs(self, criteria: dict[str, Any], newest_first: bool, limit: int, offset: int) -> list[Log]:
        """A page of log records; `criteria` as of a log filter."""
        from prefect.schemas.filters.logs import LogFilter
        from prefect.schemas.sorting import LogSort
        from prefect.server.models.logs import read_logs

        sort = LogSort.TIMESTAMP_DESC if newest_first else LogSort.TIMESTAMP_ASC
        return read_logs(self._connection, LogFilter.model_validate(criteria), sort, limit, offset)

    def delete_flow_run(self, id: UUID, force: bool) -> None:
        """Delete a flow run with everything inside it; a run that goes on only when forced."""
        from prefect.server.models.deletion import delete_flow_run

        with self._store.writing() as connection:
            delete_flow_run(connection, id, force)

    # --- retention -------------------------------------------------------------------------------------

    def runs_over(self, retention: timedelta, resume_window: timedelta, at: datetime) -> list[Verdict]:
        """What would become of each run that ended longer ago than `retention`."""
        from prefect.server.models.pruning import Lifetimes, judge_runs

        return judge_runs(self._connection, Lifetimes(retention, resume_window), at)

    def remove_runs(
        self, runs: Sequence[RunFacts], retention: timedelta, resume_window: timedelta, at: datetime
    ) -> tuple[list[Verdict], set[str]]:
        """Remove runs, in one transaction; what became of each, and the results that they referred to."""
        from prefect.server.models.pruning import Lifetimes, remove_runs

        with self._store.writing() as connection:
            return remove_runs(connection, runs, Lifetimes(retention, resume_window), at)

    def results_over(
        self, retention: timedelta, resume_window: timedelta, at: datetime
    ) -> tuple[list[ResultVerdict], set[str]]:
        """What becomes of each local result whose runs ended longer ago; and all that any run refers to."""
        from prefect.server.models.pruning import read_uses
        from prefect.server.models.retention import decide_results

        with self._store.reading() as connection:
            uses = read_uses(connection, resume_window, at)
        return decide_results(uses, retention, at), set(uses)

    def results_still_used(self, keys: set[str]) -> set[str]:
        """Those of the keys of local results that some run refers to, as of this moment."""
        from prefect.server.models.pruning import still_used

        with self._store.reading() as connection:
            return still_used(connection, keys)


# --- answers of a server --------------------------------------------------------------------------------


def overview(flow: Flow, runs: int, last_run: FlowRun | None) -> FlowOverview:
    """A flow with its runs counted and the last of them."""
    from prefect.server.models.stories import FlowOverview

    return FlowOverview(flow, runs, last_run)


def flow_run_story_of(told: Any) -> FlowRunStory:
    """Everything that is told about a flow run, from its JSON."""
    from prefect.server.models.stories import FlowRunStory, from_json

    return from_json(FlowRunStory, told)


def task_run_story_of(told: Any) -> TaskRunStory:
    """Everything that is told about a task run, from its JSON."""
    from prefect.server.models.stories import TaskRunStory, from_json

    return from_json(TaskRunStory, told)
