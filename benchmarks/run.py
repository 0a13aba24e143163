"""Runs the cases, interleaved and each in a process of its own, and prints the table of medians.

    python benchmarks/run.py                 this interpreter; the original's recorded figures for comparison
    python benchmarks/run.py --original      both, side by side (PREFECT_ORIGINAL_PYTHON names the original's)
    python benchmarks/run.py --only memory   the cases whose name contains "memory"

"in the flow" is the time the caller waits per unit; "recorded" is the time per unit until the store holds
every run as Completed, counted from outside: a figure that hides deferred work would show there. The
original runs with its server already up, which is its faster way.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogue import CASES, Case
from original_server import original_server
from table import print_table, write_into_readme

HERE = Path(__file__).parent
REFERENCE = HERE / "reference.json"
Figures = dict[str, Any]
Table = dict[str, Figures]


def run_case(python: str, case: Case, units: int, environment: dict[str, str]) -> Figures:
    """One case in a fresh process; its answer is the last line it prints."""
    command = [python, str(HERE / "cases" / case.script), "--n", str(units), *case.arguments]
    try:
        done = subprocess.run(
            command, env=environment | case.environment, capture_output=True, text=True, timeout=1800
        )
    except subprocess.TimeoutExpired:
        return {"failure": "took more than half an hour"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"failure": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]}
    return dict(json.loads(lines[-1]))


def median_of(answers: list[Figures]) -> Figures:
    """Field by field the median; a failure in any round is the answer."""
    for answer in answers:
        if "failure" in answer:
            return answer
    medians: Figures = {}
    for name in answers[0]:
        values = [answer[name] for answer in answers]
        numeric = all(isinstance(value, int | float) for value in values)
        medians[name] = statistics.median(values) if numeric else values[0]
    return medians


def clean_environment(home: str) -> dict[str, str]:
    """The caller's environment without any setting of Prefect's, on a store of its own, quiet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return kept | {"PREFECT_HOME": home, "PREFECT_LOGGING_LEVEL": "WARNING", "DO_NOT_TRACK": "1"}


@contextlib.contextmanager
def our_environment() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="prefect-bench-") as home:
        yield clean_environment(home)


@contextlib.contextmanager
def original_environment(python: str) -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="prefect-bench-original-") as home:
        environment = clean_environment(home)
        with original_server(python, environment) as url:
            yield environment | {"PREFECT_API_URL": url}


def measure(cases: list[Case], rounds: int, original: str | None) -> tuple[Table, Table]:
    """Every case, ours and the original's alternating, so that the machine's moods hit both alike."""
    ours: dict[str, list[Figures]] = {case.name: [] for case in cases}
    theirs: dict[str, list[Figures]] = {case.name: [] for case in cases if case.original_units}
    with contextlib.ExitStack() as stack:
        original_env = stack.enter_context(original_environment(original)) if original else {}
        for round_number in range(rounds):
            for case in cases:
                if round_number >= case.rounds:
                    continue
                print(f"round {round_number + 1}: {case.name}", file=sys.stderr)
                with our_environment() as environment:
                    ours[case.name].append(run_case(sys.executable, case, case.units, environment))
                if original and case.original_units:
                    environment = dict(original_env)
                    if not case.original_has_server:
                        del environment["PREFECT_API_URL"]
                    theirs[case.name].append(run_case(original, case, case.original_units, environment))
    return (
        {name: median_of(answers) for name, answers in ours.items()},
        {name: median_of(answers) for name, answers in theirs.items() if answers},
    )


def machine() -> str:
    today = datetime.now(UTC).date()
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {today}"


def parsed_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--original", action="store_true", help="run the original too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="part of a case's name")
    parser.add_argument("--million", action="store_true", help="also the cases of a million (minutes each)")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--readme", action="store_true", help="put the figures into the README")
    parser.add_argument("--save-reference", action="store_true", help="keep the original's figures")
    arguments = parser.parse_args()
    if arguments.only and (arguments.readme or arguments.save_reference):
        parser.error("--only measures a part; --readme and --save-reference would throw the rest away")
    return arguments


def main() -> int:
    arguments = parsed_arguments()
    original = os.environ.get("PREFECT_ORIGINAL_PYTHON") if arguments.original else None
    if arguments.original and not original:
        print("PREFECT_ORIGINAL_PYTHON must name a Python that has the original installed", file=sys.stderr)
        return 2
    cases = [c for c in CASES if arguments.only in c.name and (arguments.million or not c.on_request)]
    if not cases:
        known = ", ".join(case.name for case in CASES)
        print(
            f"No case has {arguments.only!r} in its name (with --million, more are run): {known}",
            file=sys.stderr,
        )
        return 2
    ours, theirs = measure(cases, arguments.rounds, original)
    note = f"original 3.9.1 measured in the same run; {machine()}"
    if not original and REFERENCE.exists():
        reference = json.loads(REFERENCE.read_text())
        theirs = reference["figures"]
        note = f"original: recorded earlier ({reference['machine']}), not measured now; ours: {machine()}"
    print_table(cases, ours, theirs)
    print(f"\n{note}" if theirs else f"\n{machine()}")
    if arguments.readme:
        write_into_readme(cases, ours, theirs, f"Medians; {note}.")
    if arguments.json:
        figures = {"machine": machine(), "ours": ours, "original": theirs}
        arguments.json.write_text(json.dumps(figures, indent=1))
    if original and arguments.save_reference:
        REFERENCE.write_text(json.dumps({"machine": machine(), "figures": theirs}, indent=1) + "\n")
    return 1 if any("failure" in figures for figures in ours.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
