"""The nouns under their documented import path; their home is `prefect.schemas`, and there is one of each.

The most used ones can be had from here. They are loaded on first use: importing one submodule shall not cost
all.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.schemas.actions import BlockTypeUpdate as BlockTypeUpdate
    from prefect.schemas.actions import StateCreate as StateCreate
    from prefect.schemas.blocks import DEFAULT_BLOCK_SCHEMA_VERSION as DEFAULT_BLOCK_SCHEMA_VERSION
    from prefect.schemas.blocks import BlockDocument as BlockDocument
    from prefect.schemas.blocks import BlockSchema as BlockSchema
    from prefect.schemas.blocks import BlockType as BlockType
    from prefect.schemas.cloud import Workspace as Workspace
    from prefect.schemas.responses import OrchestrationResult as OrchestrationResult
    from prefect.schemas.responses import SetStateStatus as SetStateStatus
    from prefect.schemas.responses import StateAbortDetails as StateAbortDetails
    from prefect.schemas.responses import StateAcceptDetails as StateAcceptDetails
    from prefect.schemas.responses import StateRejectDetails as StateRejectDetails
    from prefect.schemas.runs import FlowRun as FlowRun
    from prefect.schemas.runs import FlowRunPolicy as FlowRunPolicy
    from prefect.schemas.runs import FlowRunResult as FlowRunResult
    from prefect.schemas.runs import TaskRun as TaskRun
    from prefect.schemas.runs import TaskRunPolicy as TaskRunPolicy
    from prefect.schemas.runs import TaskRunResult as TaskRunResult
    from prefect.schemas.states import State as State
    from prefect.schemas.states import StateDetails as StateDetails
    from prefect.schemas.states import StateType as StateType

_HOMES = {
    "BlockDocument": "prefect.schemas.blocks",
    "BlockSchema": "prefect.schemas.blocks",
    "BlockType": "prefect.schemas.blocks",
    "BlockTypeUpdate": "prefect.schemas.actions",
    "DEFAULT_BLOCK_SCHEMA_VERSION": "prefect.schemas.blocks",
    "FlowRun": "prefect.schemas.runs",
    "FlowRunPolicy": "prefect.schemas.runs",
    "FlowRunResult": "prefect.schemas.runs",
    "OrchestrationResult": "prefect.schemas.responses",
    "SetStateStatus": "prefect.schemas.responses",
    "State": "prefect.schemas.states",
    "StateAbortDetails": "prefect.schemas.responses",
    "StateAcceptDetails": "prefect.schemas.responses",
    "StateCreate": "prefect.schemas.actions",
    "StateDetails": "prefect.schemas.states",
    "StateRejectDetails": "prefect.schemas.responses",
    "StateType": "prefect.schemas.states",
    "TaskRun": "prefect.schemas.runs",
    "TaskRunPolicy": "prefect.schemas.runs",
    "TaskRunResult": "prefect.schemas.runs",
    "Workspace": "prefect.schemas.cloud",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
