"""One task run in a worker process, as the flow's process sees it: what is sent, told and recorded.

Not here: which worker (`pool`), the run's life over there (`worker`).
"""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from prefect._process_pool.transport import (
    Answer,
    Asked,
    Begun,
    Entered,
    Job,
    Logged,
    arguments_cannot_be_sent,
    dump,
    dump_task,
    load,
    module_by_value,
    picklable_only,
    run_in_state,
    run_parts,
    state_of,
    state_parts,
)
from prefect._steps import run_blocking
from prefect.context import FlowRunContext, TagsContext, serialize_context
from prefect.engine import observer
from prefect.engine.control import cancelled_with, is_stopped
from prefect.engine.task_run import TaskRunLife
from prefect.engine.task_run.settling import await_upstreams
from prefect.exceptions import SerializationError
from prefect.logging.handlers import emit_api_log
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import State, StateType
from prefect.settings import get_current_settings
from prefect.states import Crashed, crashed_state, failed_state

_MOST_PARCELS = 128


class RemoteRun:
    """A submitted task run whose turn it is.

    Args:
        submission: what was submitted: a task, its parameters, the context it was submitted in.
        parcels: pickles shared with other runs.

    Attributes:
        is_over: its future has been completed.
    """

    def __init__(self, submission: Any, parcels: Parcels) -> None:
        self._submission = submission
        self._parcels = parcels
        self._life: TaskRunLife = None  # type: ignore[assignment]
        self._inner: dict[UUID, tuple[TaskRun, State[Any]]] = {}
        self._flow_runs: list[UUID] = []
        self._was_cut_short = False
        self.is_over = False

    def within(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Call a method of this run in the context in which it was submitted.

        An error in it (the store cannot be written, say) ends this run alone.
        """
        try:
            return self._submission.context.run(fn, *args)
        except Exception as error:
            self._finish(crashed_state(error))
            return None

    def _finish(self, state: State[Any] | None) -> None:
        if not self.is_over:
            self.is_over = True
            self._submission._end(state)

    # --- beginning -------------------------------------------------------------------------------------

    def begin(self) -> bool:
        """Take the run's first state and put in what it waited for; False when it has ended by that."""
        submission = self._submission
        if not submission.open.starts(submission):
            return False
        life = self._life = submission._life()
        life.enter(life.own_state(StateType.PENDING, "Pending"))
        state = run_blocking(await_upstreams(life))
        if state is not None:
            self._finish(state)
        return state is None

    def job(self, known: set[int]) -> bytes | None:
        """The message that hands this run to a worker; None when it has ended because there can be none.

        Args:
            known: numbers of the parcels that the worker has; those it is sent are added.
        """
        life = self._life
        state = life.state
        assert state is not None
        if (reason := self._submission.open.cancelled) is not None:
            self._close(reason)
            return None
        forget = len(known) > 2 * _MOST_PARCELS
        if forget:
            known.clear()
        try:
            with module_by_value(life.task.fn.__module__):
                surroundings, task = self._parcels.surroundings(), self._parcels.task(life.task)
                parameters = dump(life.parameters)
        except Exception as error:
            self._fail(arguments_cannot_be_sent(life.parameters, error))
            return None
        new = {number: pickled for number, pickled in (surroundings, task) if number not in known}
        known.update(new)
        begun = Begun(parameters, run_parts(life.run), state_parts(state), life.step, self._was_cut_short)
        return pickle.dumps(Job(surroundings[0], task[0], new, forget, begun), pickle.HIGHEST_PROTOCOL)

    def _fail(self, error: Exception) -> None:
        life = self._life
        life.enter(life.owned(failed_state(error).model_copy(update={"message": str(error)})))
        assert life.state is not None
        life.logger.error("The task run could not be started: %s", error)
        self._finish(life.state)

    # --- while it runs ---------------------------------------------------------------------------------

    def hear(self, message: Any) -> bytes | None:
        """Take in what the worker says; the answer, if it asked something."""
        if isinstance(message, Entered):
            self._entered(message)
        elif isinstance(message, Logged):
            emit_api_log(message.record)
        elif isinstance(message, Asked):
            return pickle.dumps(self._answer(message), pickle.HIGHEST_PROTOCOL)
        return None

    def _entered(self, message: Entered) -> None:
        life, state = self._life, self._unless_stopped(state_of(message.state))
        own = message.run["id"] == life.run.id
        if message.outcome is not None:
            state = self._with_outcome(state, message.outcome)
        run = run_in_state(message.run, state)
        life.client.record_task_run(run, state)
        if own:
            before, life.run, life.state, life.entered = life.run.state_type, run, state, state.timestamp
            if observer.current is not None:
                observer.current.on_task_state(life.task.name, before, state.type)
        elif state.is_final():
            self._inner.pop(run.id, None)
        else:
            self._inner[run.id] = run, state

    def _unless_stopped(self, state: State[Any]) -> State[Any]:
        """A state that the worker tells: what ends there because the flow run was stopped has not crashed."""
        if not state.is_crashed() or not is_stopped(self._life.flow_context):
            return state
        cancelled = cancelled_with(self._life.flow_context)
        kept = {"id": state.id, "timestamp": state.timestamp, "state_details": state.state_details}
        return cancelled.model_copy(update=kept)

    def _with_outcome(self, state: State[Any], outcome: bytes) -> State[Any]:
        try:
            state.__dict__["data"] = load(outcome)
        except Exception as error:
            message = (
                f"The outcome of the task arrived from its worker process, but cannot be made again here "
                f"({type(error).__name__}: {error})."
            )
            failed = failed_state(SerializationError(message))
            kept = {"id": state.id, "timestamp": state.timestamp, "state_details": state.state_details}
            return failed.model_copy(update=kept)
        return state

    def _answer(self, question: Asked) -> Answer:
        """Carry out an operation of the engine's client for the worker."""
        try:
            args = [self._unless_stopped(one) if isinstance(one, State) else one for one in question.args]
            outcome = getattr(self._life.client, question.operation)(*args, **question.kwargs)
            self._follow_flow_runs(question, outcome)
            return Answer(True, dump(outcome))
        except Exception as error:
            return Answer(False, dump(error))

    def _follow_flow_runs(self, question: Asked, outcome: Any) -> None:
        """Know which flow runs are open in the worker: this process holds their leases."""
        if question.operation == "begin_flow_run":
            if outcome:
                self._flow_runs.append(question.args[0].id)
        elif question.operation == "propose_flow_run_state":
            run_id, state = question.args[0], outcome.state
            over = state is not None and state.is_final()
            if over and run_id in self._flow_runs:
                self._flow_runs.remove(run_id)
            elif not over and run_id not in self._flow_runs:
                self._flow_runs.append(run_id)

    # --- the end ---------------------------------------------------------------------------------------

    def end(self, reason: str | None) -> None:
        """The worker is done with the run.

        Args:
            reason: why, if the run has not reached a final state.
        """
        self._close(f"The task run did not come to its end: {reason}")

    def refused(self, reason: str) -> None:
        """The worker could not take up the run."""
        message = f"The task cannot be made again in a worker process: {reason}"
        self._fail(SerializationError(message))

    def lost(self, reason: str) -> None:
        """The worker has ended before the run did: the run has crashed, and all that was open in it."""
        self._close_insides(reason)
        self._close(reason)

    def cut_short(self, reason: str) -> bool:
        """The worker was ended because of the run's time limit; True: another one is to go on with it."""
        assert self._life.state is not None
        if self._life.state.is_final():
            self._close(reason)
            return False
        self._close_insides(reason)
        self._was_cut_short = True
        return True

    def _close_insides(self, reason: str) -> None:
        """What the task had begun itself and not ended has crashed."""
        for run, state in reversed(self._inner.values()):
            self._close_inner(run, state, reason)
        self._inner.clear()
        for flow_run_id in reversed(self._flow_runs):
            state = self._unless_stopped(Crashed(message=reason))
            self._life.client.propose_flow_run_state(flow_run_id, state, None, True)
        self._flow_runs.clear()

    def _close(self, reason: str) -> None:
        life = self._life
        assert life.state is not None
        if not life.state.is_final():
            state = self._unless_stopped(Crashed(message=reason))
            life.enter(life.owned(state))
            life.logger.error("%s: %s", "Crash detected" if state.is_crashed() else state.name, state.message)
        self._finish(life.state)

    def _close_inner(self, run: TaskRun, state: State[Any], reason: str) -> None:
        task = SimpleNamespace(name=run.name, task_key=run.task_key)
        life = TaskRunLife(task, {}, self._life.client, run=run, step="lost")
        life.entered = state.timestamp
        life.enter(life.owned(self._unless_stopped(Crashed(message=reason))))


class Parcels:
    """Pickles that many jobs share (tasks, and what surrounds them): made once, sent to a worker once."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._made: dict[tuple[int, ...], tuple[tuple[Any, ...], int, bytes]] = {}

    def task(self, task: Any) -> tuple[int, bytes]:
        """Number and pickle of a task."""
        return self._parcel((task,), lambda: dump_task(task))

    def surroundings(self) -> tuple[int, bytes]:
        """Number and pickle of the context of the caller."""
        context, tags = FlowRunContext.get(), TagsContext.__var__.get(None)
        past = None if context is None else context.resumption
        told = (context, tags, get_current_settings(), None if past is None else past.renewed)
        return self._parcel(told, lambda: dump(_surroundings()))

    def _parcel(self, of: tuple[Any, ...], make: Callable[[], bytes]) -> tuple[int, bytes]:
        key = tuple(map(id, of))
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= _MOST_PARCELS:
                self._made.clear()
            # What it was made of is kept, so that its identity is not used again.
            found = self._made[key] = (of, next(self._numbers), make())
        return found[1:]


def _surroundings() -> dict[str, Any]:
    """The context of the caller without what only this process can use."""
    around = serialize_context()
    around.pop("task_run_context", None)
    flow_run = around.get("flow_run_context")
    if flow_run is not None:
        flow_run["flow"] = _without_code(flow_run["flow"])
        flow_run["parameters"] = picklable_only(flow_run["parameters"] or {})
    return around


_CODE_OF_FLOW = ("fn", "__wrapped__", "binder", "task_runner", "_parameter_model", "_declared", "_parameters")


def _without_code(flow: Any) -> Any:
    """A flow as its tasks in workers see it: name and options. Its code may refer to anything, and stays."""
    if flow is None:
        return None
    bare = copy.copy(flow)
    hooks: dict[str, Any] = {name: [] for name in vars(flow) if name.endswith("_hooks")}
    vars(bare).update(dict.fromkeys(_CODE_OF_FLOW), **hooks)
    return bare
