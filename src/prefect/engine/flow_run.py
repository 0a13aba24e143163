"""The life of a flow run: from its first state to its last, written once for both colours.

    Pending -> (NotReady | Failed) | Running -> [AwaitingRetry -> Running]* -> a final state

Each state is proposed and may be answered with another one (`server/orchestration` decides). Not here: what a
returned value means (`states`), subflow placeholders (`subflows`), where tasks run (`task_runners`).
"""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

from prefect._steps import Abandoned, Call, Emit, Life, Sleep, as_raised, run_blocking
from prefect.context import FlowRunContext, TagsContext, TaskRunContext
from prefect.engine import inputs, observer, parameters, watching
from prefect.engine.control import FlowRunControl, is_held, refuse_if_stopped
from prefect.engine.hooks import call_hooks
from prefect.engine.links import ResultLinks
from prefect.engine.naming import RunNameError, custom_run_name
from prefect.engine.pauses import held_life, retry_due
from prefect.engine.recording import asking
from prefect.engine.resumption import Resumption, labels_after, past_of
from prefect.engine.signals import Termination, termination_raised
from prefect.engine.subflows import Placeholder, children_of
from prefect.engine.task_run import _END, _advance, _advance_async
from prefect.exceptions import (
    Abort,
    FlowRunSuspended,
    ParameterTypeError,
    Pause,
    SerializationError,
    UpstreamTaskError,
)
from prefect.logging.capture import run_logging
from prefect.logging.loggers import flow_run_logger, patch_print
from prefect.logging.progress import show_progress
from prefect.schemas.bases import now, trusted, uuid7
from prefect.schemas.outcomes import Outcome
from prefect.schemas.runs import FlowRun, FlowRunPolicy, FlowRunResult, trusted_flow_run
from prefect.schemas.states import State, StateType, keep_data, trusted_details, trusted_state
from prefect.states import crashed_state, due_in_seconds, failed_state, state_of_value
from prefect.utilities.names import generate_slug

_CONTEXT = FlowRunContext.__var__
_BASE_LOGGER = logging.getLogger("prefect.flow_runs")
_CALLER_IS_LOST = "Another process runs the flow run around this one now."
_IS_LOST = "Another process runs this flow run now; what this one goes on to do does not count."


class FlowRunTimeoutError(TimeoutError):
    """A flow run reached its time limit."""


