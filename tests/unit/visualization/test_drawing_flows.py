"""What is drawn of a flow: nodes, edges, and what cannot be drawn. Graphs are compared as text."""

import asyncio
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect import flow, tags, task
from prefect.exceptions import ParameterBindError
from prefect.utilities import visualization
from prefect.utilities.visualization import (
    FlowVisualizationError,
    GraphvizExecutableNotFoundError,
    GraphvizImportError,
    TaskVizTracker,
    TaskVizTrackerState,
    VisualizationUnsupportedError,
    VizTask,
    build_mermaid_dependencies,
    build_task_dependencies,
    get_task_viz_tracker,
    track_viz_task,
)

pytestmark = pytest.mark.filterwarnings("ignore:To draw the flow")


@task
def read() -> list[int]:
    raise AssertionError("tasks are not run while a flow is drawn")


@task(viz_return_value=[1000, 2000])
def numbers() -> list[int]:
    raise AssertionError("tasks are not run while a flow is drawn")


@task
def use(*values: Any) -> int:
    raise AssertionError("tasks are not run while a flow is drawn")


@task
async def fetch(*values: Any) -> int:
    raise AssertionError("tasks are not run while a flow is drawn")


@flow
def inner(value: Any = None) -> Any:
    raise AssertionError("subflows are not run while a flow is drawn")


def drawn(fn: Any, *args: Any, **kwargs: Any) -> tuple[list[str], list[str]]:
    """The nodes and the edges of a flow's body, as a drawing names them."""
    chart = flow(fn).generate_mermaid_graph(*args, **kwargs).splitlines()
    assert chart[0] == "flowchart TD"
    lines = [line.strip() for line in chart[1:]]
    nodes = [line.partition("[")[0] for line in lines if "-->" not in line]
    return nodes, [line.replace(" --> ", ">") for line in lines if "-->" in line]


# --- nodes and edges ------------------------------------------------------------------------------------


def test_calls_are_numbered_by_name_and_linked_by_what_is_passed_on() -> None:
    def body() -> None:
        first = read()
        use(first)
        use(first, read())

    assert drawn(body) == (
        ["read_0", "use_0", "read_1", "use_1"],
        ["read_0>use_0", "read_0>use_1", "read_1>use_1"],
    )


def test_a_result_is_recognised_inside_collections() -> None:
    def body() -> None:
        use({"rows": [read()]}, (read(),))

    assert drawn(body)[1] == ["read_0>use_0", "read_1>use_0"]


def test_a_stand_in_and_its_items_lead_back_to_the_call() -> None:
    def body() -> None:
        rows = numbers()
        assert rows == [1000, 2000]
        use(rows)
        for row in rows:
            use(row)

    assert drawn(body)[1] == ["numbers_0>use_0", "numbers_0>use_1", "numbers_0>use_2"]


def test_values_that_python_shares_make_no_edges() -> None:
    @task(viz_return_value=1)
    def one() -> int:
        return 1

    def body() -> None:
        one()
        use(1)

    assert drawn(body) == (["one_0", "use_0"], [])


def test_wait_for_makes_an_edge() -> None:
    assert drawn(lambda: use(1, wait_for=[read()]))[1] == ["read_0>use_0"]


def test_a_subflow_is_one_node() -> None:
    assert drawn(lambda: use(inner(read()))) == (
        ["read_0", "inner_0", "use_0"],
        ["read_0>inner_0", "inner_0>use_0"],
    )


def test_arguments_reach_the_body() -> None:
    def body(count: int, extra: bool = False) -> None:
        for _ in range(count):
            read()
        if extra:
            use()

    assert drawn(body, 2)[0] == ["read_0", "read_1"]
    assert drawn(body, count=0, extra=True)[0] == ["use_0"]


def test_arguments_that_do_not_fit_are_refused_before_the_body_runs() -> None:
    with pytest.raises(ParameterBindError) as caught:
        drawn(lambda a: use(a))
    assert not hasattr(caught.value, "__notes__")


