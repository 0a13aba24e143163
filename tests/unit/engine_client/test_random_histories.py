"""Random histories: processes that run flows, are killed, and a server that is away, or forgets to answer, at will.

What a process was told is stored is there in the end, in order, once; what it said last before it was killed may be
missing, but nothing from the middle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from tests.unit.engine_client.conftest import World, begun, enters, notes, task_run_of

from prefect.client.engine.remote import RemoteClient
from prefect.schemas.runs import FlowRun, TaskRun

STEPS = 80
_NEXT = {
    "Pending": ["RUNNING"],
    "Running": ["COMPLETED", "FAILED"],
    "AwaitingRetry": ["RUNNING"],
}
_OF_TASKS = ["PENDING", "RUNNING", "COMPLETED"]


@dataclass
class Process:
    """A process, with what it has said: of flow runs (stored when it was said) and of task runs."""

    client: RemoteClient
    flow_runs: dict[Any, tuple[FlowRun, list[str]]] = field(default_factory=dict)
    task_runs: dict[Any, tuple[TaskRun, list[str]]] = field(default_factory=dict)
    durable: dict[Any, int] = field(default_factory=dict)

    def all_is_durable(self) -> None:
        self.durable = {id: len(said) for id, (_, said) in self.task_runs.items()}


class Play:
    """One random history."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = Random(seed)
        self.number = 0
        self.living = [self.new_process(), self.new_process()]
        self.killed: list[Process] = []

    def new_process(self) -> Process:
        self.number += 1
        return Process(self.world.process(f"host|boot|{self.number}|1", max_queued=20))

    def step(self) -> None:
        moves = [
            self.weather,
            self.begin,
            self.go_on,
            self.go_on,
            self.work,
            self.work,
            self.flush,
            self.kill,
        ]
        self.random.choices(moves, [3, 3, 6, 6, 8, 8, 2, 1])[0]()

    def weather(self) -> None:
        self.world.server.absent = self.random.random() < 0.4
        self.world.server.deaf = self.random.random() < 0.2

    def begin(self) -> None:
        process = self.random.choice(self.living)
        run = begun(process.client, retries=1)
        process.flow_runs[run.id] = run, ["Pending"]
        process.all_is_durable()

    def go_on(self) -> None:
        process = self.random.choice(self.living)
        open_runs = [(run, said) for run, said in process.flow_runs.values() if said[-1] in _NEXT]
        if not open_runs:
            return
        run, said = self.random.choice(open_runs)
        outcome = enters(process.client, run, self.random.choice(_NEXT[said[-1]]))
        assert outcome.state is not None
        said.append(outcome.state.name)
        process.all_is_durable()

    def work(self) -> None:
        process = self.random.choice(self.living)
        running = [run for run, said in process.flow_runs.values() if said[-1] == "Running"]
        if not running:
            return
        tasks = [task for task, said in process.task_runs.values() if len(said) < 3]
        task = self.random.choice(tasks) if tasks and self.random.random() < 0.7 else None
        if task is None:
            task = task_run_of(self.random.choice(running))
            process.task_runs[task.id] = task, []
        said = process.task_runs[task.id][1]
        type = _OF_TASKS[len(said)]
        notes(process.client, task, type)
        said.append(type.capitalize())

    def flush(self) -> None:
        process = self.random.choice(self.living)
        process.client.flush()
        process.all_is_durable()

    def kill(self) -> None:
        process = self.living.pop(self.random.randrange(2))
        self.killed.append(process)
        self.living.append(self.new_process())

    def end(self) -> None:
        self.world.server.absent = self.world.server.deaf = False
        for process in self.living:
            process.client.close()
            process.all_is_durable()
        self.new_process().client.close()

    def check(self) -> None:
        for process in [*self.living, *self.killed]:
            for id, (_, said) in process.flow_runs.items():
                assert self.world.history(id) == said
                run = self.world.ask("read_flow_run", flow_run_id=id)
                assert (run.state_name, run.run_count) == (said[-1], said.count("Running"))
            for id, (_, said) in process.task_runs.items():
                stored = self.world.history(id)
                assert stored == said[: len(stored)]
                assert len(stored) >= process.durable.get(id, 0)
                if stored:
                    assert self.world.ask("read_task_run", task_run_id=id).state_name == stored[-1]


@pytest.mark.parametrize("seed", range(25))
def test_what_was_stored_is_there_once_and_in_order(world: World, seed: int) -> None:
    play = Play(world, seed)
    for _ in range(STEPS):
        play.step()
    play.end()
    play.check()
