"""What every case shares: the clock, the count of what the store holds, memory, one JSON line as the answer.

Cases are written against the public API only, so the same file runs on this project and on the original.
The count is taken from outside the engine: with sqlite3 from this project's store, over REST from the
original's server.
"""

import json
import os
import resource
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import prefect

ORIGINAL = prefect.__version__.startswith("3.")
RECORD_PATIENCE_SECONDS = 90.0


def completed(kind: str) -> int:
    """How many Completed rows of `kind` ("task_run" or "flow_run") the store holds now."""
    return _completed_over_rest(kind) if ORIGINAL else _completed_in_file(kind)


def settled(kind: str) -> int:
    """`completed`, once the original, which records in the background, has caught up."""
    count = completed(kind)
    while ORIGINAL:
        time.sleep(3.0)
        before, count = count, completed(kind)
        if count == before:
            break
    return count


def _completed_in_file(kind: str) -> int:
    path = Path(os.environ["PREFECT_HOME"]) / "runs.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        query = f"SELECT count(*) FROM {kind} WHERE state_type = 'COMPLETED'"
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


def _completed_over_rest(kind: str) -> int:
    body = {f"{kind}s": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    request = urllib.request.Request(
        f"{os.environ['PREFECT_API_URL']}/{kind}s/count",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(json.load(response))


def measure(
    run: Callable[[int], float], *, units: int, kind: str, others: int = 0, warm_up: int = 5
) -> dict[str, Any]:
    """Run `run(units)`, which answers with its in-flow seconds, and wait until the store holds it all.

    `others` says how many more rows of this kind the run writes (the parent of subflows).

    One-time costs (opening the store, first imports) are paid by a warm-up that is not counted: the case
    `script` is there to show them.
    """
    if warm_up:
        run(warm_up)
    before = settled(kind)
    began = time.perf_counter()
    in_flow_seconds = run(units)
    at_return = completed(kind) - before - others
    seen = at_return
    while seen < units and time.perf_counter() - began < in_flow_seconds + RECORD_PATIENCE_SECONDS:
        time.sleep(0.1)
        seen = completed(kind) - before - others
    recorded_seconds = time.perf_counter() - began
    return {
        "units": units,
        "unit_ms": in_flow_seconds / units * 1000,
        "recorded_at_return": at_return,
        "recorded": seen,
        "recorded_unit_ms": recorded_seconds / units * 1000 if seen >= units else None,
        **memory(),
    }


def memory() -> dict[str, float]:
    """This process's memory in MiB: the peak so far, and what is resident now."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"peak_mib": peak, "resident_mib": resident_pages * resource.getpagesize() / 2**20}


def answer(figures: dict[str, Any]) -> None:
    """Print the figures as the last line of standard output."""
    print(json.dumps({"version": prefect.__version__, **figures}), flush=True)
