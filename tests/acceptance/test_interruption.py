"""Ctrl-C, SIGTERM, SIGKILL and time limits, against flows in the middle of their work."""

import signal
from pathlib import Path

import pytest

from processes import Programs, is_gone

pytestmark = pytest.mark.slow

PROMPTLY = 60.0
"""Seconds in which an interrupted program is gone, on a busy machine, too; its work would take ten minutes."""

SIGNALS = pytest.mark.parametrize(
    ("number", "said"),
    [(signal.SIGINT, "interrupt signal"), (signal.SIGTERM, "termination signal")],
    ids=["ctrl-c", "sigterm"],
)

THREADS = """
import sys, threading, time
from prefect import flow, task

running = threading.Barrier(3)

@task
def spins():
    running.wait()
    while True:
        pass

@task
def naps():
    running.wait()
    while True:
        time.sleep(0.01)

@task
def later(upstream):
    pass

def say(flow, flow_run, state):
    print("hook:", state.name, flush=True)

@flow(on_crashed=[say])
def main(how):
    first, second = spins.submit(), naps.submit()
    third = later.submit(first)
    running.wait()
    print("waiting", flush=True)
    if how == "sleeps":
        time.sleep(600)
    elif how == "waits for a future":
        third.wait()

main(sys.argv[1])
"""


@SIGNALS
@pytest.mark.parametrize("how", ["sleeps", "waits for a future", "has returned"])
def test_a_flow_with_tasks_on_threads(
    programs: Programs, number: signal.Signals, said: str, how: str
) -> None:
    process = programs.start(THREADS, how)
    out, seconds = programs.interrupt(process, number)
    assert out == "hook: Crashed\n"
    assert process.returncode == -number
    assert seconds < PROMPTLY
    ((state, message),) = programs.rows(
        "SELECT run.state_name, state.message FROM flow_run run JOIN flow_run_state state ON state.id = state_id"
    )
    assert state == "Crashed"
    assert said in message
    assert {name: state for name, (state, _) in programs.task_runs().items()} == {
        "spins": "Crashed",
        "naps": "Crashed",
        "later": "Cancelled",
    }
    assert all(message for _, message in programs.task_runs().values())
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]


DEAF = """
import threading, time
from prefect import flow, task

running = threading.Barrier(2)

@task
def deaf():
    running.wait()
    time.sleep(600)

@flow
def main():
    deaf.submit()
    running.wait()
    print("waiting", flush=True)
    time.sleep(600)

main()
"""


@SIGNALS
def test_a_task_that_cannot_be_interrupted_does_not_hold_up_the_end(
    programs: Programs, number: signal.Signals, said: str
) -> None:
    process = programs.start(DEAF)
    _, seconds = programs.interrupt(process, number)
    assert process.returncode == -number
    assert seconds < PROMPTLY


def test_a_task_that_cannot_be_interrupted_is_not_left_running(programs: Programs) -> None:
    programs.interrupt(programs.start(DEAF), signal.SIGTERM)
    state, message = programs.task_runs()["deaf"]
    assert state == "Crashed"
    assert message


def test_the_reason_of_a_task_that_was_given_up_is_a_sentence(programs: Programs) -> None:
    programs.interrupt(programs.start(THREADS, "sleeps"), signal.SIGTERM)
    _, message = programs.task_runs()["spins"]
    assert message is not None
    assert "Traceback" not in message


AWAITING = """
import asyncio
from prefect import flow, task

@task
async def waits(number):
    if number == 2:
        print("waiting", flush=True)
    await asyncio.sleep(600)

@flow(on_crashed=[lambda flow, flow_run, state: print("hook:", state.name, flush=True)])
async def main():
    await asyncio.gather(*(waits(number) for number in range(3)))

asyncio.run(main())
"""


