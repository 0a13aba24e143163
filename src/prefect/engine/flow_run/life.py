"""The life of a flow run: from its first state to its last, written once for both colours.

    Pending -> (NotReady | Failed) | Running -> [AwaitingRetry -> Running]* -> a final state

Not here: what is done at each turn; the modules of this room do that.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from prefect._steps import Life, Sleep
from prefect.engine import watching
from prefect.engine.flow_run import ending
from prefect.engine.flow_run.attempt import attempt
from prefect.engine.flow_run.opening import open_run
from prefect.engine.flow_run.settling import settle
from prefect.engine.flow_run.under_way import FlowRunUnderWay
from prefect.engine.signals import termination_raised
from prefect.exceptions import Abort, Pause
from prefect.logging.capture import run_logging
from prefect.logging.progress import show_progress
from prefect.schemas.states import State, StateType
from prefect.states import due_in_seconds

_SHORTEST_WAIT_SECONDS = 0.05


class FlowRunLife(FlowRunUnderWay):
    """One run of a flow.

    Args:
        flow: what is run: anything with the attributes of a `Flow`.
        parameters: bound arguments, neither resolved nor validated.
        client: where states are proposed and recorded.
        wait_for: upstreams whose values are not needed.
        run: a run that exists already (a deployment's); None makes one.
        emits: a generator flow hands its items to a consumer; otherwise they are collected into a list.
        resumption: what the run takes over from earlier attempts; default: what it has left itself.
        labels: further labels of a new run.
    """

    def live(self) -> Life[State[Any]]:
        """Run the flow; the run's final state (or NotReady) is the outcome.

        What the body raised is kept in `raised`; an interruption from outside is recorded and goes on its way.
        """
        with ExitStack() as around:
            if self.parent is None:
                around.enter_context(show_progress())
                self.termination = around.enter_context(termination_raised(self.flow.isasync))
            try:
                if (taken_over := (yield from open_run(self))) is not None:
                    return taken_over
                around.enter_context(watching.watch.over(self.control, self.run.id))
                if self.parent is None:
                    around.enter_context(run_logging(self.run.id))
                if (stopped := (yield from settle(self))) is None:
                    yield from self._attempts()
                elif not stopped.is_final():
                    return stopped
            except (Abort, Pause):
                raise
            except BaseException as error:
                if not self.control.interruptible.is_own(error):
                    yield from ending.crash(self, error)
                    raise
                if not (yield from ending.end_stopped(self)):
                    assert self.state is not None
                    return self.state
        yield from ending.follow_up(self)
        assert self.state is not None
        return self.state

    def _attempts(self) -> Life[None]:
        """Run the body until it succeeds or no further attempt is granted."""
        self.say("Beginning flow run %r for flow %r", self.run.name, self.flow.name)
        while True:
            yield from self._begin_attempt()
            state = yield from attempt(self)
            self.control.close()
            entered = yield from self.propose(state, force=self.abandoned)
            if not entered.is_scheduled():
                return
            self.control.reopen()
            delay = due_in_seconds(entered)
            self.logger.info("%s; the next attempt follows in %g second(s).", state.message, delay)
            self.raised = None
            self.resumption = self.resumption.another_attempt()

    def _begin_attempt(self) -> Life[None]:
        """Propose Running until it is granted."""
        while True:
            entered = yield from self.propose(self.own_state(StateType.RUNNING, "Running"))
            if entered.is_running():
                return
            if entered.is_cancelled():
                raise self.control.stop_with(entered)
            if entered.is_final():
                raise Abort(f"The run may not start: it is in the state {entered}.")
            yield self.control.interruptible(Sleep(max(due_in_seconds(entered), _SHORTEST_WAIT_SECONDS)))
