"""One attempt of a task run: the body, and the state that follows from what it gave.

Not here: keeping what it gave (`engine.keeping`), whether another attempt follows (`retrying`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect._steps import Abandoned, Call, Emit, Life, as_raised
from prefect.context import TaskRunContext, leave
from prefect.engine.generators import END, advance_of
from prefect.engine.task_run.contexts import in_context
from prefect.schemas.states import State
from prefect.states import failed_state
from prefect.transactions import LatentTransaction

if TYPE_CHECKING:
    from prefect.engine.task_run.life import TaskRunLife

_CONTEXT = TaskRunContext.__var__


class TaskRunTimeoutError(TimeoutError):
    """A task run reached its time limit."""


def attempt(life: TaskRunLife) -> Life[State[Any]]:
    """Run the body; the state that the run is to enter if no other attempt follows. What it raised is in `raised`."""
    try:
        if life.keeper is not None:
            return (yield from life.keeper.attempt(life))
        life.value = yield from _body_in_latent_transaction(life)
        return life.state_of_value(life.value)
    except TaskRunTimeoutError as error:
        life.raised = error
        message = f"Task run exceeded timeout of {float(life.limit_seconds or 0)} second(s)"
        return life.owned(failed_state(error, name="TimedOut").model_copy(update={"message": message}))
    except Exception as error:
        life.raised = as_raised(error)
        return life.owned(failed_state(life.raised, prefix="Task run encountered an exception "))


def _body_in_latent_transaction(life: TaskRunLife) -> Life[Any]:
    """The body, in a transaction that only comes to life when the body asks for it."""
    latent = LatentTransaction.enter(life.task.isasync)
    try:
        value = yield from life.body()
    except BaseException as error:
        latent.leave()
        if latent.opened is not None:
            yield from latent.conclude_steps(error)
        raise
    latent.leave()
    if latent.opened is not None:
        yield from latent.conclude_steps(None, value, [life.rolled_back])
    return value


def body(life: TaskRunLife) -> Life[Any]:
    """Call the task's function within its context and its time limit."""
    task = life.task
    args, kwargs = task.binder.arguments(life.parameters)
    call = Call(task.fn, args, kwargs, life.limit_seconds, TaskRunTimeoutError)
    if task.isgenerator:
        return (yield from _items(life, call))
    if life.log_prints or life.keeper is not None:
        return (yield from in_context(life, call))
    # what most tasks need of `in_context`
    token = _CONTEXT.set(life.context)
    try:
        return (yield call)
    finally:
        leave(_CONTEXT, token)


def _items(life: TaskRunLife, start: Call) -> Life[Any]:
    """Take item after item; the consumer's code runs outside the task's context."""
    task = life.task
    advance = advance_of(task.isasync)
    iterator = yield from in_context(life, start)
    kept: list[Any] = []
    sent: Any = None
    thrown: BaseException | None = None
    while True:
        step = Call(advance, (iterator, sent, thrown), None, life.limit_seconds, TaskRunTimeoutError)
        item = yield from in_context(life, step)
        sent = thrown = None
        if item is END:
            return None if life.emits else kept
        life.remember(item)
        if not life.emits:
            kept.append(item)
            continue
        try:
            sent = yield Emit(item)
        except Abandoned:
            life.abandoned = True
        except BaseException as error:
            thrown = error
        if life.abandoned:
            yield from in_context(life, Call(iterator.aclose if task.isasync else iterator.close))
            return None
