"""What PostgreSQL cannot store, or would change, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from prefect.schemas.bases import now, uuid7
from prefect.schemas.runs import FlowRun
from prefect.server.database import tables
from prefect.server.database.store import Store, open_store
from prefect.server.models import transitions
from prefect.server.models.flow_runs import read_flow_run
from prefect.states import Pending

values = pytest.importorskip("prefect.server.database.postgres_values")

PARAMETERS = {"z": 1.0, "a": {"q": 1e22, "text": "\0 \udc80 é"}, "l": ["x", None, True]}


@pytest.mark.parametrize(
    ("text", "stored"),
    [("plain é", "plain é"), ("a\0b", "a\\x00b"), ("\udc80", "\\udc80"), ("", "")],
)
def test_text(text: str, stored: str) -> None:
    assert values.storable_text(text) == stored


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": "\0", "\0": [1.5, float("nan")]}, {"a": "\\x00", "\\x00": [1.5, None]}),
        ("\udc80", "\\udc80"),
        ("😀", "😀"),
        ("NaN", "NaN"),
        ("\\u0000", "\\u0000"),
        ([float("inf"), -float("inf")], [None, None]),
    ],
)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_json(value: Any, stored: Any, ensure_ascii: bool) -> None:
    text = values.storable_json_text(json.dumps(value, ensure_ascii=ensure_ascii))
    assert json.loads(text) == stored
    text.encode()


def test_nothing_is_done_to_json_that_is_well() -> None:
    text = '{"a":"é","b":[1,2.5,null]}'
    assert values.storable_json_text(text) is text


@pytest.fixture
def store(postgres_url: str) -> Any:
    store = open_store(postgres_url)
    yield store
    store.close()


def test_parameters_are_given_back_as_they_were_written(store: Store) -> None:
    run = FlowRun(name="run", flow_id=transitions.flow_id(store.journal, "flow"), parameters=PARAMETERS)
    transitions.create_flow_run(store.journal, run, Pending(), begin=False)
    with store.reading() as connection:
        read = read_flow_run(connection, run.id).parameters
    assert read == PARAMETERS
    assert list(read) == ["z", "a", "l"]
    assert isinstance(read["a"]["q"], float)


def test_so_are_those_that_come_over_the_api(store: Store) -> None:
    id = uuid7()
    values = {"id": id, "created": now(), "updated": now(), "name": "a\0b", "flow_id": uuid7()}
    with store.writing() as connection:
        connection.execute(sa.insert(tables.flow_run).values(**values, parameters=PARAMETERS, tags=["\0"]))
    with store.reading() as connection:
        row = connection.execute(sa.select(tables.flow_run).where(tables.flow_run.c.id == id)).one()
    assert row.parameters == PARAMETERS
    assert (row.name, row.tags) == ("a\\x00b", ["\\x00"])
