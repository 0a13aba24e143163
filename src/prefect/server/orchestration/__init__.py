"""Orchestration: may this run enter that state, and what follows if it does.

Pure functions from facts, a proposed state and the moment to a decision. No input or output, no clock, no
settings, no chance: everything is handed in, hence decisions are tested without a store and without waiting.
The embedded engine asks them on every flow-run transition, so this package stays light to import.
"""

from prefect.server.orchestration.decisions import Abort, Accept, Changes, Decision, NewState, Reject, Wait
from prefect.server.orchestration.facts import (
    CachedState,
    DeploymentSlots,
    FlowRunFacts,
    PlainDetails,
    Proposal,
    TagSlots,
    TaskRunFacts,
    Terms,
)
from prefect.server.orchestration.flow_rules import BELATED_FLOW_RUN_RULES, decide_flow_run
from prefect.server.orchestration.projection import (
    FlowRunProjection,
    Projection,
    moment_after,
    project_flow_run,
    project_task_run,
)
from prefect.server.orchestration.task_rules import decide_task_run

__all__ = [
    "BELATED_FLOW_RUN_RULES",
    "Abort",
    "Accept",
    "CachedState",
    "Changes",
    "Decision",
    "DeploymentSlots",
    "FlowRunFacts",
    "FlowRunProjection",
    "NewState",
    "PlainDetails",
    "Projection",
    "Proposal",
    "Reject",
    "TagSlots",
    "TaskRunFacts",
    "Terms",
    "Wait",
    "decide_flow_run",
    "decide_task_run",
    "moment_after",
    "project_flow_run",
    "project_task_run",
]
