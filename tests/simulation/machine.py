"""A simulated machine: a disk and a world outside that outlast its processes, which run one after another.

Each process does what a user's program does that is started again after a crash: it opens the store, closes what
dead processes left, and runs the flow or continues the run that is there. Not here: programs (`world`), how a
process dies (`mortality`), what must hold (`promises`).
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import databases
from prefect._clock import Clock, use_clock
from prefect.client.orchestration import local
from prefect.server.database.opening import open_sqlite
from prefect.settings import temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner
from simulation.mortality import LONG_LIFE, Death, Fate, Process, this_process
from simulation.world import Effect, Outside, Scenario, begin_or_resume

LONG_SECONDS = 3_600.0
"""How long a process stalls: longer than it may without being taken for dead."""

PATIENCE_SECONDS = 60
"""How long the threads of a dead process have to notice it."""


class SimulatedWorld(Outside):
    """The world outside of a simulated machine."""

    def __init__(self, directory: Path) -> None:
        # with one worker, and flows that wait until all is done, a point has the same number each time
        super().__init__(directory, ThreadPoolTaskRunner(max_workers=1))
        self._effects: list[Effect] = []
        self._seen: dict[int, list[str]] = defaultdict(list)
        self._asked_for: set[str] = set()

    def is_there(self, what: str) -> bool:
        asked_before = what in self._asked_for
        self._asked_for.add(what)
        return asked_before

    @property
    def effects(self) -> list[Effect]:
        return self._effects

    def seen_by(self, process: int) -> list[str]:
        return self._seen[process]

    def _remember_effect(self, run_name: str) -> None:
        process = this_process.get()
        process.require_life()
        self._effects.append(Effect(process.number, run_name))
        process.did(f"effect: {run_name}")

    def _remember_seen(self, run_name: str) -> None:
        self._seen[this_process.get().number].append(run_name)


class RestlessClock(Clock):
    """The real time and all that was slept: nobody waits, and time passes all the same."""

    def __init__(self) -> None:
        self._slept = timedelta(0)

    def now(self) -> datetime:
        """The moment it would be if people had slept."""
        return super().now() + self._slept

    def sleep(self, seconds: float) -> None:
        """Let time pass, at once."""
        self._slept += timedelta(seconds=max(0.0, seconds))

    async def asleep(self, seconds: float) -> None:
        """Let time pass, and other coroutines run once."""
        self.sleep(seconds)
        await asyncio.sleep(0)


class Machine:
    """One machine on which one scenario is played, with as many crashes as wanted.

    Attributes:
        home: its disk.
        processes: all it has started so far.
    """

    def __init__(
        self, scenario: Scenario, home: Path, writes_behind: Callable[[], bool], database: str | None = None
    ) -> None:
        self.scenario = scenario
        self.home = home
        self._database = database
        self.outside = SimulatedWorld(home)
        self.processes: list[Process] = []
        self._clock = RestlessClock()
        self._writes_behind = writes_behind

    @property
    def store(self) -> Path | str:
        """The file in which the runs are recorded, or the URL of a database."""
        return self._database or self.home / "runs.db"

    def start_process(self, fate: Fate = LONG_LIFE, meanwhile: Callable[[], object] | None = None) -> Process:
        """Start a process and wait until it has ended or died.

        Args:
            meanwhile: what happens while it stalls, if that is its fate.
        """

        def stall() -> None:
            self._clock.sleep(LONG_SECONDS)
            if meanwhile is not None:
                _in_another_thread(meanwhile)

        process = Process(len(self.processes) + 1, fate, self._writes_behind, stall)
        self.processes.append(process)
        with _no_thread_left():
            contextvars.Context().run(self._live, process)
        return process

    def _live(self, process: Process) -> None:
        this_process.set(process)
        settings = {"home": str(self.home)}
        if self._database is not None:
            settings["server.database.connection_url"] = self._database
        with _memory_of_its_own(), temporary_settings(settings), use_clock(self._clock):
            try:
                process.outcome = begin_or_resume(self.scenario, self.outside)
                local.close_stores()
            except Death:
                pass
            finally:
                process.vanish()


@contextmanager
def _memory_of_its_own() -> Iterator[None]:
    """The stores that a process has opened are known to nobody else, and forgotten with it."""
    others, opening = dict(local._opened), local._opening
    local._opened.clear()
    local._opening = threading.Lock()
    try:
        yield
    finally:
        local._opening = opening
        for client in local._opened.values():
            if client.store._engine is not None:
                client.store._engine.dispose()
        local._opened.clear()
        local._opened.update(others)


def _in_another_thread(act: Callable[[], object]) -> None:
    """Where no event loop of the caller's runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(act).result()


@contextmanager
def _no_thread_left() -> Iterator[None]:
    """Nothing of a process lives on: its threads come to a door sooner or later, and end there."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("prefect-worker"):
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), f"{thread.name} lives on after its process"


# --- disks ----------------------------------------------------------------------------------------------

_IN_MEMORY = Path("/dev/shm")


class Workshop:
    """Makes machines, each with a disk of its own that holds an empty store. Closes with what they left.

    Args:
        database: the URL of a PostgreSQL store that all of them use, one after the other.
    """

    def __init__(self, database: str | None = None) -> None:
        self._database = database
        in_memory = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
        self._place = tempfile.TemporaryDirectory(prefix="prefect-simulation-", dir=in_memory)
        self._root = Path(self._place.name)
        self._empty = self._root / "empty.db"
        open_sqlite(self._empty).close()

    @contextmanager
    def machine(self, scenario: Scenario, writes_behind: Callable[[], bool]) -> Iterator[Machine]:
        """A new machine; its disk is gone after the block."""
        home = Path(tempfile.mkdtemp(dir=self._root))
        if self._database is None:
            shutil.copy(self._empty, home / "runs.db")
        else:
            databases.empty(self._database)
        try:
            yield Machine(scenario, home, writes_behind, self._database)
        finally:
            shutil.rmtree(home)

    def close(self) -> None:
        """Give the place back."""
        self._place.cleanup()