def test_an_async_flow_awaits_its_tasks() -> None:
    @flow
    async def body() -> None:
        first = await fetch()
        both = await asyncio.gather(fetch(first), fetch(first))
        use(*both)

    chart = body.generate_mermaid_graph()
    assert chart.splitlines()[-3:] == [
        "    fetch_0 --> fetch_2",
        "    fetch_1 --> use_0",
        "    fetch_2 --> use_0",
    ]


def test_in_async_code_drawing_is_awaited() -> None:
    @flow
    def plain() -> None:
        read()

    async def draw() -> tuple[str, str]:
        return await plain.generate_mermaid_graph(), await plain.agenerate_mermaid_graph()

    assert set(asyncio.run(draw())) == {'flowchart TD\n    read_0["read-0"]'}


def test_generators_hand_out_stand_ins() -> None:
    @task
    def items() -> Iterator[int]:
        yield 1

    @task(viz_return_value=[1000, 2000])
    async def pages() -> AsyncIterator[int]:
        yield 1

    @flow
    async def body() -> None:
        for item in items():
            use(item)
        async for page in pages():
            use(page)

    chart = body.generate_mermaid_graph()
    assert [line.strip() for line in chart.splitlines() if "-->" in line] == [
        "items_0 --> use_0",
        "pages_0 --> use_1",
        "pages_0 --> use_2",
    ]


def test_a_generator_flow_is_gone_through() -> None:
    def body() -> Iterator[Any]:
        yield read()
        yield use()

    assert drawn(body)[0] == ["read_0", "use_0"]


def test_methods_are_drawn_with_their_object() -> None:
    class Pipeline:
        count = 2

        @flow
        def run(self) -> None:
            for _ in range(self.count):
                read()

    assert Pipeline().run.generate_mermaid_graph().count("read") == 4


# --- what is in the way ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: read.submit(),
        lambda: use.map([1, 2]),
        lambda: use.delay(1),
        lambda: use.apply_async((1,)),
        lambda: use.map([1, 2], deferred=True),
    ],
    ids=["submit", "map", "delay", "apply_async", "deferred map"],
)
def test_what_cannot_be_drawn_is_refused(call: Any) -> None:
    with pytest.raises(VisualizationUnsupportedError, match=r"cannot be drawn.*called directly"):
        drawn(call)


def test_code_that_works_with_a_result_gets_a_hint() -> None:
    with pytest.raises(TypeError) as caught:
        drawn(lambda: [*read(), 1])
    assert any("viz_return_value" in note for note in caught.value.__notes__)


def test_an_error_of_the_body_stays_what_it_is() -> None:
    class Particular(Exception):
        def __init__(self, code: int, text: str) -> None:
            super().__init__(code, text)

    error = Particular(1, "two")

    def body() -> None:
        raise error

    with pytest.raises(Particular) as caught:
        drawn(body)
    assert caught.value is error


def test_tasks_run_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        drawn(lambda: 1 / 0)
    assert get_task_viz_tracker() is None


def test_drawing_in_one_thread_leaves_other_threads_alone() -> None:
    seen: list[Any] = []

    def elsewhere() -> None:
        seen.append(get_task_viz_tracker())

    def body() -> None:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        read()

    assert drawn(body)[0] == ["read_0"]
    assert seen == [None]


def test_a_flow_can_be_drawn_by_a_flow_that_is_drawn() -> None:
    @flow
    def small() -> None:
        read()

    def body() -> None:
        assert "read-0" in small.generate_mermaid_graph()
        use()

    assert drawn(body)[0] == ["use_0"]


def test_running_a_flows_code_is_announced() -> None:
    @flow
    def quiet() -> None:
        with tags("a"):
            read()

    with pytest.warns(UserWarning, match="its code is run"):
        quiet.generate_mermaid_graph()


# --- the documented parts -------------------------------------------------------------------------------


