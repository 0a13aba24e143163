"""A server as commands see it: the questions, asked over HTTP.

Not here: what is asked (`_questions`), telling the answers, what only a store of one's own can be asked (`_store`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from prefect.cli._output import exit_with_error
from prefect.cli._questions import Questions
from prefect.cli._server_client import command_client
from prefect.exceptions import ObjectNotFound
from prefect.schemas.filters.flow_runs import FlowRunFilter
from prefect.schemas.filters.flows import FlowFilter
from prefect.schemas.filters.logs import LogFilter
from prefect.schemas.filters.task_runs import TaskRunFilter
from prefect.schemas.flows import Flow
from prefect.schemas.logs import Log
from prefect.schemas.operations import Request, engine
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.sorting import FlowRunSort, FlowSort, LogSort
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.server.models.stories import FlowRunStory, TaskRunStory
    from prefect.server.models.trees import FlowRunNode

R = TypeVar("R")

_PAGE = 200
_UNKNOWN_ROUTE = "{'detail': 'Not Found'}"


class _UnknownQuestion(Exception):
    """The server does not have our own routes."""


class RemoteStore(Questions):
    """Questions to the server that the settings name."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Speak to the server within the block; one that does not answer ends the command."""
        from prefect.client.engine import engine_client

        with command_client() as client:
            # what is kept here for the server may be what is asked for
            engine_client().close_dead_runs()
            yield cls(client)

    # --- lists -----------------------------------------------------------------------------------------

    def read_flow_runs(
        self,
        limit: int,
        flow_run_filter: FlowRunFilter | None = None,
        flow_filter: FlowFilter | None = None,
        sort: FlowRunSort = FlowRunSort.ID_DESC,
    ) -> list[FlowRun]:
        """The first so many of the flow runs that meet the filters."""
        how = {"flow_run_filter": flow_run_filter, "flow_filter": flow_filter, "sort": sort}
        return _paged(lambda **page: self._client.read_flow_runs(**how, **page), limit)

    def count_flow_runs(self, flow_filter: FlowFilter) -> int:
        """How many runs the flows that meet the filter have."""
        number: int = self._client.count_flow_runs(flow_filter=flow_filter)
        return number

    def read_task_runs(self, limit: int, task_run_filter: TaskRunFilter) -> list[TaskRun]:
        """The newest so many of the task runs that meet the filter."""
        how = {"task_run_filter": task_run_filter}
        return _paged(lambda **page: self._client.read_task_runs(**how, **page), limit)

    def read_flows(
        self, limit: int, flow_filter: FlowFilter | None = None, sort: FlowSort = FlowSort.NAME_ASC
    ) -> list[Flow]:
        """The first so many of the flows that meet the filter."""
        how = {"flow_filter": flow_filter, "sort": sort}
        return _paged(lambda **page: self._client.read_flows(**how, **page), limit)

    def read_logs(self, log_filter: LogFilter, sort: LogSort, limit: int, offset: int) -> list[Log]:
        """A page of the log records that meet the filter."""
        return _paged(lambda **page: self._client.read_logs(log_filter, sort=sort, **page), limit, offset)

    # --- single runs -----------------------------------------------------------------------------------

    def flow_run(self, id: UUID) -> FlowRun:
        """The flow run with that id."""
        run: FlowRun = self._client.read_flow_run(id)
        return run

    def task_run(self, id: UUID) -> TaskRun:
        """The task run with that id."""
        run: TaskRun = self._client.read_task_run(id)
        return run

    def ids_meant(self, noun: str, text: str, limit: int) -> list[UUID]:
        """The ids of those that a text can mean, the newest first; servers of another make know no beginnings."""
        try:
            return self._perform(engine.find_runs(noun, text, limit))
        except _UnknownQuestion:
            criteria = _id_or_name(text)
        if noun == "flow run":
            return [run.id for run in self.read_flow_runs(limit, FlowRunFilter.model_validate(criteria))]
        return [run.id for run in self.read_task_runs(limit, TaskRunFilter.model_validate(criteria))]

    def flow_run_tree(self, flow_run_id: UUID, limit: int) -> FlowRunNode:
        """A flow run with everything inside it; of each flow run at most so many task runs."""
        from prefect.cli._store import flow_run_story_of

        return flow_run_story_of(self._ask(engine.read_flow_run_story(flow_run_id, limit))).tree

    def flow_run_story(self, run: FlowRun) -> FlowRunStory:
        """Everything that is told about a flow run."""
        from prefect.cli._store import flow_run_story_of

        return flow_run_story_of(self._ask(engine.read_flow_run_story(run.id)))

    def task_run_story(self, run: TaskRun) -> TaskRunStory:
        """Everything that is told about a task run."""
        from prefect.cli._store import task_run_story_of

        return task_run_story_of(self._ask(engine.read_task_run_story(run.id)))

    def delete_flow_run(self, id: UUID, force: bool) -> None:
        """Delete a flow run with everything inside it; a run that goes on only when forced."""
        run = self.flow_run(id)
        if not force and run.state is not None and (run.state.is_running() or run.state.is_cancelling()):
            exit_with_error(
                f"The flow run {run.name!r} is running. Wait for its end, cancel it, or force the deletion."
            )
        self._client.delete_flow_run(id)

    def _ask(self, request: Request[R]) -> R:
        """What an operation of our own returns; a server of another make ends the command."""
        try:
            return self._perform(request)
        except _UnknownQuestion:
            exit_with_error(
                f"The server at {get_current_settings().api.url} is of another make and cannot tell this. With such "
                "servers the lists (`ls`), `logs`, `watch` and `result get` work."
            )

    def _perform(self, request: Request[R]) -> R:
        """What an operation of our own returns.

        Raises:
            _UnknownQuestion: the server is of another make.
        """
        try:
            answer: R = self._client._transport.perform(request)
            return answer
        except ObjectNotFound as error:
            if _UNKNOWN_ROUTE in str(error):
                raise _UnknownQuestion from error
            raise


def _id_or_name(text: str) -> dict[str, Any]:
    """The criterion for runs that a text names by their whole id or their name."""
    try:
        return {"id": {"any_": [UUID(text)]}}
    except ValueError:
        return {"name": {"any_": [text]}}


def _paged(read: Callable[..., list[R]], limit: int, offset: int = 0) -> list[R]:
    """So many of a list that is read page by page, from a place on."""
    found: list[R] = []
    while len(found) < limit:
        page = read(limit=min(_PAGE, limit - len(found)), offset=offset + len(found))
        found += page
        if not page:
            break
    return found
