"""The tree of a flow run: what is put together, where it is put, and how it is drawn in little room."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from prefect.cli._run_tree import Row, rows_of
from prefect.cli._time_spent import spent, summary, task_times
from prefect.cli._tree_drawing import draw
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun, TaskRun, TaskRunResult
from prefect.schemas.states import State, StateDetails, StateType
from prefect.server.models.breakdowns import TaskSums
from prefect.server.models.stories import FlowRunStory
from prefect.server.models.trees import FlowRunNode, TaskRunNode

T0 = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


class Forest:
    """A flow run of ten seconds, to which task runs are added by hand."""

    def __init__(self) -> None:
        self.root = self._flow_run("root", "Completed", 0, 10)
        self.sums: dict[UUID, list[TaskSums]] = {self.root.run.id: []}
        self.states: list[State[Any]] = []
        self.retried: dict[UUID, list[State[Any]]] = {}

    def add(
        self,
        name: str,
        state: str = "Completed",
        start: float | None = 1,
        end: float | None = 2,
        *,
        task: str | None = None,
        inside: FlowRunNode | None = None,
        caller: TaskRun | None = None,
        **values: Any,
    ) -> TaskRun:
        """Add a task run; `state` as "Failed: why"."""
        node = inside or self.root
        key = task or name
        fields = {**self._times(state, start, end), **values}
        if caller is not None:
            fields["task_inputs"] = {"__parents__": [TaskRunResult(id=caller.id)]}
        run = TaskRun(name=name, task_key=key, dynamic_key="0", flow_run_id=node.run.id, **fields)
        node.task_runs.append(TaskRunNode(run))
        self._count(node, run)
        return run

    def add_subflow(self, name: str, state: str = "Completed", **values: Any) -> FlowRunNode:
        self.add("child-0", task="child", **values)
        child = self._flow_run(name, state, 1, 2)
        self.sums[child.run.id] = []
        self.root.task_runs[-1].subflow = child
        return child

    def story(self, busy_seconds: float = 0) -> FlowRunStory:
        return FlowRunStory(
            tree=self.root, caller=None, holder=None, states=self.states, retried=self.retried,
            sums=self.sums, busy_time=timedelta(seconds=busy_seconds),
        )  # fmt: skip

    def rows(self) -> Row:
        return rows_of(self.story(), at(20))

    def _flow_run(self, name: str, state: str, start: float, end: float) -> FlowRunNode:
        run = FlowRun(name=name, flow_id=uuid7(), **self._times(state, start, end))
        return FlowRunNode(run, f"flow of {name}")

    def _times(self, state: str, start: float | None, end: float | None) -> dict[str, Any]:
        label, _, message = state.partition(": ")
        name, _, type = label.partition("/")
        made = State(type=StateType((type or name).upper()), name=name, message=message or None)
        ran = timedelta(0) if start is None else timedelta(seconds=(20 if end is None else end) - start)
        return {
            "state": made, "state_type": made.type, "state_name": made.name, "state_id": made.id,
            "run_count": 0 if start is None else 1,
            "expected_start_time": at(start or 0), "start_time": None if start is None else at(start),
            "end_time": None if end is None else at(end),
            "total_run_time": ran, "estimated_run_time": ran,
        }  # fmt: skip

    def _count(self, node: FlowRunNode, run: TaskRun) -> None:
        all_sums = self.sums[node.run.id]
        sums = next((one for one in all_sums if one.task_key == run.task_key), None)
        if sums is None:
            sums = TaskSums(node.run.id, run.task_key, first_start=run.expected_start_time)
            all_sums.append(sums)
        state = (run.state_type or StateType.PENDING, run.state_name or "")
        sums.counts[state] = sums.counts.get(state, 0) + 1
        sums.run_time += run.estimated_run_time
        sums.last_end = run.end_time
        sums.slowest_name, sums.slowest_dynamic_key, sums.slowest_id = run.name, run.dynamic_key, run.id
        sums.slowest_run_time = run.estimated_run_time


@pytest.fixture
def forest() -> Forest:
    return Forest()


def shape(row: Row) -> Any:
    return (row.name, [shape(child) for child in row.children]) if row.children else row.name


def drawn(row: Row, width: int = 100) -> list[str]:
    return [line.plain for line in draw(row, width)]


# --- what is shown --------------------------------------------------------------------------------------


def test_few_runs_of_a_task_are_shown_singly_in_the_order_of_calls(forest: Forest) -> None:
    for number in range(5):
        forest.add(f"a{number}", task="a", start=2 * number)
        forest.add(f"b{number}", task="b", start=2 * number + 1)
    assert shape(forest.rows()) == ("root", ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"])


def test_many_runs_of_a_task_are_one_row_where_the_first_was_called(forest: Forest) -> None:
    forest.add("before", start=0)
    for number in range(300):
        forest.add(
            f"a{number}", "Failed: boom" if number in (7, 8, 9, 200) else "Completed", task="a", start=1
        )
    forest.add("after", start=5)
    rows = forest.rows()
    assert shape(rows) == ("root", ["before", "a ×300", "after"])
    group = rows.children[1]
    assert group.state.plain == "✗ 4 Failed, 296 Completed"
    assert group.reasons == ["a7, a8 and 2 more: boom"]


def test_runs_that_were_not_all_read_are_one_row(forest: Forest) -> None:
    forest.add("a1", task="a")
    forest.sums[forest.root.run.id][0].counts[StateType.COMPLETED, "Completed"] = 2
    assert shape(forest.rows()) == ("root", ["a ×2"])


def test_of_many_reasons_the_most_urgent_are_told(forest: Forest) -> None:
    forest.add("pending", "NotReady/Pending: waits", task="a", start=None, end=None)
    for number in range(4):
        forest.add(f"failed{number}", f"Failed: reason {number}", task="a")
    forest.add("crashed", "Crashed: gone", task="a")
    (group,) = forest.rows().children
    assert group.reasons == [
        "crashed: gone", "failed0: reason 0", "failed1: reason 1", "and 3 other reasons",
    ]  # fmt: skip


def test_subflows_take_the_place_of_their_calls(forest: Forest) -> None:
    child = forest.add_subflow("kid", "Failed: broke")
    forest.add("leaf", inside=child)
    (row,) = forest.rows().children
    assert shape(row) == ("kid", ["leaf"])
    assert (row.flow_name, row.reasons) == ("flow of kid", ["broke"])


def test_many_calls_of_a_subflow_are_one_row_with_the_reasons_of_the_runs(forest: Forest) -> None:
    for number in range(6):
        forest.add_subflow(f"kid{number}", "Failed: broke" if number == 3 else "Completed")
    (row,) = forest.rows().children
    assert (row.name, row.reasons) == ("child ×6", ["kid3: broke"])


def test_runs_that_a_task_called_are_under_it(forest: Forest) -> None:
    outer = forest.add("outer")
    inner = forest.add("inner", caller=outer)
    forest.add("innermost", caller=inner)
    assert shape(forest.rows()) == ("root", [("outer", [("inner", ["innermost"])])])


def test_runs_called_by_runs_that_are_put_together_stay_visible(forest: Forest) -> None:
    for number in range(6):
        outer = forest.add(f"outer{number}", task="outer")
    forest.add("inner", caller=outer, start=3)
    assert shape(forest.rows()) == ("root", ["outer ×6", "inner"])


def test_upstreams_are_called_by_their_names(forest: Forest) -> None:
    source = forest.add("source", "Failed: no")
    forest.add("sink", f"NotReady/Pending: Upstream task run '{source.id}' did not", start=None, end=None)
    assert forest.rows().children[0].reasons == ["Upstream task run 'source' did not"]
    assert forest.rows().children[0].took is None


def test_retries_are_told(forest: Forest) -> None:
    forest.add("once", run_count=2)
    forest.add("twice", run_count=3)
    assert [row.state.plain for row in forest.rows().children] == [
        "✓ Completed, 1 retry", "✓ Completed, 2 retries",
    ]  # fmt: skip


# --- how it is drawn ------------------------------------------------------------------------------------


def test_guides_columns_and_reasons(forest: Forest) -> None:
    child = forest.add_subflow("kid")
    forest.add("leaf", "Failed: because", inside=child, start=1, end=2)
    forest.add("last", start=5, end=10)
    lines = drawn(forest.rows())
    assert lines[0].startswith("flow of root / root")
    assert lines[1].startswith("├─ flow of kid / kid")
    assert lines[2].startswith("│  └─ leaf")
    assert lines[3] == "│         because"
    assert lines[4].startswith("└─ last")
    states = {line.index("Completed") for line in lines if "Completed" in line}
    assert len(states) == 1


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_line_is_wider_than_there_is_room(forest: Forest, width: int) -> None:
    forest.add("a name that goes on and on " * 5, f"Failed: {'a reason with many words ' * 30}")
    forest.add("x", "Failed: " + "y" * 500)
    forest.add("short")
    assert max(map(len, drawn(forest.rows(), width))) <= width


def test_a_timeline_shows_waiting_and_running(forest: Forest) -> None:
    forest.add("early", start=0, end=5)
    forest.add("late", start=9.9, end=10)
    never = forest.add("never", "NotReady/Pending", start=None, end=None)
    never.expected_start_time = at(5)
    whole, early, waits, late = (line[-40:] for line in (text.ljust(83) for text in drawn(forest.rows())))
    assert whole == "━" * 40
    assert early == "━" * 21 + " " * 19
    assert late == " " * 39 + "━"
    assert waits == " " * 20 + "╌" * 20


def test_the_timeline_of_a_retried_run_shows_its_breaks(forest: Forest) -> None:
    run = forest.add("retried", start=0, end=10, run_count=2)
    forest.retried[run.id] = [
        State(type=StateType.RUNNING, timestamp=at(0)),
        State(type=StateType.SCHEDULED, timestamp=at(2), state_details=StateDetails(scheduled_time=at(8))),
        State(type=StateType.RUNNING, timestamp=at(8)),
        State(type=StateType.COMPLETED, timestamp=at(10)),
    ]
    bar = drawn(forest.rows())[1][-40:]
    assert bar == "━" * 9 + "╌" * 23 + "━" * 8


def test_without_room_there_is_no_timeline(forest: Forest) -> None:
    forest.add("a name of a certain length")
    assert any("━" in line for line in drawn(forest.rows(), 80))
    assert not any("━" in line for line in drawn(forest.rows(), 50))


# --- where the time went --------------------------------------------------------------------------------


def test_tasks_are_added_up_over_subflows_the_longest_first(forest: Forest) -> None:
    child = forest.add_subflow("kid", end=9)
    forest.sums[forest.root.run.id][0].is_subflow = True
    forest.add("short", start=0, end=1)
    forest.add("long", start=0, end=2)
    forest.add("long", start=0, end=5, inside=child)
    times = task_times(forest.story())
    assert [(one.task, one.runs, one.run_time.total_seconds(), one.share) for one in times] == [
        ("long", 2, 7, 7 / 8), ("short", 1, 1, 1 / 8),
    ]  # fmt: skip
    assert times[0].slowest_run_time == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("busy", "sentence"),
    [
        (10, "10.0s in all: 10.0s with tasks under way."),
        (4, "10.0s in all: 4.00s with tasks under way, 6.00s in the flow's own code."),
        (0, "10.0s in all: 10.0s in the flow's own code."),
    ],
)
def test_the_time_of_the_whole_is_told(forest: Forest, busy: float, sentence: str) -> None:
    assert summary(forest.story(busy), [], at(20)) == sentence


def test_waits_before_and_between_attempts_are_told(forest: Forest) -> None:
    run = forest.root.run
    run.expected_start_time, run.estimated_run_time = at(-5), timedelta(seconds=7)
    assert summary(forest.story(2), [], at(20)) == (
        "15.0s in all: 5.00s before it started, 2.00s with tasks under way, 5.00s in the flow's own code, "
        "3.00s between attempts."
    )


def test_tasks_at_the_same_time_are_told(forest: Forest) -> None:
    for number in range(4):
        forest.add(f"a{number}", task="a", start=0, end=5)
    story = forest.story(5)
    assert summary(story, task_times(story), at(20)).endswith("Tasks ran for 20.0s together, 4.0 at a time.")


def test_a_run_that_has_not_started_has_no_time_to_tell(forest: Forest) -> None:
    forest.root.run.start_time = None
    assert summary(forest.story(), [], at(20)) == "It has not started."


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a page of a certain width looks like."""
    from prefect.cli import _output
    from prefect.cli._page import Page

    def show(content: Any, width: int) -> str:
        monkeypatch.setattr(_output, "PIPE_WIDTH", width)
        Page().print(content)
        return capsys.readouterr().out

    return show


def test_the_table_leaves_out_what_no_task_has(forest: Forest, printed: Callable[..., str]) -> None:
    forest.add("a")
    plain = printed(spent(forest.story(), 80, at(20)), 80)
    assert plain.splitlines()[1].split() == ["Task", "Runs", "Ran", "Share", "Slowest"]
    sums = forest.sums[forest.root.run.id][0]
    sums.retries, sums.waiting_time = 2, timedelta(seconds=1)
    sums.counts[StateType.COMPLETED, "Cached"] = 1
    full = printed(spent(forest.story(), 80, at(20)), 80)
    assert full.splitlines()[1].split() == [
        "Task", "Runs", "Ran", "Share", "Waited", "Retries", "Cached", "Slowest",
    ]  # fmt: skip


def test_the_table_shows_the_tasks_that_took_longest(forest: Forest, printed: Callable[..., str]) -> None:
    for number in range(30):
        forest.add(f"task{number:02}", start=0, end=30 - number)
    lines = printed(spent(forest.story(), 80, at(20)), 80).splitlines()
    assert lines[2].split()[0] == "task00"
    assert lines[-1] == "and 15 more tasks"
