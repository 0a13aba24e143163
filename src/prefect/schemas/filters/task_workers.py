"""Filter of the processes that wait for background tasks."""

from prefect.schemas.bases import PrefectBaseModel


class TaskWorkerFilter(PrefectBaseModel):
    """Those that serve all of these tasks."""

    task_keys: list[str]
