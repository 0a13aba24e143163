"""The store as commands see it: opened, what is dead closed, and how it answers the questions of commands.

Commands reach runs through `open_store`: where the settings name a server it is asked instead (`_remote_store`). What
only a store of one's own can be asked goes through `open_own_store`. Not here: what is asked (`_questions`), what is
done with the answers, SQL (`server/models`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.cli._output import exit_with_error
from prefect.cli._questions import Questions
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.sorting import FlowRunSort, FlowSort, LogSort
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from prefect.server.database.store import Store as Opened
    from prefect.server.models.retention import ResultVerdict, RunFacts, Verdict
    from prefect.server.models.stories import FlowOverview, FlowRunStory, TaskRunStory
    from prefect.server.models.trees import FlowRunNode


@contextmanager
def open_store() -> Iterator[Questions]:
    """The server that the settings name, else the store. Opening that closes the runs whose process is gone.

    Raises:
        prefect.exceptions.StoreError, ConfigurationError: it cannot be opened; the error says why.
    """
    if get_current_settings().api.url is not None:
        from prefect.cli._remote_store import RemoteStore

        with RemoteStore.opened() as remote:
            yield remote
        return
    with _opened() as store:
        yield store


def flow_run_meant(text: str) -> FlowRun:
    """The flow run meant by its id, the beginning of it, or its name; none, or several, end the command."""
    with open_store() as store:
        return store.find_flow_run(text)


@contextmanager
def open_own_store(command: str) -> Iterator[Store]:
    """The store, for what no server can be asked for; one that is named in the settings ends the command.

    Args:
        command: what needs it, as it is typed.
    """
    url = get_current_settings().api.url
    if url is not None:
        exit_with_error(
            f"`{command}` works on the database itself: the API, here {url}, cannot tell what other runs still need, "
            "and deletes whatever meets a filter. Run it where the database is, with PREFECT_API_URL= before the "
            "command; a PostgreSQL database is named by PREFECT_SERVER_DATABASE_CONNECTION_URL."
        )
    with _opened() as store:
        yield store


@contextmanager
def _opened() -> Iterator[Store]:
    from prefect.client.orchestration.local import local_client

    store = local_client().store
    with store.reading() as connection:
        yield Store(connection, store)


class Store(Questions):
    """Questions to the store; and what only a store of one's own can be asked."""

    def __init__(self, connection: Connection, store: Opened) -> None:
        self._connection = connection
        self._store = store

    # --- lists -----------------------------------------------------------------------------------------

    def read_flow_runs(
        self,
        limit: int,
        flow_run_filter: FlowRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        sort: FlowRunSort = FlowRunSort.ID_DESC,
    ) -> list[FlowRun]:
        """The first so many of the flow runs that meet the filters."""
        from prefect.server.models.filters import Filters
        from prefect.server.models.flow_runs import read_flow_runs

        filters = Filters(flows=flow_filter, flow_runs=flow_run_filter)
        return read_flow_runs(self._connection, filters, sort, limit)

    def count_flow_runs(self, flow_filter: FlowFilter) -> int:
        """How many runs the flows that meet the filter have."""
        from prefect.server.models.filters import Filters
        from prefect.server.models.flow_runs import count_flow_runs

        return count_flow_runs(self._connection, Filters(flows=flow_filter))

    def read_task_runs(self, limit: int, task_run_filter: TaskRunFilter) -> list[TaskRun]:
        """The newest so many of the task runs that meet the filter."""
        from prefect.server.models.filters import Filters
        from prefect.server.models.task_runs import read_task_runs

        return read_task_runs(self._connection, Filters(task_runs=task_run_filter), limit=limit)

    def read_flows(
        self, limit: int, flow_filter: FlowFilter | None = None, sort: FlowSort = FlowSort.NAME_ASC
    ) -> list[Flow]:
        """The first so many of the flows that meet the filter."""
        from prefect.server.models.filters import Filters
        from prefect.server.models.flows import read_flows

        return read_flows(self._connection, Filters(flows=flow_filter), sort, limit)

    def read_logs(self, log_filter: LogFilter, sort: LogSort, limit: int, offset: int) -> list[Log]:
        """A page of the log records that meet the filter."""
        from prefect.server.models.logs import read_logs

        return read_logs(self._connection, log_filter, sort, limit, offset)

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
