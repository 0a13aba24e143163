"""The states that runs have been in, asked for through clients."""

from __future__ import annotations

from typing import Any

import pytest

from prefect.schemas.sorting import ObservedStateSort
from prefect.states import Completed, Running


def test_states_are_seen_by_type_and_name(client: Any, flow_run: Any, name: str) -> None:
    client.set_flow_run_state(flow_run.id, Running(name=f"Busy {name}"))
    client.set_flow_run_state(flow_run.id, Completed(name=f"Done {name}"))
    found = client.read_observed_states(query=name.upper())
    assert [(one.state_type, one.state_name) for one in found] == [
        ("COMPLETED", f"Done {name}"),
        ("RUNNING", f"Busy {name}"),
    ]
    assert found[0].first_seen == found[0].last_seen >= found[1].last_seen
    by_name = client.read_observed_states(query=name, order_by=ObservedStateSort.NAME_ASC, limit=1)
    assert [one.state_name for one in by_name] == [f"Busy {name}"]


def test_states_of_task_runs_are_seen_too(client: Any, task_run: Any, name: str) -> None:
    client.set_task_run_state(task_run.id, Running(name=f"Busy {name}"), force=True)
    assert [one.state_name for one in client.read_observed_states(query=name)] == [f"Busy {name}"]


@pytest.mark.parametrize("limit", [0, 201])
def test_limits(client: Any, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        client.read_observed_states(limit=limit)
