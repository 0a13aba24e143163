"""Paths and files: what a path means, how to show it, which files of a folder to take."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

from prefect.utilities._ignore_patterns import IgnorePatterns

# The working directory belongs to the whole process.
chdir_lock = threading.Lock()

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")

_DEFAULT_IGNORE_FILE = """\
# What is not uploaded or copied with the code of a deployment; the rules of .gitignore apply.

# Prefect
.prefect/

# Python
__pycache__/
*.py[cod]
*.egg-info/
*.egg
build/
dist/
.venv/
venv/
.ipynb_checkpoints/
.mypy_cache/
.pytest_cache/
.ruff_cache/

# Git
.git/

# Systems and editors
.DS_Store
.idea/
.vscode/
"""


def create_default_ignore_file(path: str) -> bool:
    """Put a `.prefectignore` with sensible patterns into a folder. Returns False if it has one already."""
    ignore_file = Path(path) / ".prefectignore"
    if ignore_file.exists():
        return False
    ignore_file.write_text(_DEFAULT_IGNORE_FILE)
    return True


def filter_files(
    root: str = ".",
    ignore_patterns: Iterable[str] | Iterable[bytes] | None = None,
    include_dirs: bool = True,
    *,
    as_posix: bool = False,
) -> set[str]:
    """The paths below a folder, relative to it, that no pattern excludes.

    Args:
        root: the folder.
        ignore_patterns: lines as in `.gitignore`.
        include_dirs: whether folders are listed too.
        as_posix: separate with slashes on every system.
    """
    lines = [line.decode() if isinstance(line, bytes) else line for line in ignore_patterns or ()]
    patterns = IgnorePatterns(lines)
    separator = "/" if as_posix else os.sep
    kept: set[str] = set()

    def walk(folder: str, prefix: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = f"{prefix}{entry.name}"
                is_folder = entry.is_dir(follow_symlinks=False)
                # What is in an excluded folder cannot be included again, as with git.
                if patterns.exclude(path, is_folder):
                    continue
                if include_dirs or not is_folder:
                    kept.add(path.replace("/", separator))
                if is_folder:
                    walk(entry.path, f"{path}/")

    walk(str(root), "")
    return kept


@contextmanager
def tmpchdir(path: str) -> Generator[str, None, None]:
    """Make a folder, or the folder of a file, the working directory until the block ends; gives its path.

    Raises:
        OSError: there is no such folder.
    """
    full_path = os.path.abspath(path)
    if os.path.isfile(full_path):
        full_path = os.path.dirname(full_path)
    with chdir_lock:
        before = os.getcwd()
        os.chdir(full_path)
        try:
            yield full_path
        finally:
            os.chdir(before)


def filename(path: str) -> str:
    """The last part of a path or URL."""
    return path.rsplit(os.sep if is_local_path(path) else "/", maxsplit=1)[-1]


def is_local_path(path: str | Path) -> bool:
    """Whether a path is on this machine: without a scheme, or with `file://` or `local://`."""
    if isinstance(path, Path):
        return True
    scheme = _SCHEME.match(path)
    return scheme is None or scheme[1].lower() in ("file", "local")


def to_display_path(path: Path | str, relative_to: Path | str | None = None) -> str:
    """A path as one would write it here: relative to a folder, by default the working one, if shorter."""
    absolute = os.path.abspath(path)
    try:
        relative = os.path.relpath(absolute, relative_to or os.getcwd())
    except ValueError:  # on another drive
        return absolute
    return relative if len(relative) < len(absolute) else absolute


def relative_path_to_current_platform(path_str: str) -> Path:
    """A relative path written on any system as a path of this one."""
    return Path(PureWindowsPath(path_str).as_posix())


def get_open_file_limit() -> int:
    """How many files this process may have open at once."""
    if sys.platform == "win32":
        return 512  # what the C run-time library allows unless told otherwise
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
