"""A flow run that failed after `n` completed steps, run again: the time until its first new step. Ours only."""

import argparse
import time
from uuid import UUID

from _measure import answer, memory

from prefect import flow, task
from prefect.flow_runs import retry_flow_run
from prefect.runtime import flow_run

reached_at: list[float] = []
run_ids: list[UUID] = []


@task(persist_result=True)
def step(x: int) -> dict[str, int]:
    return {"x": x}


@task(persist_result=True)
def new_step() -> None:
    reached_at.append(time.perf_counter())


@flow
def long_flow(n: int) -> None:
    first_attempt = not run_ids
    run_ids.append(UUID(flow_run.id))
    for x in range(n):
        step(x)
    if first_attempt:
        raise ConnectionError("nobody answers")
    new_step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    arguments = parser.parse_args()
    long_flow(arguments.n, return_state=True)
    start = time.perf_counter()
    retry_flow_run(run_ids[0], long_flow)
    seconds = reached_at[0] - start
    answer(
        {
            "units": arguments.n,
            "unit_ms": seconds / arguments.n * 1000,
            "recorded": arguments.n,
            "first_new_step_ms": seconds * 1000,
            **memory(),
        }
    )


if __name__ == "__main__":
    main()