def test_a_tracker_is_found_inside_its_block_only() -> None:
    with TaskVizTracker() as tracker:
        assert get_task_viz_tracker() is tracker
        assert TaskVizTrackerState.current is tracker
    assert TaskVizTrackerState.current is None
    assert track_viz_task(False, "nobody looks", {}) is None


def test_calls_are_tracked_by_hand() -> None:
    with TaskVizTracker() as tracker:
        first = track_viz_task(False, "first", {})
        second = asyncio.run(track_viz_task(True, "second", {"a": [first]}, viz_return_value=[7]))
    assert second == [7]
    assert [task.name for task in tracker.tasks] == ["first-0", "second-0"]
    assert tracker.tasks[1].upstream_tasks == [first]
    assert tracker.object_id_to_task[id(second)] is tracker.tasks[1]


def test_names_are_made_fit_for_mermaid() -> None:
    tracker = TaskVizTracker()
    for name in ('say "a-b"', "say 'a-b'"):
        tracker.add_task(VizTask(name))
    assert build_mermaid_dependencies(tracker).splitlines()[1:] == [
        '    say__a_b__0["say #quot;a-b#quot;-0"]',
        "    say__a_b__0_[\"say 'a-b'-0\"]",
    ]


def test_names_are_made_fit_for_graphviz() -> None:
    pytest.importorskip("graphviz")
    tracker = TaskVizTracker()
    upstream = VizTask("db:read")
    tracker.add_task(upstream)
    tracker.add_task(VizTask("use", [upstream]))
    source = build_task_dependencies(tracker).source
    assert '"db_read-0" [label="db:read-0"]' in source
    assert '"db_read-0" -> "use-0"' in source


# --- rendering ------------------------------------------------------------------------------------------


class Printer:
    """Takes the place of the rendering program: keeps what it is asked for, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def render(self, graph: Any, **options: Any) -> None:
        self.asked.append((graph.source, options))
        if self.error is not None:
            raise self.error


@flow(name="A flow")
def two_steps() -> None:
    use(read())


def rendered_by(printer: Printer, monkeypatch: pytest.MonkeyPatch) -> None:
    graphviz = pytest.importorskip("graphviz")
    monkeypatch.setattr(graphviz.Digraph, "render", lambda graph, **options: printer.render(graph, **options))


def test_a_png_is_made_and_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    printer = Printer()
    rendered_by(printer, monkeypatch)
    two_steps.visualize()
    asyncio.run(two_steps.avisualize())
    source, options = printer.asked[0]
    assert [line.strip() for line in source.splitlines()[1:-1]] == [
        '"read-0"',
        '"use-0"',
        '"read-0" -> "use-0"',
    ]
    assert options == {"filename": "A flow", "view": True, "format": "png", "cleanup": True}
    assert printer.asked[1] == printer.asked[0]


def test_trouble_of_the_renderer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered_by(Printer(OSError("disk full")), monkeypatch)
    with pytest.raises(FlowVisualizationError, match="disk full"):
        two_steps.visualize()


def test_a_missing_dot_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("graphviz")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GraphvizExecutableNotFoundError, match="dot"):
        two_steps.visualize()


def test_a_missing_package_is_named_before_any_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)

    @flow
    def never() -> None:
        raise AssertionError("the body was run")

    with pytest.raises(GraphvizImportError, match=r"prefect\[viz\]"):
        never.visualize()
    assert "read-0" in two_steps.generate_mermaid_graph()


@pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` of Graphviz is not installed")
def test_a_drawing_is_a_png_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracked = TaskVizTracker()
    tracked.add_task(VizTask("a: b"))
    graph = visualization.build_task_dependencies(tracked)
    opened: list[str] = []
    monkeypatch.setattr(type(graph), "_view", lambda graph, path, **options: opened.append(str(path)))
    monkeypatch.chdir(tmp_path)
    visualization.visualize_task_dependencies(graph, "drawing")
    assert (tmp_path / "drawing.png").read_bytes().startswith(b"\x89PNG")
    assert opened == ["drawing.png"]
