"""Hostile and absurd values in every field: a 4xx that names the field, or kept exactly as they are; never a 5xx."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from asking import Asking

TEXTS = {
    "sql": "'; DROP TABLE flow_run; --",
    "sql in quotes": '" OR 1=1 UNION SELECT * FROM flow; \\',
    "wildcards": "%_\\%__",
    "template": "{{ ''.__class__.__mro__ }} {% for x in range(10**9) %}{% endfor %} ${x} %(x)s {0}",
    "path": "../../etc/passwd",
    "escaped path": "..%2f..%2f\\..\\",
    "markup": "<script>alert(1)</script>&amp;",
    "lines": "a\r\nSet-Cookie: x=1\r\n\r\n",
    "unicode": "\u202egnp.exe \ufeff \U0001f600 é \u2028",
    "long": "x" * 100_000,
    "long, of no pattern": "".join(map(str, range(20_000))),
    "empty": "",
    "nul": "a\x00b",
}
NUMBERS = [-1, 0, 1.5, 10**9, 2**63, -(2**63), 10**30, "1", "many", True, None, [], {}]


@pytest.fixture
def flow_id(ask: Asking) -> str:
    return str(ask("POST", "/flows/", {"name": "innocent"}).json()["id"])


@pytest.fixture
def run_id(ask: Asking, flow_id: str) -> str:
    return str(ask("POST", "/flow_runs/", {"flow_id": flow_id}).json()["id"])


def test_texts_in_what_is_made(ask: Asking, flow_id: str, run_id: str) -> None:
    for what, text in TEXTS.items():
        flow = ask("POST", "/flows/", {"name": text, "tags": [text], "labels": {text: text}}, what)
        ask.expect_kept(flow, "name", text, what)
        asked = {
            "flow_id": flow_id, "name": text or None, "tags": [text], "labels": {text: text},
            "parameters": {text: [text, {text: text}]}, "context": {text: text}, "idempotency_key": text,
            "flow_version": text,
        }  # fmt: skip
        run = ask("POST", "/flow_runs/", asked, what)
        for name in ("tags", "parameters", "context", "idempotency_key", "flow_version"):
            ask.expect_kept(run, name, asked[name], what)
        state = {"type": "RUNNING", "name": text or None, "message": text, "data": {text: text}}
        ask("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True}, what)
        task = {"flow_run_id": run_id, "task_key": text, "dynamic_key": text, "tags": [text]}
        ask.expect_kept(ask("POST", "/task_runs/", task, what), "task_key", text, what)
        log = {"name": text, "level": 20, "message": text, "timestamp": "2026-01-01T00:00:00Z"}
        ask("POST", "/logs/", [log | {"flow_run_id": run_id}], what)
        ask("POST", f"/flow_runs/{run_id}/input", {"key": text, "value": text, "sender": text}, what)
        ask("PUT", "/saved_searches/", {"name": text, "filters": []}, what)
        ask("PATCH", f"/flow_runs/{run_id}", {"name": text, "infrastructure_pid": text}, what)
        ask("PATCH", f"/flow_runs/{run_id}/labels", {text: text}, what)
        made = {"flow_id": flow_id, "name": text, "description": text, "path": text, "tags": [text]}
        ask.expect_kept(ask("POST", "/deployments/", made, what), "description", text, what)
    assert ask("POST", "/flow_runs/filter", {}).is_success
    assert ask("POST", "/logs/filter", {}).is_success
    assert ask("GET", f"/flow_runs/{run_id}/graph-v2").is_success


def test_texts_in_what_is_looked_for(ask: Asking, run_id: str) -> None:
    for what, text in TEXTS.items():
        named = {"name": {"any_": [text], "like_": text}, "tags": {"all_": [text]}}
        states = {"state": {"name": {"any_": [text]}}}
        for path, filters in [
            ("/flows", {"flows": named}),
            ("/flow_runs", {"flow_runs": {**named, **states}, "flows": named}),
            ("/task_runs", {"task_runs": {**named, **states}, "flow_runs": named}),
            ("/deployments", {"deployments": named, "flows": named}),
        ]:
            found = ask("POST", f"{path}/filter", filters, what)
            assert not found.is_success or found.json() == []
            ask("POST", f"{path}/count", filters, what)
        ask("POST", "/logs/filter", {"logs": {"text": {"query": text}}}, what)
        ask("POST", f"/flow_runs/{run_id}/input/filter", {"prefix": text, "limit": 5}, what)


def test_texts_in_paths(ask: Asking, run_id: str) -> None:
    for text in ("../../etc/passwd", "%2e%2e%2f", "a%00b", "'; --", "{{x}}", "%F0%9F%98%80", "%ff"):
        for path in (
            f"/flows/name/{text}",
            f"/flows/{text}",
            f"/flow_runs/{text}",
            f"/flow_runs/{run_id}/input/{text}",
            f"/deployments/name/{text}/{text}",
            f"/task_runs/{text}",
        ):
            assert ask("GET", path).status_code in (307, 404, 422), path


def test_numbers(ask: Asking, flow_id: str) -> None:
    for number in NUMBERS:
        what = repr(number)
        for noun in ("flows", "flow_runs", "task_runs", "deployments"):
            for name in ("limit", "offset"):
                ask("POST", f"/{noun}/filter", {name: number}, f"{name} {what}")
            for name in ("limit", "page"):
                ask("POST", f"/{noun}/paginate", {name: number}, f"{name} {what}")
            ask("POST", f"/{noun}/count", {noun: number}, what)
        ask("POST", "/logs/filter", {"offset": number, "logs": {"level": {"ge_": number}}}, what)
        ask("POST", "/flow_runs/bulk_delete", {"limit": number, "flow_runs": {"name": {"any_": ["-"]}}}, what)
        span = {"history_start": "2026-01-01T00:00:00Z", "history_end": "2026-01-02T00:00:00Z"}
        ask("POST", "/flow_runs/history", {**span, "history_interval_seconds": number}, what)
        log = {"name": "n", "level": number, "message": "m", "timestamp": "2026-01-01T00:00:00Z"}
        ask("POST", "/logs/", [log], what)
        made = {"flow_id": flow_id, "name": "d", "concurrency_limit": number}
        ask("POST", "/deployments/", made, what)


def test_moments(ask: Asking) -> None:
    for moment in (
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-01-01",
        "now",
        "",
        0,
        10**18,
        -1,
        None,
    ):
        when = {"before_": moment, "after_": moment}
        ask("POST", "/flow_runs/filter", {"flow_runs": {"start_time": when, "end_time": when}}, repr(moment))
        ask("POST", "/logs/filter", {"logs": {"timestamp": when}}, repr(moment))
        span = {"history_start": moment, "history_end": moment, "history_interval_seconds": 60}
        ask("POST", "/flow_runs/history", span, repr(moment))
        ask("GET", f"/flow_runs/{uuid4()}/graph-v2?since={moment}", None, repr(moment))
    longest = {"history_start": "0001-01-01T00:00:00Z", "history_end": "9999-12-31T23:59:59Z"}
    ask("POST", "/flow_runs/history", {**longest, "history_interval_seconds": 1})
    ask("POST", "/flow_runs/history", {**longest, "history_interval_seconds": 10**11})


def test_what_is_taken_can_be_read(ask: Asking, flow_id: str) -> None:
    """One absurd run must not spoil every list that it is in."""
    moment = {"timestamp": "2026-01-01T00:00:00Z"}
    for what, policy, state in (
        ("many digits", {"retries": "1" * 400}, moment),
        ("too large", {"retries": 10**20}, moment),
        ("no number", {"retry_delay": float("nan")}, moment),
        ("after the calendar", {}, {"timestamp": "9999-12-31T23:59:59-14:00"}),
        ("before the calendar", {}, {"timestamp": "0001-01-01T00:00:00+14:00"}),
        ("due after the calendar", {}, {"state_details": {"scheduled_time": "9999-12-31T23:59:59-14:00"}}),
    ):
        run = {"id": str(uuid4()), "flow_id": flow_id, "name": "n", "empirical_policy": policy}
        begun = {"flow_run": run, "state": {"id": str(uuid4()), "type": "RUNNING", **state}}
        ask("POST", "/engine/flow_runs", {**begun, "flow_name": "f", "holder": "h"}, what)
        ask("POST", "/flow_runs/", {"flow_id": flow_id, "empirical_policy": policy}, what)
        log = {"name": "n", "level": 20, "message": "m", "timestamp": state.get("timestamp")}
        ask("POST", "/logs/", [log], what)
    for noun in ("flow_runs", "task_runs", "logs"):
        found = ask("POST", f"/{noun}/filter", {})
        assert found.is_success, found.text


def test_very_many_identifiers(ask: Asking) -> None:
    ids = [str(uuid4()) for _ in range(100_000)]
    answer = ask("POST", "/flow_runs/filter", {"flow_runs": {"id": {"any_": ids}}})
    assert answer.status_code in (413, 422)
    assert ask("POST", "/flow_runs/filter", {"flow_runs": {"id": {"any_": ids[:5_000]}}}).json() == []
    named = {"flow_runs": {"name": {"any_": ids[:3_000]}, "tags": {"any_": ids[:2_000]}}}
    assert ask("POST", "/flow_runs/filter", named).status_code in (200, 422)


MANY = [str(number) for number in range(20_000)]
MANY_IDS = [str(uuid4()) for _ in range(20_000)]
LARGE_FILTERS = [
    ("/variables/filter", "variables.name.any_"),
    ("/variables/count", "variables.tags.all_"),
    ("/artifacts/filter", "artifacts.key.any_"),
    ("/artifacts/latest/count", "artifacts.latest_id.any_"),
    ("/block_types/filter", "block_types.slug.any_"),
    ("/block_schemas/filter", "block_schemas.block_capabilities.all_"),
    ("/block_documents/count", "block_documents.name.any_"),
    ("/work_pools/filter", "work_pools.name.any_"),
    ("/work_queues/filter", "work_queues.name.startswith_"),
    ("/automations/filter", "automations.tags.any_"),
    ("/automations/count", "automations.id.any_"),
    ("/events/filter", "filter.event.prefix"),
    ("/events/count-by/day", "filter.resource.id"),
    ("/logs/filter", "logs.flow_run_id.any_"),
]


@pytest.mark.parametrize(("path", "criterion"), LARGE_FILTERS, ids=[path for path, _ in LARGE_FILTERS])
def test_a_filter_that_lists_more_than_can_be_asked_is_named(ask: Asking, path: str, criterion: str) -> None:
    filter, *parts = criterion.split(".")
    body: Any = MANY_IDS if "id" in criterion else MANY
    for part in reversed(parts):
        body = {part: body}
    answer = ask("POST", path, {filter: body})
    assert answer.status_code == 422, answer.text
    assert f"{criterion} has 20000 values; it may have 10" in answer.json()["detail"]


def test_criteria_in_lists_and_labels_of_resources_are_bounded(ask: Asking) -> None:
    related = [{"labels": {"a": MANY}}]
    answer = ask("POST", "/events/filter", {"filter": {"related": related}})
    assert "filter.related.0.labels.root.a has 20000 values" in answer.json()["detail"]
    one = {"id": ["x"]}
    for criterion, value in (("any_resource", [one] * 1_500), ("related", [one] * 1_500)):
        answer = ask("POST", "/events/filter", {"filter": {criterion: value}})
        assert f"filter.{criterion} has 1500 values; it may have 100." in answer.json()["detail"]
    roles = {"resources_in_roles": [["x", "flow"]] * 1_500}
    answer = ask("POST", "/events/filter", {"filter": {"related": roles}})
    assert "filter.related.resources_in_roles has 1500 values; it may have 100." in answer.json()["detail"]
    labels = dict.fromkeys(MANY[:101], "x")
    answer = ask("POST", "/events/filter", {"filter": {"resource": {"labels": labels}}})
    assert "filter.resource.labels.root has 101 values; it may have 100." in answer.json()["detail"]


def test_names_of_limits_are_bounded(ask: Asking) -> None:
    asked = {"names": MANY, "slots": 1, "task_run_id": MANY_IDS[0]}
    for path in ("/v2/concurrency_limits/increment", "/concurrency_limits/decrement"):
        told = asked if "v2" in path else {**asked, "slots": None}
        answer = ask("POST", path, told)
        assert answer.status_code == 422
        assert ["body", "names"] in [one["loc"] for one in answer.json()["exception_detail"]]


def test_deep_json(ask: Asking, flow_id: str) -> None:
    for depth in (50, 150, 250, 1_000, 100_000):
        nested = "[" * depth + "]" * depth
        body = f'{{"flow_id": "{flow_id}", "parameters": {{"x": {nested}}}}}'
        answer = ask("POST", "/flow_runs/", body.encode(), f"depth {depth}")
        assert answer.status_code in (201, 413, 422), (depth, answer.text[:200])
        assert ask("POST", "/flow_runs/filter", {}).is_success


def test_what_is_no_json(ask: Asking) -> None:
    for body in (
        b"",
        b"{",
        b"\xff\xfe",
        b'"text"',
        b"[]",
        b"NaN",
        b'{"limit": NaN}',
        b'{"a": 1, "a": 2}',
        b"{}{}",
    ):
        answer = ask("POST", "/flow_runs/filter", body)
        assert answer.status_code in (200, 422), (body, answer.text)
