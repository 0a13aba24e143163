"""Finding the flow of a run again: in the file that the run remembers, without making the calls that are in it.

A script need not guard its calls by `if __name__ == "__main__"`: its execution ends at the first call, if the
flow is defined by then. That is all that the run itself had seen of the script. Not here: entrypoints in
general (`_entrypoints`), running a flow again (`flow_runs`).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from prefect._entrypoints import Entrypoint, parsed
from prefect._tracking import tracker
from prefect.engine.flow_run import ENTRYPOINT_LABEL
from prefect.exceptions import MissingFlowError
from prefect.flows import Flow
from prefect.schemas.runs import FlowRun
from prefect.utilities.importtools import load_module, load_script_as_module
from prefect.utilities.script_classes import stand_for_main

_REMEDY = "Load the flow yourself and pass it as `flow`, or say where it is: `--entrypoint file.py:flow`."


def flow_of(run: FlowRun, name: str | None = None, as_main: bool = False) -> Flow[..., Any]:
    """The flow of a run, loaded from the file the run remembers. The file's own calls of flows are not made.

    Args:
        name: the name of the flow; among several flows of one function, the one of that name is meant.
        as_main: see `load_flow`.

    Raises:
        MissingFlowError: the run remembers no file, or the file or the flow is not there any more.
        ScriptError: the file cannot be run.
    """
    entrypoint = run.labels.get(ENTRYPOINT_LABEL)
    if not isinstance(entrypoint, str):
        raise MissingFlowError(
            f"The flow run {run.name!r} ({run.id}) does not say where its flow is: it was defined inside a "
            f"function, or typed into a prompt. {_REMEDY}"
        )
    return load_flow(entrypoint, name, as_main)


def load_flow(entrypoint: str, name: str | None = None, as_main: bool = False) -> Flow[..., Any]:
    """The flow at an entrypoint, loaded for running it; arguments and errors as for `flow_of`.

    Args:
        as_main: this process exists to run the flow: a script is its `__main__`, so that results of the script's
            own classes are read as such.
    """
    wanted = _Wanted(entrypoint, name)
    with _calls_not_made(wanted):
        module = wanted.load()
    found = wanted.flow or wanted.look_in(vars(module))
    if found is None:
        raise MissingFlowError(f"There is no flow {wanted.place.name!r} in {wanted.place.place!r}. {_REMEDY}")
    if wanted.is_script:
        # what was run as the script `flows.py` may have been imported as `flows` as well
        sys.modules.setdefault(Path(wanted.place.place).stem, module)
        if as_main:
            stand_for_main(module)
    return found


class _Wanted:
    """The flow that is wanted from a file or module.

    Attributes:
        flow: the flow, once it has been seen while the module was executed.
    """

    def __init__(self, entrypoint: str, name: str | None) -> None:
        self.place: Entrypoint = parsed(entrypoint)
        self.path = Path(self.place.place).expanduser().resolve() if self.place.is_file else None
        self.name = name
        self.flow: Flow[..., Any] | None = None
        if self.path is not None and not self.path.is_file():
            raise MissingFlowError(f"There is no file {self.place.place!r} to load the flow from. {_REMEDY}")

    @property
    def is_script(self) -> bool:
        """Whether the flow is in a file that is part of no package."""
        return self.path is not None and not (self.path.parent / "__init__.py").is_file()

    def load(self) -> ModuleType:
        """Execute the module, up to the first call of a flow or task after the wanted flow is defined."""
        try:
            if self.path is None:
                return load_module(self.place.place)
            # what lies beside it may also be imported later, by its tasks
            sys.path.append(str(_root_of(self.path)))
            if not self.is_script:
                return load_module(_module_name(self.path))
            return load_script_as_module(str(self.path))
        except _Reached as reached:
            # the import system has taken it for a failure
            sys.modules[reached.module.__name__] = reached.module
            return reached.module

    def look_in(self, namespace: dict[str, Any]) -> Flow[..., Any] | None:
        """The flow, in the names of the module; None if it is not there (yet)."""
        found: Any = namespace.get(self.place.name.split(".")[0])
        for part in self.place.name.split(".")[1:]:
            found = getattr(found, part, None)
        if isinstance(found, Flow) and self.name in (None, found.name):
            return found
        named = (one for one in namespace.values() if isinstance(one, Flow) and one.name == self.name)
        same = (one for one in named if inspect.unwrap(one.fn).__qualname__ == self.place.name)
        return next(same, found if isinstance(found, Flow) else None)


class _Reached(BaseException):
    """The module has been executed as far as it is needed."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module


@contextmanager
def _calls_not_made(wanted: _Wanted) -> Iterator[None]:
    """While a module is loaded for its flow, the calls in it must not start another run."""
    token = tracker.enter(_Watcher(wanted))
    try:
        yield
    finally:
        tracker.leave(token)


class _Watcher:
    """Sees the calls of flows and tasks that a module makes while it is loaded."""

    def __init__(self, wanted: _Wanted) -> None:
        self._wanted = wanted

    def track(self, called: Any, parameters: dict[str, Any], wait_for: Any = None) -> Any:
        """End the execution of the module here; if it goes on for lack of the flow, the call gives None."""
        self._stop_if_found()
        return _nothing() if called.isasync else None

    def refuse(self, called: Any, verb: str) -> None:
        """As `track`, but what such a call gives cannot be made up."""
        self._stop_if_found()
        raise RuntimeError(
            f"`{called.name}.{verb}` was called while its file was being loaded; nothing was run. "
            'Put such calls under `if __name__ == "__main__":`.'
        )

    def _stop_if_found(self) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_name == "<module>":
                found = self._wanted.look_in(frame.f_globals)
                module = sys.modules.get(frame.f_globals.get("__name__", ""))
                if found is not None and module is not None:
                    self._wanted.flow = found
                    raise _Reached(module)
            frame = frame.f_back


async def _nothing() -> None:
    return None


def _root_of(path: Path) -> Path:
    """The directory from which a file is imported: its own, or the one that holds its package."""
    directory = path.parent
    while (directory / "__init__.py").is_file():
        directory = directory.parent
    return directory


def _module_name(path: Path) -> str:
    """The name of a file in a package."""
    parts = path.relative_to(_root_of(path)).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
