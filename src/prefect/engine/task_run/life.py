"""The life of a task run: from its first state to its last, written once for both colours.

    Pending -> (NotReady) | Running -> [AwaitingRetry -> Retrying]* -> Completed | Failed | TimedOut | Crashed

Not here: what is done at each turn; the modules of this room do that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect._steps import Call, Life
from prefect.engine.control import is_held
from prefect.engine.naming import RunNameError
from prefect.engine.pauses import held_life
from prefect.engine.task_run import attempt, ending, retrying
from prefect.engine.task_run.contexts import in_context
from prefect.engine.task_run.settling import await_upstreams, settle
from prefect.engine.task_run.under_way import TaskRunUnderWay
from prefect.schemas.states import State, StateType

_RUNNING = StateType.RUNNING


class TaskRunLife(TaskRunUnderWay):
    """One run of a task.

    Args:
        task: what is run: anything with the attributes of a `Task`.
        parameters: bound arguments, futures not yet replaced.
        client: where states are recorded.
        wait_for: upstreams whose values are not needed.
        dependencies: edges found earlier, where the arguments have been replaced since.
        run_id: the id of the run, if somebody has promised one.
        run: a run that exists already.
        emits: a generator task hands its items to a consumer; otherwise they are collected into a list.
        step: the place of the call in its flow run, if it was made elsewhere.
    """

    __slots__ = ()

    def live(self) -> Life[State[Any]]:
        """Run the task; the run's final state (or NotReady) is the outcome.

        What the body raised is kept in `raised`; an interruption from outside is recorded and goes on its way.
        """
        if self.state is None:
            self.enter(self.own_state(StateType.PENDING, "Pending"))
        if is_held(self.flow_context):
            yield from held_life(self.flow_context)
        if self.findings.upstreams or self.findings.marked or self.wait_for:
            blocked = yield from await_upstreams(self)
            if blocked is not None:
                return blocked
        try:
            settle(self)
            yield from self.attempts()
        except RunNameError as error:
            ending.end_unnamed(self, error)
            raise
        except BaseException as error:
            ending.end_interrupted(self, error)
            raise
        yield from ending.follow_up(self)
        assert self.state is not None
        return self.state

    def attempts(self) -> Life[None]:
        """Run the body until it succeeds or retries are used up."""
        name = "Running"
        if retrying.may_take_over(self) and (yield from retrying.takes_over(self)):
            name = "Retrying"
        while True:
            self.refuse_if_superseded()
            self.enter(self.own_state(_RUNNING, name))
            if self.task.on_running_hooks:
                yield from ending.call_hooks_of(self, self.task.on_running_hooks)
            state = yield from attempt.attempt(self)
            if self.raised is None or not (yield from retrying.will_retry(self, state)):
                break
            self.raised, name = None, "Retrying"
        if self.keeper is None:
            self.enter(state)
        else:
            yield from ending.end_kept(self, self.keeper, state)

    def body(self) -> Life[Any]:
        """Call the task's function within its context and its time limit."""
        return attempt.body(self)

    def in_context_of_run(self, fn: Callable[..., Any], *args: Any) -> Life[Any]:
        """Call a function as if it were called by the task."""
        return in_context(self, Call(fn, args))

    def end_before_start(self, state: State[Any]) -> None:
        """End in `state` without having run."""
        self.enter(self.own_state(StateType.PENDING, "Pending"))
        self.enter(self.owned(state))
