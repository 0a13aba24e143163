"""Several processes on one store, and forked children."""

import signal
import subprocess

import pytest

from processes import PATIENCE_SECONDS, Programs, await_line

pytestmark = pytest.mark.slow

# --- many processes -------------------------------------------------------------------------------------

WRITER = """
import sys
from prefect import flow, task

@task
def work(number):
    return number

@flow
def submits(count):
    return sum(work.map(range(count)).result())

@flow
def calls(count):
    return sum(work(number) for number in range(count))

print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    assert submits(100) == calls(100) == 4950
"""


def test_six_processes_on_a_new_store(programs: Programs) -> None:
    writers = [programs.start(WRITER, stdin=subprocess.PIPE) for _ in range(6)]
    for writer in writers:
        await_line(writer, "ready")
    for writer in writers:
        print("go", file=writer.stdin, flush=True)
    for writer in writers:
        _, err = writer.communicate(timeout=PATIENCE_SECONDS)
        assert writer.returncode == 0, err
        assert "locked" not in err
    assert programs.rows("SELECT state_type, count(*) FROM flow_run GROUP BY 1") == [("COMPLETED", 36)]
    assert programs.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1") == [("COMPLETED", 3_600)]
    assert programs.rows("SELECT count(*) FROM task_run_state") == [(10_800,)]
    assert programs.rows("SELECT count(*) FROM flow") == [(2,)]
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]


def test_a_run_is_read_by_others_while_it_goes_on(programs: Programs) -> None:
    running = programs.start(
        """
import sys
from prefect import flow, task
quick = task(lambda: 1, name="quick")
@flow
def main():
    quick()
    print("ready", flush=True)
    sys.stdin.readline()
    quick()
main()
""",
        stdin=subprocess.PIPE,
    )
    await_line(running, "ready")
    assert programs.rows("SELECT state_name FROM flow_run") == [("Running",)]
    programs.run("from prefect import flow\nflow(lambda: 1, name='other')()")
    states = programs.rows(
        "SELECT flow.name, state_name FROM flow_run JOIN flow ON flow.id = flow_id ORDER BY 1"
    )
    assert states == [("main", "Running"), ("other", "Completed")]
    running.communicate("go\n", timeout=PATIENCE_SECONDS)
    assert running.returncode == 0
    assert programs.rows("SELECT DISTINCT state_name FROM flow_run") == [("Completed",)]


# --- forks ----------------------------------------------------------------------------------------------

FORK = """
import os
from prefect import flow, task

@task
def work(number):
    return number

@flow
def main(count):
    return sum(work.map(range(count)).result())

main(10)
child = os.fork()
if child == 0:
    os._exit(0 if main(20) == 190 else 1)
main(30)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
main(40)
"""


def test_a_forked_child_runs_flows_of_its_own(programs: Programs) -> None:
    programs.run(FORK)
    assert programs.rows("SELECT state_type, count(*) FROM flow_run GROUP BY 1") == [("COMPLETED", 4)]
    assert programs.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1") == [("COMPLETED", 100)]


FORK_INSIDE = """
import os
from prefect import flow, task

@flow
def of_the_child():
    return 1

@task
def forks():
    child = os.fork()
    if child == 0:
        os._exit(of_the_child() - 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

@flow
def main():
    return forks(), forks.submit().result()

assert main() == (0, 0)
"""


def test_a_fork_in_the_middle_of_a_run(programs: Programs) -> None:
    programs.run(FORK_INSIDE)
    states = programs.rows("SELECT name, state_type FROM flow_run ORDER BY name")
    assert [state for _, state in states] == ["COMPLETED"] * 3
    assert programs.rows("SELECT count(*) FROM lease") == [(0,)]


def test_a_fork_in_the_middle_of_a_run_has_a_connection_of_its_own(programs: Programs) -> None:
    of_its_own = "int(FlowRunContext.get().client.journal.usable())"
    programs.run(
        FORK_INSIDE.replace("return 1", f"return {of_its_own}").replace(
            "import os", "import os\nfrom prefect.context import FlowRunContext"
        )
    )


MULTIPROCESSING = """
import multiprocessing
from prefect import flow, task

@task
def work(number):
    return number

@flow
def main(count):
    return sum(work.map(range(count)).result())

def call(count):
    return main(count)

if __name__ == "__main__":
    main(10)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(call, [10, 10]) == [45, 45]
        pool.close()
        pool.join()
"""


def test_a_pool_of_forked_processes(programs: Programs) -> None:
    programs.run(MULTIPROCESSING)
    assert programs.rows("SELECT state_type, count(*) FROM flow_run GROUP BY 1") == [("COMPLETED", 3)]
    assert programs.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1") == [("COMPLETED", 30)]


# --- what a kill leaves ---------------------------------------------------------------------------------


def test_of_two_processes_the_one_that_is_killed_is_closed_by_the_other(programs: Programs) -> None:
    program = "import sys\nfrom prefect import flow\n@flow\ndef {0}():\n    print('waiting', flush=True)\n"
    survivor = programs.start(
        program.format("survivor") + "    sys.stdin.readline()\nsurvivor()", stdin=subprocess.PIPE
    )
    await_line(survivor, "waiting")
    victim = programs.start(
        program.format("victim") + "    sys.stdin.readline()\nvictim()", stdin=subprocess.PIPE
    )
    programs.interrupt(victim, signal.SIGKILL)
    programs.run("from prefect import flow\nflow(lambda: 1, name='third')()")
    query = "SELECT flow.name, state_name FROM flow_run JOIN flow ON flow.id = flow_id ORDER BY 1"
    assert programs.rows(query) == [("survivor", "Running"), ("third", "Completed"), ("victim", "Crashed")]
    survivor.communicate("go\n", timeout=PATIENCE_SECONDS)
    assert survivor.returncode == 0
    assert programs.rows(query)[0] == ("survivor", "Completed")
