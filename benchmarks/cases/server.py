"""The server: how soon it answers, how fast, and what memory it takes when nobody asks.

Starts a server of its own with the interpreter's Prefect, over a fresh SQLite file, or over `--database`
(a URL; its contents are added to).

    python benchmarks/cases/server.py --n 1000 --by create
"""

import argparse
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _load import Load, ask, question
from _measure import answer

PATIENCE_SECONDS = 120.0
STORED_RUNS = 1_000
IDLE_SECONDS = 10.0


@dataclass
class Server:
    """A server that answers."""

    url: str
    process: "subprocess.Popen[bytes]"
    start_seconds: float

    def resident_mib(self) -> float:
        """What the process and its children hold in memory."""
        return sum(_resident_kib(pid) for pid in _family(self.process.pid)) / 1024


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(grandchild for child in children for grandchild in _family(int(child)))]


def _resident_kib(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) if found else 0


@contextlib.contextmanager
def server(home: str, database: str | None) -> Iterator[Server]:
    """A server over the store in `home`, or over a database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = kept | {"PREFECT_HOME": home, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    if database:
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    command = [sys.executable, "-m", "prefect", "server", "start", "--no-ui", "--port", str(port)]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, **silent)  # type: ignore[call-overload]
    try:
        url = f"http://127.0.0.1:{port}/api"
        _wait_until_healthy(f"{url}/health", process)
        yield Server(url, process, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended at once, with exit code {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.01)
    raise SystemExit(f"the server did not answer within {PATIENCE_SECONDS:.0f} s")


# --- what is asked --------------------------------------------------------------------------------------


def flow_id(url: str) -> str:
    made = ask(url, [question("POST", f"{url}/flows/", {"name": "measured"})])
    return str(json.loads(made.bodies[0])["id"])


def creations(url: str, count: int) -> list[bytes]:
    run = {"flow_id": flow_id(url), "state": {"type": "PENDING"}, "tags": ["a", "b"], "parameters": {"x": 1}}
    return [
        question("POST", f"{url}/flow_runs/", {**run, "name": f"run-{number}"}) for number in range(count)
    ]


def by_create(url: str, count: int) -> Load:
    ask(url, creations(url, 20))
    return ask(url, creations(url, count))


def by_set_state(url: str, count: int) -> Load:
    made = [json.loads(body) for body in ask(url, creations(url, count // 2)).bodies]
    ids = [run["id"] for run in made if "id" in run]
    proposals = [
        question("POST", f"{url}/flow_runs/{id}/set_state", {"state": {"type": type, "name": type.title()}})
        for type in ("RUNNING", "COMPLETED")
        for id in ids
    ]
    return ask(url, proposals)


def by_filter(url: str, count: int) -> Load:
    missing = STORED_RUNS
    while missing > 0:
        # the original refuses some
        missing = ask(url, creations(url, missing)).refused
    one = question("POST", f"{url}/flow_runs/filter", {})
    ask(url, [one] * 8)
    return ask(url, [one] * count)


ASKED: dict[str, Callable[[str, int], Load]] = {
    "create": by_create,
    "set_state": by_set_state,
    "filter": by_filter,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300, help="requests, or starts")
    parser.add_argument("--by", choices=["start", "idle", *ASKED], default="start")
    parser.add_argument("--database", help="URL of the database")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prefect-bench-server-") as home:
        answer(_figures(arguments, home))


def _figures(arguments: argparse.Namespace, home: str) -> dict[str, Any]:
    with server(home, arguments.database) as first:  # makes the store
        if arguments.by in ASKED:
            load = ASKED[arguments.by](first.url, arguments.n)
            return {**load.figures(), "peak_mib": first.resident_mib()}
    if arguments.by == "idle":
        with server(home, arguments.database) as idle:
            time.sleep(IDLE_SECONDS)
            return {"units": 1, "peak_mib": idle.resident_mib()}
    starts = [_start(home, arguments.database) for _ in range(arguments.n)]
    unit_ms = statistics.median(seconds for seconds, _ in starts) * 1000
    return {"units": arguments.n, "unit_ms": unit_ms, "peak_mib": starts[-1][1]}


def _start(home: str, database: str | None) -> tuple[float, float]:
    """How long a start takes in seconds, and the memory then in MiB."""
    with server(home, database) as again:
        return again.start_seconds, again.resident_mib()


if __name__ == "__main__":
    main()
