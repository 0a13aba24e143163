"""Files anywhere fsspec reaches: object stores, SFTP, SMB, memory. Not here: local files (`local`)."""

import posixpath
import secrets
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, field_validator

from prefect._colours import InThread, either_colour, steps_of, twin
from prefect._steps import Life
from prefect.filesystems.bases import WritableDeploymentStorage, WritableFileSystem, files_to_copy

_WRITES_IN_PLACE = frozenset({"file", "ftp", "hdfs", "local", "sftp", "smb", "ssh", "webhdfs"})
"""Protocols where a reader can see half a file, so that files are written elsewhere and moved. Object stores
show an object only when it is complete."""


class RemoteFileSystem(WritableFileSystem, WritableDeploymentStorage):
    """Keeps files in any place that fsspec has a driver for; the driver's package must be installed.

    Attributes:
        basepath: a URL: the protocol, a place (bucket, host), perhaps a directory.
        settings: passed to the fsspec driver (credentials, endpoints).

    Example:
        ```python
        storage = RemoteFileSystem(basepath="s3://my-bucket/results", settings={"key": "…", "secret": "…"})
        ```
    """

    _block_type_name: ClassVar[str | None] = "Remote File System"
    _block_type_slug: ClassVar[str | None] = "remote-file-system"
    _description: ClassVar[str | None] = "Keeps files in any place that fsspec has a driver for."

    basepath: str = Field(default=..., description="Where the files are: a URL.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Passed to the fsspec driver.")

    _filesystem: Any = PrivateAttr(default=None)

    @field_validator("basepath")
    @classmethod
    def _check_basepath(cls, value: str) -> str:
        scheme, netloc, *_ = urlsplit(value)
        if not scheme:
            raise ValueError(f"The base path must start with a protocol such as 's3://'. Got {value!r}.")
        if not netloc:
            raise ValueError(f"The base path must name a place after its protocol. Got {value!r}.")
        if scheme == "file":
            raise ValueError("The base path is local: use a LocalFileSystem.")
        return value

    @property
    def filesystem(self) -> Any:
        """The fsspec driver.

        Raises:
            ValueError: fsspec does not know the protocol.
            ImportError: the driver's package is not installed; the message names it.
        """
        if self._filesystem is None:
            import fsspec

            self._filesystem = fsspec.filesystem(urlsplit(self.basepath).scheme, **self.settings)
        return self._filesystem

    # --- the public pairs --------------------------------------------------------------------------------

    @either_colour
    def read_path(self, path: str) -> Life[bytes]:
        """The content of a file.

        Args:
            path: relative to `basepath`, or a URL inside it.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the path is outside `basepath`.
        """
        content: bytes = yield InThread(self.filesystem.cat_file, self.locate(path))
        return content

    @either_colour
    def write_path(self, path: str, content: bytes) -> Life[str]:
        """Make or replace a file. A reader sees the old content or the new.

        Returns:
            The URL of the file.

        Raises:
            ValueError: the path is outside `basepath`.
        """
        located = self.locate(path)
        yield InThread(self._replace, located, content)
        return located

    @either_colour
    def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> Life[None]:
        """Copy a directory to this machine.

        Args:
            from_path: what to copy; None: all of `basepath`.
            local_path: where to; None: the current directory.
        """
        source = self.locate(from_path or "").rstrip("/") + "/"
        target = str(Path(local_path or ".").absolute()) + "/"
        yield InThread(lambda: self.filesystem.get(source, target, recursive=True))

    @either_colour
    def put_directory(
        self,
        local_path: str | None = None,
        to_path: str | None = None,
        ignore_file: str | None = None,
        overwrite: bool = True,
    ) -> Life[int]:
        """Copy a directory of this machine there.

        Args:
            local_path: what to copy; None: the current directory.
            to_path: where to; None: `basepath` itself.
            ignore_file: a file with patterns (as in `.gitignore`) of what to leave out.
            overwrite: replace files that are there already; False leaves them alone.

        Returns:
            How many files were copied.
        """
        target = self.locate(to_path or "").rstrip("/")
        count: int = yield InThread(self._put_files, Path(local_path or "."), target, ignore_file, overwrite)
        return count

    aread_path = twin(read_path)
    awrite_path = twin(write_path)
    aget_directory = twin(get_directory)
    aput_directory = twin(put_directory)

    # --- their parts -------------------------------------------------------------------------------------

    def locate(self, path: str) -> str:
        """The URL of a path.

        Raises:
            ValueError: it is outside `basepath`.
        """
        base = self.basepath.rstrip("/")
        if "://" in path:
            if path != base and not path.startswith(f"{base}/"):
                raise ValueError(f"The path {path!r} is outside of the base path {self.basepath!r}.")
            path = path[len(base) :]
        inside = posixpath.normpath(path.lstrip("/"))
        if inside == ".." or inside.startswith("../"):
            raise ValueError(f"The path {path!r} is outside of the base path {self.basepath!r}.")
        return base if inside == "." else f"{base}/{inside}"

    def _replace(self, url: str, content: bytes) -> None:
        if urlsplit(url).scheme not in _WRITES_IN_PLACE:
            self._write(url, content)
            return
        draft = f"{url}.{secrets.token_hex(8)}.part"
        self._write(draft, content)
        try:
            self.filesystem.mv(draft, url)
        except OSError:  # some servers do not move over a file that exists
            self.filesystem.rm(url)
            self.filesystem.mv(draft, url)

    def _write(self, url: str, content: bytes) -> None:
        try:
            self.filesystem.pipe_file(url, content)
        except FileNotFoundError:
            self.filesystem.makedirs(posixpath.dirname(url), exist_ok=True)
            self.filesystem.pipe_file(url, content)

    def _put_files(self, source: Path, target: str, ignore_file: str | None, overwrite: bool) -> int:
        wanted = files_to_copy(source, Path(ignore_file) if ignore_file else None)
        count = 0
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            inside = file.relative_to(source)
            url = f"{target}/{inside.as_posix()}"
            if (wanted is None or str(inside) in wanted) and (overwrite or not self.filesystem.exists(url)):
                self._replace(url, file.read_bytes())
                count += 1
        return count


