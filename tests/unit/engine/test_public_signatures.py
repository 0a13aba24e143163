"""Parameters of the documented classes and functions: their names, order, kinds and defaults.

`documented_signatures.json` holds what the documented API says, as facts: a path and a list of parameters.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

DOCUMENTED: dict[str, str] = json.loads(
    (Path(__file__).parent / "documented_signatures.json").read_text(encoding="utf-8")
)

LATER = (
    "prefect.flows.Flow.deploy", "prefect.flows.Flow.adeploy", "prefect.flows.Flow.serve",
    "prefect.flows.Flow.from_source", "prefect.flows.Flow.afrom_source", "prefect.flows.FlowDecorator.from_source",
    "prefect.flows.Flow.to_deployment", "prefect.flows.Flow.ato_deployment",
    "prefect.flows.InfrastructureBoundFlow", "prefect.flows.bind_flow_to_infrastructure",
    "prefect.flows.serve", "prefect.flows.aserve", "prefect.flows.load_flow_from_flow_run",
    "prefect.tasks.MaterializingTask", "prefect.tasks.Task.serve", "prefect.tasks.Task.aserve",
    "prefect.futures.PrefectFlowRunFuture", "prefect.context.AssetContext",
)  # fmt: skip
"""What is not there yet: deployments, infrastructure, assets."""

OUR_OWN = {
    # hooks of a task's transaction are options like the others
    "prefect.tasks.Task.with_options": ["on_rollback=None", "on_commit=None"],
    "prefect.tasks.task": ["on_rollback=None", "on_commit=None"],
    # what `result()` took in earlier versions
    "prefect.client.schemas.objects.State.result": ["fetch=None"],
}
"""Parameters that we take on top, by name only where others may be given by position."""

DIFFERENT = {
    # nobody but a task runner makes one; ours needs no executor
    "prefect.futures.PrefectConcurrentFuture.__init__": "self, task_run_id, wrapped_future=None",
    # a model of pydantic
    "prefect.context.RunContext.__init__": "self, /, **data",
}

PRESENT = sorted(path for path in DOCUMENTED if not path.startswith(LATER))


def found(path: str) -> Any:
    """The object at a path, as it is in its class."""
    module, *names = path.rsplit(".", 2)
    try:
        found: Any = importlib.import_module(".".join([module, *names[:-1]]))
        names = names[-1:]
    except ImportError:
        found = importlib.import_module(module)
    for name in names:
        found = inspect.getattr_static(found, name) if inspect.isclass(found) else getattr(found, name)
    return found.__func__ if isinstance(found, staticmethod | classmethod) else found


def parameters_of(fn: Any) -> str:
    """What a function takes, without annotations; a class as default by its name."""
    parameters = [
        parameter.replace(annotation=parameter.empty, default=_shown(parameter.default))
        for parameter in inspect.signature(fn).parameters.values()
    ]
    return str(inspect.Signature(parameters))[1:-1]


class _Name:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def _shown(default: Any) -> Any:
    is_class = inspect.isclass(default) and default is not inspect.Parameter.empty
    return _Name(default.__name__) if is_class else default


@pytest.mark.parametrize("path", PRESENT)
def test_parameters_are_the_documented_ones(path: str) -> None:
    given = parameters_of(found(path)).split(", ")
    for own in OUR_OWN.get(path, ()):
        given.remove(own)
    assert ", ".join(given) == DIFFERENT.get(path, DOCUMENTED[path])


@pytest.mark.parametrize("path", LATER)
def test_what_comes_later_is_not_there_yet(path: str) -> None:
    """Once it is, its parameters are to be tested, too."""
    with pytest.raises(AttributeError):
        found(path)


@pytest.mark.parametrize("path", sorted({*OUR_OWN, *DIFFERENT}))
def test_exceptions_are_needed(path: str) -> None:
    assert parameters_of(found(path)) != DOCUMENTED[path]
