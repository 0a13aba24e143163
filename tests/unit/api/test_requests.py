"""What is read from requests and what is answered: statuses, error bodies, nothing secret in them."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, StoreLockedError
from prefect.schemas.downloads import Download
from prefect.schemas.flows import Flow
from prefect.schemas.operations import OPERATIONS
from prefect.server.api.answers import masked, refusal, status_of
from prefect.server.api.arguments import ArgumentReader, InvalidRequest
from prefect.server.api.downloads import send_download
from prefect.server.api.routes import OperationEndpoint, path_pattern
from prefect.server.api.threads import Threads, TooBusy
from prefect.server.api.unfit import unfit_places
from prefect.server.database.store import Store
from prefect.settings import temporary_settings
from prefect.testing.server import running_server

PATIENCE_SECONDS = 60.0


# --- reading --------------------------------------------------------------------------------------------


def read(name: str, body: bytes = b"", query: bytes = b"", **path: Any) -> dict[str, Any]:
    return ArgumentReader(OPERATIONS[name]).read(path, query, body)


def test_what_is_left_out_has_the_default_of_the_wire() -> None:
    arguments = read("read_flows")
    assert arguments.pop("sort").value == "NAME_ASC"
    assert arguments.pop("offset") == 0
    assert set(arguments.values()) == {None}
    assert read("read_flows", b"null") == read("read_flows", b"{}") == read("read_flows")


def test_members_of_the_body_have_their_names_of_the_wire() -> None:
    arguments = read("read_flows", b'{"flows": {"name": {"any_": ["a"]}}, "limit": 3}')
    assert arguments["flow_filter"].name.any_ == ["a"]
    assert arguments["limit"] == 3


def test_null_asks_for_nothing_whatever_it_stands_for() -> None:
    assert read("read_flows", b'{"offset": null, "sort": null, "of_their_own": null}') == read("read_flows")
    with pytest.raises(InvalidRequest) as refused:
        read("read_flows", b'{"offset": null, "of_their_own": 1}')
    assert [detail["loc"] for detail in refused.value.details] == [("body", "of_their_own")]


def test_what_existing_clients_call_otherwise() -> None:
    named = b'{"%s": {"name": {"any_": ["a"]}}}'
    assert read("read_flows", named % b"work_queues") == read("read_flows", named % b"work_pool_queues")


def test_lists_and_plain_values_in_the_query() -> None:
    run = uuid4()
    assert read("read_flow_run_states", query=f"flow_run_id={run}&other=1".encode()) == {"flow_run_id": run}


@pytest.mark.parametrize(
    ("name", "body", "location"),
    [
        ("create_flow", b"", ["body"]),
        ("create_flow", b"{", ["body"]),
        ("create_flow", b"[]", ["body"]),
        ("create_flow", b"{}", ["body", "name"]),
        ("create_flow", b'{"name": "f", "nmae": "g"}', ["body", "nmae"]),
        ("create_flow", b'{"name": "f", "tags": "\\ud800"}', ["body"]),
        ("create_flow", b"\xff\xfe", ["body"]),
        ("read_flows", b'{"limits": 1}', ["body", "limits"]),
        ("read_flows", b'{"limit": -1}', ["body", "limit"]),
        ("read_flows", b'{"offset": 1.5}', ["body", "offset"]),
        ("read_flows", b'{"flows": {"nam": 1}}', ["body", "flows", "nam"]),
        ("read_flows", b'{"sort": "x"}', ["body", "sort"]),
        ("bulk_delete_flows", b'{"limit": 51}', ["body", "limit"]),
        ("set_flow_run_state", b'{"force": true}', ["body", "state"]),
        ("create_deployment_schedules", b'[{"schedule": 1}]', ["body", 0, "schedule"]),
    ],
)
def test_what_does_not_fit_is_named(name: str, body: bytes, location: list[Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(name, body, id=uuid4())
    locations = [list(detail["loc"])[: len(location)] for detail in refused.value.details]
    assert location in locations


def test_a_query_that_does_not_fit_is_named() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read("read_flow_run_states", query=b"flow_run_id=1")
    assert refused.value.details[0]["loc"] == ("query", "flow_run_id")
    with pytest.raises(InvalidRequest):
        read("read_flow_run_states", query=b"&".join(b"a=1" for _ in range(2000)))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        read("create_flow", b'{"name": "f", "labels": ' + b"[" * 100_000)


def test_ids_and_names_in_paths() -> None:
    assert path_pattern(OPERATIONS["read_flow"]) == "/flows/{id:uuid}"
    assert path_pattern(OPERATIONS["read_flow_by_name"]) == "/flows/name/{name:path}"
    limit = OPERATIONS["read_concurrency_limit_by_tag"]
    assert path_pattern(limit) == "/concurrency_limits/tag/{tag:path}"


# --- answering ------------------------------------------------------------------------------------------

ASKED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 201), (1, 201)])
def test_what_was_there_before_is_not_created(seconds: int, status: int) -> None:
    flow = Flow(name="f", created=ASKED_AT + timedelta(seconds=seconds))
    assert status_of(OPERATIONS["create_flow"], flow, ASKED_AT) == status
    assert status_of(OPERATIONS["read_flow"], flow, ASKED_AT) == 200


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (ObjectNotFound(LookupError("no such flow")), 404, b'{"detail":"no such flow"}'),
        (ObjectAlreadyExists(LookupError("there is one")), 409, b'{"detail":"there is one"}'),
        (ValueError("limit is odd"), 422, b'{"detail":"limit is odd"}'),
    ],
)
def test_errors_of_operations(error: Exception, status: int, body: bytes) -> None:
    answer = refusal(error)
    assert answer is not None
    assert (answer.status, answer.body) == (status, body)


def test_trouble_of_the_store_is_told_without_its_password() -> None:
    answer = refusal(StoreLockedError("postgresql://user:hunter2@host/db"))
    assert answer is not None
    assert answer.status == 503
    assert b"hunter2" not in answer.body
    assert b"exception_message" in answer.body


class DriverError(Exception):
    """As psycopg tells."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("INSERT INTO secrets")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (sqlite3.IntegrityError("INSERT INTO secrets"), 409),
        (sa.exc.IntegrityError("INSERT INTO secrets", {}, sqlite3.IntegrityError("x")), 409),
        (sa.exc.IntegrityError("INSERT INTO secrets", {}, DriverError("23505")), 409),
        (sa.exc.DataError("INSERT INTO secrets", {}, DriverError("22021")), 422),
        (OverflowError("INSERT INTO secrets"), 422),
    ],
)
def test_what_the_database_refuses_is_told_without_its_words(error: Exception, status: int) -> None:
    answer = refusal(error)
    assert answer is not None
    assert answer.status == status
    assert b"secrets" not in answer.body


