"""Requests as they are, sent through clients, and what the server remembers of where results are kept."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError


def test_a_request_is_answered(client: Any, flow_run: Any) -> None:
    answer = client.request("GET", "/flow_runs/{id}", path_params={"id": flow_run.id})
    assert answer.status_code == 200
    assert answer.json()["id"] == str(flow_run.id)


def test_a_request_takes_a_query_and_a_body(client: Any, flow_run: Any) -> None:
    wanted = {"flow_runs": {"id": {"any_": [str(flow_run.id)]}}}
    found = client.request("POST", "/flow_runs/filter", json=wanted).json()
    assert [one["id"] for one in found] == [str(flow_run.id)]
    states = client.request("get", "flow_run_states", params={"flow_run_id": str(flow_run.id)}).json()
    assert [one["name"] for one in states] == ["Pending"]


def test_a_name_with_a_slash_is_escaped(client: Any, name: str) -> None:
    tag = f"{name}/x y"
    id = client.create_concurrency_limit(tag, 1)
    found = client.request("GET", "/concurrency_limits/tag/{tag}", path_params={"tag": tag}).json()
    assert found["id"] == str(id)


def test_a_file_comes_whole(client: Any, flow_run: Any) -> None:
    answer = client.request("GET", "/flow_runs/{id}/logs/download", path_params={"id": flow_run.id})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0].startswith("timestamp")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/flow_runs/{UUID(int=1)}", 404),
        ("GET", "/there/is/nothing", 404),
        ("PUT", "/flow_runs/filter", 405),
        ("POST", "/flow_runs/filter", 422),
    ],
)
def test_a_refusal_is_raised_with_its_answer(client: Any, method: str, path: str, status: int) -> None:
    body = {"json": {"limit": -1}} if status == 422 else {}
    with pytest.raises(PrefectHTTPStatusError) as caught:
        client.request(method, path, **body)
    assert caught.value.response.status_code == status


def test_a_path_needs_its_parameters(client: Any) -> None:
    with pytest.raises(ValueError, match=r"'/flow_runs/{id}' names 'id'"):
        client.request("GET", "/flow_runs/{id}", path_params={"flow_run_id": uuid4()})


def test_the_default_result_storage_is_chosen_by_its_block(client: Any) -> None:
    with pytest.raises(ObjectNotFound):
        client.update_server_default_result_storage(uuid4())
    assert client.read_server_default_result_storage().default_result_storage_block_id is None
