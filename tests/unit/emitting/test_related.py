"""What surrounds the code that emits an event: what is asked for, and for how long the answers are remembered."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from prefect._steps import Life, run_blocking
from prefect.context import TaskRunContext
from prefect.events import related
from prefect.events.related import MAX_CACHE_SIZE, RESOURCE_CACHE, Surroundings
from prefect.exceptions import ObjectNotFound
from prefect.schemas.flows import Flow
from prefect.schemas.runs import FlowRun, TaskRun


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    RESOURCE_CACHE.clear()
    yield
    RESOURCE_CACHE.clear()


class Server(Surroundings):
    """Surroundings at a server that answers in turn what it is given."""

    def __init__(self, *answers: Any) -> None:
        self._transport = SimpleNamespace(url="http://server/api")  # type: ignore[assignment]
        self.answers = list(answers)

    def _ask(self, request: Any) -> Life[Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer
        yield

    def roles(self) -> list[str]:
        """The roles of what is related to an event that is emitted here."""
        return [resource.role for resource in run_blocking(self.related(set()))]


def test_what_is_not_there_yet_is_asked_for_again() -> None:
    """A task that runs elsewhere knows its flow run by the id only, and may be ahead of it."""
    flow = Flow(name="work")
    run = FlowRun(flow_id=flow.id, name="late")
    server = Server(ObjectNotFound(ValueError("no such run")), run, flow)
    task_run = TaskRun(name="t", task_key="t", dynamic_key="1", flow_run_id=run.id)
    with TaskRunContext.model_construct(task_run=task_run):
        assert server.roles() == ["task-run"]
        assert server.roles() == ["flow-run", "task-run", "flow"]
        # what was there is remembered
        assert server.roles() == ["flow-run", "task-run", "flow"]


def test_so_many_answers_are_remembered_the_newest() -> None:
    for number in range(MAX_CACHE_SIZE + 5):
        related._remember(f"thing.{number}", number)
    related._remember("thing.7", "anew")
    assert len(RESOURCE_CACHE) == MAX_CACHE_SIZE
    remembered = list(RESOURCE_CACHE)
    assert (remembered[0], remembered[-1]) == ("thing.5", "thing.7")
