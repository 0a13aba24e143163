"""What a program of the simulation is, and the world outside as it meets it.

The same programs are played on a simulated machine and in real processes: the two differ in who remembers what
was done to the world. Not here: the programs themselves (`scenarios`, `programs`), the machines (`machine`,
`kills`).
"""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from prefect.client.orchestration import local
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import Abort
from prefect.flow_runs import retry_flow_run
from prefect.flows import Flow


class Effect(NamedTuple):
    """The body of a run was at work: whose, and in which process."""

    process: int
    run_name: str


UNDOING = "undoing"


class Outside(ABC):
    """The world outside: it remembers what was done to it, whatever becomes of who did it.

    Args:
        directory: a place for files of programs.
        task_runner: where the flows of programs run what they submit.
    """

    def __init__(self, directory: Path, task_runner: Any) -> None:
        self.directory = directory
        self.task_runner = task_runner

    def happens(self) -> None:
        """The body of the run around the caller does something that cannot be undone."""
        task_context, flow_context = TaskRunContext.get(), FlowRunContext.get()
        assert flow_context is not None
        run = flow_context.flow_run if task_context is None else task_context.task_run
        self._remember_effect(run.name)

    def undoes(self, transaction: Any) -> None:
        """A hook of a transaction that rolls back takes back what its task has done."""
        self._remember_effect(UNDOING)

    def undone_by(self, process: int) -> int:
        """How often hooks took something back in a process."""
        return self.effects.count(Effect(process, UNDOING))

    def sees(self, run_name: str, value: Any) -> Any:
        """The flow has got the kept value of a run, and may act on it."""
        self._remember_seen(run_name)
        return value

    def times(self, run_name: str) -> int:
        """How often the body of a run was at work, in all processes."""
        return sum(effect.run_name == run_name for effect in self.effects)

    @abstractmethod
    def is_there(self, what: str) -> bool:
        """Whether the flow has asked for this before, in whatever process: once, it was not there."""

    @property
    @abstractmethod
    def effects(self) -> list[Effect]:
        """What bodies of runs have done, in order."""

    @abstractmethod
    def seen_by(self, process: int) -> list[str]:
        """The runs whose kept values their callers in a process have got."""

    @abstractmethod
    def _remember_effect(self, run_name: str) -> None: ...

    @abstractmethod
    def _remember_seen(self, run_name: str) -> None: ...


class Scenario(NamedTuple):
    """A program, and how it ends when nothing dies.

    Attributes:
        program: makes the flow, as if its file were imported; each process does so.
        gives: the value of its run.
        ends: the type of its run's final state.
        together: groups of tasks whose results, which are their names, are stored by a transaction around them:
            in this order, once all of a group are there.
    """

    name: str
    program: Callable[[Outside], Flow[..., Any]]
    gives: Any
    ends: str = "COMPLETED"
    together: tuple[tuple[str, ...], ...] = ()


def begin_or_resume(scenario: Scenario, outside: Outside) -> Any:
    """Run the program, or continue the run that a process before has left; what it gives, or raises."""
    flow = scenario.program(outside)
    with local.local_client().journal.reading() as connection:
        found = connection.execute(
            "SELECT id, state_type FROM flow_run WHERE parent_task_run_id IS NULL"
        ).fetchall()
    if not found:
        return _outcome_of(flow)
    # a process that stalled before it had a run, and went on, has one of its own beside that of its successor
    found = [(key, state_type) for key, state_type in found if state_type != scenario.ends]
    if not found:  # the process before has died after the end of its run
        return scenario.gives
    [(key, state_type)] = found
    assert state_type == "CRASHED", f"a run whose process has died is found {state_type}"
    return _outcome_of(lambda: retry_flow_run(UUID(bytes=key), flow=flow))


def _outcome_of(call: Callable[[], Any]) -> Any:
    try:
        result = call()
        if inspect.iscoroutine(result):
            return asyncio.run(result)
        if inspect.isasyncgen(result):
            return asyncio.run(_collected(result))
        return list(result) if inspect.isgenerator(result) else result
    except (Exception, Abort) as error:
        return error


async def _collected(items: Any) -> list[Any]:
    return [item async for item in items]
