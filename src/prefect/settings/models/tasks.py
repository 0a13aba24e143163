"""`settings.tasks`: defaults of tasks."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class TasksRunnerSettings(PrefectBaseSettings, path="tasks.runner"):
    """Defaults of task runners."""

    thread_pool_max_workers: int | None = setting(
        None,
        "Threads of a ThreadPoolTaskRunner that does not say; None is no limit.",
        gt=0,
        aliases=("PREFECT_TASK_RUNNER_THREAD_POOL_MAX_WORKERS",),
    )
    process_pool_max_workers: int | None = setting(
        None, "Processes of a ProcessPoolTaskRunner that does not say; None is one per processor.", gt=0
    )


class TasksSchedulingSettings(PrefectBaseSettings, path="tasks.scheduling"):
    """Tasks that run in the background."""

    default_storage_block: str | None = setting(
        None,
        "Storage block for the parameters of background tasks, as `type/name`.",
        aliases=("PREFECT_TASK_SCHEDULING_DEFAULT_STORAGE_BLOCK",),
    )
    delete_failed_submissions: bool = setting(
        True,
        "Delete the task run of a background task that could not be submitted.",
        aliases=("PREFECT_TASK_SCHEDULING_DELETE_FAILED_SUBMISSIONS",),
    )


class TasksSettings(PrefectBaseSettings, path="tasks"):
    """Defaults of tasks."""

    refresh_cache: bool = setting(False, "Run tasks although their result is cached, and cache the new one.")
    default_no_cache: bool = setting(False, "Tasks that name no cache policy have none.")
    disable_caching: bool = setting(False, "No task uses a cache, whatever its policy.")
    default_retries: int = setting(
        0, "Retries of tasks that do not say.", ge=0, aliases=("PREFECT_TASK_DEFAULT_RETRIES",)
    )
    default_retry_delay_seconds: int | float | list[float] | None = setting(
        0,
        "Seconds between retries of tasks that do not say; a list gives one wait per retry.",
        aliases=("PREFECT_TASK_DEFAULT_RETRY_DELAY_SECONDS",),
    )
    default_persist_result: bool | None = setting(
        None, "Keep results of tasks that do not say. Default: as the flow, then results.persist_by_default."
    )
    runner: TasksRunnerSettings
    scheduling: TasksSchedulingSettings