class SMB(WritableFileSystem, WritableDeploymentStorage):
    """Keeps files on a Windows or Samba share; needs the `smbprotocol` package.

    Attributes:
        share_path: the share, perhaps with a directory: `/SHARE/dir`.
        smb_username, smb_password: who signs in.
        smb_host: the server.
        smb_port: its port; None: the usual one (445).
    """

    _block_type_name: ClassVar[str | None] = "SMB"
    _block_type_slug: ClassVar[str | None] = "smb"
    _description: ClassVar[str | None] = "Keeps files on a Windows or Samba share."

    share_path: str = Field(default=..., description="The share, perhaps with a directory: /SHARE/dir.")
    smb_username: SecretStr | None = Field(default=None, title="SMB Username")
    smb_password: SecretStr | None = Field(default=None, title="SMB Password")
    smb_host: str = Field(default=..., title="SMB server/hostname")
    smb_port: int | None = Field(default=None, title="SMB port")

    _remote: RemoteFileSystem | None = PrivateAttr(default=None)

    @property
    def basepath(self) -> str:
        """The share as a URL."""
        return f"smb://{self.smb_host.rstrip('/')}/{self.share_path.lstrip('/')}"

    @property
    def filesystem(self) -> RemoteFileSystem:
        """The share as a remote file system."""
        if self._remote is None:
            settings: dict[str, Any] = {"username": self.smb_username, "password": self.smb_password}
            given = {name: secret.get_secret_value() for name, secret in settings.items() if secret}
            port = {} if self.smb_port is None else {"port": self.smb_port}
            self._remote = RemoteFileSystem(basepath=self.basepath, settings={**given, **port})
        return self._remote

    @either_colour
    def read_path(self, path: str) -> Life[bytes]:
        """The content of a file of the share."""
        return (yield from steps_of(self.filesystem.read_path, path))

    @either_colour
    def write_path(self, path: str, content: bytes) -> Life[str]:
        """Make or replace a file of the share; returns its URL."""
        return (yield from steps_of(self.filesystem.write_path, path, content))

    @either_colour
    def get_directory(self, from_path: str | None = None, local_path: str | None = None) -> Life[None]:
        """Copy a directory of the share (None: all of it) to this machine (None: the current directory)."""
        yield from steps_of(self.filesystem.get_directory, from_path, local_path)

    @either_colour
    def put_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> Life[int]:
        """Copy a directory of this machine to the share; returns how many files were copied."""
        return (yield from steps_of(self.filesystem.put_directory, local_path, to_path, ignore_file))

    aread_path = twin(read_path)
    awrite_path = twin(write_path)
    aget_directory = twin(get_directory)
    aput_directory = twin(put_directory)
