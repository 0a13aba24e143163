"""Child processes: commands as text, their environment, running them and following their output."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Any, Protocol, TextIO

PrintFn = Callable[[str], object]
TextSink = TextIO


class StartReport(Protocol):
    """Whoever waits for a process to have started, as anyio's task groups do."""

    def started(self, value: Any) -> None: ...


_ON_WINDOWS = sys.platform == "win32"


# --- Commands and environment -------------------------------------------------------------------


def command_to_string(command: list[str]) -> str:
    """A command as one line for this system's shell."""
    return subprocess.list2cmdline(command) if _ON_WINDOWS else shlex.join(command)


def command_from_string(command: str) -> list[str]:
    """The parts of a command written as one line; undoes `command_to_string`."""
    if not _ON_WINDOWS:
        return shlex.split(command)
    return [part.strip('"') for part in shlex.split(command, posix=False)]


def get_sys_executable() -> str:
    """The running Python, as it can stand in a command line."""
    return f'"{sys.executable}"' if _ON_WINDOWS else sys.executable


def sanitize_subprocess_env(
    env: Mapping[str, str | None] | None, *, remove_from: MutableMapping[str, str] | None = None
) -> dict[str, str]:
    """The variables that have a value.

    Args:
        env: variables; None means that one is to be absent.
        remove_from: an environment from which those to be absent are removed.
    """
    variables = env or {}
    if remove_from is not None:
        for name in (name for name, value in variables.items() if value is None):
            remove_from.pop(name, None)
    return {name: value for name, value in variables.items() if value is not None}


# --- Running ------------------------------------------------------------------------------------


@asynccontextmanager
async def open_process(command: list[str], **kwargs: Any) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """Start a process; when the block ends, it is ended too if it still runs.

    Args:
        command: the program and its arguments.
        kwargs: for `asyncio.create_subprocess_exec`.

    Raises:
        TypeError: the command is one string.
        OSError: the program cannot be started.
    """
    if isinstance(command, str):
        raise TypeError(
            "The command passed to open process must be a list. You passed the command "
            f"'{command}', which is type '{type(command)}'."
        )
    if _ON_WINDOWS:
        kwargs.setdefault("creationflags", getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))
    process = await asyncio.create_subprocess_exec(*command, **kwargs)
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it may end at this very moment
                process.terminate()
            await asyncio.shield(process.wait())


async def run_process(
    command: list[str],
    *,
    stream_output: bool | tuple[TextSink | None, TextSink | None] = False,
    task_status: StartReport | None = None,
    task_status_handler: Callable[[asyncio.subprocess.Process], Any] | None = None,
    **kwargs: Any,
) -> asyncio.subprocess.Process:
    """Run a process to its end.

    Args:
        command: the program and its arguments.
        stream_output: where its output and its errors go: True for those of this process, False for nowhere.
        task_status: told when the process has started.
        task_status_handler: makes of the process what `task_status` is told; by default its id.
        kwargs: for `asyncio.create_subprocess_exec`.

    Raises:
        OSError: the program cannot be started.
    """
    sinks = (sys.stdout, sys.stderr) if stream_output is True else stream_output or (None, None)
    pipe = asyncio.subprocess.PIPE if stream_output else asyncio.subprocess.DEVNULL
    kwargs = {"stdout": pipe, "stderr": pipe, **kwargs}
    async with open_process(command, **kwargs) as process:
        if task_status is not None:
            task_status.started(task_status_handler(process) if task_status_handler else process.pid)
        await consume_process_output(process, *sinks)
        await process.wait()
    return process


async def consume_process_output(
    process: asyncio.subprocess.Process,
    stdout_sink: TextSink | None = None,
    stderr_sink: TextSink | None = None,
) -> None:
    """Read what a process writes, to its end, and pass it on."""
    pairs = ((process.stdout, stdout_sink), (process.stderr, stderr_sink))
    await asyncio.gather(*(stream_text(source, sink) for source, sink in pairs if source is not None))


async def stream_text(source: asyncio.StreamReader, *sinks: TextSink | None) -> None:
    """Pass text on, line by line as it comes, to every sink that is not None."""
    async for line in source:
        text = line.decode(errors="replace")
        for sink in sinks:
            if sink is not None:
                sink.write(text)
                sink.flush()


# --- Passing signals on -------------------------------------------------------------------------


def forward_signal_handler(
    pid: int, signum: int, *signums: int, process_name: str, print_fn: PrintFn
) -> None:
    """From now on, pass a signal on to another process.

    Args:
        pid: of the other process.
        signum: the signal.
        signums: what the other process is sent, one after another each time the signal comes again.
        process_name: for messages.
        print_fn: shows messages.
    """
    current, *following = signums or (signum,)

    def handle(received: int, frame: FrameType | None) -> None:
        print_fn(
            f"Received {signal.Signals(signum).name}. Sending {signal.Signals(current).name} to "
            f"{process_name} (PID {pid})..."
        )
        os.kill(pid, current)
        if following:
            forward_signal_handler(pid, signum, *following, process_name=process_name, print_fn=print_fn)

    signal.signal(signum, handle)


def _forward_endings(pid: int, process_name: str, print_fn: PrintFn, *gently_first: int) -> None:
    if _ON_WINDOWS:
        # The console sends Ctrl-C to the child itself; only the other one must be passed on.
        break_event = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
        forward_signal_handler(pid, signal.SIGINT, break_event, process_name=process_name, print_fn=print_fn)
        return
    for received in (signal.SIGINT, signal.SIGTERM):
        first = gently_first or (received,)
        forward_signal_handler(
            pid, received, *first, signal.SIGKILL, process_name=process_name, print_fn=print_fn
        )


def setup_signal_handlers_server(pid: int, process_name: str, print_fn: PrintFn) -> None:
    """Pass Ctrl-C and SIGTERM on to a server: first SIGTERM, the second time SIGKILL."""
    _forward_endings(pid, process_name, print_fn, signal.SIGTERM)


def setup_signal_handlers_agent(pid: int, process_name: str, print_fn: PrintFn) -> None:
    """Pass Ctrl-C and SIGTERM on to an agent: first as SIGINT, the second time as SIGKILL."""
    _forward_endings(pid, process_name, print_fn, signal.SIGINT)


def setup_signal_handlers_worker(pid: int, process_name: str, print_fn: PrintFn) -> None:
    """Pass Ctrl-C and SIGTERM on to a worker: first as they are, the second time as SIGKILL."""
    _forward_endings(pid, process_name, print_fn)
