"""`print` as a log line.

The builtin is replaced once, while at least one run with ``log_prints`` is active anywhere in the process,
and put back when the last one ends. Which prints become log lines is not decided by the replacement being
there but by the run the printing code belongs to: its context says so, and contexts are local to thread and
task.
"""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_builtin_print = builtins.print
_python_print = builtins.print
_lock = threading.Lock()
_passing_through = threading.local()
_active_patches = 0


def print_as_log(*args: Any, **kwargs: Any) -> None:
    """
    `print` to the logger of the current run at level INFO.

    Prints as usual outside runs, in runs without ``log_prints``, and to files other than stdout and stderr.
    """
    from prefect.logging._current import current_run_context
    from prefect.logging.loggers import get_run_logger

    context = current_run_context()
    file = kwargs.get("file")
    is_console = file is None or file is sys.stdout or file is sys.stderr
    if context is None or not context.log_prints or not is_console:
        _print_as_usual(*args, **kwargs)
        return
    sep, end = kwargs.get("sep"), kwargs.get("end")
    text = (" " if sep is None else sep).join(map(str, args))
    if end is not None:
        text += end.removesuffix("\n")
    get_run_logger(context).info(text)


def _print_as_usual(*args: Any, **kwargs: Any) -> None:
    # A print that somebody put on top of ours, in a run, may be what we took for the builtin in the next one.
    if getattr(_passing_through, "active", False):
        _python_print(*args, **kwargs)
        return
    _passing_through.active = True
    try:
        _builtin_print(*args, **kwargs)
    finally:
        _passing_through.active = False


@contextmanager
def patch_print() -> Iterator[None]:
    """Within the block, `print` in runs that ask for it writes to their log. Blocks may overlap and nest."""
    _install()
    try:
        yield
    finally:
        _uninstall()


def _install() -> None:
    global _active_patches, _builtin_print
    with _lock:
        _active_patches += 1
        if _active_patches == 1 and builtins.print is not print_as_log:
            _builtin_print = builtins.print
            builtins.print = print_as_log


def _uninstall() -> None:
    global _active_patches
    with _lock:
        _active_patches -= 1
        # Somebody may have put their own print on top meanwhile; it is theirs to take off.
        if _active_patches == 0 and builtins.print is print_as_log:
            builtins.print = _builtin_print
