"""The commands that show runs, in processes of their own, on what other processes have left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


class Machine:
    """A PREFECT_HOME with programs and commands."""

    def __init__(self, home: Path) -> None:
        self.environment = os.environ | {"PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "CRITICAL"}

    def start(self, pause: float) -> subprocess.Popen[str]:
        program = PROGRAM.replace("{pause}", str(pause))
        return subprocess.Popen(
            [sys.executable, "-c", program], env=self.environment, stdout=subprocess.PIPE, text=True
        )

    def prefect(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "prefect", *args]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=check
        )

    def json(self, *args: str) -> Any:
        return json.loads(self.prefect(*args, "-o", "json").stdout)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_killed_run_is_shown_as_crashed_with_the_reason(machine: Machine) -> None:
    process = machine.start(pause=60)
    assert process.stdout is not None
    id = process.stdout.readline().strip()
    assert machine.json("flow-run", "inspect", id)["state_name"] == "Running"
    process.send_signal(signal.SIGKILL)
    process.wait()
    reason = f"Process {process.pid} on host"
    (run,) = machine.json("flow-run", "ls")
    assert (run["id"], run["state_type"]) == (id, "CRASHED")
    assert run["state"]["message"].startswith(reason)
    told = machine.prefect("flow-run", "inspect", "the-run").stdout
    assert told.count(reason) == 3  # the state, the tree, the history
    crashed = {run["name"]: run["state_name"] for run in machine.json("task-run", "ls")}
    assert crashed.get("step-2", "Crashed") == "Crashed"


def test_the_first_command_after_a_kill_keeps_its_output_clean(machine: Machine) -> None:
    process = machine.start(pause=60)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    first = machine.prefect("flow-run", "ls", "-o", "json")
    assert [run["state_name"] for run in json.loads(first.stdout)] == ["Crashed"]


def test_commands_agree_about_a_run(machine: Machine) -> None:
    process = machine.start(pause=0)
    id = process.communicate(timeout=60)[0].strip()
    assert id in machine.prefect("flow-run", "ls").stdout
    assert [run["name"] for run in machine.json("flow-run", "inspect", id)["task_runs"]] == [
        "step-0", "step-1", "step-2",
    ]  # fmt: skip
    assert machine.json("task-run", "inspect", "step-1")["flow_run_id"] == id
    assert [flow["name"] for flow in machine.json("flow", "ls")] == ["main"]
    assert id in machine.prefect("flow-run", "delete", id).stdout
    assert machine.json("flow-run", "ls") == machine.json("task-run", "ls") == []
    assert machine.prefect("flow-run", "inspect", id, check=False).returncode == 1


def test_listing_runs_loads_no_web_framework_and_no_engine(machine: Machine) -> None:
    program = (
        "import sys\nfrom prefect.cli import main\ntry: main(['flow-run', 'ls'])\nexcept SystemExit: pass\n"
        "heavy = {'fastapi', 'httpx', 'alembic', 'jinja2', 'fsspec', 'cloudpickle', 'websockets',"
        " 'sqlalchemy.dialects.postgresql', 'prefect.schemas.actions', 'prefect.flows', 'prefect.tasks',"
        " 'prefect.results'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=machine.environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["No flow runs found.", "[]"]
