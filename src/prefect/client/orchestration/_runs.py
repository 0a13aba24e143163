"""Documented methods on flows, flow runs and task runs that are not one operation as it is, as steps.

They take the objects users have (a flow, a state) instead of what travels. Not here: methods that are an
operation (`prefect.schemas.operations`), the classes that have them all (`clients`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar
from uuid import UUID

from prefect._steps import Life
from prefect.client.orchestration.transport import Asking
from prefect.schemas.actions.flows import FlowCreate
from prefect.schemas.actions.runs import FlowRunCreate, FlowRunUpdate, TaskRunCreate, TaskRunUpdate
from prefect.schemas.actions.states import StateCreate
from prefect.schemas.bases import uuid7
from prefect.schemas.operations import Response, flow_runs, flows, task_runs
from prefect.schemas.responses import OrchestrationResult
from prefect.schemas.runs import FlowRun, FlowRunPolicy, TaskInput, TaskRun, TaskRunPolicy
from prefect.schemas.states import State, StateType

T = TypeVar("T")


class FlowObject(Protocol):
    """What is asked of a flow (`prefect.Flow`)."""

    name: str
    version: str | None
    retries: Any
    retry_delay_seconds: Any

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]: ...


class TaskObject(Protocol):
    """What is asked of a task (`prefect.Task`)."""

    name: str
    task_key: str
    version: str | None
    tags: Any
    retries: Any
    retry_delay_seconds: Any
    retry_jitter_factor: Any


class FlowRunMethods(Asking):
    """Methods on flows and flow runs."""

    def create_flow(self, flow: FlowObject) -> Life[UUID]:
        """Register a flow; returns its id."""
        return (yield from self._register(flow.name))

    def create_flow_from_name(self, flow_name: str) -> Life[UUID]:
        """Register a flow by its name; returns its id."""
        return (yield from self._register(flow_name))

    def create_flow_run(
        self,
        flow: FlowObject,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        parent_task_run_id: UUID | None = None,
        state: State[Any] | None = None,
        work_pool_name: str | None = None,
        work_queue_name: str | None = None,
        job_variables: dict[str, Any] | None = None,
    ) -> Life[FlowRun]:
        """Make a run of a flow, without running it.

        Args:
            flow: it is registered if it is not yet.
            parameters: in the form that `flow.serialize_parameters` turns into JSON.
            state: the first state; Pending if not given.
        """
        flow_id = yield from self._register(flow.name)
        asked: dict[str, Any] = {
            "flow_id": flow_id,
            "flow_version": flow.version,
            "name": name,
            "parameters": flow.serialize_parameters(parameters or {}),
            "context": context or {},
            "tags": list(tags or ()),
            "parent_task_run_id": parent_task_run_id,
            "state": _first(state),
            "empirical_policy": FlowRunPolicy(
                retries=flow.retries, retry_delay=int(flow.retry_delay_seconds or 0)
            ),
        }
        # only what is said travels: servers of 3.0 do not know these
        placement = {
            "work_pool_name": work_pool_name,
            "work_queue_name": work_queue_name,
            "job_variables": job_variables,
        }
        asked.update((field, value) for field, value in placement.items() if value is not None)
        run = yield from self._ask(flow_runs.create_flow_run(FlowRunCreate(**asked)))
        # the result that a state carries does not travel; the caller has it
        run.parameters = parameters or {}
        return run

    def update_flow_run(
        self,
        flow_run_id: UUID,
        flow_version: str | None = None,
        parameters: dict[str, Any] | None = None,
        name: str | None = None,
        tags: Iterable[str] | None = None,
        empirical_policy: FlowRunPolicy | None = None,
        infrastructure_pid: str | None = None,
        job_variables: dict[str, Any] | None = None,
    ) -> Life[Response]:
        """Change what of a flow run does not belong to its state; None leaves a field as it is.

        Raises:
            ObjectNotFound: there is no such run.
        """
        changes: dict[str, Any] = {
            "flow_version": flow_version,
            "parameters": parameters,
            "name": name,
            "tags": None if tags is None else list(tags),
            "empirical_policy": empirical_policy,
            "infrastructure_pid": infrastructure_pid,
            "job_variables": job_variables,
        }
        told = FlowRunUpdate(**{field: value for field, value in changes.items() if value is not None})
        return (yield from self._ask(flow_runs.update_flow_run(flow_run_id, told)))

    def set_flow_run_name(self, flow_run_id: UUID, name: str) -> Life[Response]:
        """Give a flow run another name.

        Raises:
            ObjectNotFound: there is no such run.
        """
        return (yield from self._ask(flow_runs.update_flow_run(flow_run_id, FlowRunUpdate(name=name))))

    def set_flow_run_state(
        self, flow_run_id: UUID | str, state: State[T], force: bool = False
    ) -> Life[OrchestrationResult[T]]:
        """Propose a state for a flow run; the answer says what became of it.

        Args:
            force: leave the rules of orchestration out.

        Raises:
            ObjectNotFound: there is no such run.
        """
        run_id = flow_run_id if isinstance(flow_run_id, UUID) else UUID(flow_run_id)
        proposed = _proposed(state, flow_run_id=run_id)
        return (yield from self._ask(flow_runs.set_flow_run_state(run_id, proposed, force)))

    def _register(self, flow_name: str) -> Life[UUID]:
        created = yield from self._ask(flows.create_flow(FlowCreate(name=flow_name)))
        return created.id


class TaskRunMethods(Asking):
    """Methods on task runs."""

    def create_task_run(
        self,
        task: TaskObject,
        flow_run_id: UUID | None,
        dynamic_key: str,
        id: UUID | None = None,
        name: str | None = None,
        extra_tags: Iterable[str] | None = None,
        state: State[Any] | None = None,
        task_inputs: dict[str, list[TaskInput]] | None = None,
    ) -> Life[TaskRun]:
        """Make a run of a task, without running it.

        Args:
            flow_run_id: the flow run that it is part of; None outside flows.
            dynamic_key: tells the runs of one task in one flow run apart.
            extra_tags: besides those of the task.
            state: the first state; Pending if not given.
        """
        run = TaskRunCreate(
            id=id,
            name=name or f"{task.name}-{dynamic_key}",
            flow_run_id=flow_run_id,
            task_key=task.task_key,
            dynamic_key=dynamic_key,
            task_version=task.version,
            tags=[*{*task.tags, *(extra_tags or ())}],
            state=_first(state),
            task_inputs=task_inputs or {},
            empirical_policy=TaskRunPolicy(
                retries=task.retries,
                retry_delay=task.retry_delay_seconds,
                retry_jitter_factor=task.retry_jitter_factor,
            ),
        )
        return (yield from self._ask(task_runs.create_task_run(run)))

    def set_task_run_name(self, task_run_id: UUID, name: str) -> Life[Response]:
        """Give a task run another name.

        Raises:
            ObjectNotFound: there is no such run.
        """
        return (yield from self._ask(task_runs.update_task_run(task_run_id, TaskRunUpdate(name=name))))

    def set_task_run_state(
        self, task_run_id: UUID, state: State[T], force: bool = False
    ) -> Life[OrchestrationResult[T]]:
        """Propose a state for a task run; the answer says what became of it.

        Args:
            force: leave the rules of orchestration out.

        Raises:
            ObjectNotFound: there is no such run.
        """
        proposed = _proposed(state, task_run_id=task_run_id)
        return (yield from self._ask(task_runs.set_task_run_state(task_run_id, proposed, force)))


def _first(state: State[Any] | None) -> StateCreate:
    return StateCreate(type=StateType.PENDING) if state is None else state.to_state_create()


def _proposed(state: State[Any], **ids: UUID) -> StateCreate:
    """A state as it travels. Its transition has an identity: a request sent again is not another one."""
    proposed = state.to_state_create()
    details = proposed.state_details.model_copy(update={**ids, "transition_id": uuid7()})
    return proposed.model_copy(update={"state_details": details})
