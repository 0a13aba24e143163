"""The API describes itself: every operation, by the models that requests are held to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from prefect.schemas.operations import OPERATIONS
from prefect.server.api.pages import _described


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return _described("/api")


def test_every_operation_is_described_once(described: dict[str, Any]) -> None:
    told = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert {(one.method, one.path) for one in OPERATIONS.values()} <= told
    ids = [one["operationId"] for methods in described["paths"].values() for one in methods.values()]
    assert len(set(ids)) == len(ids)


def test_parameters_bodies_and_answers(described: dict[str, Any]) -> None:
    one = described["paths"]["/flow_runs/{id}/set_state"]["post"]
    assert one["operationId"] == "set_flow_run_state_flow_runs__id__set_state_post"
    assert one["tags"] == ["Flow Runs"]
    names = {(given["name"], given["in"], given["required"]) for given in one["parameters"]}
    assert names == {("id", "path", True), ("x-prefect-api-version", "header", False)}
    assert one["requestBody"]["required"]
    body = one["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert set(described["components"]["schemas"][body]["properties"]) == {"state", "force"}
    assert {"200", "201", "422", "default"} == set(one["responses"])


def test_bounds_and_defaults_are_told(described: dict[str, Any]) -> None:
    reading = described["paths"]["/flows/filter"]["post"]
    assert not reading["requestBody"]["required"]
    body = described["components"]["schemas"]["Body_read_flows_flows_filter_post"]["properties"]
    assert body["offset"]["minimum"] == 0
    assert body["sort"]["default"] == "NAME_ASC"


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    assert references(described) <= known


def test_the_pages(api: httpx.Client) -> None:
    for root in ("", "/api"):
        assert api.get(f"{root}/openapi.json").json()["servers"] == [{"url": "/api"}]
    for path in ("/docs", "/redoc", "/api/docs", "/api/redoc"):
        page = api.get(path)
        assert page.headers["content-type"].startswith("text/html")
        assert "<script" not in page.text
        assert "/flow_runs/{id}/set_state" in page.text
