"""A flow run with all inside it: complete, in order, bounded, in as many queries for a wood as for a bush."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect.exceptions import ObjectNotFound
from prefect.schemas.bases import uuid7
from prefect.schemas.states import StateType
from prefect.server.database import tables
from prefect.server.models.trees import FlowRunNode, read_flow_run_tree

QUERIES = 3


def shape(node: FlowRunNode) -> Any:
    """A tree as names: a flow run as (name, [what is inside]), a task run as its name or the subflow."""
    return node.run.name, [
        one.run.name if one.subflow is None else shape(one.subflow) for one in node.task_runs
    ]


@pytest.fixture
def family(fill: Any) -> dict[str, UUID]:
    flow, other = fill.flow("main"), fill.flow("other")
    ids = {"root": fill.flow_run(flow, "root")}
    fill.task_run(ids["root"], "first")
    placeholder = fill.task_run(ids["root"], "placeholder")
    fill.task_run(ids["root"], "last", "Failed")
    ids["child"] = fill.flow_run(other, "child", parent_task_run_id=placeholder)
    inner = fill.task_run(ids["child"], "inner placeholder")
    ids["grandchild"] = fill.flow_run(other, "grandchild", parent_task_run_id=inner)
    fill.task_run(ids["grandchild"], "leaf")
    fill.task_run(fill.flow_run(flow, "stranger"), "not ours")
    return ids


def test_subflows_take_the_place_of_their_task_runs(
    connection: sa.Connection, family: dict[str, UUID]
) -> None:
    tree = read_flow_run_tree(connection, family["root"])
    assert shape(tree) == ("root", ["first", ("child", [("grandchild", ["leaf"])]), "last"])
    assert [(node.run.name, node.flow_name) for node in tree.walk()] == [
        ("root", "main"), ("child", "other"), ("grandchild", "other"),
    ]  # fmt: skip
    assert tree.task_runs[2].run.state is not None


def test_a_subflow_is_the_root_of_its_own_tree(connection: sa.Connection, family: dict[str, UUID]) -> None:
    assert shape(read_flow_run_tree(connection, family["child"])) == ("child", [("grandchild", ["leaf"])])


def test_task_runs_are_counted_by_state(connection: sa.Connection, family: dict[str, UUID]) -> None:
    tree = read_flow_run_tree(connection, family["root"])
    assert {type: count.number for type, count in tree.counts.items()} == {
        StateType.COMPLETED: 2, StateType.FAILED: 1,
    }  # fmt: skip
    assert tree.counts[StateType.COMPLETED].total_run_time == timedelta(minutes=2)
    assert tree.omitted == 0


def test_of_many_task_runs_those_that_say_most_are_read(connection: sa.Connection, fill: Any) -> None:
    root = fill.flow_run(fill.flow(), "root")
    for number in range(10):
        fill.task_run(root, f"plain {number}")
    fill.task_run(root, "failed", "Failed")
    placeholder = fill.task_run(root, "placeholder")
    fill.flow_run(fill.flow("other"), "child", parent_task_run_id=placeholder)
    tree = read_flow_run_tree(connection, root, task_run_limit=3)
    assert shape(tree) == ("root", ["plain 0", "failed", ("child", [])])
    assert tree.omitted == 9


def test_the_number_of_queries_does_not_grow(engine: sa.Engine, connection: sa.Connection, fill: Any) -> None:
    flow = fill.flow()
    run = root = fill.flow_run(flow, "root")
    asked: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for depth in range(3):
        for number in range(5):
            task = fill.task_run(run, f"{depth}.{number}")
        run = fill.flow_run(flow, f"below {depth}", parent_task_run_id=task)
        asked.clear()
        read_flow_run_tree(connection, root)
        counts.append(len(asked))
    assert counts == [QUERIES] * 3


def test_parents_in_a_circle_end(connection: sa.Connection, fill: Any) -> None:
    run = fill.flow_run(fill.flow(), "snake")
    tail = fill.task_run(run, "tail")
    connection.execute(tables.flow_run.update().values(parent_task_run_id=tail))
    assert shape(read_flow_run_tree(connection, run)) == ("snake", ["tail"])


def test_an_unknown_run(connection: sa.Connection) -> None:
    with pytest.raises(ObjectNotFound):
        read_flow_run_tree(connection, uuid7())
