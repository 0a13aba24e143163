"""Absurd pools, blocks, limits, automations and forms: refused, or kept; never a 5xx, and nobody is held up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from asking import Asking

NUL = "a\x00b"
BIG, HUGE, MOST = 10**12, 10**30, 2**31 - 1


def deep(levels: int, leaf: Any = 1) -> Any:
    for _ in range(levels):
        leaf = {"a": leaf}
    return leaf


def test_pools_queues_and_workers(ask: Asking) -> None:
    ask("POST", "/work_pools/", {"name": "ok", "type": "process"})
    for told in (
        {"name": NUL},
        {"description": NUL},
        {"concurrency_limit": BIG},
        {"concurrency_limit": HUGE},
    ):
        ask("POST", "/work_pools/", {"name": uuid4().hex, **told})
        ask("PATCH", "/work_pools/ok", told)
    circle, pattern = {"$ref": "#/properties/a"}, {"type": "string", "pattern": "(", "default": "x"}
    for variables in (
        deep(800),
        {"properties": {"a": deep(400)}},
        {"properties": {"a": circle}},
        {"properties": {"a": pattern}},
        {"properties": {"a": True, "b": {"default": 1, "allOf": [{"$ref": "#/none"}]}}},
        {"properties": {"a": {"default": 1}}, "required": 5},
        {"properties": None, "required": {"a": 1}},
    ):
        template = {"job_configuration": {"x": NUL}, "variables": variables}
        ask("POST", "/work_pools/", {"name": uuid4().hex, "base_job_template": template})
    for told in (
        {"name": NUL},
        {"priority": BIG},
        {"priority": HUGE},
        {"priority": MOST},
        {"priority": MOST},
        {},
    ):
        ask("POST", "/work_pools/ok/queues", {"name": uuid4().hex, **told})
    for told in ({"name": NUL}, *({"heartbeat_interval_seconds": each} for each in (BIG, HUGE, MOST, -MOST))):
        ask("POST", "/work_pools/ok/workers/heartbeat", {"name": "w", **told})
        ask("POST", "/work_pools/ok/workers/filter", {})
        ask("GET", "/work_pools/ok")
    for told in (
        {"scheduled_before": "9999-12-31T23:59:59Z"},
        {"scheduled_before": "0001-01-01T00:00:00Z", "scheduled_after": "0001-01-01T00:00:00+14:00"},
        {"work_queue_names": [NUL] * 500},
    ):
        ask("POST", "/work_pools/ok/get_scheduled_flow_runs", told)
    for page in (BIG, HUGE):
        ask("POST", "/work_pools/ok/concurrency_status", {"page": page})
    ask("GET", "/work_pools/a%00b")


def test_blocks(ask: Asking) -> None:
    kind = ask("POST", "/block_types/", {"name": "K", "slug": "k"}).json()["id"]
    ask("POST", "/block_types/", {"name": NUL, "slug": "nul", "description": NUL})
    ask("POST", "/block_types/filter", {"block_types": {"name": {"like_": "\\"}}})
    for fields in (
        {"secret_fields": ["a", "*.b", "c..d", ""]},
        {"secret_fields": 5},
        {"secret_fields": [5, None]},
        {"secret_fields": "abc"},
        {"definitions": 5},
        {"block_schema_references": 7},
        {"x": NUL},
        deep(800),
    ):
        schema = ask("POST", "/block_schemas/", {"block_type_id": kind, "fields": fields})
        if not schema.is_success:
            continue
        ids = {"block_type_id": kind, "block_schema_id": schema.json()["id"]}
        for data in (
            {"a": {"b": 1}, "c": [1]},
            {"a": NUL, NUL: 1},
            {"$ref": 1},
            {"x": {"$ref": []}},
            {"x": HUGE},
            {"": {"b": [deep(200)]}},
            deep(800),
        ):
            made = ask("POST", "/block_documents/", {"name": uuid4().hex, "data": data, **ids})
            if made.is_success:
                ask("PATCH", f"/block_documents/{made.json()['id']}", {"data": data})
                ask("GET", f"/block_documents/{made.json()['id']}")
    ask("GET", "/block_schemas/checksum/a%00b?version=%00")


def test_limits(ask: Asking) -> None:
    limits = "/v2/concurrency_limits"
    for number, told in enumerate(
        (
            {"name": NUL, "limit": 1},
            {"limit": BIG},
            {"limit": 1, "slot_decay_per_second": 1e308},
            {"limit": 1, "slot_decay_per_second": 1e-300},
            {"limit": 1, "active_slots": BIG},
            {"limit": MOST, "active_slots": MOST},
            {"limit": 1, "denied_slots": BIG},
        )
    ):
        name = f"limit-{number}"
        ask("POST", f"{limits}/", {"name": name, **told})
        for slots in (1, 1, MOST, HUGE):
            ask("POST", f"{limits}/increment", {"names": [name], "slots": slots})
            ask("GET", f"{limits}/{name}")
        for seconds in (1e308, -1e308):
            ask("POST", f"{limits}/decrement", {"names": [name], "slots": 1, "occupancy_seconds": seconds})
            ask("GET", f"{limits}/{name}")
    ask("POST", f"{limits}/", b'{"name": "endless", "limit": 1, "slot_decay_per_second": 1e400}')
    for names in ([NUL], [f"tag:{NUL}"], ["x" * 100_000], [f"n{number}" for number in range(40_000)]):
        ask("POST", f"{limits}/increment", {"names": names, "slots": 1})
    for told in ({"tag": NUL, "concurrency_limit": 1}, {"tag": "t", "concurrency_limit": HUGE}):
        ask("POST", "/concurrency_limits/", told)
    ask("POST", "/concurrency_limits/increment", {"names": ["t"] * 1000, "task_run_id": str(uuid4())})


def test_automations_templates_and_forms(ask: Asking) -> None:
    trigger = {"type": "event", "expect": ["x"]}
    nested: dict[str, Any] = trigger
    for _ in range(300):
        nested = {"type": "sequence", "triggers": [nested]}
    for told in (
        {"name": NUL},
        {"owner_resource": NUL},
        {"trigger": {**trigger, "threshold": HUGE}},
        {"trigger": {**trigger, "within": 1e308}},
        {"trigger": {**trigger, "match": {NUL: "x"}}},
        {"trigger": {"type": "sequence", "triggers": [trigger] * 2000}},
        {"trigger": nested},
        {"actions": [{"type": "call-webhook", "block_document_id": str(uuid4()), "payload": "{{" * 5000}]},
    ):
        ask("POST", "/automations/", {"name": "a", "trigger": trigger, "actions": [], **told})
    for template in (
        "{{ " + "(" * 3000,
        "{{ " + "a." * 20_000 + "b }}",
        "{{ 'a' * 10**10 }}",
        "x" * 1_000_000,
        NUL,
    ):
        ask("POST", "/templates/validate", template)
        values = {"a": {"__prefect_kind": "jinja", "template": template}}
        ask("POST", "/ui/schemas/validate", {"schema": {}, "values": values})
    for schema in (
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"$ref": "#"}}},
        {"properties": [1]},
        {"required": ["a", 5]},
        {"required": 5, "properties": {}},
        {"allOf": [{"$ref": "#"}]},
        {"$dynamicRef": "#x"},
        {"definitions": {"A": 5}},
        {"properties": {"a": {"multipleOf": 0}}},
        deep(800),
    ):
        ask("POST", "/ui/schemas/validate", {"schema": schema, "values": {"a": {"a": deep(100)}}})
    for value in ("[" * 2000, 5, None):
        values = {"a": {"__prefect_kind": "json", "value": value}}
        ask("POST", "/ui/schemas/validate", {"schema": {}, "values": values})


def test_tokens(serve: Callable[..., httpx.Client]) -> None:
    asking = Asking(serve({"server.api.csrf_protection_enabled": True}))
    for client in (NUL, "x" * 201, "\u202e", "' OR 1=1"):
        asking("GET", f"/csrf-token?{urlencode({'client': client})}")
    assert not asking.faults, asking.faults
