"""Real processes, really killed: programs of the simulation, and `kill -9` at moments chosen by chance.

A launcher imports everything once and forks for each process, so that one costs milliseconds; it also kills them.
What was done to the world is remembered in a file. Between two processes the store is looked at in a copy: the
next process meets the files as the killed one has left them, write-ahead log and all. Not here: programs
(`programs`), what must hold (`promises`).

    PYTHONPATH=tests python -m simulation.kills --seed 4711 --kills 200
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

# what a process that resumes would import; paid once, by the launcher
import prefect.server.database.engine
import prefect.server.models.trees  # noqa: F401
from prefect.client.orchestration import local
from prefect.settings.context import refresh_global_settings_context
from prefect.task_runners import ThreadPoolTaskRunner
from simulation.programs import random_scenario
from simulation.promises import Ledger
from simulation.world import Effect, Outside, Scenario, begin_or_resume

STATEMENTS = 25
"""Of a program: so many that it takes a while."""

_PATIENCE_SECONDS = 60
_OUTCOME = "outcome.json"


class RealWorld(Outside):
    """The world outside of real processes: a file with a line for each deed, written at once.

    Args:
        process: the number of the process that acts; 0 only looks.
    """

    def __init__(self, directory: Path, process: int = 0) -> None:
        super().__init__(directory, ThreadPoolTaskRunner())
        self._process = process
        self._deeds = directory / "deeds.jsonl"

    def is_there(self, what: str) -> bool:
        if any(told == what for _, _, told in self._remembered("asked")):
            return True
        self._remember("asked", what)
        return False

    @property
    def effects(self) -> list[Effect]:
        return [Effect(process, run_name) for _, process, run_name in self._remembered("effect")]

    def seen_by(self, process: int) -> list[str]:
        return [run_name for _, who, run_name in self._remembered("seen") if who == process]

    def _remember_effect(self, run_name: str) -> None:
        self._remember("effect", run_name)

    def _remember_seen(self, run_name: str) -> None:
        self._remember("seen", run_name)

    def _remember(self, kind: str, what: str) -> None:
        with self._deeds.open("ab", buffering=0) as file:
            file.write(json.dumps([kind, self._process, what]).encode() + b"\n")

    def _remembered(self, wanted: str) -> Iterator[tuple[str, int, str]]:
        lines = self._deeds.read_text().splitlines() if self._deeds.exists() else []
        return (deed for deed in map(json.loads, lines) if deed[0] == wanted)


# --- the launcher ---------------------------------------------------------------------------------------


class Order(NamedTuple):
    """What a process is to do, and after how many seconds it is killed (None: not at all)."""

    home: str
    seed: int
    process: int
    killed_after: float | None


class Ended(NamedTuple):
    """How a process has ended, after how many seconds."""

    killed: bool
    status: int
    seconds: float


def launch_as_ordered() -> None:
    """The launcher: for each order on its input a process, and a line on its output once that has ended."""
    logging.disable()
    for line in sys.stdin:
        order = Order(*json.loads(line))
        began = time.monotonic()
        pid = os.fork()
        if not pid:
            _live(order)
        if order.killed_after is not None:
            time.sleep(order.killed_after)
            # one that has ended meanwhile is still there, as a zombie, until it is waited for
            os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        ended = Ended(os.WIFSIGNALED(status), os.waitstatus_to_exitcode(status), time.monotonic() - began)
        print(json.dumps(ended), flush=True)


def _live(order: Order) -> None:
    """The life of a process. It does not return."""
    try:
        faulthandler.dump_traceback_later(_PATIENCE_SECONDS, exit=True)
        home = Path(order.home)
        os.environ["PREFECT_HOME"] = order.home
        refresh_global_settings_context()
        outside = RealWorld(home / "outside", order.process)
        outcome = begin_or_resume(random_scenario(order.seed, STATEMENTS), outside)
        local.close_stores()
        told = {"raised": repr(outcome)} if isinstance(outcome, BaseException) else {"gave": outcome}
        (home / _OUTCOME).write_text(json.dumps(told))
        os._exit(0)
    except BaseException as error:
        print(f"Process {order.process}: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)


class Launcher:
    """The launcher, as seen from the test."""

    def __init__(self) -> None:
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, "-m", "simulation.kills", "--launcher"]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def launch(self, order: Order) -> Ended:
        """Have a process started, killed if ordered so, and waited for."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        ended = Ended(*json.loads(self._process.stdout.readline()))
        assert ended.killed or ended.status == 0, f"a process ended by itself with status {ended.status}"
        return ended

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=_PATIENCE_SECONDS)


