"""How a function becomes what an operation does: the registry, and what a function may ask of the store.

    @reads
    def read_flow(connection, flow_id): ...

A function has the name of its operation and takes the arguments that the declaration names. `reads` gives it
a connection for queries, `writes` one in a write transaction (`writes_apart` one that goes on beside others),
`through_journal` the journal: what concerns
the states of runs is written there. A list that is long and often asked for can have a second function, which
writes its JSON straight from rows (`reads_as_json`): servers take that one. Not here: the functions, what they
are built from (`server/models`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from prefect.schemas.operations import Request
from prefect.server.database.journal import Journal
from prefect.server.database.repeating import repeated
from prefect.server.operations.narrowing import check_filters

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])


class Store(Protocol):
    """A store of records, open."""

    @property
    def journal(self) -> Journal: ...

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection for queries that sees everything recorded so far."""
        ...

    def writing(self, apart: bool = False) -> AbstractContextManager[sa.Connection]:
        """A connection in one write transaction."""
        ...


FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""What each operation does, by name, as it was written."""

_DOINGS: dict[str, Callable[[Store, dict[str, Any]], Any]] = {}
_WRITINGS: dict[str, Callable[[Store, dict[str, Any]], bytes]] = {}


def do(store: Store, request: Request[R]) -> R:
    """Do an operation on a store.

    Raises:
        ObjectNotFound, ObjectAlreadyExists: what the operation speaks of is not there, or is already.
        ValueError: an argument is out of bounds.
    """
    check_filters(request)
    doing = _DOINGS[request.operation.name]
    result: R = repeated(lambda: doing(store, request.arguments))
    return result


def do_for_wire(store: Store, request: Request[R]) -> R | bytes:
    """The same for a server: where there is a quicker way to the JSON of the answer, that JSON.

    Raises:
        ObjectNotFound, ObjectAlreadyExists, ValueError: as `do`.
    """
    writing = _WRITINGS.get(request.operation.name)
    if writing is None:
        return do(store, request)
    check_filters(request)
    return repeated(lambda: writing(store, request.arguments))


def reads_as_json(name: str) -> Callable[[Callable[..., bytes]], Callable[..., bytes]]:
    """What a server answers to the operation of that name, which reads, as JSON."""

    def register(function: Callable[..., bytes]) -> Callable[..., bytes]:
        def writing(store: Store, arguments: dict[str, Any]) -> bytes:
            with store.reading() as connection:
                return function(connection, **arguments)

        _WRITINGS[name] = writing
        return function

    return register


def reads(function: F) -> F:
    """The operation of that name reads."""

    def doing(store: Store, arguments: dict[str, Any]) -> Any:
        with store.reading() as connection:
            return function(connection, **arguments)

    return _registered(function, doing)


def writes(function: F) -> F:
    """The operation of that name writes, all or nothing."""

    def doing(store: Store, arguments: dict[str, Any]) -> Any:
        with store.writing() as connection:
            return function(connection, **arguments)

    return _registered(function, doing)


def writes_apart(function: F) -> F:
    """The operation of that name writes rows that it has locked, or that unique indexes keep apart: many at once."""

    def attempt(store: Store, arguments: dict[str, Any]) -> Any:
        with store.writing(apart=True) as connection:
            return function(connection, **arguments)

    def doing(store: Store, arguments: dict[str, Any]) -> Any:
        try:
            return attempt(store, arguments)
        except sa.exc.IntegrityError:
            # somebody else was first: now his row is found
            return attempt(store, arguments)

    return _registered(function, doing)


def through_journal(function: F) -> F:
    """The operation of that name writes through the journal, in transactions of its own."""

    def doing(store: Store, arguments: dict[str, Any]) -> Any:
        return function(store.journal, **arguments)

    return _registered(function, doing)


def on_store(function: F) -> F:
    """The operation of that name needs more than one of them, and takes the store."""

    def doing(store: Store, arguments: dict[str, Any]) -> Any:
        return function(store, **arguments)

    return _registered(function, doing)


def _registered(function: F, doing: Callable[[Store, dict[str, Any]], Any]) -> F:
    name = function.__name__
    FUNCTIONS[name] = function
    _DOINGS[name] = doing
    return function
