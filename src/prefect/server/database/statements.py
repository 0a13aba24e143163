"""The SQL of the write path, as text: the fixed statements that a journal carries out.

Plain text because the path is hot and must not load SQLAlchemy (docs/decisions/0001); queries whose shape
depends on a caller's filter are `server/models`' and are built there. Not here: when a statement runs
(`journal`), the values it is given (`rows`).
"""

from __future__ import annotations

from functools import lru_cache

from prefect.server.database.rows import FLOW_RUN_COLUMNS, TASK_RUN_COLUMNS

STATE_COLUMNS = ("timestamp", "type", "name", "message", "state_details", "data")
LOG_COLUMNS = ("id", "timestamp", "name", "level", "message", "flow_run_id", "task_run_id")
LEASE_COLUMNS = ("kind", "resource_id", "holder", "attempt", "acquired_at", "expires_at")

_FIXED_AT_BIRTH = {"id", "created", "flow_run_id", "task_key", "dynamic_key", "expected_start_time"}
_TASK_RUN_UPDATE = ", ".join(
    f"{column} = excluded.{column}" for column in TASK_RUN_COLUMNS if column not in _FIXED_AT_BIRTH
)


class Insert:
    """An INSERT of any number of rows at once.

    One statement with many rows, not one run many times: SQLite then works through all of them without giving
    Python's lock back and forth for each, which a busy thread of the program would make it wait for.
    """

    def __init__(self, table: str, columns: tuple[str, ...], on_conflict: str = "") -> None:
        self.width = len(columns)
        self._head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "
        self._row = f"({', '.join('?' * self.width)})"
        self._tail = f" {on_conflict}" if on_conflict else ""
        self.sql = lru_cache(maxsize=64)(self._sql)

    def _sql(self, rows: int) -> str:
        return self._head + ", ".join([self._row] * rows) + self._tail


INSERT_TASK_RUN = Insert("task_run", TASK_RUN_COLUMNS, f"ON CONFLICT (id) DO UPDATE SET {_TASK_RUN_UPDATE}")
INSERT_TASK_RUN_STATE = Insert(
    "task_run_state", ("id", "task_run_id", *STATE_COLUMNS), "ON CONFLICT (task_run_id, id) DO NOTHING"
)
INSERT_FLOW_RUN = Insert("flow_run", FLOW_RUN_COLUMNS, "ON CONFLICT (id) DO NOTHING")
FLOW_RUN_ATTEMPT_POSITION = FLOW_RUN_COLUMNS.index("attempt")
INSERT_FLOW_RUN_STATE = Insert(
    "flow_run_state", ("id", "flow_run_id", *STATE_COLUMNS), "ON CONFLICT (flow_run_id, id) DO NOTHING"
)
INSERT_LOG = Insert("log", LOG_COLUMNS, "ON CONFLICT (id) DO NOTHING")
TAKE_LEASE = Insert(
    "lease",
    LEASE_COLUMNS,
    "ON CONFLICT (kind, resource_id) DO UPDATE SET holder = excluded.holder, attempt = excluded.attempt, "
    "acquired_at = excluded.acquired_at, expires_at = excluded.expires_at",
)

LEASE_OF_FLOW_RUN = "SELECT holder FROM lease WHERE kind = 'flow_run' AND resource_id = ?"
RENEW_LEASES = "UPDATE lease SET expires_at = ? WHERE holder = ?"
DROP_LEASE = "DELETE FROM lease WHERE kind = ? AND resource_id = ?"
RENEW_LOCKS = (
    "UPDATE lease SET expires_at = ? WHERE kind = 'lock' AND attempt = 1 AND substr(holder, 1, ?) = ?"
)
LEASES_HELD = (
    "SELECT kind, resource_id FROM lease WHERE holder = ?"
    " /*postgresql ORDER BY kind, resource_id FOR SHARE */"
)

# with many writers, in this order: who ends a run of a lost process begins with its lease, too
LOCK_LEASE_OF_FLOW_RUN = "SELECT 1 FROM lease WHERE kind = 'flow_run' AND resource_id = ? FOR UPDATE"
LOCK_FLOW_RUN = "SELECT 1 FROM flow_run WHERE id = ? FOR UPDATE"
LOCK_KEY = "SELECT pg_advisory_xact_lock(?)"

FLOW_RUN_OF_TASK_RUN = "SELECT flow_run_id FROM task_run WHERE id = ?"
FLOW_BY_NAME = "SELECT id FROM flow WHERE name = ?"
INSERT_FLOW = (
    "INSERT INTO flow (id, created, updated, name, tags, labels) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (name) DO NOTHING"
)

FLOW_RUN_FACTS = """
    SELECT r.state_id, r.state_type, r.state_name, r.state_timestamp, s.state_details, s.data IS NOT NULL,
           r.run_count, r.attempt, r.expected_start_time, r.start_time, r.end_time, r.total_run_time,
           r.empirical_policy, r.deployment_id, r.parent_task_run_id, r.infrastructure_pid, s.message, s.data
    FROM flow_run AS r LEFT JOIN flow_run_state AS s ON s.flow_run_id = r.id AND s.id = r.state_id
    WHERE r.id = ?
"""

UPDATE_FLOW_RUN_STATE = """
    UPDATE flow_run SET updated = ?, state_id = ?, state_type = ?, state_name = ?, state_timestamp = ?,
           run_count = ?, attempt = ?, expected_start_time = ?, next_scheduled_start_time = ?, start_time = ?,
           end_time = ?, total_run_time = ?, empirical_policy = ?
    WHERE id = ?
"""

UPDATE_FLOW_RUN_NAME = "UPDATE flow_run SET name = ?, updated = ? WHERE id = ?"
UPDATE_FLOW_RUN_TOLD = "UPDATE flow_run SET parameters = ?, labels = ?, updated = ? WHERE id = ?"
