"""Memory of this process after `n` tasks in one flow, results let go of, and after a map of `n` items."""

import argparse
import gc

from _measure import answer, completed, memory

from prefect import flow, task


@task
def nothing(x: int) -> None:
    return None


@flow
def call_all(n: int) -> None:
    for x in range(n):
        nothing(x)


@flow
def map_all(n: int) -> None:
    nothing.map(range(n)).wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--by", choices=["call", "map"], default="call")
    arguments = parser.parse_args()
    run = call_all if arguments.by == "call" else map_all
    run(5)
    before = completed("task_run")
    run(arguments.n)
    at_return = completed("task_run") - before
    gc.collect()
    answer({"units": arguments.n, "recorded_at_return": at_return, **memory()})


if __name__ == "__main__":
    main()
