"""`settings.worker`: processes that execute the runs of a work pool."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class WorkerWebserverSettings(PrefectBaseSettings, path="worker.webserver"):
    """The health check of a worker."""

    host: str = setting("0.0.0.0", "Address it listens on.")
    port: int = setting(8080, "Port it listens on.")


class WorkerSettings(PrefectBaseSettings, path="worker"):
    """Processes that execute the runs of a work pool."""

    debug_mode: bool = setting(False, "Log on level DEBUG.")
    heartbeat_seconds: float = setting(30, "Time between signs of life to the API.")
    query_seconds: float = setting(10, "Time between looks for scheduled runs.")
    prefetch_seconds: float = setting(10, "How long before its scheduled time a run is taken.")
    enable_cancellation: bool = setting(False, "End the infrastructure of cancelled runs.")
    cancellation_poll_seconds: float = setting(120, "Time between looks for runs to cancel.")
    webserver: WorkerWebserverSettings
