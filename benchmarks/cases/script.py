"""A whole script with one flow, from process start to process end; the store exists already."""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from _measure import answer, completed, settled

HELLO = Path(__file__).with_name("hello.py")


def seconds_of_one_run(tasks: int) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, str(HELLO), str(tasks)], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=3, help="rounds")
    parser.add_argument("--tasks", type=int, default=1, help="task calls in the flow")
    parser.add_argument("--uncounted", action="store_true", help="no server to ask: leave the count out")
    arguments = parser.parse_args()
    seconds_of_one_run(1)  # creates the store
    before = 0 if arguments.uncounted else settled("task_run")
    times = [seconds_of_one_run(arguments.tasks) for _ in range(arguments.n)]
    figures = {
        "units": arguments.n,
        "expected": arguments.n * arguments.tasks,
        "unit_ms": statistics.median(times) * 1000,
        "peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }
    if not arguments.uncounted:
        figures["recorded_at_return"] = completed("task_run") - before
    answer(figures)


if __name__ == "__main__":
    main()
