"""What each declared operation does, as a function over the store: called in process and by the server alike.

The functions are thin: rules are in `server/orchestration`, queries and writes in `server/models`. `do` finds
the one for a request. Not here: what operations there are (`prefect.schemas.operations`).
"""

# imported for what they register
from prefect.server.operations import (  # noqa: F401
    artifacts,
    automations,
    blocks,
    collections,
    concurrency_limits,
    deployments,
    engine,
    events,
    flow_run_inputs,
    flow_runs,
    flows,
    graphs,
    logs,
    notification_policies,
    observed_states,
    result_storage,
    saved_searches,
    server,
    states,
    task_runs,
    task_workers,
    ui,
    variables,
    work_pools,
    work_queues,
)
from prefect.server.operations.doing import FUNCTIONS, Store, do

__all__ = ["FUNCTIONS", "Store", "do"]
