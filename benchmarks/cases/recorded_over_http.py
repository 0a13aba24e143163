"""No-op tasks of a flow whose states are recorded at a server: three for each task run, over HTTP.

Starts a server of its own with the interpreter's Prefect. A unit is one state; it counts when the server has it.

    python benchmarks/cases/recorded_over_http.py --n 1000000
"""

import argparse
import json
import os
import tempfile
import time
import urllib.request
from typing import Any

from _measure import answer, memory
from server import server

STATES = 3
PATIENCE_SECONDS = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=30_000, help="states")
    parser.add_argument("--database", help="URL of the server's database")
    arguments = parser.parse_args()
    directory = tempfile.TemporaryDirectory(prefix="prefect-bench-http-")
    with directory as home, server(f"{home}/server", arguments.database) as asked:
        os.environ.update(PREFECT_API_URL=asked.url, PREFECT_HOME=f"{home}/client")
        figures = _figures(arguments.n // STATES, asked.url)
        answer({**figures, "server_mib": asked.resident_mib()})


def _figures(tasks: int, url: str) -> dict[str, Any]:
    from prefect import flow, task

    @task
    def nothing() -> None:
        return None

    @flow
    def loop(n: int) -> None:
        for _ in range(n):
            nothing()

    loop(5)
    before = _completed(url)
    began = time.perf_counter()
    loop(tasks)
    at_return = seen = _completed(url) - before
    while seen < tasks and time.perf_counter() < began + PATIENCE_SECONDS:
        time.sleep(0.1)
        seen = _completed(url) - before
    seconds = time.perf_counter() - began
    if seen < tasks:
        raise SystemExit(f"after {seconds:.0f} s the server had {seen} of {tasks} task runs")
    states = tasks * STATES
    return {
        "units": states,
        "unit_ms": seconds / states * 1000,
        "per_second": states / seconds,
        "recorded_at_return": at_return * STATES,
        "recorded": seen * STATES,
        **memory(),
    }


def _completed(url: str) -> int:
    body = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    request = urllib.request.Request(
        f"{url}/task_runs/count", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return int(json.load(response))


if __name__ == "__main__":
    main()
