"""Removing runs that are over their lifetime, and reading which runs refer to which results.

The functions that judge and remove are called within a write transaction, so that nobody begins or resumes a
run between the verdict and the deed. Not here: the verdicts (`retention`), files of results
(`prefect.results.files`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from prefect.schemas.states import TERMINAL_STATES, StateType
from prefect.server.database.tables import flow_run, flow_run_state, lease, task_run, task_run_state
from prefect.server.models.deletion import delete_flow_run, delete_task_run
from prefect.server.models.json_columns import object_text
from prefect.server.models.retention import RunFacts, Use, Verdict, decide_runs, needs

LINEAGE_LABEL = "prefect.lineage"

_ENDED = [type.value for type in TERMINAL_STATES]
_RESTING = [StateType.COMPLETED.value, StateType.CANCELLED.value]
_AT_ONCE = 500


class Lifetimes(NamedTuple):
    """How long records count.

    Attributes:
        retention: from the end of a run to its removal.
        resume_window: from the end of a failed or crashed run until nobody resumes it any more.
    """

    retention: timedelta
    resume_window: timedelta


# --- runs -----------------------------------------------------------------------------------------------


def judge_runs(connection: sa.Connection, lifetimes: Lifetimes, at: datetime) -> list[Verdict]:
    """What becomes of each flow run, and each task run outside of flows, that is over its lifetime."""
    before = at - lifetimes.retention
    found = [
        *_flow_runs(connection, _over(flow_run, before)),
        *_lone_task_runs(connection, _over(task_run, before)),
    ]
    needed = read_needs(connection, lifetimes.resume_window, at)
    return decide_runs(found, needed, lifetimes.retention, lifetimes.resume_window, at)


def remove_runs(
    connection: sa.Connection, runs: Sequence[RunFacts], lifetimes: Lifetimes, at: datetime
) -> tuple[list[Verdict], set[str]]:
    """Remove those of the runs that may still be removed, each with everything that is its own.

    Returns:
        What became of each, and the keys of the local results that the removed ones referred to.
    """
    ids = [run.id for run in runs]
    found = [
        *_flow_runs(connection, flow_run.c.id.in_(ids)),
        *_lone_task_runs(connection, task_run.c.id.in_(ids)),
    ]
    needed = read_needs(connection, lifetimes.resume_window, at)
    verdicts = decide_runs(found, needed, lifetimes.retention, lifetimes.resume_window, at)
    keys: set[str] = set()
    for verdict in verdicts:
        if verdict.remove:
            keys.update(_keys_of(connection, verdict.run))
            delete = delete_flow_run if verdict.run.kind == "flow run" else delete_task_run
            # the lease was looked at before, and no write can have come between
            delete(connection, verdict.run.id, force=True)
    return verdicts, keys


def read_needs(connection: sa.Connection, resume_window: timedelta, at: datetime) -> dict[UUID, str]:
    """Why each flow run is needed that is needed."""
    holds = flow_run.c.id.in_(sa.select(lease.c.resource_id).where(lease.c.kind == "flow_run"))
    open_or_unwell = sa.or_(flow_run.c.state_type.is_(None), flow_run.c.state_type.not_in(_RESTING))
    roots = list(_flow_runs(connection, sa.or_(holds, open_or_unwell)))
    own = needs(roots, {}, resume_window, at)
    needed_by = {run.origin: run.id for run in roots if run.origin is not None and run.id in own}
    inside = _inside(connection, [*own, *needed_by])
    through = {id: needed_by.get(root, root) for id, root in inside.items()}
    return needs(roots, {**through, **needed_by}, resume_window, at)


def _over(table: sa.Table, before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.state_type.in_(_ENDED), _end_of(table) <= before)


def _end_of(table: sa.Table) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(table.c.end_time, table.c.state_timestamp, type_=table.c.end_time.type)


def _columns(table: sa.Table, kind: str) -> list[sa.ColumnElement[Any]]:
    holds = sa.exists().where(lease.c.kind == kind, lease.c.resource_id == table.c.id)
    fields = [table.c[name] for name in ("id", "name", "state_type", "state_name")]
    return [*fields, _end_of(table).label("ended"), holds.label("held")]


def _flow_runs(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Iterator[RunFacts]:
    origin = object_text(flow_run.c.labels, LINEAGE_LABEL).label("origin")
    query = sa.select(*_columns(flow_run, "flow_run"), origin).where(condition).order_by(flow_run.c.id)
    for row in connection.execute(query):
        yield _facts(row, "flow run", _id_in(row.origin))


def _lone_task_runs(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Iterator[RunFacts]:
    query = sa.select(*_columns(task_run, "task_run")).where(task_run.c.flow_run_id.is_(None), condition)
    query = query.order_by(task_run.c.id)
    for row in connection.execute(query):
        yield _facts(row, "task run", None)


def _id_in(label: Any) -> UUID | None:
    """The id that a label names; labels are anybody's to set."""
    try:
        return UUID(label)
    except (TypeError, ValueError, AttributeError):
        return None


