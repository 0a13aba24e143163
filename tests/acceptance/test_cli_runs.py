"""The commands that show runs, in processes of their own, on what other processes have left behind."""

import json
from typing import Any

import pytest

from processes import PATIENCE_SECONDS, Process, Programs

pytestmark = pytest.mark.slow

PROGRAM = """
import sys, time
from prefect import flow, task
from prefect.runtime import flow_run

@task(task_run_name="step-{i}")
def step(i):
    if i == 2:
        print(flow_run.id, flush=True)
        time.sleep({pause})
    return i

@flow(flow_run_name="the-run")
def main():
    for i in range(3):
        step(i)

main()
"""


def start(programs: Programs, pause: float) -> Process:
    return programs.start(PROGRAM.replace("{pause}", str(pause)))


def killed(programs: Programs) -> tuple[str, int]:
    """A program was killed in its last step; the ids of its run and of its process."""
    process = start(programs, pause=600)
    assert process.stdout is not None
    id = process.stdout.readline().strip()
    assert told(programs, "flow-run", "inspect", id)["state_name"] == "Running"
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    return id, process.pid


def told(programs: Programs, *arguments: str) -> Any:
    """What a command says, as JSON; nothing else is in its output."""
    return json.loads(programs.run("-m", "prefect", *arguments, "-o", "json"))


def test_a_killed_run_is_shown_as_crashed_with_the_reason(programs: Programs) -> None:
    id, pid = killed(programs)
    reason = f"Process {pid} on host"
    (run,) = told(programs, "flow-run", "ls")
    assert (run["id"], run["state_type"]) == (id, "CRASHED")
    assert run["state"]["message"].startswith(reason)
    shown = programs.prefect("flow-run", "inspect", "the-run")
    assert shown.count(reason) == 3  # the state, the tree, the history
    crashed = {run["name"]: run["state_name"] for run in told(programs, "task-run", "ls")}
    assert crashed.get("step-2", "Crashed") == "Crashed"


def test_the_first_command_after_a_kill_keeps_its_output_clean(programs: Programs) -> None:
    killed(programs)
    assert [run["state_name"] for run in told(programs, "flow-run", "ls")] == ["Crashed"]


def test_commands_agree_about_a_run(programs: Programs) -> None:
    process = start(programs, pause=0)
    id = process.communicate(timeout=PATIENCE_SECONDS)[0].strip()
    assert id in programs.prefect("flow-run", "ls")
    assert [run["name"] for run in told(programs, "flow-run", "inspect", id)["task_runs"]] == [
        "step-0", "step-1", "step-2",
    ]  # fmt: skip
    assert told(programs, "task-run", "inspect", "step-1")["flow_run_id"] == id
    assert [flow["name"] for flow in told(programs, "flow", "ls")] == ["main"]
    assert id in programs.prefect("flow-run", "delete", id)
    assert told(programs, "flow-run", "ls") == told(programs, "task-run", "ls") == []
    programs.prefect("flow-run", "inspect", id, code=1)


def test_listing_runs_loads_no_web_framework_and_no_engine(programs: Programs) -> None:
    program = (
        "import sys\nfrom prefect.cli import main\ntry: main(['flow-run', 'ls'])\nexcept SystemExit: pass\n"
        "heavy = {'fastapi', 'httpx', 'alembic', 'jinja2', 'fsspec', 'cloudpickle', 'websockets',"
        " 'sqlalchemy.dialects.postgresql', 'prefect.schemas.actions', 'prefect.flows', 'prefect.tasks',"
        " 'prefect.results'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert programs.run(program).splitlines() == ["No flow runs found.", "[]"]
