"""What a typed text can mean: an id, the beginning of one, a name, and in which order these count."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from prefect.server.database import tables
from prefect.server.models.lookup import holder_of, ids_meant

EARLY = UUID("01a20000-0000-7000-8000-000000000001")
LATE = UUID("01a20000-ffff-7000-8000-000000000002")
OTHER = UUID("01b20000-0000-7000-8000-000000000003")


@pytest.fixture
def runs(fill: Any) -> None:
    flow = fill.flow()
    for id, name in ((EARLY, "twin"), (LATE, "twin"), (OTHER, "beef")):
        fill.insert(tables.flow_run, id=id, name=name, flow_id=flow)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (str(EARLY), [EARLY]),
        (str(EARLY).upper(), [EARLY]),
        (EARLY.hex, [EARLY]),
        ("01a20000-0", [EARLY]),
        ("01A20000f", [LATE]),
        ("01a2", [LATE, EARLY]),
        ("01a20", [LATE, EARLY]),
        ("01a", []),
        ("twin", [LATE, EARLY]),
        ("beef", [OTHER]),
        ("", []),
        ("nobody", []),
        ("00000000-0000-0000-0000-000000000000", []),
    ],
)
def test_what_a_text_means(connection: sa.Connection, runs: None, text: str, meant: list[UUID]) -> None:
    assert ids_meant(connection, "flow run", text, limit=5) == meant
    assert ids_meant(connection, "flow run", text, limit=1) == meant[:1]


def test_a_name_counts_more_than_the_beginning_of_an_id(connection: sa.Connection, fill: Any) -> None:
    named = fill.insert(tables.flow_run, id=OTHER, name="01a2", flow_id=fill.flow())
    fill.insert(tables.flow_run, id=EARLY, name="run", flow_id=named)
    assert ids_meant(connection, "flow run", "01a2", limit=5) == [OTHER]


def test_each_noun_has_its_own(connection: sa.Connection, fill: Any) -> None:
    flow = fill.flow("same")
    run = fill.flow_run(flow, "same")
    task_run = fill.task_run(run, "same")
    found = {noun: ids_meant(connection, noun, "same", 5) for noun in ("flow", "flow run", "task run")}
    assert found == {"flow": [flow], "flow run": [run], "task run": [task_run]}


def test_the_holder_of_a_run(connection: sa.Connection, fill: Any) -> None:
    run = fill.flow_run(fill.flow())
    assert holder_of(connection, "flow_run", run) is None
    fill.lease("flow_run", run, expires=datetime(2100, 1, 1, tzinfo=UTC))
    assert holder_of(connection, "flow_run", run) == "h|b|1|1"
    assert holder_of(connection, "task_run", run) is None
