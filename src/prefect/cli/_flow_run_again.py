"""`prefect flow-run retry`, `resume` and `fork`: running a flow run again from its completed steps, here and now.

The run goes on in this process, with its logs on this terminal; the command ends with 0 if it completed. Not
here: what is taken over (`prefect.flow_runs`), the other commands of the group (`flow_run`).
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from prefect.cli import _wording as words
from prefect.cli._output import (
    confirm,
    exit_with_error,
    exit_with_success,
    is_interactive,
    print_lines,
    print_table,
)
from prefect.cli._server_client import command_client
from prefect.cli._store import flow_run_meant, open_store
from prefect.exceptions import Abort, PrefectException
from prefect.schemas.bases import now
from prefect.schemas.states import StateType

if TYPE_CHECKING:
    from prefect.engine.forecast import Forecast
    from prefect.flows import Flow
    from prefect.schemas.runs import FlowRun

_UNWELL = [StateType.CRASHED, StateType.FAILED]
_LATEST_LOOKED_AT = 100
_WRONG_USAGE = 2

RunOption = Annotated[
    str | None,
    typer.Argument(
        metavar="[ID]",
        help="The id of the run, the beginning of it, or the run's name. Default: the latest one that crashed here.",
        show_default=False,
    ),
]
LastOption = Annotated[bool, typer.Option("--last", help="Take the latest one that crashed here, unasked.")]
FromTaskOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Compute the first call of this task (or subflow), and all that follows, anew.",
        show_default=False,
    ),
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--param", "-p", metavar="NAME=JSON", help="A parameter of the flow (repeatable).", show_default=False
    ),
]
EntrypointOption = Annotated[
    str | None,
    typer.Option(
        "--entrypoint",
        "-e",
        metavar="FILE.PY:FLOW",
        help="Where the flow is. Default: the file that the run was run from.",
        show_default=False,
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to the group of flow runs."""
    app.command()(retry)
    app.command()(resume)
    app.command()(fork)


def retry(
    id: RunOption = None,
    from_task: FromTaskOption = None,
    param: ParamOption = None,
    entrypoint: EntrypointOption = None,
    last: LastOption = False,
) -> None:
    """Run a flow run again, from its completed steps on.

    Steps whose results are stored are not computed again. Parameters are only needed if the run could not store
    them; to run with others, see `fork`.
    """
    run = _run_meant(id, last, "Retry")
    _refuse(run, "retry")
    _go_on(run, from_task, param, entrypoint)


def resume(
    id: RunOption = None,
    param: ParamOption = None,
    entrypoint: EntrypointOption = None,
    last: LastOption = False,
    given: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="JSON", help="What a paused run waits for, as an object."),
    ] = None,
) -> None:
    """Let a paused, suspended, crashed or failed flow run go on; from its completed steps if its process is gone.

    Without a run, the latest one that crashed on this host is offered.
    """
    if id is not None and (waiting := _waiting(id)) is not None:
        if not _let_go_on(waiting, given):
            exit_with_success(f"Flow run {waiting.name!r} goes on.")
        id = str(waiting.id)
    run = _run_meant(id, last, "Resume")
    if run.state_type is StateType.COMPLETED:
        exit_with_success(f"Flow run {run.name!r} has completed already; nothing was run.")
    _refuse(run, "resume")
    _go_on(run, None, param, entrypoint)


