"""A server as commands see it: the questions of `_store`, asked over HTTP.

Not here: telling the answers. What only works on a store of one's own (pruning) ends the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar
from uuid import UUID

from prefect.cli._finding import Finding, states_criterion
from prefect.cli._output import exit_with_error
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.schemas.logs import Log
from prefect.schemas.operations import Request, engine
from prefect.schemas.runs import FlowRun, TaskRun
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from prefect.server.models.stories import FlowOverview, FlowRunStory, TaskRunStory
    from prefect.server.models.trees import FlowRunNode

R = TypeVar("R")

_PAGE = 200
_UNKNOWN_ROUTE = "{'detail': 'Not Found'}"


class RemoteStore(Finding):
    """Questions to the server that the settings name."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Speak to the server within the block; one that does not answer, or refuses, ends the command."""
        from prefect.client.engine import engine_client
        from prefect.client.orchestration import get_client
        from prefect.client.orchestration.http import TRANSPORT_ERRORS
        from prefect.settings import get_current_settings

        url = get_current_settings().api.url
        try:
            # what is kept here for the server may be what is asked for
            engine_client().close_dead_runs()
            with ExitStack() as entered:
                try:
                    client = entered.enter_context(get_client(sync_client=True))
                except RuntimeError as error:
                    exit_with_error(str(error))
                yield cls(client)
        except TRANSPORT_ERRORS as error:
            exit_with_error(f"The server at {url} cannot be reached: {error}")
        except PrefectHTTPStatusError as error:
            exit_with_error(f"The server at {url} refuses: {error}")

    # --- lists -----------------------------------------------------------------------------------------

    def flow_runs(
        self, flow_names: Sequence[str], types: Sequence[StateType], names: Sequence[str], limit: int
    ) -> list[FlowRun]:
        """The flow runs that were to start last, of these flows and in these states where any are named."""
        from prefect.schemas.filters.flow_runs import FlowRunFilter
        from prefect.schemas.filters.flows import FlowFilter, FlowFilterName
        from prefect.schemas.sorting import FlowRunSort

        of_flows = FlowFilter(name=FlowFilterName(any_=list(flow_names))) if flow_names else None
        filter = FlowRunFilter.model_validate({"state": states_criterion(types, names)})
        how = {
            "flow_filter": of_flows,
            "flow_run_filter": filter,
            "sort": FlowRunSort.EXPECTED_START_TIME_DESC,
        }
        return _paged(lambda **page: self._client.read_flow_runs(**how, **page), limit)

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

        criteria: dict[str, Any] = {"state": states_criterion(types, names)}
        if run_names:
            criteria["name"] = {"any_": list(run_names)}
        if flow_run_id is not None:
            criteria["flow_run_id"] = {"any_": [flow_run_id]}
        filter = TaskRunFilter.model_validate(criteria)
        return _paged(lambda **page: self._client.read_task_runs(task_run_filter=filter, **page), limit)

    def flows(self, limit: int) -> list[FlowOverview]:
        """The newest flows, each with its last run."""
        from prefect.cli._store import overview
        from prefect.schemas.filters.flows import FlowFilter, FlowFilterId
        from prefect.schemas.sorting import FlowSort

        client = self._client
        found = _paged(lambda **page: client.read_flows(sort=FlowSort.CREATED_DESC, **page), limit)
        overviews = []
        for flow in found:
            of_flow = FlowFilter(id=FlowFilterId(any_=[flow.id]))
            last = client.read_flow_runs(flow_filter=of_flow, limit=1)
            number = client.count_flow_runs(flow_filter=of_flow)
            overviews.append(overview(flow, number, last[0] if last else None))
        return overviews

    def flow_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of flows, by id."""
        from prefect.schemas.filters.flows import FlowFilter, FlowFilterId

        filter = FlowFilter(id=FlowFilterId(any_=list(ids)))
        found = _paged(lambda **page: self._client.read_flows(flow_filter=filter, **page), len(ids))
        return {flow.id: flow.name for flow in found}

    def task_run_names(self, ids: set[UUID]) -> dict[UUID, str]:
        """The names of task runs, by id."""
        from prefect.schemas.filters.task_runs import TaskRunFilter

        filter = TaskRunFilter.model_validate({"id": {"any_": list(ids)}})
        found = _paged(lambda **page: self._client.read_task_runs(task_run_filter=filter, **page), len(ids))
        return {run.id: run.name for run in found}

    def logs(self, criteria: dict[str, Any], newest_first: bool, limit: int, offset: int) -> list[Log]:
        """A page of log records; `criteria` as of a log filter."""
        from prefect.schemas.filters.logs import LogFilter
        from prefect.schemas.sorting import LogSort

        sort = LogSort.TIMESTAMP_DESC if newest_first else LogSort.TIMESTAMP_ASC
        filter = LogFilter.model_validate(criteria)
        return _paged(
            lambda **page: self._client.read_logs(
                filter, sort=sort, **{**page, "offset": offset + page["offset"]}
            ),
            limit,
        )

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
        """The ids of those that a text can mean, the newest first."""
        return self._ask(engine.find_runs(noun, text, limit))

    def latest_flow_run(self) -> FlowRun | None:
        """The flow run that was made last and is no other's subflow; None without any."""
        from prefect.schemas.filters.flow_runs import FlowRunFilter

        filter = FlowRunFilter.model_validate({"parent_task_run_id": {"is_null_": True}})
        return next(iter(self._client.read_flow_runs(flow_run_filter=filter, limit=1)), None)

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
            answer: R = self._client._transport.perform(request)
            return answer
        except ObjectNotFound as error:
            if _UNKNOWN_ROUTE not in str(error):
                raise
            exit_with_error(
                f"The server at {self._client.api_url} is of another make and does not know this question."
            )

    # --- retention -------------------------------------------------------------------------------------

    def _where_the_store_is(self, *args: Any) -> NoReturn:
        exit_with_error(
            "Old runs and results are removed where the store is: run this command there, without PREFECT_API_URL."
        )

    runs_over = remove_runs = results_over = results_still_used = _where_the_store_is


def _paged(read: Callable[..., list[R]], limit: int) -> list[R]:
    """The first so many of a list that is read page by page."""
    found: list[R] = []
    while len(found) < limit:
        page = read(limit=min(_PAGE, limit - len(found)), offset=len(found))
        found += page
        if not page:
            break
    return found