class FlowRunLife:
    """One run of a flow.

    Args:
        flow: what is run: anything with the attributes of a `Flow`.
        parameters: bound arguments, neither resolved nor validated.
        client: where states are proposed and recorded.
        wait_for: upstreams whose values are not needed.
        run: a run that exists already (a deployment's); None makes one.
        resumption: what the run takes over from earlier attempts; default: what it has left itself.
        labels: further labels of a new run.
        emits: a generator flow hands its items to a consumer; otherwise they are collected into a list.
    """

    def __init__(
        self,
        flow: Any,
        parameters: dict[str, Any],
        client: Any,
        wait_for: list[Any] | None = None,
        run: FlowRun | None = None,
        emits: bool = False,
        resumption: Resumption | None = None,
        labels: dict[str, Any] | None = None,
    ) -> None:
        self.flow = flow
        self.parameters = parameters
        self.client = client
        self.wait_for = wait_for or []
        self.run: FlowRun = run  # type: ignore[assignment]  # made at the start of the life
        self.emits = emits
        self.abandoned = False
        self.parent: FlowRunContext | None = FlowRunContext.get()
        self.placeholder: Placeholder | None = None
        self.labels = labels or {}
        self.children: dict[str, Any] = {}
        self.resumption: Resumption = resumption  # type: ignore[assignment]  # made at the start of the life
        self.context: FlowRunContext | None = None
        self.state: State[Any] | None = None
        self.raised: BaseException | None = None
        self.value: Any = None
        self.attempt: int | None = None
        self.termination: Termination | None = None
        around = None if self.parent is None else self.parent.control
        self.control = FlowRunControl(client, around, self)
        self._logger: Any = None

    # --- the life --------------------------------------------------------------------------------------

    def live(self) -> Life[State[Any]]:
        """Run the flow; the run's final state (or NotReady) is the outcome.

        What the body raised is kept in `raised`; an interruption from outside is recorded and goes on its way.
        """
        with ExitStack() as around:
            if self.parent is None:
                around.enter_context(show_progress())
                self.termination = around.enter_context(termination_raised(self.flow.isasync))
            try:
                if (taken_over := (yield from self._find_or_create())) is not None:
                    return taken_over
                around.enter_context(watching.watch.over(self.control, self.run.id))
                if self.parent is None:
                    around.enter_context(run_logging(self.run.id))
                if (stopped := (yield from self._settle_parameters())) is None:
                    yield from self._attempts()
                elif not stopped.is_final():
                    return stopped
            except (Abort, Pause):
                raise
            except BaseException as error:
                if not self.control.interruptible.is_own(error):
                    yield from self._crash(error)
                    raise
                if not (yield from self._end_stopped()):
                    assert self.state is not None
                    return self.state
        yield from self._after_the_end()
        assert self.state is not None
        return self.state

    # --- making the run --------------------------------------------------------------------------------

    def _find_or_create(self) -> Life[State[Any] | None]:
        """Make the run and its placeholder, unless an earlier attempt of the parent has completed it."""
        if self.run is not None:
            return self._run_again(self.run)
        if self.parent is not None and self.parent.flow_run is not None:
            if is_held(self.parent):
                yield from held_life(self.parent)
            refuse_if_stopped(self.parent)
            if self.client.superseded(self.parent.flow_run.id):
                raise Abort(_CALLER_IS_LOST)
            findings = inputs.look_through(self.parameters, self.parent.run_results)
            self.placeholder = Placeholder(
                self.flow, self.parent, self.client, findings.inputs, self.parameters
            )
            earlier = self.placeholder.earlier_child()
            self.parent.resumption.reaches(self.flow.name)
            if earlier is not None and earlier.is_usable(self.parent.resumption):
                self.run, self.state, self.value = earlier.run, earlier.state, earlier.value
                return self.state
            if earlier is not None:
                earlier.run.parameters = self.flow.serialize_parameters(self.parameters)
                return self._run_again(earlier.run, force=True)
        origin = self._child_of_origin()
        self.run = self._new_run(origin)
        state = self._own_state(StateType.PENDING, "Pending")
        state.data = yield from self._keep_parameters()
        self._mirror(state)
        if not (yield asking(self.client, self.client.begin_flow_run, self.run, state)):
            raise Abort(_CALLER_IS_LOST)
        self._adopt(state, 1)
        if self.resumption is None:
            children = {} if origin is None else children_of(self.client, origin.id)
            self.resumption = past_of(self.run, self._past_of_parent(), children)
        return None

    def _new_run(self, origin: FlowRun | None) -> FlowRun:
        flow, tags = self.flow, TagsContext.__var__.get(None)
        return trusted_flow_run(
            id=uuid7(),
            name=generate_slug(2),
            flow_id=self.client.flow_id(flow.name),
            flow_version=flow.version,
            parameters=flow.serialize_parameters(self.parameters),
            empirical_policy=FlowRunPolicy(retries=flow.retries, retry_delay=flow.retry_delay_seconds),
            tags=[] if tags is None else sorted(tags.current_tags),
            parent_task_run_id=None if self.placeholder is None else self.placeholder.run.id,
            labels={**_origin_of(flow), **self.labels, **({} if origin is None else labels_after(origin))},
        )

    def _keep_parameters(self) -> Life[Any]:
        """Note which parameters the record loses, and keep them if the flow keeps its results."""
        lost = parameters.lost_in_record(self.flow, self.parameters, self.run.parameters)
        if not lost:
            return None
        self.run.labels[parameters.LOST_LABEL] = json.dumps(lost)
        if self.parent is not None or not self._persists():
            return None
        return (
            yield from parameters.keep(self.flow, self.run, {name: self.parameters[name] for name in lost})
        )

    def _run_again(self, run: FlowRun, force: bool = False) -> State[Any] | None:
        """Begin another attempt of a run that exists; its state when it does not allow that."""
        self.run = run
        if self.resumption is None:
            self.resumption = past_of(run, self._past_of_parent())
        if run.run_count:
            self.children = children_of(self.client, run.id)
        pending = self._own_state(StateType.PENDING, "Pending")
        if run.run_count and self.resumption.from_task is None:
            pending.state_details.scheduled_time = retry_due(self.client.flow_run_history(run.id))
        outcome = self.client.propose_flow_run_state(run.id, pending, force=force, begin=True)
        if outcome.status == "ABORT":
            raise Abort(outcome.reason or "The run may not start.")
        self._mirror(outcome.state)
        self._adopt(outcome.state, outcome.attempt)
        if outcome.status != "ACCEPT":
            return outcome.state  # type: ignore[no-any-return]
        if force or self.resumption.from_task is not None:
            self.client.amend_flow_run(run)
        return None

    def _child_of_origin(self) -> FlowRun | None:
        """The subflow run that stood here in the run that the parent was forked from, if there was one."""
        parent = self._past_of_parent()
        if parent is None or self.placeholder is None:
            return None
        child = parent.origins.get(self.placeholder.key)
        return None if child is None else child.run

    def _past_of_parent(self) -> Resumption | None:
        return None if self.parent is None else self.parent.resumption

    def _adopt(self, state: State[Any] | None, attempt: int | None) -> None:
        """The run is in `state`: the counters and the live display follow."""
        fields = self.run.__dict__
        before = fields["state_type"]
        self.state = state
        self.attempt = attempt
        if state is None:
            return
        fields["state"], fields["state_id"] = state, state.id
        fields["state_type"], fields["state_name"] = state.type, state.name
        if fields["expected_start_time"] is None:
            fields["expected_start_time"] = state.timestamp
        if observer.current is not None:
            observer.current.on_flow_state(self.run.name, before, state.type)

    # --- parameters ------------------------------------------------------------------------------------

    def _settle_parameters(self) -> Life[State[Any] | None]:
        """Wait for upstreams, validate and name; a state when the body cannot be run."""
        try:
            yield from self._await_upstreams()
        except UpstreamTaskError as error:
            state = self._own_state(StateType.PENDING, "NotReady", str(error))
            return (yield from self._propose(state, force=True))
        try:
            if self.flow.should_validate_parameters:
                self.parameters = self.flow.validate_parameters(self.parameters)
            self._name_run()
        except (ParameterTypeError, RunNameError, TypeError) as error:
            self.raised = error
            prefix = "Validation of flow parameters failed with error: "
            state = failed_state(error, prefix=prefix if isinstance(error, ParameterTypeError) else "")
            self.context = self._new_context(self.flow.task_runner)
            yield from self._propose(state, force=True)
            self.logger.error("%s", state.message)
            return self.state
        return None

    def _await_upstreams(self) -> Life[None]:
        findings = inputs.look_through({**self.parameters, "wait_for": self.wait_for}, None)
        upstreams = findings.upstreams
        if not upstreams and not findings.marked:
            return
        if waiting := inputs.unfinished(upstreams):
            yield self.control.interruptible(waiting[0].waiting_for(waiting))
        inputs.require_completed(self.wait_for)
        self.parameters = inputs.resolved(self.parameters)

    def _name_run(self) -> None:
        if self.flow.flow_run_name is None:
            return
        token = _CONTEXT.set(self._new_context(self.flow.task_runner))
        try:
            name = custom_run_name(self.flow.flow_run_name, self.parameters, "flow_run_name")
        finally:
            _CONTEXT.reset(token)
        if name is not None:
            self.run.name = name
            self.client.rename_flow_run(self.run.id, name)
            self._logger = None

    # --- attempts --------------------------------------------------------------------------------------

    def _attempts(self) -> Life[None]:
        """Run the body until it succeeds or no further attempt is granted."""
        _log(self.logger, "Beginning flow run %r for flow %r", self.run.name, self.flow.name)
        while True:
            yield from self._begin_attempt()
            state = yield from self._attempt()
            self.control.close()
            yield from self._propose(state, force=self.abandoned)
            assert self.state is not None
            if not self.state.is_scheduled():
                return
            self.control.reopen()
            self.logger.info(
                "%s; the next attempt follows in %g second(s).", state.message, due_in_seconds(self.state)
            )
            self.raised = None
            self.resumption = self.resumption.another_attempt()

    def _begin_attempt(self) -> Life[None]:
        """Propose Running until it is granted."""
        while True:
            yield from self._propose(self._own_state(StateType.RUNNING, "Running"))
            assert self.state is not None
            if self.state.is_running():
                return
            if self.state.is_cancelled():
                raise self.control.stop_with(self.state)
            if self.state.is_final():
                raise Abort(f"The run may not start: it is in the state {self.state}.")
            yield self.control.interruptible(Sleep(max(due_in_seconds(self.state), 0.05)))

    def _attempt(self) -> Life[State[Any]]:
        """One attempt: the body in its context, then the state that follows."""
        runner = self.control.runner = self.flow.task_runner.duplicate()
        self.context = self._new_context(runner)
        try:
            with self._entered(), runner:
                try:
                    if self.flow.on_running_hooks:
                        yield from self._call_hooks(self.flow.on_running_hooks)
                    self.value = yield from self._body()
                    yield from self._await_returned()
                except BaseException as error:
                    # a run that is suspended keeps what its tasks still complete
                    if not isinstance(error, Exception | Pause) or isinstance(error, FlowRunTimeoutError):
                        runner.cancel_all()
                    raise
        except FlowRunTimeoutError as error:
            self.raised = error
            message = f"Flow run exceeded timeout of {float(self.flow.timeout_seconds)} second(s)"
            return failed_state(error, name="TimedOut").model_copy(update={"message": message})
        except Exception as error:
            self.raised = as_raised(error)
            self.logger.error("Encountered exception during execution: %s", self.raised, exc_info=self.raised)
            return failed_state(self.raised, prefix="Flow run encountered an exception: ")
        state = self._state_of_value()
        if self.context.persist_result and state.data is self.value:
            yield from self._keep_value(state)
        return state

    def _keep_value(self, state: State[Any]) -> Life[None]:
        """Store the value of a flow that persists its results, before anybody can see that it completed."""
        assert self.context is not None
        store = self.context.result_store
        try:
            record = yield from store.record_steps(self.value)
            yield from store.persist_steps(record, "")
        except SerializationError as error:
            self.logger.warning("The result of the flow run cannot be stored: %s", error)
            return
        state.data = record if self.flow.cache_result_in_memory else record.metadata

    def _body(self) -> Life[Any]:
        flow = self.flow
        args, kwargs = flow.binder.arguments(self.parameters)
        call = Call(flow.fn, args, kwargs, flow.timeout_seconds, FlowRunTimeoutError)
        with patch_print() if self._log_prints() else nullcontext():
            if flow.isgenerator:
                return (yield from self._generator_body(call))
            return (yield self.control.interruptible(call))

    def _generator_body(self, start: Call) -> Life[Any]:
        """Take item after item; the consumer's code runs outside the flow's context."""
        advance = _advance_async if self.flow.isasync else _advance
        iterator = yield start
        kept: list[Any] = []
        sent: Any = None
        thrown: BaseException | None = None
        limit_seconds = self.flow.timeout_seconds
        while True:
            step = Call(advance, (iterator, sent, thrown), None, limit_seconds, FlowRunTimeoutError)
            item = yield self.control.interruptible(step)
            sent = thrown = None
            if item is _END:
                return None if self.emits else kept
            if not self.emits:
                kept.append(item)
                continue
            try:
                sent = yield from self._emit(item)
            except Abandoned:
                self.abandoned = True
            except BaseException as error:
                thrown = error
            if self.abandoned:
                yield Call(iterator.aclose if self.flow.isasync else iterator.close)
                return None

    def _emit(self, item: Any) -> Life[Any]:
        token = _CONTEXT.set(self.parent)
        try:
            return (yield Emit(item))
        finally:
            _reset(token)

    def _await_returned(self) -> Life[None]:
        """Futures anywhere in what is returned are waited for and stand for their final states."""
        if inspect.isgenerator(self.value):
            self.value = yield Call(list, (self.value,))
        if futures := [found for found in inputs.upstreams_of(self.value) if not isinstance(found, State)]:
            if waiting := inputs.unfinished(futures):
                yield self.control.interruptible(waiting[0].waiting_for(waiting))
            self.value = inputs.with_states(self.value)

    def _state_of_value(self) -> State[Any]:
        told = state_of_value(self.value)
        if told is not None:
            return keep_data(told)
        return self._own_state(StateType.COMPLETED, "Completed", data=self.value)

    # --- contexts --------------------------------------------------------------------------------------

    def _new_context(self, runner: Any) -> FlowRunContext:
        flow, parent = self.flow, self.parent
        return trusted(
            FlowRunContext,
            {
                "start_time": now(),
                "input_keyset": None,
                "client": self.client,
                "flow": flow,
                "flow_run": self.run,
                "task_runner": runner,
                "log_prints": self._log_prints(),
                "parameters": self.parameters,
                "detached": False,
                "persist_result": self._persists(),
                "task_run_dynamic_keys": {},
                "observed_flow_pauses": {},
                "flow_run_suspension_request": None,
                "run_results": ResultLinks(),
                "task_run_assets": {},
                "events": None,
                "children": self.children,
                "resumption": self.resumption,
                "control": self.control,
                "parent": parent,
                "task_stores": {},
            },
        )

    def _persists(self) -> bool:
        from prefect.settings import get_current_settings

        inherited = None if self.parent is None else self.parent.persist_result
        default = get_current_settings().results.persist_by_default
        return bool(_first_told(self.flow.persist_result, inherited, default))

    def _log_prints(self) -> bool:
        from prefect.settings import get_current_settings

        inherited = self.parent.log_prints if self.parent is not None else None
        return bool(_first_told(self.flow.log_prints, inherited, get_current_settings().logging.log_prints))

    @contextmanager
    def _entered(self) -> Iterator[None]:
        """The flow's context is around the block, and no task's: a subflow of a task is not the task."""
        token, task_token = _CONTEXT.set(self.context), TaskRunContext.__var__.set(None)
        try:
            yield
        finally:
            _reset(token)
            try:
                TaskRunContext.__var__.reset(task_token)
            except ValueError:
                TaskRunContext.__var__.set(None)

    # --- states ----------------------------------------------------------------------------------------

    def _own_state(
        self, type: StateType, name: str, message: str | None = None, data: Any = None
    ) -> State[Any]:
        return trusted_state(type, name, trusted_details(flow_run_id=self.run.id), message, data)

    def _propose(self, state: State[Any], force: bool = False) -> Life[State[Any]]:
        """Propose a state; the run's state is then the one that was granted.

        Raises:
            Abort: the run must not go on.
            Pause: the run was paused from outside.
            FlowRunStopped: the run is being cancelled.
        """
        while True:
            state.state_details.transition_id = uuid7()
            propose = self.client.propose_flow_run_state
            outcome = yield asking(self.client, propose, self.run.id, state, self.attempt, force)
            if outcome.status == "WAIT":
                self.logger.debug("Waiting %g second(s): %s", outcome.delay_seconds, outcome.reason)
                yield self.control.interruptible(Sleep(outcome.delay_seconds))
                state.timestamp = now()
                continue
            if outcome.status == "ABORT":
                raise Abort(outcome.reason or "The run was told to stop.")
            break
        granted = self._granted(outcome, state)
        if granted.is_cancelling() and granted.id != state.id:
            raise self.control.stop_with(granted)
        if granted.is_paused() and granted.id != state.id:
            raise Pause(state=granted)
        return granted

    def _granted(self, outcome: Outcome, proposed: State[Any]) -> State[Any]:
        """The run is in the state that the outcome of a proposal says."""
        granted = outcome.state
        assert granted is not None
        if outcome.status == "ACCEPT":
            granted.data = proposed.data
        counters = self.run.__dict__
        counters["run_count"], counters["start_time"] = outcome.run_count, outcome.start_time
        counters["end_time"], counters["total_run_time"] = outcome.end_time, outcome.total_run_time
        self._adopt(granted, outcome.attempt)
        self._mirror(granted)
        return granted

    def ask(self, state: State[Any]) -> Life[Outcome]:
        """See `ControlledLife`."""
        state.state_details.transition_id = uuid7()
        propose = self.client.propose_flow_run_state
        outcome: Outcome = yield asking(self.client, propose, self.run.id, state, self.attempt)
        if outcome.state is not None and outcome.state.is_cancelling():
            raise self.control.stop_with(outcome.state)
        if outcome.status == "ACCEPT":
            self._granted(outcome, state)
        return outcome

    def is_in(self, state: State[Any]) -> bool:
        """See `ControlledLife`."""
        return self.state is not None and self.state.id == state.id

    def enter(self, state: State[Any]) -> None:
        """See `ControlledLife`."""
        if self.is_in(state):
            return
        if not state.is_running():
            raise self.control.stop_with(state)
        self.run.__dict__["run_count"] += 1
        self._adopt(state, self.attempt)
        self._mirror(state)

    def _mirror(self, state: State[Any] | None) -> None:
        """The placeholder in the parent follows the run."""
        if self.placeholder is not None and state is not None:
            self.placeholder.follow(self.run, state, self.value)

    def _crash(self, error: BaseException) -> Life[None]:
        """Record the end that came from outside, and run the hooks for it."""
        if self.state is None or self.state.is_final():
            return
        if self.control.stopped is not None:
            if (yield from self._end_stopped()):
                yield from self._after_the_end()
            return
        state = crashed_state(error if self.termination is None else self.termination.cause_of(error))
        self.logger.error("Crash detected: %s", state.message)
        try:
            yield from self._propose(state, force=True)
        except Abort:
            self.logger.warning("The crash could not be recorded: somebody else has ended the run.")
            return
        yield from self._after_the_end()

    def _end_stopped(self) -> Life[bool]:
        """End as somebody who has stopped the run wants it; False: that has been recorded already.

        Raises:
            Pause: it was suspended.
            Abort: the end is that of a later attempt, which another process has made.
        """
        stopped = self.control.stopped
        assert stopped is not None
        is_ours = self.control.has_end()
        if is_ours and stopped.is_cancelling():
            try:
                yield from self._propose(self._cancelled("The run was cancelled."), force=True)
                return True
            except Abort:
                self.logger.debug("Somebody else has ended the run.")
        state = yield asking(self.client, self.client.flow_run_state, self.run.id)
        if state is not None and state.is_final():
            stored = yield asking(self.client, self.client.read_flow_run, self.run.id)
            if stored.run_count > self.run.run_count:
                raise Abort(_IS_LOST)
        self._adopt(state, self.attempt)
        self._mirror(state)
        if state is not None and state.is_paused():
            raise FlowRunSuspended(state=state)
        return is_ours

    def end_undone(self, how: str) -> None:
        """Record, from another thread, the end of a run whose code cannot be stopped."""
        self.logger.error("%s What it still does is not recorded.", how)
        stopped = self.control.stopped
        if stopped is not None and stopped.is_cancelling():
            state = self._cancelled(f"The run was cancelled. {how}")
            self.client.propose_flow_run_state(self.run.id, state, self.attempt, True)
        self._adopt(self.client.flow_run_state(self.run.id), self.attempt)
        self._mirror(self.state)
        run_blocking(self._after_the_end())

    def _cancelled(self, how: str) -> State[Any]:
        told = self.control.stopped
        why = "" if told is None or not told.message else f" {told.message}"
        return self._own_state(StateType.CANCELLED, "Cancelled", f"{how}{why}")

    # --- afterwards ------------------------------------------------------------------------------------

    def _after_the_end(self) -> Life[None]:
        state, flow = self.state, self.flow
        assert state is not None
        if state.is_completed():
            _log(self.logger, "Finished in state %s", state)
            if self.parent is not None and self.placeholder is not None:
                self.parent.run_results.remember(self.value, FlowRunResult(id=self.run.id))
        else:
            self.logger.error("Finished in state %s", state)
        hooks = _hooks_for(flow, state)
        if hooks:
            yield from self._call_hooks(hooks)

    def _call_hooks(self, hooks: list[Callable[..., Any]]) -> Life[None]:
        token = _CONTEXT.set(self.context or self._new_context(self.flow.task_runner))
        try:
            yield from call_hooks(hooks, self.logger, flow=self.flow, flow_run=self.run, state=self.state)
        finally:
            _reset(token)

    @property
    def logger(self) -> Any:
        """The run's logger."""
        if self._logger is None:
            self._logger = flow_run_logger(self.run, self.flow)
        return self._logger


