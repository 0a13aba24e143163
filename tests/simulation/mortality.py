"""A process that can die at any point, and the doors through which it acts on the world.

A process is its memory and what it does to the world: it commits transactions of the journal, it writes results
to files, and its tasks do things that others see. Everything it does passes through one of the doors below. A
door is a *point*: the process may die there. What it would have done between two points changes nothing but its
memory, which dies with it, so that dying at every point is dying at every moment there is.

    every step of every life (`prefect._steps`)     before it is carried out
    a commit of the journal                         before and after
    a result that is written to a file              with half a draft beside its place; with half of it in its
                                                    place (a power cut, a storage without atomic writes); after
    an effect of a task's body on the world         after

Dying is raised as `Death`. It unwinds the stack, because Python cannot stop otherwise, but nothing happens on
the way: each door raises it again, and what is said to the journal goes nowhere. Not here: who starts processes
(`machine`), what is checked afterwards (`promises`).
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from uuid import UUID

import pytest

from prefect._colours import Either, InThread, MethodOf
from prefect._steps import Call, Sleep
from prefect.client.orchestration import local
from prefect.engine.watching import Watch
from prefect.exceptions import Abort, TaskRunGivenUp
from prefect.filesystems import local as files
from prefect.futures import WaitForAll
from prefect.locking._waiting import WaitForChange
from prefect.server.database import engine, store
from prefect.server.database.holders import Holder, HostFacts
from prefect.server.database.journal import Journal
from prefect.server.models import locks

ABOUT_TO_COMMIT = "journal: about to commit"

STEPS: list[type[Any]] = [Call, Sleep, WaitForAll, WaitForChange, Either, InThread, MethodOf]
"""Every kind of step that a life of the engine has carried out by a driver."""


class Death(BaseException):
    """The process is gone. Raised at every door that it still comes to."""


class Fate(NamedTuple):
    """What happens to a process, at which of its points, counted from 1.

    Attributes:
        dies_at: where it dies; None: it lives to its end.
        stalls_at: where it stops for so long that others take it for dead, before it goes on; None: nowhere.
    """

    dies_at: int | None = None
    stalls_at: int | None = None


LONG_LIFE = Fate()


class Process:
    """One process.

    Args:
        number: how the machine calls it, from 1.
        fate: what happens to it.
        writes_behind: asked whenever something waits to be written: does the writing thread get its turn now?
        meanwhile: what others do while it stalls.

    Attributes:
        points: what it was at, point after point; the last one is where it died, if it did.
        said: the states of task runs that it has told its journal, in order.
        deeds: how often it has changed the world.
        damage: what it has left half done when it died.
        dead: whether it has died.
        outcome: what its flow gave, once it has lived to its end: a value, or the exception it ended in.
    """

    def __init__(
        self,
        number: int,
        fate: Fate,
        writes_behind: Callable[[], bool],
        meanwhile: Callable[[], object],
    ) -> None:
        self.number = number
        self.fate = fate
        self.writes_behind = writes_behind
        self.points: list[str] = []
        self.said: list[UUID] = []
        self.deeds = 0
        self.damage = ""
        self.dead = False
        self.outcome: Any = None
        self._meanwhile = meanwhile
        self._has_stalled = False
        self._journals: list[MortalJournal] = []
        # a thread may come to a point while it is at one: the collector ends abandoned generators anywhere
        self._lock = threading.RLock()

    def point(self, what: str, damage: Callable[[], object] | None = None) -> None:
        """The process is at a point. If it is its last one, `damage` is what it leaves behind.

        Raises:
            Death: it dies here, or is dead.
        """
        with self._lock:
            self.require_life()
            self.points.append(what)
            if len(self.points) == self.fate.dies_at:
                self._die(what, damage)
            stalls = self._stalls_here(what)
            self._has_stalled = self._has_stalled or stalls
        if stalls:
            self._meanwhile()

    def _die(self, what: str, damage: Callable[[], object] | None) -> NoReturn:
        self.dead = True
        if damage is not None:
            damage()
            self.damage = what
        raise Death

    def _stalls_here(self, what: str) -> bool:
        """Not within a transaction: nobody can write to the store meanwhile, and therefore take it for dead."""
        at = self.fate.stalls_at
        return at is not None and not self._has_stalled and len(self.points) >= at and what != ABOUT_TO_COMMIT

    def did(self, what: str) -> None:
        """The process has changed the world, which is a point, too."""
        self.deeds += 1
        self.point(what)

    def require_life(self) -> None:
        """Raise Death in a process that is dead."""
        if self.dead:
            raise Death

    def opens(self, journal: MortalJournal) -> None:
        """The process has opened a store."""
        self._journals.append(journal)

    def vanish(self) -> None:
        """Its memory is gone; what it has not committed is not on the disk."""
        for journal in self._journals:
            journal.abandon()

    @property
    def holder(self) -> str:
        """Who it is in its leases."""
        return str(Holder("simulated", "boot", self.number, str(self.number)))


this_process: ContextVar[Process] = ContextVar("this_process")
"""The process whose code runs here; its threads inherit it."""


# --- the doors ------------------------------------------------------------------------------------------


@contextmanager
def mortal_processes() -> Iterator[None]:
    """Within the block, everything the engine does passes through the doors."""
    with pytest.MonkeyPatch.context() as patch:
        for step in STEPS:
            patch.setattr(step, "block", _mortal_block(step.block))
            patch.setattr(step, "wait", _mortal_wait(step.wait))
        patch.setattr(files, "_replace", _mortal_replace(files._replace))
        patch.setattr(store, "Journal", MortalJournal)
        patch.setattr(local, "this_holder", lambda: this_process.get().holder)
        for module in (local, locks):
            patch.setattr(module, "this_host", _host_as_seen_here)
        # it comes when it likes, and a play is to be the same each time
        patch.setattr(Watch, "_watch", lambda watch: None)
        # its thread may be there already, from a test before
        patch.setattr(Watch, "look", lambda watch, moment: None)
        patch.setattr(logging.root.manager, "disable", logging.CRITICAL)
        patch.setattr(sys, "unraisablehook", _without_deaths(sys.unraisablehook))
        patch.setattr(threading, "excepthook", _without_deaths(threading.excepthook))
        for name in ("sqlite_engine", "postgres_engine"):
            patch.setattr(engine, name, _with_shared_compiler(getattr(engine, name)))
        yield


_ENDS = (Death, Abort, TaskRunGivenUp)


def _without_deaths(report: Callable[[Any], object]) -> Callable[[Any], object]:
    """Generators of the dead are closed by Python's collector: what they come to then, nobody can be told."""
    return lambda told: None if isinstance(told.exc_value, _ENDS) else report(told)


