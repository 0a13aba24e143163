"""Whether another attempt of a task run follows, and the wait for its time.

Not here: how long that is (`engine.retries`), attempts of flow runs (`server/orchestration`).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from prefect._clock import clock
from prefect._steps import Call, Life, Sleep
from prefect.engine.control import is_stopped
from prefect.engine.recording import asking
from prefect.engine.resumption import RETRY_LABEL, Resumption
from prefect.engine.retries import retry_delay_seconds
from prefect.engine.task_run.contexts import in_context
from prefect.engine.task_run.under_way import TaskRunUnderWay
from prefect.schemas.states import State
from prefect.states import AwaitingRetry


def will_retry(life: TaskRunUnderWay, state: State[Any]) -> Life[bool]:
    """Whether the failure is followed by another attempt; waits for its time."""
    life.refuse_if_lost()
    task, done = life.task, life.run.run_count
    if not (yield from _another_is_wanted(life, state)):
        tried = f" after {done} attempts" if done > 1 else ""
        shown = life.raised if life.logger.isEnabledFor(logging.ERROR) else None
        life.logger.error("Task run failed%s: %s", tried, state.message, exc_info=shown)
        return False
    delay = retry_delay_seconds(task.retry_delay_seconds, done, task.retry_jitter_factor)
    when = f"in {delay:g} second(s)" if delay else "at once"
    life.logger.info("%s; retry %d of %d follows %s.", state.message, done, task.retries, when)
    if delay:
        _enter_delay(life, clock().now() + timedelta(seconds=delay), state.message)
        yield Sleep(delay)
    return True


def _another_is_wanted(life: TaskRunUnderWay, state: State[Any]) -> Life[bool]:
    task = life.task
    if life.run.run_count > task.retries or life.abandoned or is_stopped(life.flow_context):
        return False
    if task.retry_condition_fn is None:
        return True
    try:
        asked = Call(task.retry_condition_fn, (task, life.run, state))
        return bool((yield from in_context(life, asked)))
    except Exception:
        life.logger.error("The retry condition raised; the task is not retried.", exc_info=True)
        return False


# --- delays that outlast their process ------------------------------------------------------------------


def may_take_over(life: TaskRunUnderWay) -> bool:
    """Whether an earlier attempt of the flow run may have come to this step, and may have waited for a retry."""
    past = _past_of(life)
    return past is not None and past.again and bool(life.task.retries)


def takes_over(life: TaskRunUnderWay) -> Life[bool]:
    """Whether this step crashed while it waited for a retry; waits for what remains, and goes on counting."""
    past = _past_of(life)
    assert past is not None
    if past.awaited is None:
        asked = asking(life.client, life.client.awaited_retries, life.run.flow_run_id, RETRY_LABEL)
        past.awaited = yield asked
    awaited = (past.awaited or {}).get(_place_of(life, past))
    if awaited is None:
        return False
    life.run.__dict__["run_count"] = awaited.run_count
    _enter_delay(life, awaited.due, "It crashed while it waited for this retry.")
    remaining = (awaited.due - clock().now()).total_seconds()
    if remaining > 0:
        yield Sleep(remaining)
    return True


def _enter_delay(life: TaskRunUnderWay, due: datetime, message: str | None) -> None:
    """Wait for a retry from here on; later attempts of the flow run are to know which step does."""
    past = _past_of(life)
    if past is not None:
        life.run.labels[RETRY_LABEL] = _place_of(life, past)
    life.enter(life.owned(AwaitingRetry(scheduled_time=due, message=message)))


def _past_of(life: TaskRunUnderWay) -> Resumption | None:
    """What the step may take over from earlier attempts; None outside of flows."""
    return None if life.flow_context is None or life.step is None else life.flow_context.resumption


def _place_of(life: TaskRunUnderWay, past: Resumption) -> str:
    assert life.run.flow_run_id is not None
    assert life.step is not None
    return past.place_key(life.run.flow_run_id, life.step, life.parameters)
