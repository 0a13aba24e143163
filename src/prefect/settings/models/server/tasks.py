"""`settings.server.tasks`: orchestration of task runs."""

from datetime import timedelta

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerTasksSchedulingSettings(PrefectBaseSettings, path="server.tasks.scheduling"):
    """Queues of background tasks."""

    max_scheduled_queue_size: int = setting(
        1000, "Waiting task runs per task.", aliases=("PREFECT_TASK_SCHEDULING_MAX_SCHEDULED_QUEUE_SIZE",)
    )
    max_retry_queue_size: int = setting(
        100,
        "Task runs per task that wait to be handed out again.",
        aliases=("PREFECT_TASK_SCHEDULING_MAX_RETRY_QUEUE_SIZE",),
    )
    pending_task_timeout: timedelta = setting(
        timedelta(0),
        "Time after which a task run that was handed out but not started is handed out again; 0 is never.",
        aliases=("PREFECT_TASK_SCHEDULING_PENDING_TASK_TIMEOUT",),
    )


class ServerTasksSettings(PrefectBaseSettings, path="server.tasks"):
    """Orchestration of task runs."""

    tag_concurrency_slot_wait_seconds: float = setting(
        10,
        "Wait before a task run that found a tag's limit full tries again.",
        ge=0,
        aliases=("PREFECT_TASK_RUN_TAG_CONCURRENCY_SLOT_WAIT_SECONDS",),
    )
    max_cache_key_length: int = setting(
        2000, "Longest cache key in characters.", aliases=("PREFECT_API_TASK_CACHE_KEY_MAX_LENGTH",)
    )
    scheduling: ServerTasksSchedulingSettings
