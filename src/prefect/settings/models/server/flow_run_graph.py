"""`settings.server.flow_run_graph`: bounds of the run graph."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerFlowRunGraphSettings(PrefectBaseSettings, path="server.flow_run_graph"):
    """Bounds of the run graph."""

    max_nodes: int = setting(
        10_000, "Most nodes of one graph.", aliases=("PREFECT_API_MAX_FLOW_RUN_GRAPH_NODES",)
    )
    max_artifacts: int = setting(
        10_000, "Most artifacts of one graph.", aliases=("PREFECT_API_MAX_FLOW_RUN_GRAPH_ARTIFACTS",)
    )
