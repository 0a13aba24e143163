"""A no-op async task in an async flow: awaited one after the other, or gathered."""

import argparse
import asyncio
import time

from _measure import answer, measure

from prefect import flow, task


@task
async def nothing() -> None:
    return None


@flow
async def await_all(n: int) -> float:
    start = time.perf_counter()
    for _ in range(n):
        await nothing()
    return time.perf_counter() - start


@flow
async def gather_all(n: int) -> float:
    start = time.perf_counter()
    await asyncio.gather(*[nothing() for _ in range(n)])
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--by", choices=["await", "gather"], default="await")
    arguments = parser.parse_args()
    body = await_all if arguments.by == "await" else gather_all
    answer(measure(lambda n: asyncio.run(body(n)), units=arguments.n, kind="task_run"))


if __name__ == "__main__":
    main()
