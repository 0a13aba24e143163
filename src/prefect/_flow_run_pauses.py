"""Pausing, suspending, resuming flow runs, and waiting for them: what `prefect.flow_runs` shows.

Public functions of both colours over one body each. Not here: the bodies (`engine.pauses`), running a flow run
again (`flow_runs`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect._clock import clock
from prefect._colours import either_colour, twin
from prefect._steps import Life
from prefect.engine.pauses import pause_life, resume_life, suspend_life
from prefect.engine.recording import InApi
from prefect.exceptions import FlowRunWaitTimeout
from prefect.logging import get_logger

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.schemas.runs import FlowRun

_LOOK_SECONDS = 5


@either_colour
def pause_flow_run(
    wait_for_input: Any = None, timeout: int = 3600, poll_interval: int = 10, key: str | None = None
) -> Life[Any]:
    """Pause the flow run around until somebody resumes it. Its process goes on, and waits here.

    Args:
        wait_for_input: what to ask whoever resumes the run for: a pydantic model class, or any other type.
        timeout: the most seconds to wait; counted from the first time, also in later attempts after a crash.
        poll_interval: the most seconds between two looks whether the run was resumed.
        key: tells this pause from others of the run; one that was answered is not made again. Default: its number.

    Returns:
        The input, if one was asked for; else None.

    Raises:
        FlowPauseTimeout: nobody has resumed the run in time.
        RuntimeError: this is not the code of a flow, or the run may not pause.
    """
    return (yield from pause_life(wait_for_input, timeout, poll_interval, key))


@either_colour
def suspend_flow_run(
    wait_for_input: Any = None,
    flow_run_id: UUID | None = None,
    timeout: int | None = 3600,
    key: str | None = None,
    client: PrefectClient | None = None,
) -> Life[Any]:
    """Suspend a flow run: it leaves its process, and starts again, from its completed steps, when it is resumed.

    Without a deployment, `prefect flow-run resume` starts it again.

    Args:
        wait_for_input: as for `pause_flow_run`; the input is returned when the code comes here again.
        flow_run_id: the run; default: the one around.
        timeout: the most seconds until it has to be resumed (None: no end).
        key: as for `pause_flow_run`.
        client: accepted for programs that give one; the settings say where the run is.

    Raises:
        RuntimeError: the run may not be suspended: it is a subflow, is not running, or nothing could start it again.
        prefect.exceptions.Pause: the run around is suspended; let it pass.
    """
    return (yield from suspend_life(wait_for_input, flow_run_id, timeout, key))


@either_colour
def resume_flow_run(flow_run_id: UUID, run_input: dict[str, Any] | None = None) -> Life[None]:
    """Let a paused or suspended flow run go on.

    Args:
        run_input: what it waits for, if it waits for something.

    Raises:
        NotPausedError: the run is not paused.
        FlowPauseTimeout: the pause has ended before.
        RuntimeError: the run may not go on, for lack of input or because it does not fit.
        ObjectNotFound: there is no such run.
    """
    yield from resume_life(flow_run_id, run_input)


apause_flow_run = twin(pause_flow_run)
asuspend_flow_run = twin(suspend_flow_run)
aresume_flow_run = twin(resume_flow_run)


async def wait_for_flow_run(
    flow_run_id: UUID,
    timeout: int | None = 10800,
    poll_interval: int | None = None,
    client: PrefectClient | None = None,
    log_states: bool = False,
) -> FlowRun:
    """Wait until a flow run has ended, and return it.

    Args:
        timeout: the most seconds to wait (None: without end).
        poll_interval: seconds between two looks; default: 5.
        client: whom to ask; default: what the settings say.
        log_states: log the states that are seen on the way.

    Raises:
        FlowRunWaitTimeout: the run has not ended in time.
        ObjectNotFound: there is no such run.
    """
    ends = None if timeout is None else clock().now().timestamp() + timeout
    seen: UUID | None = None
    while True:
        if client is not None:
            run: FlowRun = await client.read_flow_run(flow_run_id)
        else:
            run = await InApi("read_flow_run", flow_run_id).wait()
        if log_states and run.state is not None and run.state_id != seen:
            seen = run.state_id
            get_logger("flow_runs").info("Flow run %r is in state %s", run.name, run.state)
        if run.state is not None and run.state.is_final():
            return run
        left = _LOOK_SECONDS if ends is None else ends - clock().now().timestamp()
        if left <= 0:
            raise FlowRunWaitTimeout(f"Flow run {flow_run_id} has not ended within {timeout} second(s).")
        await clock().asleep(min(left, poll_interval or _LOOK_SECONDS))
