"""Fills a store with very many flow runs, for measurements of lists; the runs are of many flows, states and days.

    python benchmarks/many_runs.py --runs 1000000 --database sqlite:////tmp/many.db

Written through SQLAlchemy in large transactions, below the rules of orchestration: what counts here is that the
rows are as many and as various as a year of use makes them. The same number makes the same rows.
"""

import argparse
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from prefect.server.database.store import Store, open_store
from prefect.server.database.tables import flow, flow_run, flow_run_state

BATCH = 5_000
FLOWS = 50
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BETWEEN = timedelta(seconds=25)
STATES = (
    ("COMPLETED", "Completed", 900),
    ("FAILED", "Failed", 60),
    ("CRASHED", "Crashed", 15),
    ("CANCELLED", "Cancelled", 10),
    ("SCHEDULED", "Scheduled", 10),
    ("RUNNING", "Running", 5),
)
TAGS = ("etl", "nightly", "team-a", "team-b", "prod", "dev")

Rows = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def moment_id(moment: datetime, chance: random.Random) -> uuid.UUID:
    """A version 7 UUID of that moment."""
    milliseconds = int(moment.timestamp() * 1000)
    value = milliseconds << 80 | 0x7 << 76 | chance.getrandbits(12) << 64 | 0x2 << 62 | chance.getrandbits(62)
    return uuid.UUID(int=value)


def flows(chance: random.Random) -> list[dict[str, Any]]:
    """The flows that the runs are of."""
    return [
        {"id": moment_id(FIRST, chance), "created": FIRST, "updated": FIRST, "name": f"flow-{number:03}"}
        for number in range(FLOWS)
    ]


def batches(runs: int, flow_ids: list[uuid.UUID], chance: random.Random) -> Iterator[Rows]:
    """Rows of runs and of their states, oldest first."""
    deployments = [moment_id(FIRST, chance) for _ in range(20)]
    weights = [weight for *_, weight in STATES]
    for first in range(0, runs, BATCH):
        rows: Rows = ([], [])
        for number in range(first, min(first + BATCH, runs)):
            expected = FIRST + number * BETWEEN
            kind = chance.choices(STATES, weights)[0]
            run = _run(number, expected, kind, chance)
            run |= {"flow_id": chance.choice(flow_ids), "deployment_id": chance.choice([None, *deployments])}
            rows[0].append(run)
            rows[1].append(_state(run))
        yield rows


def _run(
    number: int, expected: datetime, kind: tuple[str, str, int], chance: random.Random
) -> dict[str, Any]:
    type, name, _ = kind
    started = None if type == "SCHEDULED" else expected + timedelta(milliseconds=chance.randrange(5_000))
    length = timedelta(milliseconds=chance.randrange(600_000))
    ended = None if started is None or type == "RUNNING" else started + length
    return {
        "id": moment_id(expected, chance),
        "created": expected,
        "updated": ended or started or expected,
        "name": f"run-{chance.randrange(1_000_000):06}",
        "flow_version": "1",
        "parameters": {"day": number % 365, "region": "north", "dry_run": False},
        "tags": chance.sample(TAGS, 2),
        "labels": {"prefect.flow.id": "x"},
        "empirical_policy": {"retries": 3},
        "state_id": moment_id(ended or started or expected, chance),
        "state_type": type,
        "state_name": name,
        "state_timestamp": ended or started or expected,
        "run_count": 0 if started is None else 1,
        "attempt": 0 if started is None else 1,
        "expected_start_time": expected,
        "next_scheduled_start_time": expected if type == "SCHEDULED" else None,
        "start_time": started,
        "end_time": ended,
        "total_run_time": length if ended else timedelta(0),
    }


def _state(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": run["state_id"],
        "flow_run_id": run["id"],
        "timestamp": run["state_timestamp"],
        "type": run["state_type"],
        "name": run["state_name"],
        "message": "Flow run encountered an exception" if run["state_type"] == "FAILED" else None,
    }


def fill(store: Store, runs: int) -> None:
    """Put so many runs into a store that has none."""
    chance = random.Random(runs)
    known = flows(chance)
    with store.writing() as connection:
        connection.execute(sa.insert(flow), known)
    for of_runs, of_states in batches(runs, [one["id"] for one in known], chance):
        with store.writing() as connection:
            connection.execute(sa.insert(flow_run), of_runs)
            connection.execute(sa.insert(flow_run_state), of_states)
    _tidy(store)


def _tidy(store: Store) -> None:
    """What PostgreSQL does in the background to tables that grow, where that is switched on."""
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE flow_run, flow_run_state")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--runs", type=int, default=1_000_000)
    options.add_argument("--database", required=True, help="URL of a store that is made, or has no runs")
    asked = options.parse_args()
    store = open_store(asked.database)
    try:
        fill(store, asked.runs)
    finally:
        store.close()


if __name__ == "__main__":
    main()
