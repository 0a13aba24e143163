"""A no-op task called in a flow, one after the other. The log level comes from the environment."""

import argparse
import time

from _measure import answer, measure

from prefect import flow, task


@task
def nothing() -> None:
    return None


@flow
def loop(n: int) -> float:
    start = time.perf_counter()
    for _ in range(n):
        nothing()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    answer(measure(loop, units=parser.parse_args().n, kind="task_run"))


if __name__ == "__main__":
    main()