# --- plays ----------------------------------------------------------------------------------------------


@dataclass
class RealProcess:
    """A process, as `promises` looks at it. What it has told its journal, nobody knows."""

    number: int
    dead: bool
    outcome: Any = None
    said: tuple[Any, ...] = ()


class RealMachine:
    """A directory in which one program runs, in one process after the other."""

    def __init__(self, launcher: Launcher, home: Path, seed: int) -> None:
        self.scenario: Scenario = random_scenario(seed, STATEMENTS)
        self.home = home
        self.outside = RealWorld(home / "outside")
        self.outside.directory.mkdir()
        self.store = home / "copy" / "runs.db"
        self.store.parent.mkdir()
        self.started = 0
        self._launcher = launcher
        self._seed = seed

    def start_process(self, killed_after: float | None) -> tuple[RealProcess, float]:
        """Start a process and wait until it has ended, well or not; and how many seconds that took."""
        self.started += 1
        ended = self._launcher.launch(Order(str(self.home), self._seed, self.started, killed_after))
        for name in ("runs.db", "runs.db-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(self.home / name, self.store.parent / name)
        process = RealProcess(self.started, ended.killed)
        if not ended.killed:
            told = json.loads((self.home / _OUTCOME).read_text())
            process.outcome = told.get("gave", told.get("raised"))
        return process, ended.seconds

    def has_store(self) -> bool:
        """Whether a process has come so far as to make the store."""
        if not self.store.exists():
            return False
        with closing(sqlite3.connect(self.store)) as connection:
            return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,)


def kill_at_random(seed: int, kills: int) -> int:
    """Play programs with kills at moments chosen by chance until there were so many; how many programs it took.

    Raises:
        AssertionError: a promise is broken; the error says by which seed.
    """
    chance, programs = random.Random(seed), 0
    with closing(Launcher()) as launcher:
        while kills > 0:
            programs += 1
            program = chance.randrange(2**31)
            try:
                kills -= _play_until_done(launcher, program, chance, kills)
            except BaseException as error:
                error.add_note(f"Program {program}, number {programs} of the seed {seed}.")
                raise
    return programs


def _play_until_done(launcher: Launcher, program: int, chance: random.Random, most_kills: int) -> int:
    with _machine(launcher, program) as whole:
        process, seconds = whole.start_process(None)
        Ledger(whole).settle(process)
    with _machine(launcher, program) as machine:
        ledger, kills = Ledger(machine), 0
        while True:
            moment = chance.uniform(0, 1.1 * seconds) if kills < most_kills else None
            process, _ = machine.start_process(moment)
            kills += process.dead
            if machine.has_store():
                ledger.look_after(process)
            if not process.dead:
                ledger.settle(process)
                return kills


@contextmanager
def _machine(launcher: Launcher, program: int) -> Iterator[RealMachine]:
    with tempfile.TemporaryDirectory(prefix="prefect-kills-") as home:
        yield RealMachine(launcher, Path(home), program)


def main() -> None:
    """Kill programs at random moments, and check what they leave."""
    parser = argparse.ArgumentParser(prog="simulation.kills", description=main.__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--launcher", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.launcher:
        launch_as_ordered()
    else:
        print(
            f"{told.kills} kills in {kill_at_random(told.seed, told.kills)} programs. All promises were kept."
        )


if __name__ == "__main__":
    main()