ENTRYPOINT_LABEL = "prefect.flow.entrypoint"
"""Under this label a flow run remembers where its code is: what it takes to run it again elsewhere."""


def _origin_of(flow: Any) -> dict[str, Any]:
    entrypoint = flow.entrypoint_in_file()
    return {} if entrypoint is None else {ENTRYPOINT_LABEL: entrypoint}


def _hooks_for(flow: Any, state: State[Any]) -> list[Callable[..., Any]]:
    if state.is_completed():
        return flow.on_completion_hooks  # type: ignore[no-any-return]
    if state.is_failed():
        return flow.on_failure_hooks  # type: ignore[no-any-return]
    if state.is_crashed():
        return flow.on_crashed_hooks if _in_process_hooks() else []
    if state.is_cancelled() or state.is_cancelling():
        return flow.on_cancellation_hooks if _in_process_hooks() else []
    return []


def _in_process_hooks() -> bool:
    """A runner or worker that watches this process runs these hooks itself and says so."""
    import os

    told = os.environ.get("PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS", "true")
    return told.lower() == "true"


def _first_told(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _log(logger: Any, message: str, *values: Any) -> None:
    if _BASE_LOGGER.isEnabledFor(logging.INFO):
        logger.info(message, *values)


def _reset(token: Any) -> None:
    """Leave the context. A generator closed by Python's collector ends in a context of another's making."""
    try:
        _CONTEXT.reset(token)
    except ValueError:
        _CONTEXT.set(None)
