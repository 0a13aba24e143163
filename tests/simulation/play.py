"""Playing a scenario with deaths at given points, checked after each; and seeing a play again that has failed.

    PYTHONPATH=tests python -m simulation.play persisted --dies-at 17
    PYTHONPATH=tests python -m simulation.play random-4711 --writer 4711 --dies-at 23 --dies-at 5

Not here: the scenarios (`scenarios`, `programs`), what must hold (`promises`).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from typing import NamedTuple

from simulation.machine import Machine, Workshop
from simulation.mortality import LONG_LIFE, Fate, Process, mortal_processes
from simulation.programs import random_scenario
from simulation.promises import Ledger
from simulation.scenarios import SCENARIOS
from simulation.world import Scenario

LATE, PROMPT = "late", "prompt"
WRITERS = (LATE, PROMPT)
"""When the thread that writes behind gets its turn: never before somebody writes through, or each time."""

_TURNS_OF_TEN = 3
"""How often it does when chance decides."""


class Play(NamedTuple):
    """All it takes to see something again.

    Attributes:
        scenario: the name of one in `scenarios`, or `random-SEED`.
        writer: one of `WRITERS`, or a seed by which the writing thread gets its turns.
        fates: of the first process, the second, and so on; one more lives to its end.
    """

    scenario: str
    writer: str
    fates: tuple[Fate, ...] = ()

    def __str__(self) -> str:
        told = [
            f"--dies-at {fate.dies_at}" if fate.dies_at else f"--stalls-at {fate.stalls_at}"
            for fate in self.fates
        ]
        return " ".join(
            ("PYTHONPATH=tests python -m simulation.play", self.scenario, "--writer", self.writer, *told)
        )


def scenario_called(name: str) -> Scenario:
    """The scenario of that name; `random-SEED` is made from the seed."""
    kind, _, seed = name.partition("-")
    return random_scenario(int(seed)) if kind == "random" else SCENARIOS[name]


def perform(play: Play, workshop: Workshop) -> list[Process]:
    """Play; the processes there were. What is to happen at points that they do not come to does not happen.

    Raises:
        AssertionError: a promise is broken; the error says how to see it again.
    """
    with _stage(play, workshop) as stage:
        for fate in play.fates:
            stage.run(fate)
        stage.run_to_the_end()
        return stage.machine.processes


def die_everywhere(
    scenario: str,
    writer: str,
    workshop: Workshop,
    before: tuple[Fate, ...] = (),
    first: int = 1,
    stride: int = 1,
) -> int:
    """Play a scenario again and again, dying some points later each time; the number of points tried.

    What is on the disk decides what follows: of deaths that leave the same, one is continued.

    Args:
        before: fates of processes before the one that dies everywhere.
        first: the first point that is tried.
        stride: from one point to the next that is tried.

    Raises:
        AssertionError: as `perform`.
    """
    continued: set[tuple[int, str]] = set()
    for tried, point in enumerate(count(first, stride)):
        play = Play(scenario, writer, (*before, Fate(dies_at=point)))
        with _stage(play, workshop) as stage:
            for fate in play.fates:
                process = stage.run(fate)
            if not process.dead:
                stage.ledger.settle(process)
                return tried
            if (process.deeds, process.damage) not in continued:
                continued.add((process.deeds, process.damage))
                stage.run_to_the_end()
    raise AssertionError("not reached: a program ends")


def stall_everywhere(scenario: str, writer: str, workshop: Workshop, first: int = 1, stride: int = 1) -> int:
    """Play a scenario again and again, stalling some points later each time; the number of points tried."""
    for tried, point in enumerate(count(first, stride)):
        with _stage(Play(scenario, writer, (Fate(stalls_at=point),)), workshop) as stage:
            process = stage.run(Fate(stalls_at=point))
            if len(stage.machine.processes) == 1:
                stage.ledger.settle(process)
                return tried
    raise AssertionError("not reached: a program ends")


class _Stage(NamedTuple):
    """A machine, and who takes down what it does."""

    machine: Machine
    ledger: Ledger

    def run(self, fate: Fate) -> Process:
        """Run a process. If it stalls, another one takes it for dead and brings its run to an end."""

        def meanwhile() -> None:
            self.ledger.look_after(self.machine.processes[-1])
            self.ledger.stop_listening(self.machine.processes[-1])
            self.run_to_the_end()

        process = self.machine.start_process(fate, meanwhile)
        self.ledger.look_after(process)
        if process is not self.machine.processes[-1]:
            self.ledger.settle(self.machine.processes[-1])
        return process

    def run_to_the_end(self) -> None:
        """Run a process that nothing happens to."""
        self.ledger.settle(self.run(LONG_LIFE))


@contextmanager
def _stage(play: Play, workshop: Workshop) -> Iterator[_Stage]:
    with workshop.machine(scenario_called(play.scenario), _turns_of(play.writer)) as machine:
        try:
            yield _Stage(machine, Ledger(machine))
        except BaseException as error:
            for process in machine.processes:
                error.add_note(
                    f"Process {process.number} came to point {len(process.points)}: {process.points[-1:]}"
                )
            error.add_note(f"See it again:  {play}")
            raise


def _turns_of(writer: str) -> Callable[[], bool]:
    """Whether the writing thread gets its turn, asked each time something waits to be written."""
    if writer in WRITERS:
        return lambda: writer == PROMPT
    chance = random.Random(int(writer))
    return lambda: chance.randrange(10) < _TURNS_OF_TEN


def main() -> None:
    """See a play again: the points that each process came to, and the promise that was broken."""
    parser = argparse.ArgumentParser(prog="simulation.play", description=main.__doc__)
    parser.add_argument("scenario", help=f"one of {', '.join(SCENARIOS)}; or random-SEED")
    parser.add_argument("--writer", default=LATE, help="late, prompt, or a seed (default: late)")
    told = {"action": "append", "default": [], "dest": "fates", "metavar": "POINT"}
    parser.add_argument("--dies-at", type=lambda point: Fate(dies_at=int(point)), **told)
    parser.add_argument("--stalls-at", type=lambda point: Fate(stalls_at=int(point)), **told)
    wanted = parser.parse_args()
    play = Play(wanted.scenario, wanted.writer, tuple(wanted.fates))
    with mortal_processes(), closing(Workshop()) as workshop, _stage(play, workshop) as stage:
        try:
            for fate in play.fates:
                stage.run(fate)
            stage.run_to_the_end()
        finally:
            for process in stage.machine.processes:
                print(
                    f"--- process {process.number} {'died' if process.dead else f'gave {process.outcome!r}'}"
                )
                print(*(f"{number:5} {point}" for number, point in enumerate(process.points, 1)), sep="\n")
    print("All promises were kept.")


if __name__ == "__main__":
    main()
