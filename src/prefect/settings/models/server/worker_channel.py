"""`settings.server.worker_channel`: cleaning work handed to workers."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerWorkerChannelSettings(PrefectBaseSettings, path="server.worker_channel"):
    """Cleaning work handed to workers."""

    cleanup_queue_storage: str = setting(
        "prefect.server.worker_communication.cleanup_queue.memory", "Module that keeps the queue."
    )
    cleanup_lease_seconds: float = setting(
        30.0, "Time a worker has to finish a piece before another gets it.", gt=0
    )
    cleanup_max_delivery_attempts: int = setting(3, "Times a piece is handed out.", ge=1)
    cleanup_completed_idempotency_retention_seconds: float | None = setting(
        None,
        "How long a finished piece is remembered, so as not to be queued again; None leaves it to the queue.",
        ge=0,
    )
