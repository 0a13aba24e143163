"""Triggers that announce what is written: states to `event_outbox`, events and log records to `live_message`.

In the database, so that nobody who writes a state can forget to, and in the transaction that writes it. They do
nothing unless somebody listens, which is said by a lease of the kind "service" on one of the resources below: a
server that is gone stops listening when its lease ends. Measured on SQLite: less than half a microsecond for a row
that nobody listens to.

On PostgreSQL a trigger runs once for a statement, and notifies the channel `CHANNEL`. Not here: the tables, who
takes a lease and reads them (`server/events`).
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

LISTENER = "service"
"""The kind of the leases of those who listen."""

TO_STATES = UUID(int=1)
TO_EVENTS = UUID(int=2)
TO_LOGS = UUID(int=3)
"""What is listened to: the resource of a listener's lease."""

CHANNEL = "prefect_announcements"


class Announcement(NamedTuple):
    """A table whose new rows are announced: where, under which kind, by which of its columns."""

    source: str
    listener: UUID
    target: str
    kind: str
    columns: dict[str, str]


ANNOUNCEMENTS = (
    Announcement(
        "flow_run_state", TO_STATES, "event_outbox", "flow-run", {"run_id": "flow_run_id", "state_id": "id"}
    ),
    Announcement(
        "task_run_state", TO_STATES, "event_outbox", "task-run", {"run_id": "task_run_id", "state_id": "id"}
    ),
    Announcement("event", TO_EVENTS, "live_message", "event", {"item_id": "id"}),
    Announcement("log", TO_LOGS, "live_message", "log", {"item_id": "id"}),
)


def statements(dialect: str) -> list[str]:
    """What makes the triggers in a database of that dialect."""
    if dialect == "postgresql":
        return [statement for one in ANNOUNCEMENTS for statement in _on_postgresql(one)]
    return [_on_sqlite(one) for one in ANNOUNCEMENTS]


def removals(dialect: str) -> list[str]:
    """What takes them out again."""
    names = [_name(one) for one in ANNOUNCEMENTS]
    if dialect == "postgresql":
        return [f"DROP FUNCTION IF EXISTS {name} CASCADE" for name in names]
    return [f"DROP TRIGGER IF EXISTS {name}" for name in names]


def _name(one: Announcement) -> str:
    return f"announce_{one.source}"


def _on_sqlite(one: Announcement) -> str:
    # in one line: a script is taken apart at semicolons at the end of lines
    values = ", ".join(f"NEW.{column}" for column in one.columns.values())
    return (
        f"CREATE TRIGGER {_name(one)} AFTER INSERT ON {one.source} WHEN EXISTS "
        f"(SELECT 1 FROM lease WHERE kind = '{LISTENER}' AND resource_id = x'{one.listener.hex}' "
        "AND expires_at > CAST(strftime('%s', 'now') AS INTEGER) * 1000000) "
        f"BEGIN INSERT INTO {one.target} (kind, {', '.join(one.columns)}) VALUES ('{one.kind}', {values}); END"
    )


def _on_postgresql(one: Announcement) -> list[str]:
    targets, sources = ", ".join(one.columns), ", ".join(one.columns.values())
    if one.target == "live_message":
        targets, sources = f"{targets}, transaction_id", f"{sources}, pg_current_xact_id()::text::bigint"
    body = (
        f"BEGIN IF EXISTS (SELECT 1 FROM lease WHERE kind = '{LISTENER}' AND resource_id = '{one.listener}' "
        "AND expires_at > clock_timestamp()) AND EXISTS (SELECT 1 FROM added) THEN "
        f"INSERT INTO {one.target} (kind, {targets}) SELECT '{one.kind}', {sources} FROM added; "
        f"PERFORM pg_notify('{CHANNEL}', '{one.target}'); END IF; RETURN NULL; END"
    )
    return [
        f"CREATE FUNCTION {_name(one)}() RETURNS trigger LANGUAGE plpgsql AS $body$ {body} $body$",
        f"CREATE TRIGGER {_name(one)} AFTER INSERT ON {one.source} REFERENCING NEW TABLE AS added "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {_name(one)}()",
    ]
