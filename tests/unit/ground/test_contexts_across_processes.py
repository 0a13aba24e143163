"""A context that was carried to a real process."""

import os
import subprocess
import sys
from pathlib import Path

import cloudpickle

from prefect import flow, runtime, tags, task
from prefect.context import FlowRunContext, TagsContext, get_run_context, hydrated_context, serialize_context
from prefect.settings import PREFECT_TASK_DEFAULT_RETRIES, temporary_settings
from prefect.testing.utilities import prefect_test_harness

OTHER_PROCESS = """
import pathlib, sys, cloudpickle
work, context, report = map(pathlib.Path, sys.argv[1:])
outcome = cloudpickle.loads(work.read_bytes())(cloudpickle.loads(context.read_bytes()))
report.write_bytes(cloudpickle.dumps(outcome))
"""


def look_around(carried):  # type: ignore[no-untyped-def]  # travels by value
    with hydrated_context(carried):
        around = FlowRunContext.get()
        assert around is not None
        return {
            "flow run": around.flow_run.id,
            "owned here": not around.detached,
            "task run": get_run_context().task_run.id,
            "parameters": (around.parameters, get_run_context().parameters),
            "tags": TagsContext.get().current_tags,
            "retries": PREFECT_TASK_DEFAULT_RETRIES.value(),
            "names": (runtime.flow_run.name, runtime.task_run.name),
        }


def test_another_process_sees_runs_tags_and_settings(tmp_path: Path) -> None:
    work, context, report = tmp_path / "work", tmp_path / "context", tmp_path / "report"

    @task
    def here(x: int) -> dict[str, object]:
        context.write_bytes(cloudpickle.dumps(serialize_context()))
        return {
            "flow run": FlowRunContext.get().flow_run.id,  # type: ignore[union-attr]
            "owned here": False,
            "task run": get_run_context().task_run.id,  # type: ignore[union-attr]
            "parameters": ({"y": "text"}, {"x": 1}),
            "tags": {"far"},
            "retries": 4,
            "names": (runtime.flow_run.name, runtime.task_run.name),
        }

    @flow
    def around(y: str) -> dict[str, object]:
        return here(1)

    with prefect_test_harness(), temporary_settings({PREFECT_TASK_DEFAULT_RETRIES: 4}), tags("far"):
        expected = around("text")
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        work.write_bytes(cloudpickle.dumps(look_around))
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, *map(str, (work, context, report))],
        env=os.environ, check=True, timeout=60,
    )  # fmt: skip
    assert cloudpickle.loads(report.read_bytes()) == expected
