"""The live display: what it counts and says, and that lines written meanwhile stay whole."""

import io
import re
import sys
import threading

import pytest
from rich.text import Text

from prefect.cli._live_region import LiveRegion
from prefect.cli._progress import Progress, ProgressDisplay, TaskCounts, render
from prefect.engine import observer
from prefect.logging import progress as wanting
from prefect.schemas.states import StateType
from prefect.settings import PREFECT_CLI_PROGRESS, temporary_settings

PENDING, RUNNING, COMPLETED, FAILED = (
    StateType.PENDING,
    StateType.RUNNING,
    StateType.COMPLETED,
    StateType.FAILED,
)


class Screen(io.StringIO):
    """A terminal that understands what the display uses, and shows what a person would see."""

    def __init__(self):
        super().__init__()
        self.lines, self.row, self.column = [""], 0, 0

    def isatty(self):
        return True

    def write(self, text):
        for token in re.findall(r"\x1b\[\d*[A-Za-z]|\n|\r|[^\x1b\n\r]+", text):
            if token == "\n":
                self.row, self.column = self.row + 1, 0
                if self.row == len(self.lines):
                    self.lines.append("")
            elif token == "\r":
                self.column = 0
            elif token == "\x1b[J":
                self.lines[self.row] = self.lines[self.row][: self.column]
                del self.lines[self.row + 1 :]
            elif token.endswith("A"):
                self.row -= int(token[2:-1])
            else:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + token + line[self.column + len(token) :]
                self.column += len(token)
        return len(text)

    @property
    def shown(self):
        return "\n".join(self.lines)


@pytest.fixture
def screen(monkeypatch):
    """Both standard streams are one terminal. Entered by hand: pytest sets its own streams for the call."""
    terminal = Screen()

    def take_over():
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setattr(sys, "stderr", terminal)
        return terminal

    return take_over


def plain(lines):
    return [Text.from_ansi(line).plain.rstrip() for line in lines]


# -- the region ----------------------------------------------------------------------------------


def test_lines_written_meanwhile_appear_above(screen):
    terminal = screen()
    region = LiveRegion(terminal)
    region.open()
    print("before")
    region.paint(["one", "two"])
    assert terminal.shown == "before\n\none\ntwo"
    print("meanwhile")
    assert terminal.shown == "before\nmeanwhile\n"
    region.paint(["three"])
    assert terminal.shown == "before\nmeanwhile\n\nthree"
    print("to stderr", file=sys.stderr)
    region.paint(["four"])
    region.close()
    assert terminal.shown == "before\nmeanwhile\nto stderr\n"
    assert sys.stdout is terminal
    assert sys.stderr is terminal


def test_an_unfinished_line_is_not_painted_over(screen):
    terminal = screen()
    region = LiveRegion(terminal)
    region.open()
    region.paint(["one"])
    print("name? ", end="", flush=True)
    region.paint(["two"])
    assert terminal.shown == "name? "
    print("Ada")
    region.paint(["three"])
    assert terminal.shown == "name? Ada\n\nthree"
    region.close()


def test_a_line_that_bypasses_the_region_is_not_torn(screen):
    terminal = screen()
    region = LiveRegion(terminal)
    region.open()
    region.paint(["one", "two"])
    terminal.write("from elsewhere\n")
    region.paint(["three"])
    assert terminal.shown == "from elsewhere\n\nthree"
    region.close()


def test_nothing_is_painted_after_closing(screen):
    terminal = screen()
    region = LiveRegion(terminal)
    region.open()
    region.close()
    region.paint(["late"])
    assert terminal.shown == ""


def test_streams_that_others_replaced_stay_replaced(screen, monkeypatch):
    region = LiveRegion(screen())
    region.open()
    theirs = io.StringIO()
    monkeypatch.setattr(sys, "stdout", theirs)
    region.close()
    assert sys.stdout is theirs


def test_wrapped_streams_are_otherwise_the_same(screen):
    terminal = screen()
    region = LiveRegion(terminal)
    region.open()
    assert sys.stdout.isatty()
    sys.stdout.writelines(["a\n", "b\n"])
    region.close()
    assert terminal.shown == "a\nb\n"


