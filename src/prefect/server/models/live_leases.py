"""When a lease holds its slots of concurrency limits still, as SQL text: for the plain connections of the write path
and for SQLAlchemy alike.

A lease lasts until its term (some have none), and one that was taken for a run not longer than the run. Not here:
taking, renewing and giving back (`slot_leases`, `deployment_slots`).
"""

from __future__ import annotations

from prefect.schemas.states import TERMINAL_STATES

_ENDED = ", ".join(sorted(f"'{state.value}'" for state in TERMINAL_STATES))


def _is_of_ended(table: str) -> str:
    holder = f"{table}.id = concurrency_lease.holder_id AND {table}.state_type IN ({_ENDED})"
    return f"concurrency_lease.holder_type = '{table}' AND EXISTS (SELECT 1 FROM {table} WHERE {holder})"


def is_live(now: str) -> str:
    """The condition on a row of `concurrency_lease`; `now` stands for the parameter that is the moment."""
    has_term_left = f"(concurrency_lease.expires_at IS NULL OR concurrency_lease.expires_at > {now})"
    return f"{has_term_left} AND NOT ({_is_of_ended('flow_run')}) AND NOT ({_is_of_ended('task_run')})"
