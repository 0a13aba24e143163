"""What a flow is called by: to run it, or to draw what it would run.

Not here: the options of a flow (`flows`), what a call does (`flow_engine`), drawing (`utilities/visualization`).
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, ParamSpec, TypeVar, overload

from prefect._colours import InThread, either_colour, twin
from prefect._declarations import Declaration
from prefect._tracking import tracker
from prefect.engine.inputs import wait_for_list
from prefect.schemas.states import State

if TYPE_CHECKING:
    from prefect._steps import Life
    from prefect.futures import PrefectFuture

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class CallableFlow(Declaration[P, R]):
    """A flow as its callers see it."""

    name: str

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: CallableFlow[P, NoReturn], *args: P.args, **kwargs: P.kwargs
    ) -> None: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: CallableFlow[P, Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(
        self: CallableFlow[P, Coroutine[Any, Any, T]],
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
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the flow here and give its value (a coroutine of an async flow, an iterator of a generator flow).

        The final state is stored when this returns. After a crash of the process the run is found as Crashed by
        the next one that opens the store.

        Args:
            return_state: give the final state instead of the value; nothing is raised then.
            wait_for: inside another flow: what the run depends on besides its arguments.

        Raises:
            ParameterBindError: the arguments do not fit the function's signature; no run is made.
            ParameterTypeError: an argument does not fit its annotation; the run is recorded as Failed.
            prefect.exceptions.StoreError: the run cannot be recorded; it was not started.
            Exception: what the function raised.
        """
        parameters = self.binder.bind(args, kwargs)
        if tracker.open and (watcher := tracker.current()) is not None:
            return watcher.track(self, parameters, wait_for)
        from prefect.flow_engine import run_flow

        return run_flow(
            self,
            parameters=parameters,
            wait_for=wait_for_list(wait_for),
            return_type="state" if return_state else "result",
        )

    # --- drawing ---------------------------------------------------------------------------------------

    @either_colour
    def visualize(self, *args: P.args, **kwargs: P.kwargs) -> Life[None]:
        """Draw the tasks and subflows that the flow calls, as `<name of the flow>.png`, and open the drawing.

        The flow's own code is run with these arguments; its tasks and subflows are not. Where that code works
        with the result of a task, the task needs a `viz_return_value`. In async code this is a coroutine.

        Raises:
            GraphvizImportError: the Python package `graphviz` is missing (`pip install prefect[viz]`).
            GraphvizExecutableNotFoundError: the program `dot` of Graphviz is missing.
            VisualizationUnsupportedError: the flow calls a task by `submit`, `map`, `delay` or `apply_async`.
            FlowVisualizationError: the drawing could not be made.
            Exception: what the flow's own code raised.
        """
        from prefect.utilities import visualization

        visualization.require_graphviz()
        tracked = yield from visualization.record_flow(self, args, kwargs)
        graph = visualization.build_task_dependencies(tracked)
        yield InThread(visualization.visualize_task_dependencies, graph, self.name)

    avisualize = twin(visualize)

    @either_colour
    def generate_mermaid_graph(self, *args: P.args, **kwargs: P.kwargs) -> Life[str]:
        """The drawing of `visualize` as a flowchart in Mermaid's language; needs no Graphviz."""
        from prefect.utilities import visualization

        tracked = yield from visualization.record_flow(self, args, kwargs)
        return visualization.build_mermaid_dependencies(tracked)

    agenerate_mermaid_graph = twin(generate_mermaid_graph)
