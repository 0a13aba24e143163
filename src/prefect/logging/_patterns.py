"""What stands out in a log line, and the escape codes that colour it; no terminal library needed.

`prefect.logging.highlighters` offers the same patterns as rich highlighters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

# Groups are named after the style that colours them, without its "log." prefix.
LEVEL_PATTERNS = [
    r"(?<= \| )(?P<debug_level>DEBUG)(?=   \| )",
    r"(?<= \| )(?P<info_level>INFO)(?=    \| )",
    r"(?<= \| )(?P<warning_level>WARNING)(?= \| )",
    r"(?<= \| )(?P<error_level>ERROR)(?=   \| )",
    r"(?<= \| )(?P<critical_level>CRITICAL)(?= \| )",
]
URL_PATTERNS = [
    r"(?P<local_url>https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)\S*)",
    r"(?P<web_url>https?://\S+)",
]
NAME_PATTERNS = [
    r"(?i:(?<=flow run )(?P<flow_run_name>'[^'\n]*'))",
    r"(?i:(?<=task run )(?P<task_run_name>'[^'\n]*'))",
    r"(?i:(?<=flow )(?P<flow_name>'[^'\n]*'))",
    r"(?i:(?<=task )(?P<task_name>'[^'\n]*'))",
]
STATE_PATTERNS = [
    r"\b(?P<completed_state>Completed)\b",
    r"\b(?P<cached_state>Cached)\b",
    r"\b(?P<cancelled_state>Cancell(?:ed|ing))\b",
    r"\b(?P<failed_state>Failed|TimedOut)\b",
    r"\b(?P<crashed_state>Crashed)\b",
]
LOG_PATTERNS = [*LEVEL_PATTERNS, *URL_PATTERNS, *NAME_PATTERNS, *STATE_PATTERNS]

# What these patterns can begin with. Looking at one letter first makes colouring a line five times as fast.
LOG_FIRST_LETTERS = "CDEFITWh'"

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_CODES = {
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "underline": "4",
    "blink": "5",
    "reverse": "7",
    "strike": "9",
    **{name: str(30 + index) for index, name in enumerate(_COLOURS)},
    **{f"bright_{name}": str(90 + index) for index, name in enumerate(_COLOURS)},
}
_RESET = "\x1b[0m"


def sgr(style: str) -> str | None:
    """The escape code of a style made of attributes and the sixteen colours; None for any other style."""
    codes = [_CODES.get(word) for word in style.split()]
    if not codes or None in codes:
        return None
    return f"\x1b[{';'.join(code for code in codes if code)}m"


def painter(
    patterns: list[str], codes: Mapping[str, str], first_letters: str | None = None
) -> Callable[[str], str]:
    """
    A function that colours a line. `codes`: group name → escape code.

    The first pattern that matches at a place wins; groups without a code stay as they are. `first_letters`
    promises that every match begins with one of them.
    """
    alternatives = "|".join(f"(?:{pattern})" for pattern in patterns)
    combined = re.compile(f"(?=[{first_letters}])(?:{alternatives})" if first_letters else alternatives)

    def paint(found: re.Match[str]) -> str:
        group = found.lastgroup
        code = codes.get(group) if group is not None else None
        if group is None or code is None:
            return found.group()
        start, end = (place - found.start() for place in found.span(group))
        whole = found.group()
        return f"{whole[:start]}{code}{whole[start:end]}{_RESET}{whole[end:]}"

    return lambda line: combined.sub(paint, line)
