"""Work pools: where runs of deployments are executed. Each is made with a queue of its own.

Whether a pool is ready is told by the clock when somebody asks: a worker of it is online. Not here: its
queues (`work_queues`), workers (`workers`), slots (`work_slots`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prefect.exceptions import ObjectAlreadyExists, ObjectUnsupported
from prefect.schemas.actions.work_pools import WorkPoolCreate, WorkQueueCreate
from prefect.schemas.bases import now, uuid7
from prefect.schemas.filters.work_pools import WorkPoolFilter
from prefect.schemas.work_pools import DEFAULT_AGENT_WORK_POOL_NAME, WorkPool, WorkPoolStatus
from prefect.server.database.tables import work_pool, work_queue, worker
from prefect.server.models.absent import absent_name
from prefect.server.models.criteria import Condition, join
from prefect.server.models.filters import WORK_POOL
from prefect.server.models.work_queues import DEFAULT_QUEUE, create_queue, forget_queues
from prefect.server.models.work_slots import slots_taken
from prefect.server.models.workers import is_online
from prefect.utilities.schema_tools.validation import CircularSchemaRefError, ValidationError, validate

_AGENTS = "prefect-agent"
_RESERVED = "prefect"
_NOT_NULL = {"is_paused", "base_job_template", "storage_configuration"}

# --- reading --------------------------------------------------------------------------------------------


def read_work_pool(connection: sa.Connection, name: str) -> WorkPool:
    """The pool of that name.

    Raises:
        ObjectNotFound: there is none.
    """
    found = _pools(connection, _select().where(work_pool.c.name == name))
    if not found:
        raise absent_name("work pool", name)
    return found[0]


def read_work_pools(
    connection: sa.Connection, wanted: WorkPoolFilter | None, limit: int, offset: int
) -> list[WorkPool]:
    """The pools that meet the filter, by name."""
    query = _select().where(*_conditions(wanted)).order_by(work_pool.c.name)
    return _pools(connection, query.limit(limit).offset(offset))


def count_work_pools(connection: sa.Connection, wanted: WorkPoolFilter | None) -> int:
    """How many pools meet the filter."""
    query = sa.select(sa.func.count()).select_from(work_pool).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def pool_id(connection: sa.Connection, name: str) -> UUID:
    """The id of the pool of that name.

    Raises:
        ObjectNotFound: there is none.
    """
    id: UUID | None = connection.execute(sa.select(work_pool.c.id).where(work_pool.c.name == name)).scalar()
    if id is None:
        raise absent_name("work pool", name)
    return id


def _conditions(wanted: WorkPoolFilter | None) -> list[Condition]:
    return [] if wanted is None else [join(wanted, WORK_POOL)]


def _select() -> sa.Select[Any]:
    """Pools, each with whether a worker of it is online."""
    workers = sa.select(worker.c.id).where(worker.c.work_pool_id == work_pool.c.id, is_online())
    return sa.select(work_pool, sa.exists(workers).label("has_worker"))


def _pools(connection: sa.Connection, query: sa.Select[Any]) -> list[WorkPool]:
    rows = connection.execute(query).all()
    taken = _slots_taken(connection, [row.id for row in rows if row.concurrency_limit is not None])
    return [
        WorkPool.model_validate(
            {
                **row._mapping,
                "base_job_template": row.base_job_template or {},
                "storage_configuration": row.storage_configuration or {},
                "status": _status(row),
                "active_slots": taken.get(row.id),
            }
        )
        for row in rows
    ]


def _slots_taken(connection: sa.Connection, ids: list[UUID]) -> dict[UUID, int]:
    if not ids:
        return {}
    query = sa.select(work_queue.c.id, work_queue.c.work_pool_id).where(work_queue.c.work_pool_id.in_(ids))
    pool_of = dict(connection.execute(query).tuples().all())
    taken = dict.fromkeys(ids, 0)
    for queue, slots in slots_taken(connection, pool_of).items():
        taken[pool_of[queue]] += slots
    return taken


def _status(row: Any) -> WorkPoolStatus | None:
    if row.is_paused:
        return WorkPoolStatus.PAUSED
    if row.type == _AGENTS:
        # agents are not heard of: nobody knows
        return None
    return WorkPoolStatus.READY if row.has_worker else WorkPoolStatus.NOT_READY


# --- making and changing --------------------------------------------------------------------------------


def create_work_pool(connection: sa.Connection, asked: WorkPoolCreate) -> WorkPool:
    """Make a pool with its default queue.

    Raises:
        ObjectAlreadyExists: there is one of that name.
        ObjectUnsupported: the name is reserved.
        ValueError: the defaults of its variables do not fit what it says of them.
    """
    _must_not_be_reserved(asked.name)
    _must_describe_its_defaults(asked.base_job_template)
    if connection.execute(sa.select(work_pool.c.id).where(work_pool.c.name == asked.name)).first():
        raise ObjectAlreadyExists(LookupError(f"There is already a work pool named {asked.name!r}."))
    _make(connection, asked)
    return read_work_pool(connection, asked.name)


def agents_pool(connection: sa.Connection) -> UUID:
    """The id of the pool of queues that belong to none, as agents had them; it is made on first need."""
    name = DEFAULT_AGENT_WORK_POOL_NAME
    id: UUID | None = connection.execute(sa.select(work_pool.c.id).where(work_pool.c.name == name)).scalar()
    return id or _make(connection, WorkPoolCreate(name=name, type=_AGENTS))


def _make(connection: sa.Connection, asked: WorkPoolCreate) -> UUID:
    id, moment = uuid7(), now()
    row = {"id": id, "created": moment, "updated": moment, **asked.model_dump(mode="json")}
    connection.execute(sa.insert(work_pool).values(row))
    queue = WorkQueueCreate(name=DEFAULT_QUEUE, description="The work pool's default queue.", priority=1)
    default = create_queue(connection, id, queue)
    connection.execute(sa.update(work_pool).where(work_pool.c.id == id).values(default_queue_id=default))
    return id


def update_work_pool(connection: sa.Connection, name: str, changes: Mapping[str, Any]) -> None:
    """Change fields of a pool (`changes`: by their names).

    Raises:
        ObjectNotFound: there is no such pool.
        ValueError: the defaults of its variables do not fit what it says of them.
    """
    told = {field: value for field, value in changes.items() if value is not None or field not in _NOT_NULL}
    _must_describe_its_defaults(told.get("base_job_template") or {})
    query = sa.update(work_pool).where(work_pool.c.name == name).values({**told, "updated": now()})
    if connection.execute(query).rowcount == 0:
        raise absent_name("work pool", name)


def delete_work_pool(connection: sa.Connection, name: str) -> None:
    """Delete a pool with its queues and workers; its deployments and runs lose them.

    Raises:
        ObjectNotFound: there is no such pool.
        ObjectUnsupported: the name is reserved.
    """
    _must_not_be_reserved(name)
    id = pool_id(connection, name)
    queues = connection.execute(sa.select(work_queue.c.id).where(work_queue.c.work_pool_id == id))
    lost = list(queues.scalars())
    connection.execute(sa.delete(work_pool).where(work_pool.c.id == id))
    forget_queues(connection, lost)


def _must_not_be_reserved(name: str) -> None:
    if name.lower().startswith(_RESERVED):
        message = f"Names of work pools that begin with 'Prefect' are reserved; got {name!r}."
        raise ObjectUnsupported(ValueError(message))


def _must_describe_its_defaults(template: Mapping[str, Any]) -> None:
    """The variables' schema is one, and the defaults in it fit it."""
    variables = template.get("variables")
    if not variables:
        return
    properties = variables.get("properties") or {}
    defaults = {
        name: one["default"] for name, one in properties.items() if isinstance(one, dict) and "default" in one
    }
    # a default that stands for a block is known when the run is prepared
    told = {name: value for name, value in defaults.items() if value is not None and not _is_block(value)}
    try:
        validate(told, variables, raise_on_error=True, ignore_required=True)
    except (ValidationError, CircularSchemaRefError) as error:
        raise ValueError(f"The defaults of the work pool's variables do not fit: {error}") from None


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and "$ref" in value
