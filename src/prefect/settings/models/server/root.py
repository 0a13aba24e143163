"""`settings.server`: the server's own rows and its groups."""

from pathlib import Path
from typing import Literal

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults
from prefect.settings.models.server.api import ServerAPISettings
from prefect.settings.models.server.concurrency import ServerConcurrencySettings
from prefect.settings.models.server.database import ServerDatabaseSettings
from prefect.settings.models.server.deployments import ServerDeploymentsSettings
from prefect.settings.models.server.docket import ServerDocketSettings
from prefect.settings.models.server.ephemeral import ServerEphemeralSettings
from prefect.settings.models.server.events import ServerEventsSettings
from prefect.settings.models.server.flow_run_graph import ServerFlowRunGraphSettings
from prefect.settings.models.server.logs import ServerLogsSettings
from prefect.settings.models.server.services import ServerServicesSettings
from prefect.settings.models.server.tasks import ServerTasksSettings
from prefect.settings.models.server.ui import ServerUISettings
from prefect.settings.models.server.worker_channel import ServerWorkerChannelSettings


class ServerSettings(PrefectBaseSettings, path="server"):
    """The server and the store."""

    logging_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = setting(
        "WARNING", "Level of the server's log.", aliases=("PREFECT_LOGGING_SERVER_LEVEL",)
    )
    analytics_enabled: bool = setting(True, "Allow anonymous usage statistics. Ours sends none.")
    metrics_enabled: bool = setting(
        False, "Serve Prometheus metrics at /api/metrics.", aliases=("PREFECT_API_ENABLE_METRICS",)
    )
    log_retryable_errors: bool = setting(
        False, "Log errors that clients are expected to retry.", aliases=("PREFECT_API_LOG_RETRYABLE_ERRORS",)
    )
    register_blocks_on_start: bool = setting(
        True,
        "Record the known block types when the server starts.",
        aliases=("PREFECT_API_BLOCKS_REGISTER_ON_START",),
    )
    memoize_block_auto_registration: bool = setting(
        True,
        "Record block types only when they changed.",
        aliases=("PREFECT_MEMOIZE_BLOCK_AUTO_REGISTRATION",),
    )
    memo_store_path: Path = setting(
        None,
        "File that remembers which block types were recorded. Default: memo_store.toml in PREFECT_HOME.",
        aliases=("PREFECT_MEMO_STORE_PATH",),
        derive=_defaults.in_home("memo_store.toml"),
        adjust=_defaults.fill_home,
    )
    deployment_schedule_max_scheduled_runs: int = setting(
        50,
        "Most runs one schedule may have waiting.",
        aliases=("PREFECT_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS",),
    )
    api: ServerAPISettings
    concurrency: ServerConcurrencySettings
    database: ServerDatabaseSettings
    deployments: ServerDeploymentsSettings
    docket: ServerDocketSettings
    ephemeral: ServerEphemeralSettings
    events: ServerEventsSettings
    flow_run_graph: ServerFlowRunGraphSettings
    logs: ServerLogsSettings
    services: ServerServicesSettings
    tasks: ServerTasksSettings
    ui: ServerUISettings
    worker_channel: ServerWorkerChannelSettings
