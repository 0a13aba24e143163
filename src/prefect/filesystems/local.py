"""Files in a directory of this machine, written so that a reader never sees half a file.

Not here: other machines' files (`remote`).
"""

import itertools
import os
import secrets
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from pydantic import field_validator

from prefect._colours import InThread, either_colour, twin
from prefect._steps import Life
from prefect.filesystems.bases import (
    MissingPathError,
    WritableDeploymentStorage,
    WritableFileSystem,
    files_to_copy,
)
from prefect.settings import get_current_settings

_drafts = itertools.count()
_draft_token = secrets.token_hex(4)
"""Tells drafts of several machines apart that share a directory and happen to share a process id."""


class LocalFileSystem(WritableFileSystem, WritableDeploymentStorage):
    """Keeps files in a directory of this machine.

    A file is written beside its place and moved there: whoever reads sees the old content or the new, also
    after `kill -9`. A power cut may lose the last writes unless `PREFECT_RESULTS_SYNC_WRITES` is on.

    Attributes:
        basepath: the directory; paths outside it are refused. None: the current directory.

    Example:
        Keep results on a mounted disk:

        ```python
        storage = LocalFileSystem(basepath="/mnt/results")
        storage.write_path("a/b.txt", b"content")
        ```
    """

    _block_type_name: ClassVar[str | None] = "Local File System"
    _block_type_slug: ClassVar[str | None] = "local-file-system"
    _description: ClassVar[str | None] = "Keeps files in a directory of a local file system."

    basepath: str | None = None

    @field_validator("basepath", mode="before")
    @classmethod
    def _accept_paths(cls, value: Any) -> Any:
        return str(value) if isinstance(value, os.PathLike) else value

    # --- the public pairs --------------------------------------------------------------------------------

    @either_colour
    def read_path(self, path: str) -> Life[bytes]:
        """The content of a file.

        Args:
            path: relative to `basepath`, or absolute inside it.

        Raises:
            MissingPathError: there is no such file (a ValueError and a FileNotFoundError).
            ValueError: the path is outside `basepath`, or a directory.
        """
        return self.read_now(path)
        yield

    @either_colour
    def write_path(self, path: str, content: bytes) -> Life[str]:
        """Make or replace a file, and the directories on the way to it.

        Returns:
            The absolute path of the file.

        Raises:
            ValueError: the path is outside `basepath`.
            OSError: the disk is full, read-only, …; the file is as it was before.
        """
        return self.write_now(path, content)
        yield

    @either_colour
    def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> Life[None]:
        """Copy a directory to another place on this machine, apart from what its `.prefectignore` names.

        Args:
            from_path: what to copy; None: all of `basepath`.
            local_path: where to; None: the current directory.
        """
        source = Path(self.locate(from_path or ""))
        ignore = source / ".prefectignore"
        yield InThread(_copy, source, Path(local_path or ".").absolute(), ignore if ignore.exists() else None)

    @either_colour
    def put_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> Life[None]:
        """Copy a directory of this machine into `basepath`.

        Args:
            local_path: what to copy; None: the current directory.
            to_path: where to; None: `basepath` itself.
            ignore_file: a file with patterns (as in `.gitignore`) of what to leave out.

        Raises:
            ValueError: `to_path` is outside `basepath`, or there is no such ignore file.
        """
        ignore = Path(ignore_file) if ignore_file else None
        yield InThread(_copy, Path(local_path or ".").absolute(), Path(self.locate(to_path or "")), ignore)

    aread_path = twin(read_path)
    awrite_path = twin(write_path)
    aget_directory = twin(get_directory)
    aput_directory = twin(put_directory)

    # --- for those who know that the files are local -----------------------------------------------------

    def locate(self, path: str) -> str:
        """The absolute form of a path.

        Raises:
            ValueError: it is outside `basepath`.
        """
        root = _absolute_root(self.basepath)
        located = os.path.normpath(os.path.join(root, os.path.expanduser(path)))
        if located == root or located.startswith(root.rstrip(os.sep) + os.sep):
            return located
        real_root, real = os.path.realpath(root), os.path.realpath(located)
        if os.path.commonpath((real_root, real)) == real_root:
            return real
        raise ValueError(f"The path {path!r} is outside of the base path {root!r}.")

    def read_now(self, path: str) -> bytes:
        """`read_path` for callers of either colour: a local file is read at once."""
        located = self.locate(path)
        try:
            with open(located, "rb", buffering=0) as file:
                return file.read()
        except FileNotFoundError as error:
            raise MissingPathError(f"The path {located!r} does not exist.") from error
        except IsADirectoryError as error:
            raise ValueError(f"The path {located!r} is a directory, not a file.") from error

    def write_now(self, path: str, content: bytes) -> str:
        """`write_path` for callers of either colour: a local file is written at once."""
        located = self.locate(path)
        sync = get_current_settings().results.sync_writes
        try:
            _replace(located, content, sync)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(located), exist_ok=True)
            _replace(located, content, sync)
        return located


@lru_cache(maxsize=64)
def _normalised(path: str) -> str:
    return os.path.normpath(os.path.expanduser(path))


def _absolute_root(basepath: str | None) -> str:
    root = _normalised(basepath) if basepath else os.getcwd()
    return root if os.path.isabs(root) else os.path.normpath(os.path.join(os.getcwd(), root))


def _replace(path: str, content: bytes, sync: bool) -> None:
    """Write a file beside its place, then move it there."""
    directory = os.path.dirname(path)
    draft = os.path.join(directory, f".{os.getpid():x}-{_draft_token}-{next(_drafts):x}.part")
    with open(draft, "xb", buffering=0) as file:
        try:
            _write_all(file, content)
            if sync:
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    if sync:
        _sync_directory(directory)


def _write_all(file: Any, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _sync_directory(directory: str) -> None:
    """Make the move itself survive a power cut, where the system can open directories."""
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(source: Path, target: Path, ignore_file: Path | None) -> None:
    if source.resolve() == target.resolve():
        return
    wanted = files_to_copy(source, ignore_file)

    def unwanted(directory: str, names: list[str]) -> list[str]:
        inside = os.path.relpath(directory, source)
        return [name for name in names if os.path.normpath(os.path.join(inside, name)) not in (wanted or ())]

    shutil.copytree(source, target, ignore=None if wanted is None else unwanted, dirs_exist_ok=True)
