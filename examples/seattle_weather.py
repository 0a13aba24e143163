"""A pipeline over four years of weather in Seattle: the demonstration that `make demo` runs.

It reads a real table (it ships with the package `vega_datasets`), cleans it month by month on threads, asks
an unreliable service that fails at first, fits a seasonal curve once and finds it in the cache the next time,
looks for extremes with async tasks, reports each year in a subflow, and prints a summary. At the end the
command line shows what was recorded.
"""

import asyncio
import csv
import importlib.util
import math
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from prefect import flow, get_run_logger, task, unmapped
from prefect.cache_policies import INPUTS
from prefect.runtime import flow_run, task_run
from prefect.task_runners import ThreadPoolTaskRunner


class Options(BaseModel):
    """What to look at. Values are checked and coerced when the flow is called."""

    years: list[int] = Field(min_length=1)
    wet_day_mm: float = Field(default=1.0, ge=0)
    unit: Literal["celsius", "fahrenheit"] = "celsius"


@dataclass(frozen=True)
class Day:
    date: str
    rain_mm: float
    high: float
    low: float
    wind: float


@dataclass(frozen=True)
class Curve:
    mean: float
    swing: float
    hottest_day_of_year: int


def table_path() -> Path:
    """Where the table lies; the package itself is not imported, because that would load pandas."""
    package = importlib.util.find_spec("vega_datasets")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("The demo's data comes with vega_datasets: pip install 'prefect[examples]'")
    return Path(package.submodule_search_locations[0]) / "_data" / "seattle-weather.csv"


@task
def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@task(task_run_name="clean-{month}")
def clean_month(month: str, rows: list[dict[str, str]], options: Options) -> list[Day]:
    """The days of one month, numbers as numbers, in the wanted unit; impossible days are left out."""

    def degrees(celsius: str) -> float:
        return float(celsius) if options.unit == "celsius" else float(celsius) * 9 / 5 + 32

    days = [
        Day(
            date=row["date"].replace("/", "-"),
            rain_mm=float(row["precipitation"]),
            high=degrees(row["temp_max"]),
            low=degrees(row["temp_min"]),
            wind=float(row["wind"]),
        )
        for row in rows
    ]
    return [day for day in days if day.low <= day.high]


@task(retries=2, retry_delay_seconds=0.2)
def station_name() -> str:
    """Stands for a service that is not always there: the first attempt fails, the second succeeds."""
    if task_run.run_count == 1:
        raise ConnectionError("the station register did not answer")
    get_run_logger().info("The station register answered at attempt %d", task_run.run_count)
    return "Seattle-Tacoma"


@task(cache_policy=INPUTS, persist_result=True)
def seasonal_curve(highs: list[float]) -> Curve:
    """The cosine over the year that fits the highs best. Slow on purpose: every day is tried as the peak."""
    mean = sum(highs) / len(highs)
    best = (math.inf, 0.0, 0)
    for peak in range(1, 366):
        wave = [math.cos(2 * math.pi * (day - peak) / 365.25) for day in range(1, len(highs) + 1)]
        swing = sum((h - mean) * w for h, w in zip(highs, wave, strict=True)) / sum(w * w for w in wave)
        if swing < 0:  # that is the coldest day
            continue
        error = sum((h - mean - swing * w) ** 2 for h, w in zip(highs, wave, strict=True))
        best = min(best, (error, swing, peak))
    return Curve(mean=mean, swing=best[1], hottest_day_of_year=best[2])


@task
async def day_with_most(measure: Literal["rain_mm", "high", "wind"], days: list[Day]) -> Day:
    await asyncio.sleep(0)  # where a real one would wait for an answer
    return max(days, key=attrgetter(measure))


@flow
async def extremes(days: list[Day]) -> dict[str, str]:
    """The wettest, the hottest and the windiest day, looked for at the same time."""
    rain, heat, wind = await asyncio.gather(
        day_with_most("rain_mm", days), day_with_most("high", days), day_with_most("wind", days)
    )
    return {"wettest": rain.date, "hottest": heat.date, "windiest": wind.date}


@task
def wet_days(days: list[Day], threshold_mm: float) -> int:
    return sum(day.rain_mm >= threshold_mm for day in days)


@flow(flow_run_name="year-{year}")
def year_report(year: int, days: list[Day], wet_day_mm: float) -> str:
    wet = wet_days(days, wet_day_mm)
    return f"{year}: {wet} wet days, {sum(day.rain_mm for day in days):,.0f} mm of rain"


@flow(task_runner=ThreadPoolTaskRunner(max_workers=4), log_prints=True)
def seattle_weather(options: Options) -> str:
    """Prints the summary and returns the id of its own run."""
    months: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_table(table_path()):
        if int(row["date"][:4]) in options.years:
            months[row["date"][:7].replace("/", "-")].append(row)

    station = station_name.submit()
    cleaned = clean_month.map(list(months), list(months.values()), unmapped(options))
    days = [day for month in cleaned.result() for day in month]

    curve = seasonal_curve([day.high for day in days])
    records = asyncio.run(extremes(days))
    reports = [
        year_report(year, [day for day in days if day.date.startswith(str(year))], options.wet_day_mm)
        for year in options.years
    ]

    print(f"{station.result()}, {len(days)} days")
    for report in reports:
        print(report)
    print(f"highs: {curve.mean:.1f} ± {curve.swing:.1f}, peak on day {curve.hottest_day_of_year}")
    print(", ".join(f"{name} {date}" for name, date in records.items()))
    return flow_run.id


if __name__ == "__main__":
    run_id = seattle_weather({"years": ["2012", 2013, 2014, 2015], "wet_day_mm": "1"})
    print(f"\nWhat was recorded (prefect flow-run inspect {run_id}):\n", flush=True)
    subprocess.run([sys.executable, "-m", "prefect", "flow-run", "inspect", run_id], check=True)
    print("\nRun it again: `seasonal_curve` will come from the cache.")
