"""Work queues: the lines of a work pool. Each has a priority of its own in its pool; 1 is served first.

Whether a queue is ready is told by the clock when somebody asks: it was polled lately. Not here: the pools
(`work_pools`), the runs in the queues (`work_slots`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists
from prefect.schemas.actions.work_pools import WorkQueueCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.filters.work_pools import WorkQueueFilter
from prefect.schemas.work_queues import WorkQueue, WorkQueueStatus
from prefect.server.database.tables import deployment, flow_run, work_pool, work_queue
from prefect.server.models import polling
from prefect.server.models.absent import absent, absent_name
from prefect.server.models.criteria import join
from prefect.server.models.filters import WORK_QUEUE
from prefect.server.models.work_slots import slots_taken
from prefect.settings import get_current_settings

DEFAULT_QUEUE = "default"
_NOT_NULL = {"name", "priority", "is_paused"}

# --- reading --------------------------------------------------------------------------------------------


def read_work_queue(connection: sa.Connection, id: UUID) -> WorkQueue:
    """The queue with that id.

    Raises:
        ObjectNotFound: there is none.
    """
    found = _queues(connection, _select().where(work_queue.c.id == id))
    if not found:
        raise absent("work queue", id)
    return found[0]


def read_queue_of_pool(connection: sa.Connection, pool_name: str, name: str) -> WorkQueue:
    """The queue of that name of the pool of that name.

    Raises:
        ObjectNotFound: there is none.
    """
    found = _queues(connection, _select().where(work_pool.c.name == pool_name, work_queue.c.name == name))
    if not found:
        raise absent_name("work queue", f"{pool_name}/{name}")
    return found[0]


def read_queues(
    connection: sa.Connection,
    wanted: WorkQueueFilter | None,
    limit: int,
    offset: int,
    pool_id: UUID | None = None,
) -> list[WorkQueue]:
    """The queues that meet the filter: of a pool by priority, of all pools by name."""
    query, order = _select(), [work_queue.c.name, work_queue.c.id]
    if pool_id is not None:
        query, order = query.where(work_queue.c.work_pool_id == pool_id), [work_queue.c.priority]
    if wanted is not None:
        query = query.where(join(wanted, WORK_QUEUE))
    return _queues(connection, query.order_by(*order).limit(limit).offset(offset))


def rows_of_pool(connection: sa.Connection, pool_id: UUID) -> Sequence[Any]:
    """The rows of all queues of a pool, by priority."""
    query = sa.select(work_queue).where(work_queue.c.work_pool_id == pool_id).order_by(work_queue.c.priority)
    return connection.execute(query).all()


def _select() -> sa.Select[Any]:
    joined = work_queue.outerjoin(work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    return sa.select(work_queue, work_pool.c.name.label("work_pool_name")).select_from(joined)


def _queues(connection: sa.Connection, query: sa.Select[Any]) -> list[WorkQueue]:
    rows = connection.execute(query).all()
    taken = slots_taken(connection, [row.id for row in rows if row.concurrency_limit is not None])
    return [
        WorkQueue.model_validate(
            {
                **row._mapping,
                "description": row.description or "",
                "status": _status(row),
                "active_slots": taken.get(row.id),
            }
        )
        for row in rows
    ]


def _status(row: Any) -> WorkQueueStatus:
    if row.is_paused:
        return WorkQueueStatus.PAUSED
    foreman = get_current_settings().server.services.foreman
    patience = timedelta(seconds=foreman.work_queue_last_polled_timeout_seconds)
    polled_lately = row.last_polled is not None and now() - row.last_polled <= patience
    return WorkQueueStatus.READY if polled_lately else WorkQueueStatus.NOT_READY


# --- making and changing --------------------------------------------------------------------------------


def create_queue(connection: sa.Connection, pool_id: UUID, asked: WorkQueueCreate) -> UUID:
    """Make a queue of a pool, and return its id; without a priority it comes last.

    Raises:
        ObjectAlreadyExists: the pool has a queue of that name.
    """
    _lock_queues(connection, pool_id)
    _must_be_free(connection, pool_id, asked.name)
    id, moment = uuid7(), now()
    priority = asked.priority
    if priority is None:
        last = sa.select(sa.func.max(work_queue.c.priority)).where(work_queue.c.work_pool_id == pool_id)
        priority = (connection.execute(last).scalar() or 0) + 1
    else:
        _make_room(connection, pool_id, priority)
    told = asked.model_dump(mode="json", exclude={"priority"})
    row = {**told, "id": id, "created": moment, "updated": moment, "work_pool_id": pool_id}
    connection.execute(sa.insert(work_queue).values({**row, "priority": priority}))
    return id


def update_queue(connection: sa.Connection, id: UUID, changes: Mapping[str, Any]) -> None:
    """Change fields of a queue (`changes`: by their names).

    Raises:
        ObjectNotFound: there is no such queue.
        ObjectAlreadyExists: another queue of its pool has the new name.
    """
    there = connection.execute(sa.select(work_queue).where(work_queue.c.id == id)).first()
    if there is None:
        raise absent("work queue", id)
    _lock_queues(connection, there.work_pool_id)
    told = {name: value for name, value in changes.items() if value is not None or name not in _NOT_NULL}
    if told.get("name", there.name) != there.name:
        _must_be_free(connection, there.work_pool_id, told["name"])
        _rename(connection, id, told["name"])
    if told.get("priority", there.priority) != there.priority:
        _make_room(connection, there.work_pool_id, told["priority"], but_for=id)
    query = sa.update(work_queue).where(work_queue.c.id == id)
    connection.execute(query.values({**told, "updated": now()}))


def delete_queue(connection: sa.Connection, id: UUID) -> None:
    """Delete a queue; its deployments and runs lose it.

    Raises:
        ObjectNotFound: there is no such queue.
        ObjectAlreadyExists: it is its pool's default queue, which goes with the pool only.
    """
    query = sa.select(work_pool.c.name).where(work_pool.c.default_queue_id == id)
    pool_name = connection.execute(query).scalar()
    if pool_name is not None:
        message = f"This is the default queue of the work pool {pool_name!r}: it goes with the pool only."
        raise ObjectAlreadyExists(LookupError(message))
    if connection.execute(sa.delete(work_queue).where(work_queue.c.id == id)).rowcount == 0:
        raise absent("work queue", id)
    forget_queues(connection, [id])


def forget_queues(connection: sa.Connection, ids: Collection[UUID]) -> None:
    """Let flow runs lose queues that are gone; deployments lose them by themselves."""
    lost = flow_run.c.work_queue_id.in_(list(ids))
    values = {"work_queue_id": None, "updated": now()}
    connection.execute(sa.update(flow_run).where(lost).values(values))


def mark_polled(connection: sa.Connection, ids: Collection[UUID]) -> None:
    """Note that somebody has just asked for the runs of queues."""
    polling.mark_polled(connection, work_queue, ids)


def _lock_queues(connection: sa.Connection, pool_id: UUID) -> None:
    """Names and priorities are those of the pool together: who changes them does so alone."""
    connection.execute(sa.select(work_pool.c.id).where(work_pool.c.id == pool_id).with_for_update())


def _rename(connection: sa.Connection, id: UUID, name: str) -> None:
    """The names that deployments and runs that wait in the queue keep of it."""
    for table in (deployment, flow_run):
        connection.execute(sa.update(table).where(table.c.work_queue_id == id).values(work_queue_name=name))


def _must_be_free(connection: sa.Connection, pool_id: UUID, name: str) -> None:
    query = sa.select(work_queue.c.id).where(work_queue.c.work_pool_id == pool_id, work_queue.c.name == name)
    if connection.execute(query).first() is not None:
        raise ObjectAlreadyExists(LookupError(f"There is already a work queue named {name!r} in this pool."))


def _make_room(connection: sa.Connection, pool_id: UUID, priority: int, but_for: UUID | None = None) -> None:
    """Free a priority in a pool: who has it steps down by one, and so does who has that, and so on."""
    table = work_queue
    query = sa.select(table.c.id, table.c.priority).where(
        table.c.work_pool_id == pool_id, table.c.priority >= priority
    )
    wanted = priority
    for id, held in connection.execute(query.order_by(table.c.priority)).all():
        if id == but_for:
            continue
        if held > wanted:
            break
        wanted += 1
        connection.execute(sa.update(table).where(table.c.id == id).values(priority=wanted))


# --- the queue that a deployment or a run names ---------------------------------------------------------


def queue_named(connection: sa.Connection, pool_name: str, queue_name: str | None = None) -> tuple[UUID, str]:
    """Id and name of a queue of a pool; by default the pool's own. A queue that is not there is made.

    Raises:
        ObjectNotFound: there is no such pool.
    """
    columns = (work_pool.c.id, work_pool.c.default_queue_id)
    pool = connection.execute(sa.select(*columns).where(work_pool.c.name == pool_name)).first()
    if pool is None:
        raise absent_name("work pool", pool_name)
    if queue_name is None and pool.default_queue_id is not None:
        own = sa.select(work_queue.c.id, work_queue.c.name).where(work_queue.c.id == pool.default_queue_id)
        found = connection.execute(own).first()
        if found is not None:
            return found.id, found.name
    name = queue_name or DEFAULT_QUEUE
    named = sa.select(work_queue.c.id).where(work_queue.c.work_pool_id == pool.id, work_queue.c.name == name)
    id: UUID | None = connection.execute(named).scalar()
    if id is None:
        _lock_queues(connection, pool.id)
        # somebody else may have made it meanwhile
        id = connection.execute(named).scalar()
    return id or create_queue(connection, pool.id, WorkQueueCreate(name=name)), name
