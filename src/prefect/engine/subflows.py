"""A subflow as its parent sees it: a placeholder task run that follows the child run.

Also here: what a parent's later attempt takes over from an earlier one. Not here: the child's life (`flow_run`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.context import FlowRunContext, TaskRunContext
from prefect.engine.resumption import Resumption
from prefect.exceptions import MissingResult
from prefect.schemas.bases import copy_id, now
from prefect.schemas.runs import FlowRun, TaskRun, TaskRunPolicy, trusted_task_run
from prefect.schemas.states import State, StateType, data_is_kept, trusted_details, trusted_state

_POLICY = TaskRunPolicy()
_TICK = timedelta(microseconds=1)


@dataclass(slots=True)
class Child:
    """A subflow run that belongs to a placeholder."""

    placeholder: TaskRun
    run: FlowRun
    state: State[Any]
    value: Any

    def was_another(self, flow: Any, parameters: dict[str, Any]) -> bool:
        """Whether this run has completed a call with other parameters: it stays as it is, then."""
        return self.state.is_completed() and self.run.parameters != flow.serialize_parameters(parameters)

    def is_usable(self, past: Resumption) -> bool:
        """Whether the child completed and its result can be read: then it is not run again.

        Args:
            past: that of the parent, which may have been told to start anew from before the child, or within it.
        """
        if not self.state.is_completed() or not data_is_kept(self.state):
            return False
        if past.is_over(self.run.id, self.state.timestamp):
            return False
        if self.value is None and self.state.data is not None:
            try:
                self.value = self.state.result(retry_result_failure=False)
            except (MissingResult, FileNotFoundError):
                return False
        return True


def _step_around(parent: FlowRunContext) -> str | None:
    """The place of the task of the parent that makes the call, if it is made by one."""
    task: Any = TaskRunContext.__var__.get(None)
    inside = task is not None and task.task_run.flow_run_id == parent.flow_run.id
    return task.step if inside else None


def children_of(client: Any, run_id: UUID) -> dict[str, Child]:
    """The subflow runs that earlier attempts of a flow run made, by their place in it."""
    return {
        f"{placeholder.task_key}-{placeholder.dynamic_key}": Child(placeholder, run, run.state, None)
        for placeholder, run in client.children_of(run_id)
        if run.state is not None
    }


class Placeholder:
    """The task run that stands for one call of a subflow.

    Args:
        flow: the subflow.
        parent: the flow run that calls it.
        client: where states are recorded.
        task_inputs: what the call depends on.
        parameters: of the call.
    """

    def __init__(
        self,
        flow: Any,
        parent: FlowRunContext,
        client: Any,
        task_inputs: dict[str, Any],
        parameters: dict[str, Any],
    ) -> None:
        self._parent = parent
        self._client = client
        number = self._count(flow.name)
        caller = _step_around(parent) or ""
        # apart for each caller: a task whose result is kept does not make its calls again
        place = self._count(f"{caller}/{flow.name}")
        dynamic_key = f"{caller}/{place}" if caller else str(place)
        self.key = f"{flow.name}-{dynamic_key}"
        earlier = self.earlier_child()
        if earlier is not None and not earlier.was_another(flow, parameters):
            self.run = earlier.placeholder
            return
        parent.children.pop(self.key, None)
        self.run = trusted_task_run(
            name=f"{flow.name}-{number}",
            flow_run_id=parent.flow_run.id,
            task_key=flow.name,
            dynamic_key=dynamic_key,
            empirical_policy=_POLICY,
            task_inputs=task_inputs,
            flow_run_run_count=parent.flow_run.run_count,
        )
        self._enter(trusted_state(StateType.PENDING, "Pending", self._details(None)))

    def _count(self, name: str) -> int:
        """How many calls of that name the attempt has had before."""
        keys = self._parent.task_run_dynamic_keys
        number = keys[name] = int(keys.get(name, -1)) + 1
        return number

    def earlier_child(self) -> Child | None:
        """The child run that an earlier attempt of the parent made at this point, if any."""
        return self._parent.children.get(self.key)

    def follow(self, child: FlowRun, state: State[Any], value: Any) -> None:
        """The placeholder enters a copy of the child's state, which a server may have told already."""
        self._parent.children[self.key] = Child(self.run, child, state, value)
        copy = trusted_state(
            state.type,
            state.name or "",
            self._details(child),
            state.message,
            state.data,
            state.timestamp,
            copy_id(state.id, self.run.id),
        )
        self._enter(copy)

    def _details(self, child: FlowRun | None) -> Any:
        return trusted_details(
            flow_run_id=self._parent.flow_run.id,
            task_run_id=self.run.id,
            child_flow_run_id=None if child is None else child.id,
        )

    def _enter(self, state: State[Any]) -> None:
        run = self.run.__dict__
        before: State[Any] | None = run["state"]
        if before is not None and state.timestamp <= before.timestamp:
            state.timestamp = before.timestamp + _TICK
        if before is not None and before.is_running():
            run["total_run_time"] += state.timestamp - before.timestamp
        if state.is_running():
            run["run_count"] += 1
            run["start_time"] = run["start_time"] or state.timestamp
        run["end_time"] = state.timestamp if state.is_final() else None
        run["expected_start_time"] = run["expected_start_time"] or now()
        run["state"], run["state_id"], run["state_type"], run["state_name"] = (
            state,
            state.id,
            state.type,
            state.name,
        )
        self._client.record_task_run(self.run, state)
