"""Stand-ins for runs, a sink that keeps what it gets, and a root logger as a fresh process has it."""

import logging
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from prefect.context import FlowRunContext, TaskRunContext
from prefect.logging.handlers import LogRow, set_log_sink


@pytest.fixture
def rows() -> Iterator[list[LogRow]]:
    """What reached the store."""
    kept: list[LogRow] = []
    set_log_sink(kept.append)
    yield kept
    set_log_sink(None)


@pytest.fixture
def bare_root() -> Iterator[logging.Logger]:
    """The root logger as a fresh process has it: no handlers, level WARNING."""
    root = logging.root
    level = root.level
    root.setLevel(logging.WARNING)
    yield root
    root.setLevel(level)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Take pytest's own handlers off the root logger for tests that ask for a bare one.

    A fixture cannot: pytest puts them back between set-up and call.
    """
    if "bare_root" not in pyfuncitem.fixturenames:
        return (yield)
    handlers = logging.root.handlers[:]
    logging.root.handlers[:] = []
    try:
        return (yield)
    finally:
        logging.root.handlers[:] = handlers


class Written:
    """What was written to stderr since the test began."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self._text = ""

    def getvalue(self) -> str:
        self._text += self._captured.readouterr().err
        return self._text


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Written:
    return Written(capsys)


class Runs:
    """Makes runs and enters their contexts."""

    def __init__(self) -> None:
        self.flow = SimpleNamespace(name="my-flow", version="1")
        self.task = SimpleNamespace(name="my-task")
        self.flow_run = self.new_flow_run("flow-run-1")
        self.task_run = SimpleNamespace(
            id=uuid.uuid4(), name="task-run-1", flow_run_id=self.flow_run.id, run_count=1, tags=["t"]
        )

    def new_flow_run(self, name: str, **values: Any) -> Any:
        return SimpleNamespace(id=uuid.uuid4(), name=name, **values)

    @contextmanager
    def inside_flow(self, flow_run: Any = None, log_prints: bool = False) -> Iterator[None]:
        context = FlowRunContext.model_construct(
            flow=self.flow, flow_run=flow_run or self.flow_run, log_prints=log_prints, parameters={}
        )
        with context:
            yield

    @contextmanager
    def inside_task(self, log_prints: bool = False) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(self.inside_flow())
            stack.enter_context(
                TaskRunContext.model_construct(
                    task=self.task, task_run=self.task_run, log_prints=log_prints, parameters={}
                )
            )
            yield


@pytest.fixture
def runs() -> Runs:
    return Runs()
