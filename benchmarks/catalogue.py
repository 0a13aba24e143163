"""The cases: which script, how many units, what we promise. No measuring here."""

import os
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Case:
    """One line of the table.

    `original_units` is smaller than `units` where the original is slow, None where it does not finish.
    `promised_ms` is per unit, in the flow; for the import it is pydantic's own time and 100 ms.
    """

    name: str
    script: str
    units: int
    original_units: int | None
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    promised_ms: float | None = None
    rounds: int = 3
    original_has_server: bool = True
    on_request: bool = False


INFO = {"PREFECT_LOGGING_LEVEL": "INFO"}
MAP = ("--by", "map")
NO_SERVER = ("--uncounted",)

CASES = [
    Case("import flow, task", "imports.py", 5, 3),
    Case("script: one task", "script.py", 5, 2, promised_ms=600),
    Case(
        "script: one task, no server up",
        "script.py",
        5,
        1,
        NO_SERVER,
        promised_ms=600,
        original_has_server=False,
    ),
    Case("script: 1 000 tasks", "script.py", 3, 1, ("--tasks", "1000")),
    Case("task call", "task_calls.py", 2_000, 1_000, promised_ms=0.1),
    Case("task call, INFO logs", "task_calls.py", 2_000, 300, environment=INFO, promised_ms=0.15),
    Case("submit 1 000", "fan_out.py", 1_000, 1_000, promised_ms=0.2),
    Case("submit 10 000", "fan_out.py", 10_000, None, promised_ms=0.2),
    Case("submit 100 000", "fan_out.py", 100_000, None, promised_ms=0.2, rounds=1),
    Case("map 1 000", "fan_out.py", 1_000, 1_000, MAP, promised_ms=0.2),
    Case("map 10 000", "fan_out.py", 10_000, None, MAP, promised_ms=0.2),
    Case("map 100 000", "fan_out.py", 100_000, None, MAP, promised_ms=0.2, rounds=1),
    Case("bare ThreadPoolExecutor", "bare_threads.py", 10_000, None),
    Case("async task, awaited", "async_tasks.py", 2_000, 500, promised_ms=0.15),
    Case("async task, gathered", "async_tasks.py", 2_000, 500, ("--by", "gather"), promised_ms=0.15),
    Case("subflow", "flows.py", 200, 5, ("--by", "subflow"), promised_ms=2),
    Case("empty flow in a loop", "flows.py", 200, 5, ("--by", "loop"), promised_ms=2),
    Case("async empty flow in a loop", "flows.py", 200, 10, ("--by", "async"), promised_ms=2),
    Case("durable step", "kept_results.py", 1_000, 300, promised_ms=0.5),
    Case("cached task, first run", "kept_results.py", 1_000, 300, ("--by", "first"), promised_ms=0.63),
    Case("cached task, hit", "kept_results.py", 1_000, 300, ("--by", "hit"), promised_ms=0.3),
    Case("resume over 10 000 steps", "resume.py", 10_000, None, promised_ms=0.3),
    Case("server: start to first answer", "server.py", 3, 1, promised_ms=1_500),
    Case("server: filter, 200 of 1 000 runs", "server.py", 300, 30, ("--by", "filter"), promised_ms=16.7),
    Case("server: create a flow run", "server.py", 2_000, 100, ("--by", "create"), promised_ms=2.5),
    Case("server: set_state", "server.py", 2_000, 100, ("--by", "set_state"), promised_ms=2.5),
    Case("server: any page of 1 000 000 runs", "deep_pages.py", 500, None, promised_ms=50, on_request=True),
    Case("states recorded over HTTP", "recorded_over_http.py", 30_000, None, promised_ms=0.2),
    Case(
        "states recorded over HTTP, 1 000 000",
        "recorded_over_http.py",
        1_000_000,
        None,
        promised_ms=0.2,
        rounds=1,
        on_request=True,
    ),
    Case("memory: idle server", "server.py", 1, 1, ("--by", "idle"), rounds=1),
    Case("memory: 1 000 calls", "memory.py", 1_000, 1_000, rounds=1),
    Case("memory: 100 000 calls", "memory.py", 100_000, None, rounds=1),
    Case("memory: map of 100 000", "memory.py", 100_000, None, MAP, rounds=1),
    Case("memory: map of 1 000 000", "memory.py", 1_000_000, None, MAP, rounds=1, on_request=True),
]

POSTGRES = os.environ.get("BENCH_POSTGRES_URL")
"""A database to measure servers on, such as `postgresql://postgres@127.0.0.1/bench`; contents are added to it."""

if POSTGRES:
    CASES += [
        replace(
            case,
            name=f"{case.name}, PostgreSQL",
            original_units=None,
            arguments=(*case.arguments, "--database", POSTGRES),
        )
        for case in CASES
        if case.script == "server.py" and "--by" in case.arguments
    ]
