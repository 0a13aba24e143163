"""A flow run seen as a whole: its graph, its dependencies, its logs as a file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from prefect import task
from prefect.exceptions import ObjectNotFound
from prefect.schemas.actions.records import LogCreate
from prefect.schemas.runs import TaskRunResult
from prefect.states import Completed, Pending, Running


@task
def step() -> None: ...


def task_run(client: Any, flow_run: Any, name: str, after: Any = None, inside: Any = None) -> Any:
    inputs = {}
    if after is not None:
        inputs["x"] = inputs["y"] = [TaskRunResult(id=after.id)]
    if inside is not None:
        inputs["__parents__"] = [TaskRunResult(id=inside.id)]
    run = client.create_task_run(
        step, flow_run.id, dynamic_key=name, name=name, state=Pending(), task_inputs=inputs
    )
    client.set_task_run_state(run.id, Running())
    client.set_task_run_state(run.id, Completed())
    return run


def test_the_graph_of_a_flow_run(client: Any, flow_run: Any) -> None:
    first = task_run(client, flow_run, "first")
    second = task_run(client, flow_run, "second", after=first)
    within = task_run(client, flow_run, "within", inside=second)
    graph = client.read_flow_run_graph_v2(flow_run.id)
    nodes = {node.label: node for _, node in graph.nodes}
    assert [node.id for _, node in graph.nodes] == [id for id, _ in graph.nodes]
    assert graph.root_node_ids == [first.id]
    assert [edge.id for edge in nodes["second"].parents] == [first.id]
    assert [edge.id for edge in nodes["first"].children] == [second.id]
    assert [edge.id for edge in nodes["within"].encapsulating] == [second.id]
    assert nodes["within"].id == within.id
    assert {node.kind for node in nodes.values()} == {"task-run"}
    assert [state.name for state in graph.states] == ["Pending"]
    assert graph.end_time is None


def test_a_flow_run_stands_where_it_was_called(client: Any, flow_run: Any, flow_id: Any, name: str) -> None:
    caller = task_run(client, flow_run, "caller")
    after = task_run(client, flow_run, "after", after=caller)
    from prefect import flow

    child = client.create_flow_run(flow(_nothing, name=name), name="child", parent_task_run_id=caller.id)
    graph = client.read_flow_run_graph_v2(flow_run.id)
    nodes = {node.id: node for _, node in graph.nodes}
    assert nodes.keys() == {child.id, after.id}
    assert (nodes[child.id].kind, nodes[child.id].label) == ("flow-run", f"{name} / child")
    assert [edge.id for edge in nodes[after.id].parents] == [child.id]


def test_what_has_ended_before_can_be_left_out(client: Any, flow_run: Any) -> None:
    task_run(client, flow_run, "ended")
    going_on = client.create_task_run(step, flow_run.id, dynamic_key="1", name="going on", state=Pending())
    graph = client.read_flow_run_graph_v2(flow_run.id, since=datetime(2100, 1, 1, tzinfo=UTC))
    assert [id for id, _ in graph.nodes] == [going_on.id]


def test_the_artifacts_left_on_the_way(client: Any, flow_run: Any, name: str) -> None:
    from prefect.schemas.actions.records import ArtifactCreate

    run = task_run(client, flow_run, "first")
    for data in (10.0, 50.0):
        client.create_artifact(
            ArtifactCreate(key=name, type="progress", data=data, flow_run_id=flow_run.id, task_run_id=run.id)
        )
    client.create_artifact(ArtifactCreate(type="markdown", data="text", flow_run_id=flow_run.id))
    graph = client.read_flow_run_graph_v2(flow_run.id)
    ((_, node),) = graph.nodes
    assert [(one.data, one.is_latest) for one in node.artifacts] == [(10.0, False), (50.0, True)]
    assert [(one.data, one.is_latest, one.key) for one in graph.artifacts] == [(None, True, None)]


def test_the_dependencies_of_task_runs(client: Any, flow_run: Any) -> None:
    first = task_run(client, flow_run, "first")
    second = task_run(client, flow_run, "second", after=first)
    found = {one.id: one for one in client.read_flow_run_graph_v1(flow_run.id)}
    assert found[second.id].upstream_dependencies == [TaskRunResult(id=first.id)]
    assert found[first.id].upstream_dependencies == []
    assert found[first.id].state.is_completed()


def test_logs_as_a_file(client: Any, flow_run: Any) -> None:
    texts = ['a "quoted", word', "two\nlines", "é"]
    client.create_logs(
        [
            LogCreate(
                name="n", level=20, message=text, flow_run_id=flow_run.id,
                timestamp=datetime(2026, 1, 1, second=number, tzinfo=UTC),
            )
            for number, text in enumerate(texts)
        ]
    )  # fmt: skip
    answer = client.download_flow_run_logs(flow_run.id)
    assert answer.headers["content-type"].startswith("text/csv")
    assert flow_run.name in answer.headers["content-disposition"]
    header, *rows = csv.reader(io.StringIO(answer.content.decode()))
    assert header == ["timestamp", "level", "flow_run_id", "task_run_id", "message"]
    assert [row[4] for row in rows] == texts
    assert {(row[1], row[2], row[3]) for row in rows} == {("20", str(flow_run.id), "")}


@pytest.mark.parametrize(
    "operation", ["read_flow_run_graph_v1", "read_flow_run_graph_v2", "download_flow_run_logs"]
)
def test_of_an_unknown_run(client: Any, operation: str) -> None:
    with pytest.raises(ObjectNotFound):
        getattr(client, operation)(uuid4())


def _nothing() -> None:
    pass
