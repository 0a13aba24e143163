"""The demonstration, run as `make demo` runs it, twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parents[2] / "examples" / "seattle_weather.py"


def output_of_demo(home: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(DEMO)],
        env=os.environ | {"PREFECT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_demo_shows_its_run_and_the_second_time_its_cache(tmp_path: Path) -> None:
    first, second = output_of_demo(tmp_path), output_of_demo(tmp_path)
    for output in (first, second):
        assert "Seattle-Tacoma, 1461 days" in output
        assert "hottest 2014-08-11" in output
        assert "Retrying" in output or "attempt 2" in output
        tree = output.partition("What was recorded")[2]
        assert "seasonal_curve" in tree
        assert "year-2013" in tree
    assert "Cached" not in first
    assert "Cached" in second
