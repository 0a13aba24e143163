"""The same fan-out on a bare ThreadPoolExecutor: what the threads alone cost."""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor


def identity(x: int) -> int:
    return x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    n = parser.parse_args().n
    with ThreadPoolExecutor() as pool:
        start = time.perf_counter()
        futures = [pool.submit(identity, x) for x in range(n)]
        assert sum(future.result() for future in futures) == n * (n - 1) // 2
        seconds = time.perf_counter() - start
    print(json.dumps({"units": n, "unit_ms": seconds / n * 1000}))


if __name__ == "__main__":
    main()
