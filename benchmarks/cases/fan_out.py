"""No-op tasks on threads, by `submit` or by `map`, until every result is there."""

import argparse
import time

from _measure import answer, measure

from prefect import flow, task


@task
def identity(x: int) -> int:
    return x


@flow
def submit_all(n: int) -> float:
    start = time.perf_counter()
    futures = [identity.submit(x) for x in range(n)]
    assert sum(future.result() for future in futures) == n * (n - 1) // 2
    return time.perf_counter() - start


@flow
def map_all(n: int) -> float:
    start = time.perf_counter()
    assert sum(identity.map(range(n)).result()) == n * (n - 1) // 2
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--by", choices=["submit", "map"], default="submit")
    arguments = parser.parse_args()
    run = submit_all if arguments.by == "submit" else map_all
    answer(measure(run, units=arguments.n, kind="task_run"))


if __name__ == "__main__":
    main()
