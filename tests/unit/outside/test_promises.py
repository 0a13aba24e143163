"""The promises about weight that hold on any machine: what is loaded, and how many calls a task costs.

Times are measured in `benchmarks/`, not asserted here.
"""

import os
import subprocess
import sys

import pytest

HEAVY = {
    *("alembic", "anyio", "click", "cloudpickle", "croniter", "dateutil", "fastapi", "fsspec", "graphviz"),
    *("httpx", "jinja2", "orjson", "psycopg", "rich", "sqlalchemy", "starlette", "typer", "uvicorn"),
    *("websockets", "yaml"),
}

IMPORT_ONLY = "from prefect import flow, task"
ONE_FLOW = """
from prefect import flow, task

@task
def one(): return 1

@flow
def main(): return one() + one.submit().result()

assert main() == 2
"""

MOST_CALLS_PER_TASK = 150


CALLS_PER_TASK = """
import sys
from prefect import flow, task

@task
def nothing(): pass

@flow
def loop():
    nothing()  # what is only done once is not counted
    calls = 0
    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"
    sys.setprofile(count)
    for _ in range(50):
        nothing()
    sys.setprofile(None)
    return calls / 50

print(loop())
"""


def output_of(program: str, **settings: str) -> str:
    """What a program prints in an interpreter of its own: pytest's own logging stays out of it."""
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | settings, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("program", [IMPORT_ONLY, ONE_FLOW], ids=["import", "one flow"])
def test_a_program_loads_nothing_heavier_than_pydantic(program: str) -> None:
    report = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    assert HEAVY & set(output_of(f"{program}\n{report}").split()) == set()


def test_a_task_call_costs_at_most_so_many_python_calls() -> None:
    """Python-level calls on the caller's thread; the journal writes behind on another."""
    assert float(output_of(CALLS_PER_TASK, PREFECT_LOGGING_LEVEL="WARNING")) <= MOST_CALLS_PER_TASK