@SIGNALS
def test_an_async_flow(programs: Programs, number: signal.Signals, said: str) -> None:
    process = programs.start(AWAITING)
    out, seconds = programs.interrupt(process, number)
    assert out == "hook: Crashed\n"
    assert seconds < PROMPTLY
    assert programs.rows("SELECT state_name FROM flow_run") == [("Crashed",)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_of_an_async_flow(programs: Programs, number: signal.Signals) -> None:
    process = programs.start(AWAITING)
    programs.interrupt(process, number)
    assert process.returncode == -number
    assert programs.rows("SELECT state_name, count(*) FROM task_run GROUP BY 1") == [("Crashed", 3)]


NESTED = """
import time
from prefect import flow, task

@task
def waits():
    print("waiting", flush=True)
    time.sleep(600)

@flow
def inner():
    waits()

@flow
def outer():
    inner()

outer()
"""


@SIGNALS
def test_a_flow_in_a_flow(programs: Programs, number: signal.Signals, said: str) -> None:
    process = programs.start(NESTED)
    _, seconds = programs.interrupt(process, number)
    assert process.returncode == -number
    assert seconds < PROMPTLY
    assert programs.rows("SELECT state_name FROM flow_run") == [("Crashed",)] * 2
    assert programs.rows("SELECT state_name FROM task_run") == [("Crashed",)] * 2


# --- worker processes -----------------------------------------------------------------------------------

PROCESSES = """
import os, sys, time
from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner

@task
def works(path):
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)

@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))
def main(first, second):
    works.map([first, second])
    while not all(os.path.exists(path) and os.path.getsize(path) for path in (first, second)):
        pass
    print("waiting", flush=True)
    time.sleep(600)

main(*sys.argv[1:])
"""


@pytest.fixture
def pid_files(tmp_path: Path) -> list[Path]:
    return [tmp_path / "first", tmp_path / "second"]


@SIGNALS
@pytest.mark.parametrize("group", [False, True], ids=["the process alone", "its group"])
def test_a_flow_with_tasks_in_processes(
    programs: Programs, pid_files: list[Path], number: signal.Signals, said: str, group: bool
) -> None:
    process = programs.start(PROCESSES, *map(str, pid_files), start_new_session=True)
    _, seconds = programs.interrupt(process, number, group)
    assert process.returncode == -number
    assert seconds < PROMPTLY
    assert all(is_gone(int(file.read_text())) for file in pid_files)
    assert programs.rows("SELECT state_name, count(*) FROM task_run GROUP BY 1") == [("Crashed", 2)]
    assert programs.rows("SELECT state_name FROM flow_run") == [("Crashed",)]


def test_workers_do_not_outlive_a_flow_that_is_killed(programs: Programs, pid_files: list[Path]) -> None:
    process = programs.start(PROCESSES, *map(str, pid_files))
    programs.interrupt(process, signal.SIGKILL)
    assert all(is_gone(int(file.read_text())) for file in pid_files)
    programs.run("from prefect import flow\nflow(lambda: 1, name='next')()")
    assert programs.rows("SELECT DISTINCT state_name FROM task_run") == [("Crashed",)]


def test_a_script_without_a_guard_runs_once(programs: Programs, tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from prefect import flow, task\n"
        "from prefect.task_runners import ProcessPoolTaskRunner\n"
        "print('started')\n"
        "class Unit:\n"
        "    def __init__(self, value): self.value = value\n"
        "@task\n"
        "def double(unit): return Unit(2 * unit.value)\n"
        "@flow(task_runner=ProcessPoolTaskRunner(max_workers=2))\n"
        "def main():\n"
        "    units = double.map([Unit(1), Unit(2)]).result()\n"
        "    assert all(type(unit) is Unit for unit in units)\n"
        "    print([unit.value for unit in units])\n"
        "main()\n"
    )
    assert programs.run(str(script)) == "started\n[2, 4]\n"
    assert programs.rows("SELECT count(*) FROM flow_run") == [(1,)]


# --- time limits ----------------------------------------------------------------------------------------

LIMITS = """
import sys, threading, time
from prefect import flow, task

def in_a_system_call():
    time.sleep(600)

def in_a_loop():
    while True:
        pass

def in_a_lock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

body = globals()[sys.argv[1]]
limited_task = task(body, timeout_seconds=0.2, name="limited")

@flow
def calls_a_task():
    return limited_task(return_state=True).name

@flow
def submits_a_task():
    future = limited_task.submit()
    future.wait()
    return future.state.name

def flow_itself():
    return flow(body, timeout_seconds=0.2, name="limited")(return_state=True).name

def flow_in_a_thread():
    names = []
    thread = threading.Thread(target=lambda: names.append(flow_itself()))
    thread.start()
    thread.join()
    return names[0]

started = time.monotonic()
print(globals()[sys.argv[2]]())
assert time.monotonic() - started < 120
"""


@pytest.mark.parametrize("where", ["in_a_system_call", "in_a_loop", "in_a_lock"])
@pytest.mark.parametrize("how", ["flow_itself", "calls_a_task"])
def test_a_time_limit_in_the_main_thread_interrupts_anything(
    programs: Programs, where: str, how: str
) -> None:
    assert programs.run(LIMITS, where, how) == "TimedOut\n"


@pytest.mark.parametrize("how", ["submits_a_task", "flow_in_a_thread"])
def test_a_time_limit_in_a_thread_interrupts_python(programs: Programs, how: str) -> None:
    assert programs.run(LIMITS, "in_a_loop", how) == "TimedOut\n"