def fork(
    id: RunOption = None,
    from_task: FromTaskOption = None,
    param: ParamOption = None,
    entrypoint: EntrypointOption = None,
    last: LastOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be reused, and why.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Make a new run that reuses the steps of another one, with changed parameters or code."""
    from prefect.flow_runs import fork_flow_run, plan_fork

    run = _run_meant(id, last, "Fork")
    flow, parameters = _flow(run, entrypoint), _parsed(param)
    told: dict[str, Any] = {"parameters": parameters, "from_task": from_task}
    with _errors_as_words():
        plan = plan_fork(run.id, flow, **told)
    _print_plan(run, plan)
    if dry_run:
        return
    confirm(f"Fork flow run {run.name!r}?", yes)
    _carry_out(flow, lambda **how: fork_flow_run(run.id, flow, **told, **how))


# --- paused runs ----------------------------------------------------------------------------------------


def _waiting(id: str) -> FlowRun | None:
    """The run that is meant, if it is paused or suspended."""
    run = flow_run_meant(id)
    return run if run.state_type is StateType.PAUSED or _is_put_away(run) else None


def _is_put_away(run: FlowRun) -> bool:
    """Whether a run was suspended, has been resumed, and waits for somebody to begin it again."""
    return run.state_name == "Resuming" and run.deployment_id is None


def _let_go_on(run: FlowRun, given: str | None) -> bool:
    """Resume a run that waits; True when it is to be begun again, here and now."""
    if _is_put_away(run):
        return True
    try:
        run_input = None if given is None else json.loads(given)
    except ValueError as error:
        exit_with_error(f"--input is no JSON: {error}", _WRONG_USAGE)
    with command_client() as client:
        result = client.resume_flow_run(run.id, run_input)
    if result.status.value != "ACCEPT":
        reason = getattr(result.details, "reason", None) or ""
        exit_with_error(f"Cannot resume flow run {run.name!r} ({run.id}). {reason}".rstrip())
    return result.state is not None and result.state.is_scheduled() and run.deployment_id is None


# --- which run ------------------------------------------------------------------------------------------


def _run_meant(id: str | None, last: bool, verb: str) -> FlowRun:
    if id is not None:
        return flow_run_meant(id)
    with open_store() as store:
        recent = store.flow_runs([], _UNWELL[:1], [], _LATEST_LOOKED_AT)
        run = next((run for run in recent if run.parent_task_run_id is None and _was_here(run)), None)
    if run is None:
        exit_with_error(
            "No flow run has crashed on this host. `prefect flow-run ls --state failed` shows those that failed."
        )
    known = f"flow run {run.name!r} ({run.id}), which crashed {words.ago(run.end_time, now())}"
    if not last:
        if not is_interactive():
            exit_with_error(f"Say which run, or `--last` for the {known}.", _WRONG_USAGE)
        confirm(f"{verb} the {known}?")
    return run


def _was_here(run: FlowRun) -> bool:
    """Whether a run crashed on this host, as far as its message tells."""
    told = re.search(r"on host (\S+)", (run.state.message or "") if run.state else "")
    return told is None or told[1] == socket.gethostname()


def _refuse(run: FlowRun, verb: str) -> None:
    """End the command if the run is in no state to be run again; the store has the last word later."""
    state = run.state
    if _is_put_away(run):
        return
    if state is not None and state.is_scheduled() and run.run_count:
        reason = "its process is about to try again"
    elif state is None or state.is_scheduled():
        reason = "it has not been run yet"
    elif state.is_paused():
        reason = "it waits to be resumed: `prefect flow-run resume` does that"
    elif state.is_pending() or state.is_running() or state.is_cancelling():
        reason = "somebody runs it"
    elif state.is_cancelled():
        reason = "that is final. Make a new run of its completed steps with `prefect flow-run fork`"
    elif state.is_completed() and state.data is not None:
        reason = "and its result is stored. Make a new run of its steps with `prefect flow-run fork`"
    else:
        return
    exit_with_error(f"Cannot {verb} flow run {run.name!r} ({run.id}): it is {run.state_name}, {reason}.")


# --- with what ------------------------------------------------------------------------------------------


def _flow(run: FlowRun, entrypoint: str | None) -> Flow[..., Any]:
    """The flow of the run; whatever keeps it from being loaded ends the command before anything is begun."""
    from prefect._flows_of_runs import load_flow
    from prefect.flow_runs import flow_of

    with _errors_as_words():
        return flow_of(run, as_main=True) if entrypoint is None else load_flow(entrypoint, as_main=True)


def _parsed(given: Iterable[str] | None) -> dict[str, Any]:
    """Parameters from `name=JSON`; what is no JSON is text."""
    parameters = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            exit_with_error(f"--param {text!r} is not of the form NAME=JSON.", _WRONG_USAGE)
        try:
            parameters[name] = json.loads(value)
        except ValueError:
            parameters[name] = value
    return parameters


# --- running it -----------------------------------------------------------------------------------------


def _go_on(run: FlowRun, from_task: str | None, param: list[str] | None, entrypoint: str | None) -> NoReturn:
    from prefect.flow_runs import retry_flow_run

    flow, parameters = _flow(run, entrypoint), _parsed(param)
    _carry_out(
        flow,
        lambda **how: retry_flow_run(run.id, flow, from_task=from_task, parameters=parameters, **how),
    )


def _carry_out(flow: Flow[..., Any], start: Callable[..., Any]) -> NoReturn:
    """Run the flow to its end; the command ends with 0 if it completed, else with 1."""
    with _errors_as_words():
        if flow.isgenerator:
            _exhaust(start())
            raise typer.Exit(0)
        state = start(return_state=True)
        if inspect.isawaitable(state):
            state = asyncio.run(_awaited(state))
    raise typer.Exit(0 if state.is_completed() else 1)


async def _awaited(result: Any) -> Any:
    return await result


def _exhaust(items: Iterator[Any] | AsyncIterator[Any]) -> None:
    """Take all that a generator flow gives; what its body raises is recorded and logged already."""
    try:
        if isinstance(items, AsyncIterator):
            asyncio.run(_exhaust_async(items))
        else:
            for _ in items:
                pass
    except Exception:
        raise typer.Exit(1) from None


async def _exhaust_async(items: AsyncIterator[Any]) -> None:
    async for _ in items:
        pass


@contextmanager
def _errors_as_words() -> Iterator[None]:
    """What keeps a run from being begun ends the command with the error's own words."""
    try:
        yield
    except (Abort, PrefectException, ValueError) as error:
        exit_with_error(str(error))


# --- the plan of a fork ---------------------------------------------------------------------------------


def _print_plan(run: FlowRun, plan: list[Forecast]) -> None:
    if not plan:
        print_lines([f"Flow run {run.name!r} has no completed steps; a fork computes everything."])
        return
    alike = Counter((one.step.task_name, one.verdict.value, one.reason) for one in plan)
    rows = [(task, str(number), verdict, why) for (task, verdict, why), number in alike.items()]
    print_table(("Task", "Steps", "Will be", "Because"), rows, f"Completed steps of flow run {run.name!r}")
    verdicts = Counter(one.verdict.value for one in plan)
    print_lines([", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())])
