"""Documented methods on deployments that are not one operation as it is, as steps.

Not here: methods that are an operation (`prefect.schemas.operations`), the classes that have them all
(`clients`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from prefect._steps import Life
from prefect.client.orchestration.transport import Asking
from prefect.schemas.actions.deployments import (
    DeploymentCreate,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from prefect.schemas.actions.runs import DeploymentFlowRunCreate
from prefect.schemas.concurrency import ConcurrencyOptions
from prefect.schemas.deployments import Deployment, DeploymentSchedule, VersionInfo
from prefect.schemas.operations import deployments
from prefect.schemas.runs import FlowRun
from prefect.schemas.schedules import SCHEDULE_TYPES
from prefect.schemas.states import State
from prefect.types import KeyValueLabels


class DeploymentMethods(Asking):
    """Methods on deployments, their schedules and runs."""

    def create_deployment(
        self,
        flow_id: UUID,
        name: str,
        version: str | None = None,
        version_info: VersionInfo | None = None,
        schedules: list[DeploymentScheduleCreate] | None = None,
        concurrency_limit: int | None = None,
        concurrency_options: ConcurrencyOptions | None = None,
        parameters: dict[str, Any] | None = None,
        description: str | None = None,
        work_queue_name: str | None = None,
        work_pool_name: str | None = None,
        tags: list[str] | None = None,
        storage_document_id: UUID | None = None,
        path: str | None = None,
        entrypoint: str | None = None,
        infrastructure_document_id: UUID | None = None,
        parameter_openapi_schema: dict[str, Any] | None = None,
        paused: bool | None = None,
        pull_steps: list[dict[str, Any]] | None = None,
        enforce_parameter_schema: bool | None = None,
        job_variables: dict[str, Any] | None = None,
        branch: str | None = None,
        base: UUID | None = None,
        root: UUID | None = None,
    ) -> Life[UUID]:
        """Make a deployment, or change the one of that name of the flow; returns its id.

        None leaves a field of an existing deployment as it is; its parameters and schedules are replaced.

        Raises:
            ObjectNotFound: there is no such flow or work pool.
        """
        told = {name: value for name, value in locals().items() if name != "self" and value is not None}
        created = yield from self._ask(deployments.create_deployment(DeploymentCreate(**told)))
        return created.id

    def read_deployment_by_name(self, name: str) -> Life[Deployment]:
        """The deployment of a name in the form `<flow name>/<deployment name>`.

        Raises:
            ObjectNotFound: there is none.
            ValueError: the name is not of that form.
        """
        flow_name, slash, deployment_name = name.partition("/")
        if not (slash and flow_name and deployment_name):
            raise ValueError(f"{name!r} is not of the form '<flow name>/<deployment name>'.")
        return (yield from self._ask(deployments.read_deployment_by_names(flow_name, deployment_name)))

    def set_deployment_paused_state(self, deployment_id: UUID, paused: bool) -> Life[None]:
        """Let the schedules of a deployment rest or go on.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
        chosen = deployments.pause_deployment if paused else deployments.resume_deployment
        yield from self._ask(chosen(deployment_id))

    # --- schedules ---------------------------------------------------------------------------------------

    def create_deployment_schedules(
        self,
        deployment_id: UUID,
        schedules: list[tuple[SCHEDULE_TYPES, bool]] | list[DeploymentScheduleCreate],
        max_scheduled_runs: int | None = None,
        parameters: dict[str, Any] | None = None,
        slug: str | None = None,
    ) -> Life[list[DeploymentSchedule]]:
        """Add schedules to a deployment: as they are to be stored, or as pairs of a schedule and whether it
        is active.

        Args:
            max_scheduled_runs, parameters, slug: of the pairs.

        Raises:
            ObjectNotFound: there is no such deployment.
            ObjectAlreadyExists: the deployment has a schedule of that slug.
        """
        asked = []
        for one in schedules:
            if isinstance(one, DeploymentScheduleCreate):
                asked.append(one)
                continue
            schedule, active = one
            options = {"max_scheduled_runs": max_scheduled_runs, "parameters": parameters, "slug": slug}
            told: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
            asked.append(DeploymentScheduleCreate(schedule=schedule, active=active, **told))
        return (yield from self._ask(deployments.create_deployment_schedules(deployment_id, asked)))

    def update_deployment_schedule(
        self,
        deployment_id: UUID,
        schedule_id: UUID,
        active: bool | None = None,
        schedule: SCHEDULE_TYPES | None = None,
        max_scheduled_runs: int | None = None,
        parameters: dict[str, Any] | None = None,
        slug: str | None = None,
    ) -> Life[None]:
        """Change a schedule; None leaves a field as it is.

        Raises:
            ObjectNotFound: the deployment has no such schedule.
        """
        changes: dict[str, Any] = {
            "active": active,
            "schedule": schedule,
            "max_scheduled_runs": max_scheduled_runs,
            "parameters": parameters,
            "slug": slug,
        }
        told = DeploymentScheduleUpdate(**{name: one for name, one in changes.items() if one is not None})
        yield from self._ask(deployments.update_deployment_schedule(deployment_id, schedule_id, told))

    # --- runs --------------------------------------------------------------------------------------------

    def create_flow_run_from_deployment(
        self,
        deployment_id: UUID,
        *,
        parameters: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        state: State[Any] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        idempotency_key: str | None = None,
        parent_task_run_id: UUID | None = None,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
        labels: KeyValueLabels | None = None,
    ) -> Life[FlowRun]:
        """Make a run of a deployment, scheduled for now unless `state` says otherwise.

        Args:
            parameters, labels: on top of the deployment's, by key.
            tags: besides the deployment's.
            idempotency_key: a second request with the same key returns the run of the first.

        Raises:
            ObjectNotFound: there is no such deployment.
        """
        given: dict[str, Any] = {
            "parameters": parameters,
            "context": context,
            "state": None if state is None else state.to_state_create(),
            "name": name,
            "tags": None if tags is None else list(tags),
            "idempotency_key": idempotency_key,
            "parent_task_run_id": parent_task_run_id,
            "work_queue_name": work_queue_name,
            "job_variables": job_variables,
            "labels": labels,
        }
        told = DeploymentFlowRunCreate(**{field: one for field, one in given.items() if one is not None})
        return (yield from self._ask(deployments.create_flow_run_from_deployment(deployment_id, told)))
