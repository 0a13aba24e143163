"""Whether running flows show their live progress, and bringing in the display that does it.

The decision is made here, low in the house, so that a program without a terminal never loads the display
(`prefect.cli._progress`). What it shows the engine tells it through `prefect.engine.observer`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.cli._progress import ProgressDisplay

_lock = threading.Lock()
_active_runs = 0
_display: ProgressDisplay | None = None


@contextmanager
def show_progress() -> Iterator[None]:
    """Around each outermost flow run: one live display for all of them while any goes on, if it is wanted.

    It is wanted if standard error is a terminal and PREFECT_CLI_PROGRESS is not off.
    """
    _begin()
    try:
        yield
    finally:
        _end()


def _begin() -> None:
    global _active_runs, _display
    with _lock:
        _active_runs += 1
        if _active_runs == 1 and _is_wanted():
            from prefect.cli._progress import ProgressDisplay

            _display = ProgressDisplay()
            _display.start()


def _end() -> None:
    global _active_runs, _display
    with _lock:
        _active_runs -= 1
        if _active_runs > 0 or _display is None:
            return
        display, _display = _display, None
    display.stop()


def _is_wanted() -> bool:
    from prefect.settings import get_current_settings

    if get_current_settings().cli.progress is False or os.environ.get("TERM") == "dumb":
        return False
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    # A child process shares its parent's terminal, and the parent shows the progress.
    multiprocessing = sys.modules.get("multiprocessing")
    return multiprocessing is None or multiprocessing.parent_process() is None