def test_of_what_the_database_cannot_hold_the_places_are_named() -> None:
    body = b'{"a": [1, 18446744073709551616], "b": {"x\\u0000": "y\\u0000"}, "c": true, "d": 2.5}'
    answer = refusal(OverflowError("INSERT INTO secrets"), body)
    assert answer is not None
    assert b"Look at body.a.1, body.b.x\\u0000, a name in body.b." in answer.body


@pytest.mark.parametrize(
    ("body", "places"),
    [(b"", []), (b"{", []), (b"[" * 100_000, []), (b'"' + 2001 * b"x" + b'"', ["body"]), (b"[0]", [])],
)
def test_places_that_a_database_may_refuse(body: bytes, places: list[str]) -> None:
    assert unfit_places(body) == places


def test_what_does_not_validate_on_the_way_is_told_without_its_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Flow.model_validate({"name": ["s3cr3t"]})
    answer = refusal(caught.value)
    assert answer is not None
    assert (answer.status, answer.body) == (422, b'{"detail":"name: Input should be a valid string"}')


def test_what_nobody_expected_is_our_own_fault() -> None:
    assert refusal(KeyError("x")) is None


def test_masked_values() -> None:
    given = {"name": "n", "data": {"a": 1}, "nested": [{"api_key": "k", "Password": "p", "number": 1}]}
    hidden = "********"
    nested = [{"api_key": hidden, "Password": hidden, "number": 1}]
    assert masked(given) == {"name": "n", "data": hidden, "nested": nested}


