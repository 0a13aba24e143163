"""Programs made by chance from a seed: calls, submits, maps, caches, retries, failures, transactions, and tasks
and subflows inside each other.

A program is a tree of statements. Each knows what it gives, so that a program knows how it must end, wherever
its processes die. Not here: the scenarios written by hand (`scenarios`), which points processes die at (`play`).
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from prefect import flow, task
from prefect.cache_policies import INPUTS, NO_CACHE
from prefect.flows import Flow
from prefect.futures import wait
from prefect.transactions import transaction
from simulation.world import Outside, Scenario

FAILED = "failed"
_RETRIES = 3
_ATTEMPTS = 10
"""More than processes die: each death takes an attempt."""


class Cast:
    """The tasks and subflows of one process, as its program declares them. Their runs are named by their label."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        plain = task(task_run_name="{label}")
        kept = partial(task, persist_result=True, task_run_name="{label}")
        self.plain = plain(self._say)
        self.kept = kept(self._say)
        self.kept_async = kept(self._say_async)
        self.cached = kept(self._say, cache_policy=INPUTS, task_run_name="cached {label}")
        self.undoable = kept(self._say, on_rollback=[outside.undoes])
        self.flaky = kept(self._say_at_last, retries=_RETRIES, retry_delay_seconds=0.01)
        self.failing = kept(self._fail)
        self.around = plain(self._carry_out)
        self.around_kept = kept(self._carry_out, cache_policy=NO_CACHE)

        subflow = partial(
            flow, flow_run_name="{label}", task_runner=outside.task_runner, validate_parameters=False
        )
        self.subflow = subflow(self._carry_out, name="subflow")
        self.subflow_kept = subflow(self._carry_out, name="subflow-kept", persist_result=True)
        self.broken_once = subflow(self._break_once, name="broken-once", retries=_ATTEMPTS)

    def _say(self, label: str, upstream: Any = None) -> str:
        self.outside.happens()
        return label

    async def _say_async(self, label: str, upstream: Any = None) -> str:
        self.outside.happens()
        return label

    def _say_at_last(self, label: str, failures: int) -> str:
        self.outside.happens()
        if self.outside.times(label) <= failures:
            raise ConnectionError(label)
        return label

    def _fail(self, label: str) -> None:
        self.outside.happens()
        raise ValueError(label)

    def _break_once(self, label: str) -> str:
        self.kept(f"{label}.before")
        if not self.outside.is_there(label):
            raise ConnectionError(label)
        return self.kept(f"{label}.after")

    def _carry_out(self, label: str, inside: Sequence[Statement]) -> list[Any]:
        return carry_out(inside, self)


class Statement(ABC):
    """A piece of a program."""

    @property
    @abstractmethod
    def gives(self) -> Any:
        """What it gives, wherever processes die."""

    @abstractmethod
    def do(self, cast: Cast) -> Any:
        """Carry it out."""


def carry_out(statements: Sequence[Statement], cast: Cast) -> list[Any]:
    """Carry out statement after statement."""
    return [statement.do(cast) for statement in statements]


@dataclass(frozen=True)
class Plain(Statement):
    label: str

    @property
    def gives(self) -> Any:
        return self.label

    def do(self, cast: Cast) -> Any:
        return cast.plain(self.label)


@dataclass(frozen=True)
class Kept(Statement):
    label: str

    @property
    def gives(self) -> Any:
        return self.label

    def do(self, cast: Cast) -> Any:
        return cast.outside.sees(self.label, cast.kept(self.label))


@dataclass(frozen=True)
class Cached(Statement):
    """One of few inputs, so that some have been computed before."""

    label: str

    @property
    def gives(self) -> Any:
        return self.label

    def do(self, cast: Cast) -> Any:
        return cast.outside.sees(f"cached {self.label}", cast.cached(self.label))


@dataclass(frozen=True)
class Flaky(Statement):
    """Fails some times, within its retries: a retry that was used before a crash is not there again."""

    label: str
    failures: int

    @property
    def gives(self) -> Any:
        return self.label

    def do(self, cast: Cast) -> Any:
        return cast.outside.sees(self.label, cast.flaky(self.label, self.failures))


@dataclass(frozen=True)
class Failing(Statement):
    label: str

    @property
    def gives(self) -> Any:
        return FAILED

    def do(self, cast: Cast) -> Any:
        try:
            return cast.failing(self.label)
        except ValueError:
            return FAILED


@dataclass(frozen=True)
class Mapped(Statement):
    label: str
    number: int

    @property
    def gives(self) -> Any:
        return [f"{self.label}[{item}]" for item in range(self.number)]

    def do(self, cast: Cast) -> Any:
        futures = cast.kept.map(self.gives)
        wait(futures)
        return futures.result()