def _with_shared_compiler(make: Callable[..., Any]) -> Callable[..., Any]:
    """Half of the time of a resumption is SQLAlchemy compiling what each process compiles the same way."""
    compiled: dict[Any, Any] = {}
    return lambda *given: make(*given).execution_options(compiled_cache=compiled)


def _host_as_seen_here() -> HostFacts:
    """To a process of the simulated machine, all that were started before it are gone."""
    here = this_process.get().number
    return HostFacts("simulated", "boot", lambda pid: str(pid) if pid == here else None)


def _mortal_block(block: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(block)
    def mortal(step: Any) -> Any:
        this_process.get().point(_described(step))
        return block(step)

    return mortal


def _mortal_wait(wait: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(wait)
    async def mortal(step: Any) -> Any:
        this_process.get().point(_described(step))
        return await wait(step)

    return mortal


def _described(step: Any) -> str:
    done = getattr(step, "fn", None) or getattr(step, "name", "")
    return f"step: {type(step).__name__} {getattr(done, '__qualname__', done)}".rstrip()


def _mortal_replace(replace: Callable[..., None]) -> Callable[..., None]:
    @wraps(replace)
    def mortal(path: str, content: bytes, sync: bool) -> None:
        place, half, process = Path(path), content[: len(content) // 2], this_process.get()
        draft = place.with_name(f".{process.number}-{len(process.points)}.part")
        process.point("file: half a draft beside its place", lambda: _leave(draft, half))
        process.point("file: cut off in its place", lambda: _leave(place, half))
        replace(path, content, sync)
        process.did("file: written")

    return mortal


def _leave(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


class MortalJournal(Journal):
    """The journal of one process. Its writing thread is replaced by `Process.writes_behind`."""

    def __init__(self, connections: Any, *args: Any, **options: Any) -> None:
        self._process = this_process.get()
        super().__init__(_MortalConnections(connections, self._process), *args, **options)
        self._process.opens(self)

    def record_task_run(self, run: Any, state: Any) -> None:
        if not self._process.dead:
            self._process.said.append(state.id)
            super().record_task_run(run, state)

    def _wake(self) -> None:
        gets_its_turn = not self._transactions.is_open and self._process.writes_behind()
        if gets_its_turn and not self._is_writing():
            self.flush()

    def abandon(self) -> None:
        """Let go of the file without writing."""
        self._closed = True
        self.connections.close()


class _MortalConnections:
    """The journal's connections to its store."""

    def __init__(self, connections: Any, process: Process) -> None:
        self._connections = connections
        self._process = process

    @contextmanager
    def taken(self) -> Iterator[Any]:
        with self._connections.taken() as connection:
            yield _MortalConnection(connection, self._process)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connections, name)


class _MortalConnection:
    """One of them."""

    def __init__(self, connection: Any, process: Process) -> None:
        self._connection = connection
        self._process = process

    def execute(self, sql: str, values: Any = ()) -> Any:
        self._process.require_life()
        if sql != "COMMIT":
            return self._connection.execute(sql, values)
        self._process.point(ABOUT_TO_COMMIT)
        cursor = self._connection.execute(sql)
        self._process.did("journal: committed")
        return cursor

    def executemany(self, sql: str, rows: Any) -> Any:
        self._process.require_life()
        return self._connection.executemany(sql, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
