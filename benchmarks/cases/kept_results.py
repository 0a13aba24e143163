"""Tasks whose small result is kept, one after the other: durable steps, cached ones the first time, and hits."""

import argparse
import time
import uuid

from _measure import answer, measure

from prefect import flow, task
from prefect.cache_policies import INPUTS

SALT = uuid.uuid4().hex
"""What was cached by an earlier process is not to be found."""


@task(persist_result=True, result_serializer="json")
def durable(x: int, salt: str) -> dict[str, int]:
    return {"x": x}


@task(cache_policy=INPUTS, result_serializer="json")
def cached(x: int, salt: str) -> dict[str, int]:
    return {"x": x}


@flow
def durable_steps(n: int, salt: str) -> float:
    start = time.perf_counter()
    for x in range(n):
        durable(x, salt)
    return time.perf_counter() - start


@flow
def cached_steps(n: int, salt: str) -> float:
    start = time.perf_counter()
    for x in range(n):
        cached(x, salt)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--by", choices=["durable", "first", "hit"], default="durable")
    arguments = parser.parse_args()
    run = durable_steps if arguments.by == "durable" else cached_steps
    if arguments.by == "hit":
        cached_steps(arguments.n, SALT)

    def measured(n: int) -> float:
        return run(n, SALT if arguments.by == "hit" else uuid.uuid4().hex)

    answer(measure(measured, units=arguments.n, kind="task_run"))


if __name__ == "__main__":
    main()
