"""File systems as blocks: where results and deployed code are kept.

`bases` says what a file system can be asked; `local` keeps files in a directory, `remote` anywhere fsspec
reaches. Not here: what is written (`results`).
"""

from prefect.filesystems.bases import (
    MissingPathError,
    NullFileSystem,
    ReadableDeploymentStorage,
    ReadableFileSystem,
    WritableDeploymentStorage,
    WritableFileSystem,
)
from prefect.filesystems.local import LocalFileSystem
from prefect.filesystems.remote import SMB, RemoteFileSystem

__all__ = [
    "SMB",
    "LocalFileSystem",
    "MissingPathError",
    "NullFileSystem",
    "ReadableDeploymentStorage",
    "ReadableFileSystem",
    "RemoteFileSystem",
    "WritableDeploymentStorage",
    "WritableFileSystem",
]