def test_a_refused_body_comes_back_without_secrets(api: httpx.Client) -> None:
    given = {
        "nme": "x",
        "access_token": "s3cr3t",
        "tags": {"password": "s3cr3t"},
        "labels": {"a": {"secret": "s3cr3t"}},
    }
    answer = api.post("/api/flows/", json=given)
    told = answer.json()
    assert answer.status_code == 422
    assert told["exception_message"] == "Invalid request received."
    assert told["request_body"]["nme"] == "x"
    assert "s3cr3t" not in answer.text


def test_a_body_that_is_no_json_does_not_come_back(api: httpx.Client) -> None:
    answer = api.post(
        "/api/flows/", content=b'{"password": "s3cr3t",', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert "Invalid JSON" in answer.text
    assert "s3cr3t" not in answer.text


def test_a_long_body_does_not_come_back(api: httpx.Client) -> None:
    answer = api.post("/api/flows/", json={"name": ["x" * 100_000]})
    assert answer.status_code == 422
    assert len(answer.content) < 2_000


def test_a_refusal_is_logged_once_in_one_line(api: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "prefect.server.api"):
        api.post("/api/flows/", json={"name": "f", "x\ny" * 1000: 1})
        api.get(f"/api/flows/{uuid4()}")
    told = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert [line.split(":")[0] for line in told] == ["create_flow refused (422)", "read_flow refused (404)"]
    assert all(len(line) < 1000 and "\n" not in line for line in told)


def test_an_error_of_ours_is_logged_and_not_told(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("internals")

    monkeypatch.setattr("prefect.server.models.flows.count_flows", break_down)
    answer = api.post("/api/flows/count")
    assert (answer.status_code, answer.json()) == (500, {"exception_message": "Internal Server Error"})
    assert "internals" in caplog.text


def test_trouble_outside_of_operations_is_answered_alike(
    serve: Callable[..., httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(*args: Any) -> None:
        raise StoreLockedError("the store")

    guarded = serve({"server.api.csrf_protection_enabled": True})
    monkeypatch.setattr("prefect.server.api.tokens.csrf_token_expiration", lock)
    monkeypatch.setattr("prefect.server.api.tokens.issue_csrf_token", lock)
    token = {"Prefect-Csrf-Client": "mine", "Prefect-Csrf-Token": "x"}
    asked = guarded.post("/api/flows/count", json={}, headers=token)
    for answer in (asked, guarded.get("/api/csrf-token", params={"client": "mine"})):
        assert answer.status_code == 503
        assert "locked" in answer.json()["exception_message"]


def test_our_own_faults_outside_of_operations_are_answered_alike(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*args: Any) -> None:
        raise RuntimeError("internals")

    monkeypatch.setattr("prefect.server.api.root._is_usable", break_down)
    answer = api.get("/api/ready")
    assert (answer.status_code, answer.json()) == (500, {"exception_message": "Internal Server Error"})


# --- routes ---------------------------------------------------------------------------------------------


def test_paths_and_methods_that_are_none(api: httpx.Client) -> None:
    for path in ("/api/nothing", "/nothing", "/api/flows/123", "/api/flows/../../etc/passwd"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
    answer = api.put("/api/flows/filter")
    assert (answer.status_code, answer.json()) == (405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize(
    ("base_path", "path"), [("/prefect/v1/", "/prefect/v1"), ("nested", "/nested"), ("/", "")]
)
def test_the_api_may_be_below_another_path(store: Store, base_path: str, path: str) -> None:
    with temporary_settings({"server.api.base_path": base_path}), running_server(store, services=[]) as url:
        assert url.endswith(path)
        assert httpx.get(f"{url}/health", timeout=PATIENCE_SECONDS, trust_env=False).json() is True
        assert httpx.get(f"{url}/openapi.json", timeout=PATIENCE_SECONDS, trust_env=False).status_code == 200


def test_creating_twice(api: httpx.Client) -> None:
    answers = [api.post("/api/flows/", json={"name": "f"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    body = {"flow_id": answers[0].json()["id"], "idempotency_key": "k"}
    assert [api.post("/api/flow_runs/", json=body).status_code for _ in range(2)] == [201, 200]


def test_proposals(api: httpx.Client) -> None:
    flow = api.post("/api/flows/", json={"name": "f"}).json()
    run = api.post("/api/flow_runs/", json={"flow_id": flow["id"]}).json()

    def propose(type: str, **details: Any) -> tuple[int, str]:
        state = {"type": type, "state_details": details}
        answer = api.post(f"/api/flow_runs/{run['id']}/set_state", json={"state": state})
        return answer.status_code, answer.json()["status"]

    assert propose("SCHEDULED", scheduled_time="2999-01-01T00:00:00Z") == (201, "ACCEPT")
    assert propose("RUNNING") == (200, "WAIT")
    assert api.delete(f"/api/flow_runs/{run['id']}").status_code == 204


@pytest.mark.parametrize("name", ["", "a/b", "a%b", "<a>"])
def test_names_of_flows_that_are_none(api: httpx.Client, name: str) -> None:
    answer = api.post("/api/flows/", json={"name": name})
    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["body", "name"]


def test_names_may_hold_nearly_anything(api: httpx.Client) -> None:
    for name in ("ü €", "a'; DROP TABLE flow; --", "{{ 7 * 7 }}", "a b+c#d?e"):
        assert api.post("/api/flows/", json={"name": name}).status_code == 201
        assert api.get(f"/api/flows/name/{quote(name, safe='')}").json()["name"] == name


def test_tags_in_paths_may_hold_slashes(api: httpx.Client) -> None:
    limit = {"tag": "team/database", "concurrency_limit": 1}
    assert api.post("/api/concurrency_limits/", json=limit).is_success
    found = api.get(f"/api/concurrency_limits/tag/{quote(limit['tag'], safe='')}")
    assert found.json()["tag"] == "team/database"


def test_a_limit_out_of_bounds_is_named(api: httpx.Client) -> None:
    answer = api.post("/api/flows/filter", json={"limit": 10**9})
    assert answer.status_code == 422
    assert "limit" in answer.json()["detail"]


@pytest.mark.parametrize("offset", [10**18, 10**30])
def test_an_absurd_offset_does_no_harm(api: httpx.Client, offset: int) -> None:
    answer = api.post("/api/flows/filter", json={"offset": offset})
    assert answer.status_code in (200, 422)


def test_every_operation_has_a_route_of_its_own(store: Store) -> None:
    from prefect.server.api.app import create_app

    paths = {(one.method, path_pattern(one)) for one in OPERATIONS.values()}
    assert len(paths) == len(OPERATIONS)
    assert create_app(store, services=[]).routes


def test_a_client_that_is_gone_is_not_answered(store: Store) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    threads = Threads(1, 1)
    endpoint = OperationEndpoint(OPERATIONS["create_flow"], store, threads)
    asyncio.run(endpoint({"type": "http", "path_params": {}, "query_string": b""}, receive, send))
    threads.close()
    assert sent == []


def test_requests_under_way_are_bounded() -> None:
    held, begun = threading.Event(), threading.Event()
    threads = Threads(1, 1)

    def hold() -> str:
        begun.set()
        assert held.wait(PATIENCE_SECONDS)
        return "done"

    async def crowd() -> str:
        first = asyncio.create_task(threads.run(hold))
        await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
        with pytest.raises(TooBusy):
            await threads.run(hold)
        held.set()
        done = await first
        # there is room again
        assert await threads.run(str, 1) == "1"
        return done

    assert asyncio.run(crowd()) == "done"
    threads.close()


def test_a_file_that_has_begun_is_sent_to_its_end_also_when_it_is_full() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    threads = Threads(1, 0)
    asyncio.run(send_download(send, Download("f.csv", "text/csv", iter([b"a", b"b"])), threads))
    threads.close()
    assert [one.get("body") for one in sent] == [None, b"a", b"b", b""]


@pytest.mark.parametrize("path", ["/api/flows/filter", "/api/openapi.json", "/docs", "/api/ready"])
@pytest.mark.parametrize("guarded", [False, True], ids=["open", "with tokens"])
def test_whoever_comes_when_it_is_full_is_asked_to_come_again(
    serve: Callable[..., httpx.Client], monkeypatch: pytest.MonkeyPatch, path: str, guarded: bool
) -> None:
    async def full(self: Threads, *args: Any) -> None:
        raise TooBusy

    api = serve({"server.api.csrf_protection_enabled": guarded})
    monkeypatch.setattr(Threads, "run", full)
    method = "POST" if path.endswith("filter") else "GET"
    token = {"Prefect-Csrf-Client": "c", "Prefect-Csrf-Token": "t"}
    answer = api.request(method, path, headers=token)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