def test_many_threads_tear_nothing(screen):
    terminal = screen()
    region = LiveRegion(terminal)
    region.open()
    streams = sys.stdout

    def write(name):
        for number in range(50):
            streams.write(f"{name}-{number}\n")
            region.paint([f"painted by {name}", "second line"])

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    region.close()
    assert sorted(terminal.shown.split()) == sorted(f"{name}-{n}" for name in "abcd" for n in range(50))


# -- counting and saying -------------------------------------------------------------------------


def test_counts_follow_the_states(screen):
    screen()
    display = ProgressDisplay()
    display.on_flow_state("lark", None, PENDING)
    display.on_flow_state("lark", PENDING, RUNNING)
    display.on_flow_state("wren", None, RUNNING)
    display.on_tasks_expected("clean", 3)
    for before, after in ((None, PENDING), (PENDING, RUNNING), (RUNNING, COMPLETED), (None, RUNNING)):
        display.on_task_state("clean", before, after)
    display.on_flow_state("wren", RUNNING, FAILED)
    progress = display.progress()
    assert progress.flow_runs == ["lark"]
    counts = progress.tasks["clean"]
    assert (counts.done, counts.by_type[RUNNING], counts.by_type[PENDING], counts.expected) == (1, 1, 0, 3)
    assert counts.is_active


def test_what_is_said():
    tasks = {
        "read": TaskCounts({COMPLETED: 1}),
        "clean": TaskCounts({COMPLETED: 1200, RUNNING: 4, FAILED: 1, PENDING: 2}, expected=10000),
    }
    head, read, clean = plain(render(Progress(["lark", "wren"], tasks, 3725.9), 100, 40))
    assert head == "1:02:05  Flow run 'lark' and 1 more"
    assert read.split() == ["read", "1", "done"]
    assert clean.startswith("clean  ━")
    assert clean.endswith("1,200/10,000 done  4 running  1 failed  2 waiting")


def test_tasks_beyond_the_room_are_summed_up_and_active_ones_stay():
    tasks = {f"task-{number}": TaskCounts({COMPLETED: 2, FAILED: 1}) for number in range(20)}
    tasks["busy"] = TaskCounts({RUNNING: 1})
    lines = plain(render(Progress([], tasks, 0), 80, 12))
    assert [line.split()[0] for line in lines[1:-1]] == ["task-0", "task-1", "busy"]
    assert lines[-1] == "18 more tasks: 36 runs done, 18 failed"


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_lines_are_narrower_than_the_terminal(columns):
    tasks = {"a-task-with-quite-a-long-name" * 3: TaskCounts({COMPLETED: 10**6, RUNNING: 10**5}, 10**7)}
    lines = render(Progress(["a-run-with-a-long-name" * 10], tasks, 0), columns, 24)
    assert max(len(line) for line in plain(lines)) < columns
    assert len(lines) == 2


def test_a_display_watches_until_stopped(screen):
    terminal = screen()
    display = ProgressDisplay()
    display.start()
    assert observer.current is display
    display.stop()
    assert observer.current is None
    assert sys.stderr is terminal


# -- when it is wanted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_terminal", "setting", "term", "wanted"),
    [
        (True, None, "xterm", True),
        (True, True, "xterm", True),
        (True, False, "xterm", False),
        (True, None, "dumb", False),
        (False, True, "xterm", False),
    ],
)
def test_when_it_is_wanted(screen, monkeypatch, is_terminal, setting, term, wanted):
    monkeypatch.setenv("TERM", term)
    terminal = screen()
    monkeypatch.setattr(terminal, "isatty", lambda: is_terminal)
    with temporary_settings({PREFECT_CLI_PROGRESS: setting}), wanting.show_progress():
        first = observer.current
        with wanting.show_progress():
            assert observer.current is first
        assert observer.current is first
    assert isinstance(first, ProgressDisplay) is wanted
    assert observer.current is None
