"""Kills programs (`kill -9`) and lets `prefect flow-run retry`, `resume` and `fork` go on with what they were doing."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import PATIENCE_SECONDS, Process, Programs, await_line, eventually

pytestmark = pytest.mark.slow

HEAD = """
import os, sys, time
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

def note(what):
    with open("notes", "a") as notes:
        notes.write(f"{what}\\n")

def may_die():
    if os.path.exists("deadly"):
        os.kill(os.getpid(), 9)
"""

PIPELINE = (
    HEAD
    + """
@task(persist_result=True)
def load(source):
    note(f"load {source}")
    return source

@task(persist_result=True)
def scale(data, factor):
    note(f"scale {factor}")
    return data * factor

@task(persist_result=True, cache_policy=NO_CACHE)
def send():
    note("send")
    return "sent"

@flow
def main(source="x", factor=2):
    data = scale(load(source), factor)
    sent = send()
    may_die()
    note(f"end {data} {sent}")

main()
note("after the flow")
"""
)


class Machine(Programs):
    """A directory with programs and a store."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        super().__init__(directory / "home")
        self.deadly(True)

    def deadly(self, deadly: bool) -> None:
        """Whether programs die where they may."""
        mark = self.directory / "deadly"
        mark.touch() if deadly else mark.unlink(missing_ok=True)

    def write(self, program: str, name: str = "program.py") -> str:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(program)
        return str(path)

    def die(self, program: str = PIPELINE) -> None:
        """Run a program that kills itself."""
        self.run(self.write(program), code=-signal.SIGKILL)
        self.deadly(False)

    @property
    def notes(self) -> list[str]:
        path = self.directory / "notes"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def computed(self) -> list[str]:
        """Notes of what was computed, without those of what was seen, which each attempt sees again."""
        return [note for note in self.notes if not note.startswith("seen")]

    def ends_before(self, process: Process, computed: int) -> bool:
        """Wait until so much has been computed; True if the process has ended before that."""
        eventually(lambda: len(self.computed) >= computed or process.poll() is not None)
        return len(self.computed) < computed

    def forget_notes(self) -> None:
        (self.directory / "notes").unlink(missing_ok=True)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.end()


def test_resume_goes_on_from_the_completed_steps(machine: Machine) -> None:
    """In a script without `if __name__ == "__main__"`: neither its call nor what follows it is executed again."""
    machine.die()
    assert machine.notes == ["load x", "scale 2", "send"]
    said = machine.prefect("flow-run", "resume", "--last")
    assert machine.notes == ["load x", "scale 2", "send", "end xx sent"]
    assert "Finished in state Completed()" in said
    assert machine.rows("SELECT state_name, run_count FROM flow_run") == [("Completed", 2)]


def test_without_a_run_resume_says_which_one_it_could_take(machine: Machine) -> None:
    machine.die()
    (name,) = machine.rows("SELECT name FROM flow_run")[0]
    said = machine.prefect("flow-run", "resume", code=2)
    assert name in said
    assert "--last" in said
    machine.prefect("flow-run", "resume", name)
    assert "has completed already" in machine.prefect("flow-run", "resume", name)
    assert "No flow run has crashed" in machine.prefect("flow-run", "resume", code=1)


def test_a_run_that_fails_again_ends_the_command_with_an_error(machine: Machine) -> None:
    machine.die(PIPELINE.replace('note(f"end', 'raise RuntimeError("still broken")\n    note(f"end'))
    assert "still broken" in machine.prefect("flow-run", "resume", "--last", code=1)
    (name,) = machine.rows("SELECT name FROM flow_run")[0]
    machine.write(PIPELINE)
    machine.prefect("flow-run", "retry", name)
    assert machine.notes == ["load x", "scale 2", "send", "end xx sent"]


def test_from_a_task_on(machine: Machine) -> None:
    machine.die()
    (name,) = machine.rows("SELECT name FROM flow_run")[0]
    assert "no step 'nonsense'" in machine.prefect(
        "flow-run", "retry", name, "--from-task", "nonsense", code=1
    )
    machine.prefect("flow-run", "retry", name, "--from-task", "scale")
    assert machine.notes == ["load x", "scale 2", "send", "scale 2", "send", "end xx sent"]


