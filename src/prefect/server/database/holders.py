"""Who holds a lease: a process that anyone on the same machine can look for.

A holder is the text `host|boot|pid|start`: the host's name; the boot of the kernel and the namespace its
process numbers belong to; the process number; the moment the process started, in the kernel's own count, so
that a number used again by another process is not taken for the first. On systems without /proc some parts
are empty and less can be known. Not here: what follows from a holder's death (`server/models/recovery`).
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Holder(NamedTuple):
    """The process that holds a lease."""

    host: str
    boot: str
    pid: int
    start: str

    def __str__(self) -> str:
        return f"{self.host}|{self.boot}|{self.pid}|{self.start}"

    @classmethod
    def parse(cls, text: str) -> Holder | None:
        """The holder a lease names; None for a text of another form."""
        parts = text.split("|")
        if len(parts) != 4 or not parts[2].isdigit():
            return None
        return cls(parts[0], parts[1], int(parts[2]), parts[3])


@dataclass(frozen=True)
class HostFacts:
    """What can be seen from here: this host, and when each of its processes started.

    Args:
        host: the host's name.
        boot: the boot of the kernel and the namespace of process numbers.
        start_of: what `process_start` says; by default this machine is asked.
    """

    host: str
    boot: str
    start_of: Callable[[int], str | None] = field(default=lambda pid: process_start(pid))

    def is_alive(self, holder: Holder) -> bool | None:
        """Whether the holder lives; None when that cannot be known from here."""
        if holder.host != self.host or holder.boot != self.boot:
            return None
        start = self.start_of(holder.pid)
        if start is None:
            return False
        if not start or not holder.start:
            return None
        return start == holder.start


def this_holder() -> str:
    """This process as the holder of a lease."""
    return _holder_of(os.getpid())


def this_host() -> HostFacts:
    """The facts about this host."""
    return HostFacts(_host(), _boot())


@lru_cache(maxsize=4)
def _holder_of(pid: int) -> str:
    return str(Holder(_host(), _boot(), pid, process_start(pid) or ""))


@lru_cache(maxsize=1)
def _host() -> str:
    return socket.gethostname().replace("|", "_")


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        # containers share the kernel's boot but not their process numbers
        return f"{boot}/{os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def process_start(pid: int) -> str | None:
    """When a process of this host started; "" when it lives but that is not known; None when it is gone."""
    if _boot():
        return _start_in_proc(pid)
    if sys.platform == "win32":
        # asking there by signal would end the process
        return ""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return ""


def _start_in_proc(pid: int) -> str | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return ""
    # the second field is the program's name in parentheses and may hold anything, parentheses included
    fields = stat.rpartition(")")[2].split()
    # a zombie runs no code any more: it only waits to be counted by its parent
    return None if fields[0] in ("Z", "X") else fields[19]
