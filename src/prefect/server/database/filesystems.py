"""Whether a file is on another machine's disk: SQLite's shared-memory log does not work across machines.

Not here: file systems as users meet them (`prefect.filesystems`).
"""

from __future__ import annotations

from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs", "9p"}
)


def network_filesystem(path: Path, mounts: str | None = None) -> str | None:
    """The kind of network file system `path` is on; None when it is local or nothing is known.

    Args:
        path: a file or directory, which need not exist.
        mounts: the text of Linux's mount table; default: this process's.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
        except OSError:
            return None
    kind = _kind_of_mount(path.absolute(), mounts)
    return kind if kind in _NETWORK or kind.startswith(("fuse.sshfs", "fuse.gcs", "fuse.s3")) else None


def _kind_of_mount(path: Path, mounts: str) -> str:
    """The type of the innermost mount above `path`; later lines hide earlier ones."""
    deepest, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5:
            continue
        mount = Path(fields[4].replace("\\040", " "))
        if path.is_relative_to(mount) and len(mount.parts) >= deepest:
            deepest, kind = len(mount.parts), after.split(" ")[0]
    return kind