def test_fork_says_beforehand_what_it_reuses(machine: Machine) -> None:
    machine.die()
    machine.forget_notes()
    (name,) = machine.rows("SELECT name FROM flow_run")[0]
    said = machine.prefect("flow-run", "fork", name, "--param", "factor=3", "--dry-run")
    assert "load" in said
    assert "changed parameter factor" in said
    assert machine.notes == []
    assert machine.rows("SELECT count(*) FROM flow_run") == [(1,)]
    machine.prefect("flow-run", "fork", name, "--param", "factor=3", "--yes")
    assert machine.notes == ["scale 3", "send", "end xxx sent"]
    assert machine.rows("SELECT state_name FROM flow_run ORDER BY id") == [("Crashed",), ("Completed",)]


def test_a_fork_reuses_what_changed_code_does_not_touch(machine: Machine) -> None:
    machine.die()
    machine.forget_notes()
    (name,) = machine.rows("SELECT name FROM flow_run")[0]
    machine.write(PIPELINE.replace('return "sent"', 'return "sent by changed code"'))
    machine.prefect("flow-run", "fork", name, "--yes")
    assert machine.notes == ["send", "end xx sent by changed code"]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import a_module_that_is_missing\n" + PIPELINE, "a_module_that_is_missing"),
        ("this is no Python", "SyntaxError"),
        (PIPELINE.replace("def main(", "def renamed("), "no flow 'main'"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_before_anything_begins(
    machine: Machine, program: str, said: str
) -> None:
    machine.die()
    machine.write(program.replace("\nmain()\n", "\n"))
    assert said in machine.prefect("flow-run", "resume", "--last", code=1)
    assert machine.rows("SELECT state_name, run_count, attempt FROM flow_run") == [("Crashed", 1, 1)]


def test_a_file_that_has_moved_is_told(machine: Machine) -> None:
    machine.die()
    (machine.directory / "program.py").rename(machine.directory / "moved.py")
    assert "--entrypoint" in machine.prefect("flow-run", "resume", "--last", code=1)
    machine.prefect("flow-run", "resume", "--last", "--entrypoint", "moved.py:main")
    assert machine.notes[-1] == "end xx sent"


def test_a_flow_that_is_in_no_file_is_refused_in_words(machine: Machine) -> None:
    machine.run("-c", PIPELINE, code=-signal.SIGKILL)
    said = machine.prefect("flow-run", "resume", "--last", code=1)
    assert "defined inside a function, or typed into a prompt" in said


def test_async_flows_and_generator_flows(machine: Machine) -> None:
    machine.die(
        HEAD
        + """
import asyncio

@task(persist_result=True)
async def step(number):
    note(f"step {number}")
    return number

@flow
async def main():
    found = await asyncio.gather(*(step(number) for number in range(3)))
    may_die()
    note(f"end {found}")

if sys.argv[0] == __file__ or True:
    asyncio.run(main())
"""
    )
    machine.prefect("flow-run", "resume", "--last")
    assert sorted(machine.notes) == ["end [0, 1, 2]", "step 0", "step 1", "step 2"]
    machine.forget_notes()
    machine.deadly(True)
    machine.die(
        HEAD
        + """
@task(persist_result=True)
def step(number):
    note(f"step {number}")
    return number

@flow
def main():
    for number in range(3):
        yield step(number)
        if number == 1:
            may_die()
    note("end")

if __name__ == "__main__":
    list(main())
"""
    )
    machine.prefect("flow-run", "resume", "--last")
    assert machine.notes == ["step 0", "step 1", "step 2", "end"]


def test_a_file_in_a_package_with_relative_imports(machine: Machine) -> None:
    machine.write("", "package/__init__.py")
    machine.write("FACTOR = 3", "package/values.py")
    machine.write(
        HEAD
        + """
from .values import FACTOR

@task(persist_result=True)
def step():
    note("step")
    return FACTOR

@flow
def main():
    found = step()
    may_die()
    from .values import FACTOR as again
    note(f"end {found} {again}")
""",
        "package/flows.py",
    )
    machine.run("-c", "from package.flows import main; main()", code=-signal.SIGKILL)
    machine.deadly(False)
    machine.prefect("flow-run", "resume", "--last")
    assert machine.notes == ["step", "end 3 3"]


def test_results_of_the_scripts_own_classes(machine: Machine) -> None:
    """They are written by `__main__` and read by a process in which the script is a module of another name."""
    machine.die(
        HEAD
        + """
from dataclasses import dataclass
from enum import Enum

@dataclass
class Point:
    x: int

class Status(Enum):
    GOOD = 1

@task(persist_result=True)
def pickled():
    note("pickled")
    return Point(1)

@task(persist_result=True, result_serializer="json")
def as_json():
    note("as json")
    return Point(2)

@task(persist_result=True)
def moved(point):
    note("moved")
    return Point(point.x + 1)

@task(persist_result=True)
def judged():
    note("judged")
    return Status.GOOD

@flow
def main():
    points = [pickled(), as_json(), moved(pickled())]
    good = judged() is Status.GOOD
    may_die()
    note(f"end {[isinstance(point, Point) for point in points]} {[point.x for point in points]} {good}")

main()
"""
    )
    machine.deadly(True)
    machine.prefect("flow-run", "resume", "--last", code=-signal.SIGKILL)
    machine.deadly(False)
    machine.prefect("flow-run", "resume", "--last")
    assert machine.notes == [
        "pickled", "as json", "moved", "judged", "end [True, True, True] [1, 2, 2] True",
    ]  # fmt: skip


def test_another_machine_with_the_same_store_and_storage(machine: Machine, tmp_path: Path) -> None:
    """Its own PREFECT_HOME, another directory, the file of the flow in another place."""
    machine.die()
    home = machine.directory / "home"
    other = Machine(tmp_path / "other")
    other.deadly(False)
    other.write(PIPELINE, "elsewhere.py")
    other.environment["PREFECT_API_DATABASE_CONNECTION_URL"] = f"sqlite:///{home / 'runs.db'}"
    other.environment["PREFECT_LOCAL_STORAGE_PATH"] = str(home / "storage")
    other.prefect("flow-run", "resume", "--last", "--entrypoint", "elsewhere.py:main")
    assert other.notes == ["end xx sent"]
    assert machine.rows("SELECT state_name, run_count FROM flow_run") == [("Completed", 2)]


def test_tasks_in_processes_of_their_own(machine: Machine) -> None:
    machine.die(
        HEAD
        + """
from prefect.task_runners import ProcessPoolTaskRunner

@task(persist_result=True)
def step(number):
    note(f"step {number}")
    return number

@task(persist_result=True, cache_policy=NO_CACHE)
def by_place(number):
    note(f"by place {number}")
    return number

@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
def main():
    found = step.map(range(4)).result() + [by_place.submit(number).result() for number in range(2)]
    may_die()
    note(f"end {found}")

if __name__ == "__main__":
    main()
"""
    )
    before = sorted(machine.notes)
    machine.prefect("flow-run", "resume", "--last")
    assert before == ["by place 0", "by place 1", "step 0", "step 1", "step 2", "step 3"]
    assert sorted(machine.notes) == [*before[:2], "end [0, 1, 2, 3, 0, 1]", *before[2:]]


def test_of_two_processes_that_resume_at_once_exactly_one_does(machine: Machine) -> None:
    waiting = 'while not os.path.exists("go on"):\n        time.sleep(0.01)'
    machine.die(PIPELINE.replace('    note(f"end', f'    {waiting}\n    note(f"end'))
    (id,) = machine.rows("SELECT lower(hex(id)) FROM flow_run")[0]
    machine.prefect("flow-run", "ls")  # closes the dead run, so that both find it crashed
    both = [machine.start("-m", "prefect", "flow-run", "resume", id) for _ in range(2)]
    eventually(lambda: any(process.poll() is not None for process in both), what="one is refused")
    (machine.directory / "go on").touch()
    said = ["".join(process.communicate(timeout=PATIENCE_SECONDS)) for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], said
    (refused,) = (text for text, process in zip(said, both, strict=True) if process.returncode)
    assert "somebody runs it" in refused or "cannot be submitted again" in refused
    assert machine.notes == ["load x", "scale 2", "send", "end xx sent"]
    assert machine.rows("SELECT run_count, attempt FROM flow_run") == [(2, 2)]


def test_a_process_that_slept_past_its_lease_is_fenced_off(machine: Machine) -> None:
    """Stopped, taken for dead by another host, continued: its steps and its end do not count, and it stops."""
    program = machine.write(
        """
import socket, sys
if "elsewhere" in sys.argv:
    socket.gethostname = lambda: "elsewhere"
"""
        + HEAD
        + """
@task(persist_result=True, cache_policy=NO_CACHE)
def step(number):
    note(f"{sys.argv[-1]} {number}")
    if "elsewhere" in sys.argv and number == 1:
        print("waiting", flush=True)
        while not os.path.exists("go on"):
            time.sleep(0.01)
    return f"{sys.argv[-1]} {number}"

@flow
def main():
    note(f"end {[step(number) for number in range(4)]}")

if __name__ == "__main__":
    main()
"""
    )
    machine.environment["PREFECT_ENGINE_LEASE_TTL_SECONDS"] = "1"
    old = machine.start(program, "elsewhere")
    await_line(old, "waiting")
    old.send_signal(signal.SIGSTOP)
    eventually(lambda: machine.prefect("flow-run", "ls"), lambda shown: "Crashed" in shown)
    machine.prefect("flow-run", "resume", "--last", code=1)  # the message names the other host
    (id,) = machine.rows("SELECT lower(hex(id)) FROM flow_run")[0]
    machine.prefect("flow-run", "resume", id)
    assert machine.notes[-1].startswith("end")
    (machine.directory / "go on").touch()
    old.send_signal(signal.SIGCONT)
    _, error = old.communicate(timeout=PATIENCE_SECONDS)
    assert old.returncode == 1
    assert "Another process runs this flow run now" in error
    assert machine.notes[-1].startswith("end ['elsewhere 0', ")
    assert "elsewhere 2" not in "".join(machine.notes)
    assert machine.rows("SELECT state_name, run_count FROM flow_run") == [("Completed", 2)]
    assert machine.rows(
        "SELECT count(*) FROM task_run WHERE state_name NOT IN ('Completed', 'Cached', 'Crashed')"
    ) == [(0,)]


def test_killed_at_random_moments_until_it_is_through(machine: Machine) -> None:
    """Whatever a caller has seen the result of is never computed again."""
    chance = random.Random(int(os.environ.get("TESTS_SEED", "1")))
    program = machine.write(
        HEAD
        + """
@task(persist_result=True, cache_policy=NO_CACHE)
def step(number):
    note(f"step {number}")
    time.sleep(0.002)
    return number

@task(persist_result=True)
def child_step(number):
    note(f"child {number}")
    return number

@flow(persist_result=True)
def child(number):
    return sum(child_step(10 * number + i) for i in range(3))

@flow
def main():
    total = 0
    for number in range(60):
        total += step(number)
        note(f"seen step {number}")
        if number % 10 == 0:
            total += child(number // 10)
            note(f"seen child of {number}")
    total += sum(step.map(range(100, 120)).result())
    note(f"end {total}")

if __name__ == "__main__":
    main()
"""
    )
    process = machine.start(program)
    kills = 0
    while not machine.ends_before(process, len(machine.computed) + chance.randrange(1, 25)):
        process.kill()
        process.communicate()
        kills += 1
        process = machine.start("-m", "prefect", "flow-run", "resume", "--last")
    expected = sum(range(60)) + sum(10 * n + i for n in range(6) for i in range(3)) + sum(range(100, 120))
    assert machine.notes[-1] == f"end {expected}", process.returncode
    seen: set[str] = set()
    for note in machine.notes:
        if note.startswith("seen"):
            seen.add(note.removeprefix("seen "))
        assert note not in seen, f"{note} was computed again, after {kills} kills"
    assert machine.rows("SELECT DISTINCT state_name FROM flow_run") == [("Completed",)]
    assert machine.rows("SELECT count(*) FROM flow_run") == [(7,)]
    assert kills
