"""The life of a task run: from its first state to its last, written once for both colours.

    Pending -> (NotReady) | Running -> [AwaitingRetry -> Retrying]* -> Completed | Failed | TimedOut | Crashed

Not here: where it runs (`task_runners`), what its arguments depend on (`inputs`), how states are stored
(`client`), keeping results (`keeping`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from contextvars import ContextVar, Token
from datetime import datetime, timedelta
from random import getrandbits
from typing import Any
from uuid import UUID

from prefect._clock import clock
from prefect._steps import Abandoned, Call, Emit, Life, Sleep, as_raised
from prefect.context import FlowRunContext, TagsContext, TaskRunContext
from prefect.engine import inputs, observer
from prefect.engine.control import is_held, is_stopped, refuse_if_stopped, state_of_interrupted
from prefect.engine.hooks import call_hooks
from prefect.engine.keeping import Keeper, keeper_for
from prefect.engine.naming import RunNameError, custom_run_name
from prefect.engine.pauses import held_life
from prefect.engine.recording import asking
from prefect.engine.resumption import RETRY_LABEL, Resumption, next_step
from prefect.engine.retries import retry_delay_seconds
from prefect.exceptions import Abort, UpstreamTaskError
from prefect.logging.loggers import patch_print, task_run_logger
from prefect.schemas.bases import now, trusted, uuid7, uuid_from_int
from prefect.schemas.runs import RunInput, TaskRun, trusted_task_run
from prefect.schemas.states import State, StateDetails, StateType, keep_data, trusted_details, trusted_state
from prefect.states import AwaitingRetry, failed_state, state_of_value
from prefect.transactions import BaseTransaction, LatentTransaction
from prefect.transactions.fencing import RUN_IS_LOST

_PENDING, _RUNNING, _COMPLETED = StateType.PENDING, StateType.RUNNING, StateType.COMPLETED
_TICK = timedelta(microseconds=1)
_BASE_LOGGER = logging.getLogger("prefect.task_runs")
_CONTEXT = TaskRunContext.__var__
_TRANSACTION = BaseTransaction.__var__
_END = object()


class TaskRunTimeoutError(TimeoutError):
    """A task run reached its time limit."""


class TaskRunLife:
    """One run of a task.

    Args:
        task: what is run: anything with the attributes of a `Task`.
        parameters: bound arguments, futures not yet replaced.
        client: where states are recorded.
        wait_for: upstreams whose values are not needed.
        dependencies: edges found earlier, where the arguments have been replaced since.
        run_id: the id of the run, if somebody has promised one.
        step: the place of the call in its flow run, if it was made elsewhere.
        emits: a generator task hands its items to a consumer; otherwise they are collected into a list.
    """

    __slots__ = (
        "_entered",
        "_logger",
        "abandoned",
        "cache_key",
        "client",
        "context",
        "emits",
        "findings",
        "flow_context",
        "keeper",
        "limit_seconds",
        "log_prints",
        "parameters",
        "raised",
        "roll_back_when_over",
        "run",
        "state",
        "step",
        "task",
        "value",
        "wait_for",
    )  # fmt: skip

    def __init__(
        self,
        task: Any,
        parameters: dict[str, Any],
        client: Any,
        wait_for: list[Any] | None = None,
        dependencies: Mapping[str, Iterable[RunInput]] | None = None,
        run_id: UUID | None = None,
        run: TaskRun | None = None,
        emits: bool = False,
        step: str | None = None,
    ) -> None:
        self.task = task
        self.parameters = parameters
        self.client = client
        self.wait_for = wait_for
        self.emits = emits
        self.abandoned = False
        self.flow_context = FlowRunContext.get()
        self.step = step or next_step(self.flow_context, _CONTEXT.get(None), task)
        self.findings = self._look_through(dependencies)
        self.run = run or self._new_run(run_id)
        self.state: State[Any] | None = self.run.state
        self.raised: BaseException | None = None
        self.value: Any = None
        self.keeper: Keeper | None = None
        self.cache_key: str | None = None
        self.roll_back_when_over = False
        self._entered: datetime | None = None
        self._logger: Any = None

    # --- making the run --------------------------------------------------------------------------------

    def _look_through(self, dependencies: Mapping[str, Iterable[RunInput]] | None) -> inputs.Findings:
        links = None if self.flow_context is None else self.flow_context.run_results
        findings = inputs.look_through(self.parameters, links)
        if self.wait_for:
            edges = inputs.look_through({"wait_for": self.wait_for}, links)
            findings.inputs["wait_for"] = edges.inputs["wait_for"]
            findings.upstreams.extend(edges.upstreams)
        for name, found in (dependencies or {}).items():
            findings.inputs[name] = list(dict.fromkeys([*findings.inputs.get(name, ()), *found]))
        return findings

    def _new_run(self, run_id: UUID | None) -> TaskRun:
        task, flow_context, parent = self.task, self.flow_context, _CONTEXT.get(None)
        flow_run = None if flow_context is None else flow_context.flow_run
        if parent is not None and (flow_run is None or parent.task_run.flow_run_id == flow_run.id):
            self.findings.inputs["__parents__"] = [inputs.task_input(parent.task_run.id)]
        tags = TagsContext.__var__.get(None)
        if flow_run is None:
            name, dynamic_key = task.name, f"{task.task_key}-{getrandbits(128):032x}"
        else:
            dynamic_key = str(uuid_from_int(getrandbits(128)))
            name = f"{task.name}-{dynamic_key[:3]}"
        return trusted_task_run(
            id=run_id or uuid7(),
            name=name,
            flow_run_id=None if flow_run is None else flow_run.id,
            task_key=task.task_key,
            dynamic_key=dynamic_key,
            task_version=task.version,
            empirical_policy=task.policy,
            tags=sorted(task.tags if tags is None else task.tags | tags.current_tags),
            task_inputs=self.findings.inputs,
            flow_run_run_count=0 if flow_run is None else flow_run.run_count,
        )

    # --- the life --------------------------------------------------------------------------------------

    def live(self) -> Life[State[Any]]:
        """Run the task; the run's final state (or NotReady) is the outcome.

        What the body raised is kept in `raised`; an interruption from outside is recorded and goes on its way.
        """
        if self.state is None:
            self._enter(self._own_state(_PENDING, "Pending"))
        if is_held(self.flow_context):
            yield from held_life(self.flow_context)
        if self.findings.upstreams or self.findings.marked or self.wait_for:
            blocked = yield from self._await_upstreams()
            if blocked is not None:
                return blocked
        try:
            self._prepare()
            yield from self._attempts()
        except RunNameError as error:
            self._enter(self._owned(failed_state(error, prefix="The task run could not be named. ")))
            raise
        except BaseException as error:
            if self.state is None or not self.state.is_final():
                state = self._owned(state_of_interrupted(error, self.flow_context))
                self._enter(state)
                self.logger.error(
                    "%s: %s", "Crash detected" if state.is_crashed() else state.name, state.message
                )
            raise
        yield from self._after_the_end()
        assert self.state is not None
        return self.state

    def end_before_start(self, state: State[Any]) -> None:
        """End in `state` without having run."""
        self._enter(self._own_state(_PENDING, "Pending"))
        self._enter(self._owned(state))

    def _await_upstreams(self) -> Life[State[Any] | None]:
        """Wait for everything the run depends on; the state NotReady when some of it did not complete."""
        try:
            waiting = inputs.unfinished(self.findings.upstreams)
            if waiting:
                inputs.refuse_own_future(waiting, self.run.id)
                yield waiting[0].waiting_for(waiting)
            inputs.require_completed(self.wait_for or [])
            self.parameters = inputs.resolved(self.parameters)
        except UpstreamTaskError as error:
            state = self._own_state(_PENDING, "NotReady", f"{error}")
            self._enter(state)
            self.logger.warning("Not run: %s", error)
            return state
        except Exception as error:
            self.raised = error
            self._enter(
                self._owned(failed_state(error, prefix="The task run's inputs could not be resolved. "))
            )
            return self.state
        except BaseException as error:
            self._enter(self._owned(state_of_interrupted(error, self.flow_context)))
            raise
        return None

    def _prepare(self) -> None:
        """Everything that is settled before the first attempt."""
        task, flow_context = self.task, self.flow_context
        name = (
            custom_run_name(task.task_run_name, self.parameters, "task_run_name")
            if task.task_run_name
            else None
        )
        if name is not None:
            self.run.__dict__["name"] = name
        log_prints = task.log_prints
        if log_prints is None:
            log_prints = flow_context.log_prints if flow_context is not None else _log_prints_by_default()
        self.log_prints = log_prints
        self.limit_seconds = task.timeout_seconds
        self.keeper = keeper_for(task, flow_context)
        self.context = trusted(
            TaskRunContext,
            {
                "start_time": now(),
                "input_keyset": None,
                "client": self.client,
                "task": task,
                "task_run": self.run,
                "log_prints": log_prints,
                "parameters": self.parameters,
                "persist_result": self.keeper is not None and self.keeper.persists,
                "step": self.step,
            },
        )

    def _attempts(self) -> Life[None]:
        """Run the body until it succeeds or retries are used up."""
        name = "Retrying" if (yield from self._takes_over_retry()) else "Running"
        while True:
            self.refuse_if_superseded()
            self._enter(self._own_state(_RUNNING, name))
            if self.task.on_running_hooks:
                yield from self._call_hooks(self.task.on_running_hooks)
            try:
                if self.keeper is None:
                    self.value = yield from self._body_in_latent_transaction()
                    state = self.state_of_value(self.value)
                else:
                    state = yield from self.keeper.attempt(self)
            except TaskRunTimeoutError as error:
                self.raised = error
                message = f"Task run exceeded timeout of {float(self.limit_seconds)} second(s)"
                state = self._owned(
                    failed_state(error, name="TimedOut").model_copy(update={"message": message})
                )
            except Exception as error:
                self.raised = as_raised(error)
                state = self._owned(failed_state(self.raised, prefix="Task run encountered an exception "))
            if self.raised is None or not (yield from self._will_retry(state)):
                break
            self.raised, name = None, "Retrying"
        if self.keeper is not None:
            yield from self._keep_end(state)
        else:
            self._enter(state)

    def refuse_if_superseded(self) -> None:
        """Stop here if another process has taken the flow run: it has taken this one for dead.

        Raises:
            Abort: it has.
            FlowRunStopped: the flow run was stopped.
        """
        refuse_if_stopped(self.flow_context)
        self._refuse_if_lost()

    def _refuse_if_lost(self) -> None:
        if self.client.superseded(self.run.flow_run_id):
            raise Abort(RUN_IS_LOST)

    def _keep_end(self, state: State[Any]) -> Life[None]:
        """Enter the final state of a run whose result is kept: stored before anybody can see it."""
        assert self.keeper is not None
        if self.raised is not None:
            state = yield from self.keeper.failed(self, state)
        self._enter(state)
        if self.roll_back_when_over:
            self._enter(self._own_state(_COMPLETED, "RolledBack", "The run's transaction was rolled back."))
        if self.keeper.persists and not self.keeper.reused:
            yield asking(self.client, self.client.flush)

    def _will_retry(self, state: State[Any]) -> Life[bool]:
        """Whether the failure is followed by another attempt; waits for its time."""
        self._refuse_if_lost()
        task, done = self.task, self.run.run_count
        shown = self.raised if self.logger.isEnabledFor(logging.ERROR) else None
        if done > task.retries or self.abandoned or is_stopped(self.flow_context):
            retry = False
        else:
            retry = yield from self._retry_is_wanted(state)
        if not retry:
            tried = f" after {done} attempts" if done > 1 else ""
            self.logger.error("Task run failed%s: %s", tried, state.message, exc_info=shown)
            return False
        delay = retry_delay_seconds(task.retry_delay_seconds, done, task.retry_jitter_factor)
        when = f"in {delay:g} second(s)" if delay else "at once"
        self.logger.info("%s; retry %d of %d follows %s.", state.message, done, task.retries, when)
        if delay:
            due = clock().now() + timedelta(seconds=delay)
            self._enter_delay(due, state.message)
            yield Sleep(delay)
        return True

    def _takes_over_retry(self) -> Life[bool]:
        """Whether this step crashed while it waited for a retry; waits for what remains, and goes on counting."""
        past = None if self.flow_context is None else self.flow_context.resumption
        if past is None or not past.again or not self.task.retries or self.step is None:
            return False
        if past.awaited is None:
            read = self.client.awaited_retries
            past.awaited = yield asking(self.client, read, self.run.flow_run_id, RETRY_LABEL)
        assert past.awaited is not None
        awaited = past.awaited.get(self._place(past))
        if awaited is None:
            return False
        self.run.__dict__["run_count"] = awaited.run_count
        self._enter_delay(awaited.due, "It crashed while it waited for this retry.")
        remaining = (awaited.due - clock().now()).total_seconds()
        if remaining > 0:
            yield Sleep(remaining)
        return True

    def _enter_delay(self, due: datetime, message: str | None) -> None:
        """Wait for a retry from here on; later attempts of the flow run are to know which step does."""
        past = None if self.flow_context is None else self.flow_context.resumption
        if past is not None and self.step is not None:
            self.run.labels[RETRY_LABEL] = self._place(past)
        self._enter(self._owned(AwaitingRetry(scheduled_time=due, message=message)))

    def _place(self, past: Resumption) -> str:
        assert self.run.flow_run_id is not None
        assert self.step is not None
        return past.place_key(self.run.flow_run_id, self.step, self.parameters)

    def _retry_is_wanted(self, state: State[Any]) -> Life[bool]:
        condition = self.task.retry_condition_fn
        if condition is None:
            return True
        try:
            return bool((yield from self._in_context(Call(condition, (self.task, self.run, state)))))
        except Exception:
            self.logger.error("The retry condition raised; the task is not retried.", exc_info=True)
            return False

    # --- the body --------------------------------------------------------------------------------------

    def _body_in_latent_transaction(self) -> Life[Any]:
        """The body, in a transaction that only comes to life when the body asks for it."""
        latent = LatentTransaction.enter(self.task.isasync)
        try:
            value = yield from self.body()
        except BaseException as error:
            latent.leave()
            if latent.opened is not None:
                yield from latent.conclude_steps(error)
            raise
        latent.leave()
        if latent.opened is not None:
            yield from latent.conclude_steps(None, value, [self.rolled_back])
        return value

    def body(self) -> Life[Any]:
        """Call the task's function within its context and its time limit."""
        task = self.task
        args, kwargs = task.binder.arguments(self.parameters)
        call = Call(task.fn, args, kwargs, self.limit_seconds, TaskRunTimeoutError)
        if task.isgenerator:
            return (yield from self._generator_body(call))
        if self.log_prints:
            with patch_print():
                return (yield from self._in_context(call))
        if self.keeper is not None:
            return (yield from self._in_context(call))
        token = _CONTEXT.set(self.context)
        try:
            return (yield call)
        finally:
            _CONTEXT.reset(token)

    def in_context_of_run(self, fn: Callable[..., Any], *args: Any) -> Life[Any]:
        """Call a function as if it were called by the task."""
        return (yield from self._in_context(Call(fn, args)))

    def _generator_body(self, start: Call) -> Life[Any]:
        """Take item after item; the consumer's code runs outside the task's context."""
        advance = _advance_async if self.task.isasync else _advance
        iterator = yield from self._in_context(start)
        kept: list[Any] = []
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            step = Call(advance, (iterator, sent, thrown), None, self.limit_seconds, TaskRunTimeoutError)
            item = yield from self._in_context(step)
            sent = thrown = None
            if item is _END:
                return None if self.emits else kept
            self._remember(item)
            if not self.emits:
                kept.append(item)
                continue
            try:
                sent = yield Emit(item)
            except Abandoned:
                self.abandoned = True
            except BaseException as error:
                thrown = error
            if self.abandoned:
                yield from self._in_context(Call(iterator.aclose if self.task.isasync else iterator.close))
                return None

    def _in_context(self, step: Call) -> Life[Any]:
        token = _CONTEXT.set(self.context)
        transaction = None if self.keeper is None else self.keeper.transaction
        around = None if transaction is None else _TRANSACTION.set(transaction)
        try:
            with patch_print() if self.log_prints else nullcontext():
                return (yield step)
        finally:
            if around is not None:
                _leave(_TRANSACTION, around)
            _leave(_CONTEXT, token)

    # --- states ----------------------------------------------------------------------------------------

    def _details(self, **known: Any) -> StateDetails:
        return trusted_details(flow_run_id=self.run.flow_run_id, task_run_id=self.run.id, **known)

    def _own_state(
        self, type: StateType, name: str, message: str | None = None, data: Any = None
    ) -> State[Any]:
        return trusted_state(type, name, self._details(), message, data)

    def _owned(self, state: State[Any]) -> State[Any]:
        """A state made elsewhere, marked as this run's."""
        ids = {"flow_run_id": self.run.flow_run_id, "task_run_id": self.run.id}
        details = state.state_details.model_copy(update=ids)
        copy = state.model_copy(update={"state_details": details, "timestamp": now(), "id": uuid7()})
        return keep_data(copy)

    def state_of_record(
        self,
        type: StateType,
        name: str,
        record: Any,
        message: str | None = None,
        expiration: datetime | None = None,
    ) -> State[Any]:
        """The state of a run whose result is stored."""
        details = self._details(cache_key=self.cache_key, cache_expiration=expiration)
        return trusted_state(type, name, details, message, record)

    def explain_caching(self, outcome: str, reason: str, parts: dict[str, str] | None = None) -> None:
        """Keep with the run why a stored result was or was not reused."""
        told = {"prefect.cache.outcome": outcome, "prefect.cache.reason": reason}
        if parts:
            told["prefect.cache.parts"] = json.dumps(parts)
        self.run.labels.update(told)
        if outcome == "hit" or parts is None:
            self.logger.debug("Cache %s: %s.", outcome, reason)

    def rolled_back(self, transaction: Any) -> None:
        """The run's transaction was rolled back; called like a hook of the user's."""
        if self.state is not None and self.state.is_completed():
            self._enter(self._own_state(_COMPLETED, "RolledBack", "The run's transaction was rolled back."))

    def state_of_value(self, value: Any) -> State[Any]:
        """The final state that a value of the body means."""
        if isinstance(value, inputs.Upstream):
            value = value.state  # type: ignore[attr-defined]
        told = state_of_value(value)
        if told is not None:
            return self._owned(told)
        return self._own_state(_COMPLETED, "Completed", data=value)

    def _enter(self, state: State[Any]) -> None:
        """The run is now in `state`: count, record, tell."""
        run = self.run.__dict__
        before: StateType | None = run["state_type"]
        moment = state.timestamp
        entered = self._entered
        if entered is not None and moment <= entered:
            moment = state.__dict__["timestamp"] = entered + _TICK
        self._entered = moment
        if before is _RUNNING and entered is not None:
            run["total_run_time"] += moment - entered
        type = state.type
        if type is _RUNNING:
            run["run_count"] += 1
            run["start_time"] = run["start_time"] or moment
        elif type is _COMPLETED or state.is_final():
            run["end_time"] = moment
        if run["expected_start_time"] is None:
            run["expected_start_time"] = moment
        run["state"], run["state_id"], run["state_type"], run["state_name"] = (
            state,
            state.id,
            type,
            state.name,
        )
        self.state = state
        self.client.record_task_run(self.run, state)
        if observer.current is not None:
            observer.current.on_task_state(self.task.name, before, type)

    # --- afterwards ------------------------------------------------------------------------------------

    def _after_the_end(self) -> Life[None]:
        state, task = self.state, self.task
        assert state is not None
        if state.type is _COMPLETED:
            if self.value is not None:
                self._remember(self.value)
            if _BASE_LOGGER.isEnabledFor(logging.INFO):
                self.logger.info("Finished in state %s", state)
            if task.on_completion_hooks:
                yield from self._call_hooks(task.on_completion_hooks)
            return
        self.logger.error("Finished in state %s", state)
        if state.is_failed() and task.on_failure_hooks:
            yield from self._call_hooks(task.on_failure_hooks)

    def _call_hooks(self, hooks: list[Callable[..., Any]]) -> Life[None]:
        self._refuse_if_lost()
        token = _CONTEXT.set(self.context)
        try:
            yield from call_hooks(hooks, self.logger, task=self.task, task_run=self.run, state=self.state)
        finally:
            _leave(_CONTEXT, token)

    def _remember(self, value: Any) -> None:
        if self.flow_context is not None:
            self.flow_context.run_results.remember(value, inputs.task_input(self.run.id))

    @property
    def logger(self) -> Any:
        """The run's logger."""
        if self._logger is None:
            self._logger = task_run_logger(self.run, self.task)
        return self._logger


def _leave(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Put back what was around before. A generator closed by Python's collector ends in another context."""
    try:
        variable.reset(token)
    except ValueError:
        variable.set(None)


def _advance(iterator: Any, sent: Any, thrown: BaseException | None) -> Any:
    """The next item of a generator, which is told what its consumer sent or threw; `_END` after the last."""
    try:
        if thrown is not None:
            return iterator.throw(thrown)
        return next(iterator) if sent is None else iterator.send(sent)
    except StopIteration:
        return _END


async def _advance_async(iterator: Any, sent: Any, thrown: BaseException | None) -> Any:
    try:
        if thrown is not None:
            return await iterator.athrow(thrown)
        return await (anext(iterator) if sent is None else iterator.asend(sent))
    except StopAsyncIteration:
        return _END


def _log_prints_by_default() -> bool:
    from prefect.settings import get_current_settings

    return bool(get_current_settings().logging.log_prints)
