"""Finding the run that a person means by an id, the beginning of one, or a name; and what to say when there is none.

The same at the store and at a server. Not here: either of them (`_store`, `_remote_store`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from uuid import UUID

from prefect.cli._output import exit_with_error
from prefect.schemas.runs import FlowRun, TaskRun

_CANDIDATES_SHOWN = 5


class Finding(ABC):
    """Finds runs by what a person types."""

    @abstractmethod
    def flow_run(self, id: UUID) -> FlowRun:
        """The flow run with that id."""

    @abstractmethod
    def task_run(self, id: UUID) -> TaskRun:
        """The task run with that id."""

    @abstractmethod
    def ids_meant(self, noun: str, text: str, limit: int) -> list[UUID]:
        """The ids of those that a text can mean, the newest first. `noun` is "flow run" or "task run"."""

    def find_flow_run(self, text: str) -> FlowRun:
        """The flow run meant by its id, the beginning of it, or its name; none ends the command."""
        return self.flow_run(self._id_meant("flow run", text))

    def find_task_run(self, text: str) -> TaskRun:
        """The task run meant by its id, the beginning of it, or its name; none ends the command."""
        return self.task_run(self._id_meant("task run", text))

    def find_run(self, text: str) -> FlowRun | TaskRun:
        """The flow run or task run meant, as above; ends the command when that is none, or not one alone."""
        flow_runs = self.ids_meant("flow run", text, _CANDIDATES_SHOWN + 1)
        task_runs = self.ids_meant("task run", text, _CANDIDATES_SHOWN + 1)
        if flow_runs and task_runs:
            found = (("flow run", flow_runs), ("task run", task_runs))
            exit_with_error("\n".join(self._ambiguous(noun, text, ids) for noun, ids in found))
        return self.find_task_run(text) if task_runs else self.find_flow_run(text)

    def _id_meant(self, noun: str, text: str) -> UUID:
        found = self.ids_meant(noun, text, _CANDIDATES_SHOWN + 1)
        if not found:
            exit_with_error(self._unknown(noun, text))
        if len(found) > 1:
            exit_with_error(self._ambiguous(noun, text, found))
        return found[0]

    def _unknown(self, noun: str, text: str) -> str:
        hint = f"`prefect {noun.replace(' ', '-')} ls` shows what there is."
        other = "task run" if noun == "flow run" else "flow run"
        if self.ids_meant(other, text, 1):
            hint = f"It is a {other}: `prefect {other.replace(' ', '-')} inspect {text}`."
        what = f"{noun.capitalize()} {text!r} not found"
        return f"{what}: that is neither an id, nor the beginning of one, nor a name. {hint}"

    def _ambiguous(self, noun: str, text: str, ids: list[UUID]) -> str:
        lines = [f"{text!r} can mean several {noun}s. Give one of these ids instead:"]
        for id in ids[:_CANDIDATES_SHOWN]:
            run = self.flow_run(id) if noun == "flow run" else self.task_run(id)
            lines.append(f"  {id}  {run.name}  {run.state_name}")
        if len(ids) > _CANDIDATES_SHOWN:
            lines.append(f"  … and more: see `prefect {noun.replace(' ', '-')} ls`")
        return "\n".join(lines)
