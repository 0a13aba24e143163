"""Prints figures as a Markdown table: ours, the original's, the ratio, and what was recorded when."""

from pathlib import Path
from typing import Any

from catalogue import Case

Figures = dict[str, Any]
HEADER = [
    "case",
    "ours, in the flow",
    "promised",
    "original",
    "ratio",
    "ours, recorded",
    "original, recorded",
    "Completed at return",
    "peak MiB",
]


def print_table(cases: list[Case], ours: dict[str, Figures], theirs: dict[str, Figures]) -> None:
    """One line a case, times per unit."""
    rows = [_row(case, ours.get(case.name, {}), theirs.get(case.name, {})) for case in cases]
    widths = [max(len(row[i]) for row in [HEADER, *rows]) for i in range(len(HEADER))]
    print(_line(HEADER, widths))
    print("|" + "|".join("-" * (width + 2 - bool(i)) + ":" * bool(i) for i, width in enumerate(widths)) + "|")
    for row in rows:
        print(_line(row, widths))
    for case in cases:
        if failure := ours.get(case.name, {}).get("failure"):
            print(f"\n{case.name}: {failure}")
        for whose, figures in (("ours", ours), ("the original", theirs)):
            # an answer that refuses is a quick one: its time is no merit
            if refused := figures.get(case.name, {}).get("refused"):
                print(f"\n{case.name}: {whose} refused {refused:.0f} of {figures[case.name]['units']:.0f}")


README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- numbers -->", "<!-- end of numbers -->"


def write_into_readme(
    cases: list[Case], ours: dict[str, Figures], theirs: dict[str, Figures], note: str
) -> None:
    """Put the figures that compare the two between the marks in the README."""
    lines = [
        "| per unit | original | here | | recorded: original | recorded: here |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for case in cases:
        mine, other = ours.get(case.name, {}), theirs.get(case.name, {})
        if "unit_ms" in mine and case.name != "bare ThreadPoolExecutor":
            recorded = [_milliseconds(figures.get("recorded_unit_ms")) for figures in (other, mine)]
            times = [_milliseconds(figures.get("unit_ms")) for figures in (other, mine)]
            ratio = _ratio(other.get("unit_ms"), mine.get("unit_ms"))
            lines.append("| " + " | ".join([case.name, *times, ratio, *recorded]) + " |")
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    filled = "\n\n".join([START, "\n".join(lines), note, END])
    README.write_text(before + filled + after, encoding="utf-8")


def _row(case: Case, mine: Figures, other: Figures) -> list[str]:
    return [
        case.name,
        "failed" if "failure" in mine else _milliseconds(mine.get("unit_ms")),
        _milliseconds(_promised(case, mine)),
        "failed" if "failure" in other else _milliseconds(other.get("unit_ms")),
        _ratio(other.get("unit_ms"), mine.get("unit_ms")),
        _milliseconds(mine.get("recorded_unit_ms")),
        _milliseconds(other.get("recorded_unit_ms")),
        " / ".join(filter(None, [_found(mine), _found(other)])),
        " / ".join(filter(None, [_mebibytes(mine), _mebibytes(other)])),
    ]


def _promised(case: Case, mine: Figures) -> float | None:
    return mine["pydantic_ms"] + 100 if "pydantic_ms" in mine else case.promised_ms


def _milliseconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 2 else f"{value:.3f} ms"


def _ratio(other: float | None, mine: float | None) -> str:
    return f"{other / mine:,.1f}×" if other and mine else ""


def _found(figures: Figures) -> str:
    if "recorded_at_return" not in figures:
        return ""
    expected = figures.get("expected", figures["units"])
    return f"{figures['recorded_at_return']:.0f} of {expected:.0f}"


def _mebibytes(figures: Figures) -> str:
    return f"{figures['peak_mib']:.0f}" if "peak_mib" in figures else ""


def _line(cells: list[str], widths: list[int]) -> str:
    name, *figures = zip(cells, widths, strict=True)
    padded = [name[0].ljust(name[1]), *(cell.rjust(width) for cell, width in figures)]
    return "| " + " | ".join(padded) + " |"
