"""Edges between runs: both ends by name, deleted ends left out, earlier cache keys in order."""

import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect.schemas.bases import uuid7
from prefect.schemas.runs import TaskRun
from prefect.schemas.states import StateType
from prefect.server.models.dependencies import (
    Dependent,
    Neighbour,
    parts_of,
    read_dependents,
    read_earlier_keys,
    read_neighbours,
)
from prefect.server.models.task_runs import read_task_run


@pytest.fixture
def run(fill: Any) -> UUID:
    return fill.flow_run(fill.flow(), "run")


def task_edge(id: UUID) -> dict[str, str]:
    return {"input_type": "task_run", "id": str(id)}


def labels(outcome: str, **parts: str) -> dict[str, str]:
    return {"prefect.cache.outcome": outcome, "prefect.cache.parts": json.dumps(parts)}


def test_upstream_runs_have_names_and_states(connection: sa.Connection, fill: Any, run: UUID) -> None:
    source = fill.task_run(run, "source-abc", "Failed", task_key="source-12345678", dynamic_key="abc")
    subflow = fill.flow_run(fill.flow("child"), "child run")
    edges = [task_edge(source), task_edge(uuid7()), {"input_type": "flow_run", "id": str(subflow)}]
    others = [{"input_type": "parameter", "name": "p"}, {"input_type": "constant", "type": "int"}]
    id = fill.task_run(run, "sink", task_inputs={"x": edges, "y": others})
    assert read_neighbours(connection, read_task_run(connection, id)) == {
        source: Neighbour(source, "source-abc", StateType.FAILED, "Failed", "source-12345678", "abc"),
        subflow: Neighbour(subflow, "child run", StateType.COMPLETED, "Completed"),
    }


def test_more_upstream_runs_than_a_statement_can_carry(
    connection: sa.Connection, fill: Any, run: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prefect.server.models.dependencies._IDS_PER_QUERY", 2)
    sources = [fill.task_run(run, f"source-{number}") for number in range(5)]
    id = fill.task_run(run, "sink", task_inputs={"x": [task_edge(source) for source in sources]})
    assert set(read_neighbours(connection, read_task_run(connection, id))) == set(sources)


def test_downstream_runs_tell_the_arguments(connection: sa.Connection, fill: Any, run: UUID) -> None:
    source = fill.task_run(run, "source")
    edge, other = task_edge(source), task_edge(uuid7())
    both = fill.task_run(run, "both", task_inputs={"x": [other, edge], "y": [edge], "z": []})
    fill.task_run(run, "neither", task_inputs={"x": [other]})
    waits = fill.task_run(run, "waits", task_inputs={"wait_for": [edge]})
    found = read_dependents(connection, read_task_run(connection, source), limit=10)
    assert found == [Dependent(both, "both", ["x", "y"]), Dependent(waits, "waits", ["wait_for"])]
    assert len(read_dependents(connection, read_task_run(connection, source), limit=1)) == 1


def test_earlier_keys_are_of_completed_runs_of_the_task_newest_first(
    connection: sa.Connection, fill: Any, run: UUID
) -> None:
    def cached(name: str, outcome: str = "miss", state: str = "Completed", key: str = "t") -> UUID:
        return fill.task_run(run, name, state, task_key=key, labels=labels(outcome, input=name))

    cached("first")
    cached("failed", state="Failed")
    cached("other task", key="u")
    fill.task_run(run, "no key", task_key="t", labels={"prefect.cache.outcome": "miss"})
    cached("hit", "hit", "Completed/Cached")
    asked: TaskRun = read_task_run(connection, cached("asked"))
    cached("later")
    found = read_earlier_keys(connection, asked, limit=10)
    assert [(one.name, one.parts, one.was_hit) for one in found] == [
        ("hit", {"input": "hit"}, True), ("first", {"input": "first"}, False),
    ]  # fmt: skip
    assert [one.name for one in read_earlier_keys(connection, asked, limit=1)] == ["hit"]


@pytest.mark.parametrize("labels", [{}, {"prefect.cache.parts": "no json"}, {"prefect.cache.parts": "[1]"}])
def test_parts_that_cannot_be_read_are_none(labels: dict[str, Any]) -> None:
    assert parts_of(labels) == {}
