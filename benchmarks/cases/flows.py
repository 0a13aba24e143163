"""Empty flows: as subflows of one flow, called in a plain loop, awaited in a plain loop."""

import argparse
import asyncio
import time

from _measure import answer, measure

from prefect import flow


@flow
def empty() -> None:
    return None


@flow
async def empty_async() -> None:
    return None


@flow
def parent(n: int) -> float:
    start = time.perf_counter()
    for _ in range(n):
        empty()
    return time.perf_counter() - start


def plain_loop(n: int) -> float:
    start = time.perf_counter()
    for _ in range(n):
        empty()
    return time.perf_counter() - start


def async_loop(n: int) -> float:
    async def body() -> float:
        start = time.perf_counter()
        for _ in range(n):
            await empty_async()
        return time.perf_counter() - start

    return asyncio.run(body())


RUNS = {"subflow": parent, "loop": plain_loop, "async": async_loop}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--by", choices=list(RUNS), default="subflow")
    arguments = parser.parse_args()
    others = 1 if arguments.by == "subflow" else 0
    answer(measure(RUNS[arguments.by], units=arguments.n, kind="flow_run", others=others, warm_up=1))


if __name__ == "__main__":
    main()
