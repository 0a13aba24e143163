"""What a task is called by: here and now, on the flow's task runner, for each of many, or by a task worker.

Not here: the options of a task (`tasks`), what becomes of a call (`task_engine`, `task_runners`, `engine.deferral`).
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, ParamSpec, TypeVar, cast, overload
from uuid import UUID

from prefect._declarations import Declaration
from prefect._steps import run_awaiting
from prefect._task_options import OneOrManyFutureOrResult
from prefect._tracking import tracker
from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine.inputs import wait_for_list
from prefect.schemas.runs import RunInput, TaskRun
from prefect.schemas.states import State

if TYPE_CHECKING:
    from prefect.futures import PrefectDistributedFuture, PrefectFuture, PrefectFutureList
    from prefect.tasks import Task

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class CallableTask(Declaration[P, R]):
    """A task as its callers see it."""

    name: str

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: CallableTask[P, NoReturn], *args: P.args, **kwargs: P.kwargs
    ) -> None: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(
        self: CallableTask[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[True],
        wait_for: Any = ...,
        **kwargs: Any,
    ) -> Coroutine[Any, Any, State[T]]: ...
    @overload
    def __call__(
        self, *args: Any, return_state: Literal[True], wait_for: Any = ..., **kwargs: Any
    ) -> State[R]: ...
    @overload
    def __call__(self, *args: Any, return_state: Literal[False], wait_for: Any = ..., **kwargs: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, wait_for: Any, **kwargs: Any) -> R: ...

    def __call__(  # type: ignore[misc]  # an overload with ParamSpec promises more than any body can say
        self, *args: Any, return_state: bool = False, wait_for: OneOrManyFutureOrResult = None, **kwargs: Any
    ) -> Any:
        """Run the task here and give its value (a coroutine of an async task, an iterator of a generator task).

        A task run that does not complete is recorded with its reason before this raises.

        Args:
            return_state: give the final state instead of the value; nothing is raised then.
            wait_for: futures, states or values that the run depends on besides its arguments.

        Raises:
            ParameterBindError: the arguments do not fit the function's signature; no run is made.
            Exception: what the function raised.
        """
        parameters = self.binder.bind(args, kwargs)
        if tracker.open and (watcher := tracker.current()) is not None:
            return watcher.track(self, parameters, wait_for)
        from prefect.task_engine import run_task

        return run_task(
            self,
            parameters=parameters,
            wait_for=wait_for,
            return_type="state" if return_state else "result",
        )

    @overload
    def submit(
        self: CallableTask[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[False] = ...,
        wait_for: Any = ...,
        **kwargs: Any,
    ) -> PrefectFuture[T]: ...
    @overload
    def submit(
        self, *args: Any, return_state: Literal[False] = ..., wait_for: Any = ..., **kwargs: Any
    ) -> PrefectFuture[R]: ...
    @overload
    def submit(
        self, *args: Any, return_state: Literal[True], wait_for: Any = ..., **kwargs: Any
    ) -> State[R]: ...

    def submit(
        self, *args: Any, return_state: bool = False, wait_for: OneOrManyFutureOrResult = None, **kwargs: Any
    ) -> Any:
        """Start a run on the flow's task runner and give its future at once.

        Args:
            return_state: wait for the run and give its final state.
            wait_for: futures to wait for before the run starts, besides those among the arguments.

        Raises:
            RuntimeError: there is no flow run here to submit to.
            ParameterBindError: the arguments do not fit the function's signature.
        """
        self._refuse_while_tracking("submit")
        parameters = self.binder.bind(args, kwargs)
        future = self._runner("submit").submit(self, parameters, wait_for=wait_for_list(wait_for) or None)
        if return_state:
            future.wait()
            return future.state
        return future

    @overload
    def map(
        self: CallableTask[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[False] = ...,
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> PrefectFutureList[T]: ...
    @overload
    def map(
        self: CallableTask[P, Coroutine[Any, Any, T]],
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> list[State[T]]: ...
    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[False] = ...,
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> PrefectFutureList[R]: ...
    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = ...,
        deferred: bool = ...,
        **kwargs: Any,
    ) -> list[State[R]]: ...

    def map(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: Iterable[Any] | None = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Start a run for each item of the iterable arguments; wrap in `unmapped` what is the same for all.

        Args:
            return_state: wait for the runs and give their final states.
            wait_for: futures to wait for before any of the runs starts.
            deferred: leave the runs to task workers instead of the flow's task runner.

        Returns:
            A `PrefectFutureList`, in the order of the items.

        Raises:
            MappingMissingIterable: no argument is iterable.
            MappingLengthMismatch: the iterables differ in length.
            RuntimeError: there is no flow run here to submit to.
        """
        self._refuse_while_tracking("map")
        parameters = self.binder.bind_given(args, kwargs)
        if deferred:
            from prefect.engine.deferral import PrefectTaskRunner

            with PrefectTaskRunner[R]() as runner:
                futures: Any = runner.map(
                    cast("Task[P, R]", self), parameters, wait_for=wait_for_list(wait_for)
                )
        else:
            futures = self._runner("map").map(self, parameters, wait_for=wait_for_list(wait_for) or None)
        if return_state:
            futures.wait()
            return [future.state for future in futures]
        return futures

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> PrefectDistributedFuture[R]:
        """Leave a run with these arguments to a task worker; see `apply_async`."""
        return self.apply_async(args=args, kwargs=kwargs)

    def apply_async(
        self,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        dependencies: dict[str, set[RunInput]] | None = None,
    ) -> PrefectDistributedFuture[R]:
        """Leave a run to a task worker: it is recorded as Scheduled, with its arguments stored, when this returns.

        Futures of this process among the arguments are waited for; deferred ones are left for the worker to
        wait for. The run does not hold up the flow it is called in, and outlives it.

        Args:
            args, kwargs: the arguments.
            wait_for: futures that the run depends on besides those among the arguments.
            dependencies: further inputs to record, by parameter.

        Raises:
            ParameterBindError: the arguments do not fit the function's signature.
            SerializationError: the arguments cannot be stored with the task's result serializer.
        """
        parameters = self.binder.bind(args or (), kwargs or {})
        self._refuse_while_tracking("apply_async")
        from prefect.engine.deferral import defer

        return defer(self, parameters, wait_for, dependencies)

    async def create_run(
        self,
        client: Any = None,
        id: UUID | None = None,
        parameters: dict[str, Any] | None = None,
        flow_run_context: FlowRunContext | None = None,
        parent_task_run_context: TaskRunContext | None = None,
        wait_for: OneOrManyFutureOrResult | None = None,
        extra_task_inputs: dict[str, set[RunInput]] | None = None,
        deferred: bool = False,
    ) -> TaskRun:
        """Record a run of the task without running it: Scheduled for a worker when `deferred`, else Pending.

        Args:
            client: where to record it; default: where the run around the caller is recorded.
            id: the id it is to have.
            parameters: bound arguments.
            flow_run_context, parent_task_run_context: the runs it belongs to; default: those around the caller.
            wait_for: what the run depends on besides its arguments.
            extra_task_inputs: further inputs to record, by parameter.
        """
        from prefect.engine.deferral import recorded_run

        life = recorded_run(
            self,
            parameters or {},
            wait_for,
            extra_task_inputs,
            deferred=deferred,
            client=client,
            run_id=id,
            flow_context=flow_run_context,
            parent=parent_task_run_context,
        )
        return await run_awaiting(life)

    async def create_local_run(
        self,
        client: Any = None,
        id: UUID | None = None,
        parameters: dict[str, Any] | None = None,
        flow_run_context: FlowRunContext | None = None,
        parent_task_run_context: TaskRunContext | None = None,
        wait_for: OneOrManyFutureOrResult | None = None,
        extra_task_inputs: dict[str, set[RunInput]] | None = None,
        deferred: bool = False,
    ) -> TaskRun:
        """A run of the task, Pending, that is recorded nowhere before it starts. Arguments as for `create_run`."""
        from prefect.engine.deferral import local_run

        return local_run(
            self,
            parameters or {},
            wait_for,
            extra_task_inputs,
            client=client,
            run_id=id,
            flow_context=flow_run_context,
            parent=parent_task_run_context,
        )

    def _runner(self, verb: str) -> Any:
        context = FlowRunContext.get()
        if context is None:
            raise RuntimeError(
                f"Unable to determine a task runner to use: `{self.name}.{verb}(...)` works inside a flow run only. "
                f"Call `{self.name}(...)` directly, or use `delay` (for a map `deferred=True`) to have a task "
                "worker run it."
            )
        return context.task_runner

    def _refuse_while_tracking(self, verb: str) -> None:
        if (watcher := tracker.current()) is not None:
            watcher.refuse(self, verb)
