"""`prefect flow-run cancel`, `pause`, `suspend` and `watch`: acting on runs that are under way, wherever that is.

They speak to the server that the settings name, else to the store of this machine. Not here: running a flow run
again (`_flow_run_again`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from uuid import UUID

import typer

from prefect._clock import clock
from prefect.cli import _wording as words
from prefect.cli._output import (
    OutputOption,
    exit_with_error,
    print_json,
    print_lines,
    print_success,
)
from prefect.cli._server_client import ServerAway, asked, command_client, tell_away
from prefect.cli._store import flow_run_meant
from prefect.schemas.bases import now
from prefect.schemas.states import StateType
from prefect.settings import get_current_settings
from prefect.states import Cancelling, Paused, Suspended

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.schemas.runs import FlowRun
    from prefect.schemas.states import State

_LOOK_SECONDS = 0.5
_TIMED_OUT = 1

RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The id of the run, the beginning of it, or the run's name.", show_default=False
    ),
]
TimeoutOption = Annotated[
    int | None, typer.Option(min=1, help="Seconds until the run has to be resumed; later it fails.")
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the group of flow runs."""
    app.command()(cancel)
    app.command()(pause)
    app.command()(suspend)
    app.command()(watch)


def cancel(
    id: RunArgument,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until the run has ended.")] = False,
    output: OutputOption = None,
) -> None:
    """Cancel a flow run: its code is interrupted wherever it runs, with its subflows and tasks."""
    run = flow_run_meant(id)
    with command_client() as client:
        result = client.set_flow_run_state(run.id, Cancelling())
        state = result.state
        if state is None or not (state.is_cancelling() or state.is_cancelled()):
            _refuse(run, "cancelled", getattr(result.details, "reason", None))
        if wait and not state.is_final():
            state = _ended(client, run, None).state or state
    if output:
        print_json({"id": run.id, "state": state})
    elif state.is_final():
        print_success(f"Flow run {run.name!r} ({run.id}) is {state.name}. {state.message or ''}".rstrip())
    else:
        print_success(f"Flow run '{run.id}' was successfully scheduled for cancellation.")


def pause(id: RunArgument, timeout: TimeoutOption = 3600) -> None:
    """Pause a flow run: what runs in it goes on, but no further task or subflow is begun until it is resumed."""
    _propose(id, Paused(timeout_seconds=timeout), "paused")


def suspend(id: RunArgument, timeout: TimeoutOption = 3600) -> None:
    """Suspend a flow run: it leaves its process; resumed, it starts again from its completed steps."""
    _propose(id, Suspended(timeout_seconds=timeout), "suspended")


def watch(
    id: RunArgument,
    timeout: Annotated[int | None, typer.Option(min=1, help="The most seconds to wait.")] = None,
) -> None:
    """Show what becomes of a flow run until it has ended. Ends with 0 if it completed, else with 1."""
    run = flow_run_meant(id)
    # waiting for a server that is away is done here, where it can be told
    with command_client(max_retries=0) as client:
        run = _ended(client, run, timeout, _Story(client))
    raise typer.Exit(0 if run.state_type is StateType.COMPLETED else 1)


# --- proposing ------------------------------------------------------------------------------------------


def _propose(id: str, state: State[Any], done: str) -> None:
    run = flow_run_meant(id)
    with command_client() as client:
        result = client.set_flow_run_state(run.id, state)
    if result.status.value != "ACCEPT":
        _refuse(run, done, getattr(result.details, "reason", None))
    print_success(f"Flow run {run.name!r} is {done}. Let it go on with `prefect flow-run resume {run.id}`.")


def _refuse(run: FlowRun, done: str, reason: str | None) -> NoReturn:
    exit_with_error(f"Flow run {run.name!r} ({run.id}) cannot be {done}. {reason or ''}".rstrip())


# --- watching -------------------------------------------------------------------------------------------


def _ended(
    client: SyncPrefectClient, run: FlowRun, timeout_seconds: int | None, story: _Story | None = None
) -> FlowRun:
    """Wait until a run has ended, also for a server that is away; a run whose process is gone is ended."""
    ends = None if timeout_seconds is None else clock().now() + timedelta(seconds=timeout_seconds)
    is_away = False
    while True:
        _close_dead_runs()
        try:
            run = asked(client.read_flow_run, run.id)
            if story is not None:
                asked(story.tell, run)
            if run.state is not None and run.state.is_final():
                return run
            is_away = False
        except ServerAway as error:
            if not is_away:
                tell_away(error)
            is_away = True
        if ends is not None and clock().now() >= ends:
            exit_with_error(
                f"Flow run {run.name!r} has not ended within {words.counted(timeout_seconds or 0, 'second')}; "
                f"it {'was' if is_away else 'is'} {run.state_name}.",
                _TIMED_OUT,
            )
        clock().sleep(_LOOK_SECONDS)


def _close_dead_runs() -> None:
    """Without a server it is this process that notices when a run's process has died."""
    if get_current_settings().api.url is None:
        from prefect.client.orchestration.local import close_dead_runs, local_client

        close_dead_runs(local_client().journal)


class _Story:
    """Tells, line by line, what is new about a run."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self._seen: UUID | None = None
        self._counts = ""

    def tell(self, run: FlowRun) -> None:
        """Say in which state the run is, if it has a new one, and how far its tasks are."""
        counts = self._task_counts(run.id)
        has_ended = run.state is not None and run.state.is_final()
        if not has_ended:
            self._tell_state(run)
        if counts and counts != self._counts:
            print_lines([f"{now().astimezone():%H:%M:%S}  tasks: {counts}"])
            self._counts = counts
        if has_ended:
            self._tell_state(run)

    def _tell_state(self, run: FlowRun) -> None:
        if run.state is None or run.state_id == self._seen:
            return
        self._seen = run.state_id
        message = f"  {run.state.message}" if run.state.message else ""
        text = words.state_text(run.state_type, run.state_name).plain
        print_lines([f"{run.state.timestamp.astimezone():%H:%M:%S}  flow run {run.name}: {text}{message}"])

    def _task_counts(self, run_id: UUID) -> str:
        from prefect.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterId
        from prefect.schemas.filters.task_runs import TaskRunFilter

        of_run = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        parts = []
        for word, types in _TASK_WORDS.items():
            task_filter = TaskRunFilter.model_validate({"state": {"type": {"any_": types}}})
            number = self._client.count_task_runs(flow_run_filter=of_run, task_run_filter=task_filter)
            if number:
                parts.append(f"{number:,} {word}")
        return ", ".join(parts)


_TASK_WORDS: dict[str, list[str]] = {
    "done": ["COMPLETED"],
    "running": ["RUNNING", "CANCELLING"],
    "waiting": ["SCHEDULED", "PENDING", "PAUSED"],
    "failed": ["FAILED", "CRASHED"],
    "cancelled": ["CANCELLED"],
}
