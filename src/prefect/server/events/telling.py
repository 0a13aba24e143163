"""The outbox: states that were announced are taken out of it and stored as the events they are.

What is taken out is stored in the same transaction, or still there. A state whose event is stored already, since
a client sent it or a server was killed in between, is told once. Not here: what an event says (`run_events`), when
a slice is done (`server/services`), who puts states into the outbox (`server/database/announcing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.bases import now
from prefect.schemas.events import Event
from prefect.server.database.tables import (
    deployment,
    event_outbox,
    flow,
    flow_run,
    flow_run_state,
    task_run,
    task_run_state,
    work_pool,
    work_queue,
)
from prefect.server.events.run_events import (
    Labels,
    RunFacts,
    StateFacts,
    event_of,
    histories,
    related_resource,
    tag_resources,
)
from prefect.server.events.storing import store_events

FLOW_RUN, TASK_RUN = "flow-run", "task-run"

_STATES = {
    FLOW_RUN: (flow_run_state, flow_run_state.c.flow_run_id),
    TASK_RUN: (task_run_state, task_run_state.c.task_run_id),
}


class Announced(NamedTuple):
    """States in the outbox.

    Attributes:
        outbox_ids: their places there.
        events: what they are told as.
        newest: the place of the state that was announced last, these or another.
    """

    outbox_ids: list[int]
    events: list[Event]
    newest: int | None


def tell(connection: sa.Connection, limit: int) -> int:
    """Store the events of the states that were announced first, and return how many of those were taken out.

    Args:
        limit: at most so many are.
    """
    announced = read_announced(connection, limit)
    if announced.outbox_ids:
        store_announced(connection, announced)
    return len(announced.outbox_ids)


def read_announced(connection: sa.Connection, limit: int) -> Announced:
    """The states that were announced first, and their events: most of the work, which needs no write transaction."""
    announced = connection.execute(sa.select(event_outbox).order_by(event_outbox.c.id).limit(limit)).all()
    events: dict[UUID, Event] = {}
    for kind in (FLOW_RUN, TASK_RUN):
        states = {row.state_id: row.run_id for row in announced if row.kind == kind}
        if states:
            events |= {one.id: one for one in _events(connection, kind, states)}
    # in the order in which they were announced
    told = [events[row.state_id] for row in announced if row.state_id in events]
    newest = connection.execute(sa.select(sa.func.max(event_outbox.c.id))).scalar()
    return Announced([row.id for row in announced], told, newest)


def store_announced(connection: sa.Connection, announced: Announced) -> None:
    """Store the events of states, and take these out of the outbox. To do so twice changes nothing."""
    store_events(connection, announced.events)
    connection.execute(sa.delete(event_outbox).where(event_outbox.c.id.in_(announced.outbox_ids)))


def is_anything_to_tell(connection: sa.Connection) -> bool:
    """Whether there are states that were announced and not told."""
    return connection.execute(sa.select(event_outbox.c.id).limit(1)).first() is not None


def _events(connection: sa.Connection, kind: str, states: dict[UUID, UUID]) -> list[Event]:
    """The events of states; `states` are their ids with those of their runs."""
    run_ids = list(dict.fromkeys(states.values()))
    runs = _flow_runs(connection, run_ids) if kind == FLOW_RUN else _task_runs(connection, run_ids)
    received = now()
    events: list[Event] = []
    for run_id, chain in _chains(connection, kind, run_ids).items():
        # a run that has been deleted since is not told of
        run = runs.get(run_id)
        if run is not None:
            found = histories(chain)
            events += [event_of(run, one, found[one.id], received) for one in chain if one.id in states]
    return events


def _chains(connection: sa.Connection, kind: str, run_ids: Sequence[UUID]) -> dict[UUID, list[StateFacts]]:
    """The states of runs, in order."""
    table, owner = _STATES[kind]
    columns = (table.c.id, table.c.timestamp, table.c.type, table.c.name, table.c.message)
    query = sa.select(owner.label("run_id"), *columns, table.c.state_details, table.c.data)
    query = query.where(owner.in_(run_ids)).order_by(table.c.timestamp, table.c.id)
    chains: dict[UUID, list[StateFacts]] = {}
    for row in connection.execute(query):
        told = (row.id, row.timestamp, row.type, row.name, row.message, row.state_details or {}, row.data)
        chains.setdefault(row.run_id, []).append(StateFacts(*told))
    return chains


# --- runs -----------------------------------------------------------------------------------------------

_PLACE = (
    flow_run.c.id.label("flow_run_id"),
    flow_run.c.name.label("flow_run_name"),
    flow_run.c.tags.label("flow_run_tags"),
    flow.c.id.label("flow_id"),
    flow.c.name.label("flow_name"),
    deployment.c.id.label("deployment_id"),
    deployment.c.name.label("deployment_name"),
    work_queue.c.id.label("work_queue_id"),
    work_queue.c.name.label("work_queue_name"),
    work_pool.c.id.label("work_pool_id"),
    work_pool.c.name.label("work_pool_name"),
    work_pool.c.type.label("work_pool_type"),
)


def _with_its_place(start: Any) -> Any:
    """A flow run joined with what it is related to."""
    return (
        start.outerjoin(flow, flow.c.id == flow_run.c.flow_id)
        .outerjoin(deployment, deployment.c.id == flow_run.c.deployment_id)
        .outerjoin(work_queue, work_queue.c.id == flow_run.c.work_queue_id)
        .outerjoin(work_pool, work_pool.c.id == work_queue.c.work_pool_id)
    )


def _place(row: Any) -> list[Labels]:
    """The flow and what it was deployed to."""
    found: list[Labels] = []
    for kind in ("flow", "deployment", "work-queue"):
        name = kind.replace("-", "_")
        id = getattr(row, f"{name}_id")
        if id is not None:
            found.append(related_resource(kind, id, kind, getattr(row, f"{name}_name")))
    if row.work_pool_id is not None:
        type = {"prefect.work-pool.type": row.work_pool_type}
        found.append(related_resource("work-pool", row.work_pool_id, "work-pool", row.work_pool_name, **type))
    return found


def _flow_runs(connection: sa.Connection, ids: Sequence[UUID]) -> dict[UUID, RunFacts]:
    parent = (task_run.c.id.label("parent_id"), task_run.c.name.label("parent_name"))
    joined = _with_its_place(flow_run).outerjoin(task_run, task_run.c.id == flow_run.c.parent_task_run_id)
    query = sa.select(*_PLACE, *parent).select_from(joined).where(flow_run.c.id.in_(ids))
    found: dict[UUID, RunFacts] = {}
    for row in connection.execute(query):
        related = [*_place(row), *tag_resources(row.flow_run_tags or ())]
        if row.parent_id is not None:
            related.append(related_resource(TASK_RUN, row.parent_id, TASK_RUN, row.parent_name))
        found[row.flow_run_id] = RunFacts(FLOW_RUN, row.flow_run_id, row.flow_run_name, related)
    return found


_TOLD = ("name", "task_key", "dynamic_key", "cache_key", "task_version", "flow_run_run_count")


def _task_runs(connection: sa.Connection, ids: Sequence[UUID]) -> dict[UUID, RunFacts]:
    columns = [
        task_run.c[name] for name in ("id", *_TOLD, "empirical_policy", "tags", "labels", "task_inputs")
    ]
    joined = _with_its_place(task_run.outerjoin(flow_run, flow_run.c.id == task_run.c.flow_run_id))
    query = sa.select(*columns, *_PLACE).select_from(joined).where(task_run.c.id.in_(ids))
    found: dict[UUID, RunFacts] = {}
    for row in connection.execute(query):
        tags = row.tags or []
        related = tag_resources(tags)
        if row.flow_run_id is not None:
            related.append(related_resource(FLOW_RUN, row.flow_run_id, FLOW_RUN, row.flow_run_name))
            related += [
                *_place(row),
                *tag_resources(tag for tag in row.flow_run_tags or () if tag not in tags),
            ]
        told = {name: getattr(row, name) for name in _TOLD if getattr(row, name) is not None}
        told |= {
            "empirical_policy": row.empirical_policy or {},
            "tags": tags,
            "labels": row.labels or {},
            "task_inputs": row.task_inputs or {},
        }
        found[row.id] = RunFacts(TASK_RUN, row.id, row.name, related, told)
    return found
