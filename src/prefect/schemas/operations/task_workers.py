# mypy: disable-error-code="empty-body"
"""Operations on the processes that wait for background runs of tasks."""

from prefect.schemas.filters.task_workers import TaskWorkerFilter
from prefect.schemas.operations.declaring import operation
from prefect.schemas.workers import TaskWorker


@operation("POST", "/task_workers/filter", tag="Task Workers")
def read_task_workers(task_worker_filter: TaskWorkerFilter | None = None) -> list[TaskWorker]:
    """The processes that wait for runs of tasks, the latest heard of first."""