@dataclass(frozen=True)
class Chain(Statement):
    """Submitted tasks, each waiting for the one before; if one fails, those after it do not run."""

    label: str
    number: int
    fails_at: int | None

    @property
    def _labels(self) -> list[str]:
        return [f"{self.label}>{link}" for link in range(self.number)]

    @property
    def gives(self) -> Any:
        links = self._labels
        return (
            links
            if self.fails_at is None
            else [*links[: self.fails_at], *[FAILED] * (self.number - self.fails_at)]
        )

    def do(self, cast: Cast) -> Any:
        futures: list[Any] = []
        for link, label in enumerate(self._labels):
            upstream = futures[-1] if futures else None
            if link == self.fails_at:
                futures.append(cast.failing.submit(label, wait_for=[upstream] if futures else None))
            else:
                task = (cast.kept, cast.plain, cast.kept_async)[link % 3]
                futures.append(task.submit(label, upstream))
        wait(futures)
        return [future.result() if future.state.is_completed() else FAILED for future in futures]


@dataclass(frozen=True)
class Together(Statement):
    """Tasks in a transaction, with a hook that would undo them."""

    label: str

    @property
    def gives(self) -> Any:
        return [f"{self.label}&{side}" for side in ("left", "right")]

    def do(self, cast: Cast) -> Any:
        with transaction():
            return [cast.undoable(name) for name in self.gives]


@dataclass(frozen=True)
class BrokenOnce(Statement):
    """A subflow that fails the first time and is tried again by the engine."""

    label: str

    @property
    def gives(self) -> Any:
        return f"{self.label}.after"

    def do(self, cast: Cast) -> Any:
        return cast.broken_once(self.label)


@dataclass(frozen=True)
class Around(Statement):
    """Statements inside a task or a subflow, whose own value is kept or not."""

    label: str
    kind: str
    inside: tuple[Statement, ...]

    @property
    def gives(self) -> Any:
        return [statement.gives for statement in self.inside]

    def do(self, cast: Cast) -> Any:
        return getattr(cast, self.kind)(self.label, self.inside)


# --- chance ---------------------------------------------------------------------------------------------

_DEEPEST = 2
_SIMPLE = (Plain, Kept, Failing, Together, BrokenOnce)
_AROUND = ("around", "around_kept", "subflow", "subflow_kept")


def random_statements(
    chance: random.Random, place: str = "", depth: int = 0, length: int | None = None
) -> tuple[Statement, ...]:
    """Some statements; those inside others are fewer."""
    number = length or chance.randint(1, 5 - 2 * depth)
    return tuple(_random_statement(chance, f"{place}{position}", depth) for position in range(number))


def _random_statement(chance: random.Random, label: str, depth: int) -> Statement:
    around = [Around] * 3 if depth < _DEEPEST else []
    kind = chance.choice([*_SIMPLE, Kept, Cached, Flaky, Mapped, Chain, *around])
    if kind is Cached:
        return Cached(chance.choice("xyz"))
    if kind is Flaky:
        return Flaky(label, chance.randint(1, _RETRIES))
    if kind is Mapped:
        return Mapped(label, chance.randint(1, 4))
    if kind is Chain:
        number = chance.randint(1, 4)
        return Chain(label, number, chance.choice([None, None, *range(number)]))
    if kind is Around:
        return Around(label, chance.choice(_AROUND), random_statements(chance, f"{label}.", depth + 1))
    return kind(label)  # type: ignore[call-arg, no-any-return]


def random_scenario(seed: int, length: int | None = None) -> Scenario:
    """The program of a seed; `length`: how many statements it has at the top, else few."""
    chance = random.Random(seed)
    statements = random_statements(chance, length=length)
    is_async = chance.random() < 1 / 4

    def program(outside: Outside) -> Flow[..., Any]:
        cast = Cast(outside)

        def main() -> list[Any]:
            return carry_out(statements, cast)

        async def amain() -> list[Any]:
            return carry_out(statements, cast)

        return Flow(amain if is_async else main, name="main", task_runner=outside.task_runner)

    gives = [statement.gives for statement in statements]
    return Scenario(f"random-{seed}", program, gives, together=tuple(_groups(statements)))


def _groups(statements: Sequence[Statement]) -> Iterator[tuple[str, ...]]:
    for statement in statements:
        if isinstance(statement, Together):
            yield tuple(statement.gives)
        elif isinstance(statement, Around):
            yield from _groups(statement.inside)
