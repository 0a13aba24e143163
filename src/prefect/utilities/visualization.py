"""Drawing a flow: its body is run with every task call recorded instead of carried out.

What a call returns is its task's `viz_return_value`, else a recorder; either is recognised when it is passed
on, also inside collections, and makes an edge. Not here: the port through which calls arrive (`_tracking`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from prefect._tracking import tracker

if TYPE_CHECKING:
    from contextvars import Token

    import graphviz

    from prefect._steps import Life

_HINT = (
    "This may come from code that works with the result of a task inside the flow: while a flow is drawn its "
    "tasks are not run. Give the task a stand-in for its result, such as `@task(viz_return_value=[1, 2, 3])`."
)


class FlowVisualizationError(Exception):
    """The drawing of a flow could not be made."""


class VisualizationUnsupportedError(Exception):
    """The flow calls a task in a way that cannot be drawn (`submit`, `map`, `delay`, …)."""


class GraphvizImportError(Exception):
    """The Python package `graphviz` is not installed."""


class GraphvizExecutableNotFoundError(Exception):
    """The program `dot` of Graphviz is not installed, or not on the PATH."""


# --- recording calls ------------------------------------------------------------------------------------


class VizTask:
    """One recorded call; stands for its result unless the task has a `viz_return_value`.

    Args:
        name: the name of the node.
        upstream_tasks: the calls whose results went into this one.
    """

    def __init__(self, name: str, upstream_tasks: list[VizTask] | None = None) -> None:
        self.name = name
        self.upstream_tasks: list[VizTask] = upstream_tasks or []


class _CurrentTracker(type):
    @property
    def current(cls) -> TaskVizTracker | None:
        """The tracker around the caller."""
        return get_task_viz_tracker()


class TaskVizTrackerState(metaclass=_CurrentTracker):
    """Where the tracker in force is found, as `TaskVizTrackerState.current`."""


class TaskVizTracker:
    """Records the calls of the code inside its `with` block.

    Attributes:
        tasks: the calls so far, in order.
        dynamic_task_counter: how often each name was called, less one.
        object_id_to_task: the call that made an object, by the object's identity.
    """

    def __init__(self) -> None:
        self.tasks: list[VizTask] = []
        self.dynamic_task_counter: dict[str, int] = {}
        self.object_id_to_task: dict[int, VizTask] = {}
        self._kept_alive: list[Any] = []
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> Self:
        self._tokens.append(tracker.enter(self))
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        tracker.leave(self._tokens.pop())

    def add_task(self, task: VizTask) -> None:
        """Record a call; its name gets the number of the call."""
        number = self.dynamic_task_counter.get(task.name, -1) + 1
        self.dynamic_task_counter[task.name] = number
        task.name = f"{task.name}-{number}"
        self.tasks.append(task)

    def link_viz_return_value_to_viz_task(self, viz_return_value: Any, viz_task: VizTask) -> None:
        """The object, and each item of a list, tuple, set or dictionary, came from that call."""
        from prefect.engine.links import trackable

        found = [viz_return_value]
        if isinstance(viz_return_value, list | tuple | set | frozenset):
            found.extend(viz_return_value)
        elif isinstance(viz_return_value, dict):
            found.extend(viz_return_value.values())
        for value in filter(trackable, found):
            # The identity of an object that is gone may be given to another one.
            self._kept_alive.append(value)
            self.object_id_to_task[id(value)] = viz_task

    def track(self, called: Any, parameters: dict[str, Any], wait_for: Any = None) -> Any:
        """A task or flow is called: record it and give what stands for its result."""
        waited_for = {} if wait_for is None else {"wait_for": wait_for}
        stand_in = getattr(called, "viz_return_value", None)
        result = self._record(called.name, {**parameters, **waited_for}, stand_in)
        if called.isgenerator:
            items = stand_in if isinstance(stand_in, Iterable) else [result]
            return _aiterate(items) if called.isasync else iter(items)
        return _give(result) if called.isasync else result

    def refuse(self, called: Any, verb: str) -> None:
        """A task is called in a way that cannot be drawn.

        Raises:
            VisualizationUnsupportedError: always.
        """
        raise VisualizationUnsupportedError(
            f"`{called.name}.{verb}(...)` cannot be drawn: `flow.visualize()` supports tasks that are called "
            f"directly, as `{called.name}(...)`, but not `task.{verb}()`."
        )

    def _record(self, name: str, inputs: dict[str, Any], stand_in: Any) -> Any:
        task = VizTask(name, self._upstreams_in(inputs))
        self.add_task(task)
        if stand_in is None:
            return task
        self.link_viz_return_value_to_viz_task(stand_in, task)
        return stand_in

    def _upstreams_in(self, inputs: dict[str, Any]) -> list[VizTask]:
        from prefect.utilities.collections import visit_collection

        found: dict[VizTask, None] = {}

        def look(value: Any) -> Any:
            source = value if isinstance(value, VizTask) else self.object_id_to_task.get(id(value))
            if source is not None:
                found[source] = None
            return value

        visit_collection(list(inputs.values()), visit_fn=look, return_data=False)
        return list(found)


async def _give(value: Any) -> Any:
    return value


async def _aiterate(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def get_task_viz_tracker() -> TaskVizTracker | None:
    """The tracker around the caller, if there is one."""
    current = tracker.current()
    return current if isinstance(current, TaskVizTracker) else None


@overload
def track_viz_task(
    is_async: Literal[True], task_name: str, parameters: dict[str, Any], viz_return_value: Any | None = None
) -> Coroutine[Any, Any, Any]: ...
@overload
def track_viz_task(
    is_async: Literal[False], task_name: str, parameters: dict[str, Any], viz_return_value: Any | None = None
) -> Any: ...


def track_viz_task(
    is_async: bool, task_name: str, parameters: dict[str, Any], viz_return_value: Any | None = None
) -> Coroutine[Any, Any, Any] | Any:
    """Record a call with the tracker around the caller, and give what stands for its result.

    Returns:
        The stand-in, or a coroutine that gives it; None where nothing is tracked.
    """
    current = get_task_viz_tracker()
    result = None if current is None else current._record(task_name, parameters, viz_return_value)
    return _give(result) if is_async else result


# --- running a flow's body ------------------------------------------------------------------------------


def record_flow(flow: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Life[TaskVizTracker]:
    """Run the body of a flow with its calls recorded; an error gets a note on what may help.

    Raises:
        ParameterBindError: the arguments do not fit the flow's signature.
        VisualizationUnsupportedError: the flow calls a task in a way that cannot be drawn.
        Exception: what the body raised.
    """
    from prefect._steps import Call

    parameters = flow.binder.bind(args, kwargs)
    warnings.warn(
        f"To draw the flow {flow.name!r} its code is run, all but its tasks and subflows.", stacklevel=5
    )
    body = Call(_exhauster(flow) or flow.fn, *flow.binder.arguments(parameters))
    with TaskVizTracker() as tracked:
        try:
            yield body
        except VisualizationUnsupportedError:
            raise
        except Exception as error:
            error.add_note(_HINT)
            raise
    return tracked


def _exhauster(flow: Any) -> Any:
    """For a generator flow, a function that goes through all it yields."""

    def exhaust(*args: Any, **kwargs: Any) -> None:
        items: Iterator[Any] = flow.fn(*args, **kwargs)
        for _ in items:
            pass

    async def aexhaust(*args: Any, **kwargs: Any) -> None:
        async for _ in flow.fn(*args, **kwargs):
            pass

    if not flow.isgenerator:
        return None
    return aexhaust if flow.isasync else exhaust


# --- drawing --------------------------------------------------------------------------------------------


def require_graphviz() -> Any:
    """The package `graphviz`.

    Raises:
        GraphvizImportError: it is not installed.
    """
    try:
        import graphviz
    except ImportError as error:
        raise GraphvizImportError(
            "Drawing a flow needs the Python package `graphviz`: install it with `pip install prefect[viz]`."
        ) from error
    return graphviz


def build_task_dependencies(task_run_tracker: TaskVizTracker) -> graphviz.Digraph:
    """The recorded calls as a graph of Graphviz.

    Raises:
        GraphvizImportError: the Python package `graphviz` is not installed.
        FlowVisualizationError: the graph could not be built.
    """
    library = require_graphviz()
    try:
        graph = library.Digraph()
        for task in task_run_tracker.tasks:
            node = _graphviz_id(task.name)
            graph.node(node, label=None if node == task.name else library.escape(task.name))
            for upstream in task.upstream_tasks:
                graph.edge(_graphviz_id(upstream.name), node)
    except Exception as error:
        raise FlowVisualizationError(f"The graph could not be built: {error!r}. {_HINT}") from error
    return graph


def _graphviz_id(name: str) -> str:
    """A name without the characters that mean something else in the name of a node: `a:b` is port b of a."""
    return re.sub(r"[:\\]", "_", name)


def build_mermaid_dependencies(task_run_tracker: TaskVizTracker) -> str:
    """The recorded calls as a flowchart in Mermaid's language."""
    ids: dict[VizTask, str] = {}
    taken: set[str] = set()
    for task in task_run_tracker.tasks:
        id = re.sub(r"[^0-9A-Za-z_]", "_", task.name)
        while id in taken:
            id += "_"
        taken.add(id)
        ids[task] = id
    nodes = [f'    {id}["{_mermaid_text(task.name)}"]' for task, id in ids.items()]
    edges = [
        f"    {ids[upstream]} --> {id}"
        for task, id in ids.items()
        for upstream in task.upstream_tasks
        if upstream in ids
    ]
    return "\n".join(["flowchart TD", *nodes, *edges])


def _mermaid_text(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;")


def visualize_task_dependencies(graph: graphviz.Digraph, flow_run_name: str) -> None:
    """Render a graph to a PNG file in the working directory and open it.

    Args:
        flow_run_name: the name of the file, without its ending.

    Raises:
        GraphvizExecutableNotFoundError: the program `dot` is not there.
        FlowVisualizationError: it could not render the graph.
    """
    library = require_graphviz()
    try:
        graph.render(filename=flow_run_name, view=True, format="png", cleanup=True)
    except library.backend.ExecutableNotFound as error:
        raise GraphvizExecutableNotFoundError(
            "Drawing a flow needs the program `dot` of Graphviz, which is not installed or not on the PATH. "
            "The Python package `graphviz` alone is not enough: see https://graphviz.org/download/. "
            "`flow.generate_mermaid_graph()` needs neither."
        ) from error
    except Exception as error:
        message = f"The graph could not be rendered as {flow_run_name}.png: {error!r}."
        raise FlowVisualizationError(message) from error