def _facts(row: Any, kind: str, origin: UUID | None) -> RunFacts:
    type = StateType(row.state_type) if row.state_type else None
    ended = row.ended if type in TERMINAL_STATES else None
    return RunFacts(row.id, kind, row.name, type, row.state_name, ended, bool(row.held), origin)


def _inside(connection: sa.Connection, roots: Sequence[UUID]) -> dict[UUID, UUID]:
    """The flow runs inside each of the roots, at any depth, with the root."""
    found: dict[UUID, UUID] = {}
    for start in range(0, len(roots), _AT_ONCE):
        ids = roots[start : start + _AT_ONCE]
        tree = sa.select(flow_run.c.id, flow_run.c.id.label("root")).where(flow_run.c.id.in_(ids))
        inside = tree.cte("inside", recursive=True)
        called = (
            sa.select(flow_run.c.id, inside.c.root)
            .join(task_run, task_run.c.id == flow_run.c.parent_task_run_id)
            .join(inside, inside.c.id == task_run.c.flow_run_id)
        )
        inside = inside.union(called)
        for id, root in connection.execute(sa.select(inside.c.id, inside.c.root)):
            if id != root:
                found.setdefault(id, root)
    return found


# --- results --------------------------------------------------------------------------------------------


def read_uses(connection: sa.Connection, resume_window: timedelta, at: datetime) -> dict[str, list[Use]]:
    """Which runs refer to each local result, by its key. Reads the states of all runs."""
    needed = read_needs(connection, resume_window, at)
    uses: dict[str, list[Use]] = {}
    for row in connection.execute(_states_of_flow_runs()):
        if key := _local_key(row.data):
            uses.setdefault(key, []).append(_use(row, needed.get(row.id)))
    for row in connection.execute(_states_of_task_runs()):
        if not (key := _local_key(row.data)):
            continue
        need = needed.get(row.flow_run_id) if row.flow_run_id else None
        live = row.cache_key and (row.cache_expiration is None or row.cache_expiration > at)
        uses.setdefault(key, []).append(_use(row, need, row.cache_key if live else None))
    return uses


def still_used(connection: sa.Connection, keys: set[str]) -> set[str]:
    """Those of the keys of local results that some run refers to. Reads the states of all runs."""
    found: set[str] = set()
    for table in (flow_run_state, task_run_state):
        rows = connection.execute(sa.select(table.c.data).where(table.c.data.is_not(None)))
        found.update(key for (data,) in rows if (key := _local_key(data)) is not None and key in keys)
    return found


def _states_of_flow_runs() -> sa.Select[Any]:
    joined = flow_run_state.join(flow_run, flow_run.c.id == flow_run_state.c.flow_run_id)
    columns = (flow_run_state.c.data, flow_run.c.id, flow_run.c.state_type, _end_of(flow_run).label("ended"))
    return sa.select(*columns).select_from(joined).where(flow_run_state.c.data.is_not(None))


def _states_of_task_runs() -> sa.Select[Any]:
    """States of task runs with results; a task run in a flow run ends, for its result, with the flow run."""
    joined = task_run_state.join(task_run, task_run.c.id == task_run_state.c.task_run_id)
    joined = joined.outerjoin(flow_run, flow_run.c.id == task_run.c.flow_run_id)
    columns = (
        task_run_state.c.data,
        task_run.c.flow_run_id,
        task_run.c.cache_key,
        task_run.c.cache_expiration,
        sa.func.coalesce(flow_run.c.state_type, task_run.c.state_type).label("state_type"),
        sa.case((flow_run.c.id.is_(None), _end_of(task_run)), else_=_end_of(flow_run)).label("ended"),
    )
    return sa.select(*columns).select_from(joined).where(task_run_state.c.data.is_not(None))


def _use(row: Any, need: str | None, cache_name: str | None = None) -> Use:
    if row.state_type in _ENDED:
        return Use(row.ended, need, cache_name)
    return Use(None, need or "it has not ended", cache_name)


def _local_key(data: Any) -> str | None:
    """Where a state says that its result is, if that is not a storage block."""
    if not isinstance(data, dict) or data.get("storage_block_id"):
        return None
    key = data.get("storage_key")
    return key if isinstance(key, str) else None


def _keys_of(connection: sa.Connection, run: RunFacts) -> Iterable[str]:
    """The keys of the local results of a run and of the task runs in it."""
    queries = [sa.select(task_run_state.c.data).where(task_run_state.c.task_run_id == run.id)]
    if run.kind == "flow run":
        inside = sa.select(task_run.c.id).where(task_run.c.flow_run_id == run.id)
        queries = [
            sa.select(flow_run_state.c.data).where(flow_run_state.c.flow_run_id == run.id),
            sa.select(task_run_state.c.data).where(task_run_state.c.task_run_id.in_(inside)),
        ]
    rows = (row for query in queries for row in connection.execute(query))
    return {key for (data,) in rows if (key := _local_key(data)) is not None}
