"""Which rows a page of a long list holds: found in an index alone, and not from its front each time.

A page is found by the ids of its rows before any row is read. To leave out a million rows the database walks
over a million entries of an index; so the place of every so-many-th row is remembered when it is first walked
over, and a page is sought from the last of them before it. Rows that have come to the front of the list since
then are counted, and so do not shift a page.

What is remembered is forgotten after a while, and when this process deletes rows: deep in a list that another
process deletes from, a page may begin some rows off, as it would had they been deleted between two requests.
Not here: what lists are ordered by and narrowed by, what is read of the rows.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.server.models.criteria import Condition

Element = sa.ColumnElement[Any]

STRIDE = 20_000
"""Every so-many-th place is remembered. Walking over as many entries takes a millisecond or two."""

REMEMBERED_FOR = timedelta(minutes=2)
MOST_LISTS = 64
MOST_PLACES = 1_000


class Order(NamedTuple):
    """What a list is ordered by; rows that are equal in it, by their ids in the same direction.

    Attributes:
        column: a column or an expression over columns, with an index of its own.
        descending: the greatest first.
        nulls_last: rows without a value come last; else wherever the database has them.
        is_fixed: the values do not move with the clock.
    """

    column: Element
    descending: bool
    nulls_last: bool = False
    is_fixed: bool = True

    @property
    def can_be_sought(self) -> bool:
        """Whether a place in it can be found again by the row's values."""
        return self.is_fixed and not self.nulls_last

    def clauses(self, id: Element) -> list[Element]:
        """What a query is ordered by."""
        direction = sa.desc if self.descending else sa.asc
        if self.column is id:
            return [direction(id)]
        first = direction(self.column)
        return [first.nulls_last() if self.nulls_last else first, direction(id)]

    def after(self, id: Element, place: Place) -> Condition:
        """What the row of a place and those that follow it meet."""
        if self.column is id:
            return _condition(id <= place.id if self.descending else id >= place.id)
        ours, theirs, value = self._ranks(id, place)
        # what follows from the ranks is said, too: of ranks of expressions SQLite does not see it
        if self.descending:
            return sa.and_(self.column <= value, ours <= theirs)
        return sa.and_(self.column >= value, ours >= theirs)

    def before(self, id: Element, place: Place) -> Condition:
        """What the rows before a place meet."""
        if self.column is id:
            return _condition(id > place.id if self.descending else id < place.id)
        ours, theirs, value = self._ranks(id, place)
        if self.descending:
            return sa.and_(self.column >= value, ours > theirs)
        return sa.and_(self.column <= value, ours < theirs)

    def _ranks(self, id: Element, place: Place) -> tuple[Any, Any, Element]:
        value = sa.literal(place.value, self.column.type)
        return sa.tuple_(self.column, id), sa.tuple_(value, sa.literal(place.id, id.type)), value


def _condition(compared: Any) -> Condition:
    """What comparing columns gives, which types cannot say."""
    condition: Condition = compared
    return condition


class Place(NamedTuple):
    """Where a row stands in an order."""

    value: Any
    id: Any


@dataclass
class _List:
    """What is remembered of one list: the places of its first row and of every `STRIDE`-th from there."""

    places: list[Place]
    since: datetime


class _Memory:
    """What is remembered of the lists of one store; the lists that were not asked for longest go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: OrderedDict[Any, _List] = OrderedDict()

    def recall(self, key: Any) -> _List | None:
        with self._lock:
            known = self._lists.get(key)
            if known is not None and now() - known.since > REMEMBERED_FOR:
                del self._lists[key]
                return None
            return known

    def begin(self, key: Any, first: Place) -> _List:
        with self._lock:
            known = self._lists[key] = _List([first], now())
            if len(self._lists) > MOST_LISTS:
                self._lists.popitem(last=False)
            return known

    def remember(self, known: _List, number: int, place: Place) -> None:
        """The place of the row that so many strides come before; somebody else may have been quicker."""
        with self._lock:
            if len(known.places) == number:
                known.places.append(place)

    def forget(self) -> None:
        with self._lock:
            self._lists.clear()


_memories: WeakKeyDictionary[sa.Engine, _Memory] = WeakKeyDictionary()


def _memory_of(connection: sa.Connection) -> _Memory:
    return _memories.setdefault(connection.engine, _Memory())


def rows_deleted(connection: sa.Connection) -> None:
    """Rows have been deleted: what is remembered of lists may be wrong now."""
    _memory_of(connection).forget()


def page_of(
    connection: sa.Connection,
    table: sa.Table,
    order: Order,
    conditions: Sequence[Condition],
    limit: int | None,
    offset: int,
) -> sa.Subquery:
    """The ids of the rows of a page, in no order, as something to join; its column is `id`.

    Args:
        limit: at most so many rows; None: all that follow.
        offset: so many come before.
    """
    query = sa.select(table.c.id).where(*conditions).order_by(*order.clauses(table.c.id)).limit(limit)
    if offset < STRIDE or not order.can_be_sought:
        return query.offset(offset or None).subquery("page")
    place = _Walk(connection, table, order, conditions).place_at(offset)
    if place is None:
        return query.where(sa.false()).subquery("page")
    if place.value is None:
        return query.offset(offset).subquery("page")
    return query.where(order.after(table.c.id, place)).subquery("page")


class _Walk:
    """Finds places in one list, and remembers those that it walks over.

    A row without a value has no place to start from again: what is sought beyond it is sought from the front.
    """

    def __init__(
        self, connection: sa.Connection, table: sa.Table, order: Order, conditions: Sequence[Condition]
    ) -> None:
        self._connection = connection
        self._id = table.c.id
        self._order = order
        self._ids = sa.select(table.c.id).where(*conditions)
        places = sa.select(order.column.label("value"), table.c.id).where(*conditions)
        self._places = places.order_by(*order.clauses(table.c.id))
        self._memory = _memory_of(connection)

    def place_at(self, offset: int) -> Place | None:
        """The place of the row that so many come before; None: there are not so many."""
        key = self._key()
        known = self._memory.recall(key)
        ahead = 0 if known is None else self._count_ahead(known.places[0])
        if known is None or ahead > STRIDE:
            first = self._first(self._places)
            if first is None or first.value is None:
                return first
            known, ahead = self._memory.begin(key, first), 0
        return self._place_in(known, offset - ahead)

    def _place_in(self, known: _List, position: int) -> Place | None:
        number = min(position // STRIDE, len(known.places) - 1)
        place = known.places[number]
        while position - number * STRIDE >= STRIDE and number + 1 < MOST_PLACES:
            after = self._first(self._after(place).offset(STRIDE))
            if after is None or after.value is None:
                return after
            place, number = after, number + 1
            self._memory.remember(known, number, place)
        return self._first(self._after(place).offset(position - number * STRIDE))

    def _after(self, place: Place) -> sa.Select[Any]:
        return self._places.where(self._order.after(self._id, place))

    def _first(self, places: sa.Select[Any]) -> Place | None:
        row = self._connection.execute(places.limit(1)).first()
        return None if row is None else Place(row.value, row.id)

    def _count_ahead(self, first: Place) -> int:
        """How many rows have come to the front; not counted beyond what makes it another list."""
        new = self._ids.where(self._order.before(self._id, first)).limit(STRIDE + 1)
        count = sa.select(sa.func.count()).select_from(new.subquery())
        return self._connection.execute(count).scalar_one()

    def _key(self) -> Any:
        compiled = self._places.compile(self._connection.engine)
        return str(compiled), repr(sorted(compiled.params.items()))
