"""Pages of a very long list: 200 flow runs from anywhere among a million, one question after the other.

The store is filled beforehand, which takes minutes; `--database` names one that is full already.

    python benchmarks/cases/deep_pages.py --n 500 --runs 1000000
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _load import ask, question
from _measure import answer
from server import server

PAGE = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=500, help="pages that are asked for")
    parser.add_argument("--runs", type=int, default=1_000_000, help="flow runs in the store")
    parser.add_argument("--sort", default="ID_DESC")
    parser.add_argument("--database", help="URL of a database that holds so many already")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="prefect-bench-pages-") as home:
        database = arguments.database or f"sqlite:///{home}/many.db"
        if not arguments.database:
            filling = Path(__file__).parents[1] / "many_runs.py"
            options = ["--runs", str(arguments.runs), "--database", database]
            subprocess.run([sys.executable, str(filling), *options], check=True)
        answer(_figures(arguments, home, database))


def _figures(arguments: argparse.Namespace, home: str, database: str) -> dict[str, Any]:
    chance = random.Random(arguments.n)
    offsets = [chance.randrange(arguments.runs // PAGE) * PAGE for _ in range(arguments.n)]
    with server(home, database) as asked:
        pages = [
            question(
                "POST",
                f"{asked.url}/flow_runs/filter",
                {"sort": arguments.sort, "limit": PAGE, "offset": offset},
            )
            for offset in offsets
        ]
        load = ask(asked.url, pages, connections=1)
        return {**load.figures(), "peak_mib": asked.resident_mib()}


if __name__ == "__main__":
    main()
