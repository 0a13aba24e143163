"""`from prefect import flow, task` in a fresh interpreter: time, modules, memory; pydantic's own time."""

import argparse
import json
import statistics
import subprocess
import sys

PROBE = """
import json, resource, sys, time
before = len(sys.modules)
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, len(sys.modules) - before, peak_mib]))
"""
PREFECT = "from prefect import flow, task"
PYDANTIC = "import pydantic\nclass Model(pydantic.BaseModel):\n    x: int = 0"


def probe(statement: str, rounds: int) -> tuple[float, int, float]:
    """Median seconds, modules loaded and peak MiB of `statement`, each round in a process of its own."""
    code = PROBE.format(statement=statement)
    results = [json.loads(subprocess.check_output([sys.executable, "-c", code])) for _ in range(rounds)]
    seconds, modules, mib = (statistics.median(column) for column in zip(*results, strict=True))
    return seconds, int(modules), mib


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=3, help="rounds")
    rounds = parser.parse_args().n
    probe(PREFECT, 1)  # byte code and the disk cache are not what is measured
    seconds, modules, mib = probe(PREFECT, rounds)
    own_seconds, _, _ = probe(PYDANTIC, rounds)
    print(
        json.dumps(
            {
                "units": rounds,
                "unit_ms": seconds * 1000,
                "pydantic_ms": own_seconds * 1000,
                "modules": modules,
                "peak_mib": mib,
            }
        )
    )


if __name__ == "__main__":
    main()
