"""Taking in what is sent as events: they are stored, and what they tell of task runs is recorded, all or nothing.

Not here: bounds (`bounds`), who sends them (the operation, the WebSocket).
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from prefect.schemas.events import Event
from prefect.server.events.storing import store_events
from prefect.server.events.task_runs import record_task_runs


def take_in(connection: sa.Connection, events: Sequence[Event]) -> None:
    """Store events and record what they tell; what is stored already is left as it is."""
    store_events(connection, events)
    record_task_runs(connection, events)
