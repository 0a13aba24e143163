"""What a file system can be asked. Not here: any real file system."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from prefect.blocks.core import Block


class MissingPathError(FileNotFoundError, ValueError):
    """There is no file under the path."""


class ReadableFileSystem(Block, ABC):
    """A place whose files can be read."""

    _block_schema_capabilities: ClassVar[list[str] | None] = ["read-path"]

    @abstractmethod
    def read_path(self, path: str) -> bytes | Awaitable[bytes]:
        """The content of a file."""


class WritableFileSystem(Block, ABC):
    """A place whose files can be read and written.

    The methods of a subclass may be blocking or coroutine functions, or both as a pair (`read_path` and
    `aread_path`). Reading a file that is not there raises FileNotFoundError or ValueError.
    """

    _block_schema_capabilities: ClassVar[list[str] | None] = ["read-path", "write-path"]

    @abstractmethod
    def read_path(self, path: str) -> bytes | Awaitable[bytes]:
        """The content of a file."""

    @abstractmethod
    def write_path(self, path: str, content: bytes) -> Any:
        """Make or replace a file."""


class ReadableDeploymentStorage(Block, ABC):
    """A place that directories can be fetched from."""

    _block_schema_capabilities: ClassVar[list[str] | None] = ["get-directory"]

    @abstractmethod
    def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> Any:
        """Copy a directory from there to here."""


class WritableDeploymentStorage(Block, ABC):
    """A place that directories can be fetched from and put to."""

    _block_schema_capabilities: ClassVar[list[str] | None] = ["get-directory", "put-directory"]

    @abstractmethod
    def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> Any:
        """Copy a directory from there to here."""

    @abstractmethod
    def put_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> Any:
        """Copy a directory from here to there."""


class NullFileSystem(BaseModel):
    """A place that keeps nothing: writing is forgotten, reading gives None."""

    async def read_path(self, path: str) -> None:
        """None, whatever the path."""

    async def write_path(self, path: str, content: bytes) -> None:
        """Keep nothing."""

    async def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> None:
        """Copy nothing."""

    async def put_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> None:
        """Copy nothing."""


def files_to_copy(root: Path, ignore_file: Path | None) -> set[str] | None:
    """The files and directories under `root` that an ignore file leaves, relative to it; None: all of them.

    Raises:
        MissingPathError: there is no such ignore file.
    """
    if ignore_file is None:
        return None
    from prefect.utilities.filesystem import filter_files

    try:
        patterns = ignore_file.read_text().splitlines()
    except FileNotFoundError as error:
        raise MissingPathError(f"There is no ignore file {str(ignore_file)!r}.") from error
    wanted: set[str] = filter_files(str(root), patterns)
    return wanted
