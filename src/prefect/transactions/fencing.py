"""Whether the flow run that something is done for still belongs to this process.

A process that others took for dead, and that was not, finds its run with another one. What it had staged belongs to
nobody then: it stores nothing and takes nothing back, for its successor does the same steps anew. Not here: noticing
that a run is lost (`client`), what transactions do (`bases`).
"""

from __future__ import annotations

from prefect.context import FlowRunContext

RUN_IS_LOST = "Another process runs this flow run now; what this one goes on to do does not count."


def is_lost(flow_run: FlowRunContext | None) -> bool:
    """Whether another process has taken a flow run, or one around it, from this one."""
    while flow_run is not None:
        client = flow_run.client
        if client is not None and client.usable() and client.superseded(flow_run.flow_run.id):
            return True
        flow_run = flow_run.parent
    return False
