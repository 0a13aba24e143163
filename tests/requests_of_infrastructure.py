"""More requests that two servers are asked: work pools and queues, blocks, limits, automations, dashboards.

`ON_PURPOSE` says which are answered otherwise on purpose, and why. Not here: what a request is
(`requests_in_common`).
"""

from __future__ import annotations

from requests_in_common import ID, UNKNOWN, Ask, get, post

_TEMPLATE = {
    "job_configuration": {"command": "{{ command }}"},
    "variables": {"type": "object", "properties": {"command": {"type": "string", "default": "run"}}},
}
_STRANGE = {"job_configuration": {"command": "{{ nope }}"}, "variables": {"properties": {}}}
_UNFIT = {**_TEMPLATE, "variables": {"properties": {"command": {"type": "string", "default": 3}}}}

WORK = [
    post("/work_pools/", {"name": "pool", "type": "process", "base_job_template": _TEMPLATE}),
    post("/work_pools/", {"name": "pool", "type": "process"}),
    post("/work_pools/", {"name": "Prefect-x", "type": "process"}),
    post("/work_pools/", {"name": "a/b"}),
    post("/work_pools/", {"name": " "}),
    post("/work_pools/", {"name": "b", "concurrency_limit": -1}),
    post("/work_pools/", {"name": "b", "base_job_template": {"x": 1}}),
    post("/work_pools/", {"name": "b", "base_job_template": _STRANGE}),
    post("/work_pools/", {"name": "b", "base_job_template": _UNFIT}),
    get("/work_pools/pool"),
    get("/work_pools/none"),
    post("/work_pools/filter", {"work_pools": {"name": {"any_": ["pool"]}}}),
    post("/work_pools/filter", {"limit": 201}),
    post("/work_pools/count"),
    Ask("PATCH", "/work_pools/pool", {"is_paused": True, "concurrency_limit": 2}),
    get("/work_pools/pool"),
    Ask("PATCH", "/work_pools/pool", {"is_paused": False, "concurrency_limit": None}),
    Ask("PATCH", "/work_pools/none", {}),
    Ask("PATCH", "/work_pools/pool", {"name": "x"}),
    post("/work_pools/pool/queues", {"name": "q"}, queue=ID),
    post("/work_pools/pool/queues", {"name": "q"}),
    post("/work_pools/pool/queues", {"name": "first", "priority": 1}),
    post("/work_pools/pool/queues", {"name": "zero", "priority": 0}),
    post("/work_pools/none/queues", {"name": "q"}),
    post("/work_pools/pool/queues/filter"),
    post("/work_pools/none/queues/filter"),
    get("/work_pools/pool/queues/q"),
    get("/work_pools/pool/queues/none"),
    Ask("PATCH", "/work_pools/pool/queues/q", {"description": "d", "concurrency_limit": 1}),
    Ask("PATCH", "/work_pools/pool/queues/none", {}),
    Ask("DELETE", "/work_pools/pool/queues/first"),
    Ask("DELETE", "/work_pools/pool/queues/first"),
    post("/work_pools/pool/workers/heartbeat", {"name": "w", "heartbeat_interval_seconds": 5}),
    post("/work_pools/pool/workers/heartbeat", {"name": "w", "heartbeat_interval_seconds": 0.5}),
    post("/work_pools/none/workers/heartbeat", {"name": "w"}),
    post("/work_pools/pool/workers/filter", {"workers": {"status": {"any_": ["ONLINE"]}}}),
    post("/work_pools/pool/workers/filter", {"workers": {"status": {"any_": ["NONE"]}}}),
    Ask("DELETE", "/work_pools/pool/workers/w"),
    Ask("DELETE", "/work_pools/pool/workers/w"),
    post("/work_pools/pool/get_scheduled_flow_runs"),
    post("/work_pools/none/get_scheduled_flow_runs"),
    post("/work_pools/pool/get_scheduled_flow_runs", {"work_queue_names": ["none"]}),
    post("/work_pools/pool/concurrency_status"),
    post("/work_pools/pool/concurrency_status", {"page": 0}),
    post("/work_pools/none/concurrency_status"),
    get("/work_queues/{queue}"),
    get(f"/work_queues/{UNKNOWN}"),
    get("/work_queues/name/none"),
    post("/work_queues/{queue}/concurrency_status"),
    Ask("PATCH", "/work_queues/{queue}", {"description": "d"}),
    Ask("PATCH", f"/work_queues/{UNKNOWN}", {}),
    post("/work_queues/", {"name": "lone"}, lone=ID),
    post("/work_queues/", {"name": "lone"}),
    get("/work_queues/name/lone"),
    post("/work_queues/filter", {"work_queues": {"name": {"startswith_": ["lo"]}}}),
    Ask("DELETE", "/work_queues/{lone}"),
    Ask("DELETE", "/work_pools/pool"),
    Ask("DELETE", "/work_pools/pool"),
    Ask("DELETE", "/work_pools/Prefect-x"),
]

_FIELDS = {"title": "K", "type": "object", "properties": {}, "secret_fields": ["pw", "deep.pw"]}
_IDS = {"block_type_id": "{kind}", "block_schema_id": "{schema}"}
BLOCKS = [
    post("/block_types/", {"name": "Kind", "slug": "kind"}, kind=ID),
    post("/block_types/", {"name": "Kind", "slug": "kind"}),
    post("/block_types/", {"name": "Prefect kind", "slug": "x"}),
    post("/block_types/", {"name": "Kind", "slug": "A_b"}),
    get("/block_types/{kind}"),
    get(f"/block_types/{UNKNOWN}"),
    get("/block_types/slug/kind"),
    get("/block_types/slug/none"),
    post("/block_types/filter", {"block_types": {"slug": {"any_": ["kind"]}}}),
    Ask("PATCH", "/block_types/{kind}", {"description": "d"}),
    Ask("PATCH", f"/block_types/{UNKNOWN}", {"description": "d"}),
    post("/block_schemas/", {"block_type_id": "{kind}", "fields": _FIELDS, "capabilities": ["c"]}, schema=ID),
    post("/block_schemas/", {"block_type_id": "{kind}", "fields": _FIELDS}, sum=("checksum",)),
    post("/block_schemas/", {"block_type_id": UNKNOWN, "fields": _FIELDS}),
    get("/block_schemas/{schema}"),
    get("/block_schemas/checksum/{sum}"),
    get("/block_schemas/checksum/none"),
    post("/block_schemas/filter", {"block_schemas": {"block_capabilities": {"all_": ["c"]}}}),
    post(
        "/block_documents/", {"name": "d", "data": {"pw": "x", "deep": {"pw": "y", "a": 1}}, **_IDS}, doc=ID
    ),
    post("/block_documents/", {"name": "d", **_IDS}),
    post("/block_documents/", {"name": "Bad Name", **_IDS}),
    post("/block_documents/", {**_IDS}),
    post("/block_documents/", {"is_anonymous": True, **_IDS}),
    post("/block_documents/", {"name": "o", "data": {"i": {"$ref": {"block_document_id": "{doc}"}}}, **_IDS}),
    get("/block_documents/{doc}"),
    get("/block_documents/{doc}?include_secrets=true"),
    get(f"/block_documents/{UNKNOWN}"),
    get("/block_types/slug/kind/block_documents"),
    get("/block_types/slug/none/block_documents"),
    get("/block_types/slug/kind/block_documents/name/o"),
    get("/block_types/slug/kind/block_documents/name/none"),
    Ask("PATCH", "/block_documents/{doc}", {"data": {"pw": "********", "b": 2}}),
    Ask("PATCH", f"/block_documents/{UNKNOWN}", {"data": {}}),
    get("/block_documents/{doc}?include_secrets=true"),
    post("/block_documents/filter", {"block_types": {"slug": {"any_": ["kind"]}}}),
    post("/block_documents/count"),
    Ask("DELETE", "/block_documents/{doc}"),
    Ask("DELETE", "/block_documents/{doc}"),
    Ask("DELETE", "/block_schemas/{schema}"),
    Ask("DELETE", "/block_types/{kind}"),
    Ask("DELETE", "/block_types/{kind}"),
    post("/block_types/install_system_block_types"),
    get("/collections/views/none"),
]

_V2 = "/v2/concurrency_limits"
_HOLDER = {"type": "flow_run", "id": UNKNOWN}
LIMITS = [
    post(f"{_V2}/", {"name": "db", "limit": 2}),
    post(f"{_V2}/", {"name": "db", "limit": 2}),
    post(f"{_V2}/", {"name": "a/b", "limit": 2}),
    post(f"{_V2}/", {"name": "rate", "limit": 1, "slot_decay_per_second": 0.01}),
    post(f"{_V2}/increment", {"names": ["db"], "slots": 2}),
    post(f"{_V2}/increment", {"names": ["db"], "slots": 1}),
    post(f"{_V2}/increment", {"names": ["db"], "slots": 3}),
    post(f"{_V2}/increment", {"names": [], "slots": 1}),
    post(f"{_V2}/increment", {"names": ["none"], "slots": 1}),
    post(f"{_V2}/increment", {"names": ["db"], "slots": 1, "mode": "rate_limit"}),
    post(f"{_V2}/increment", {"names": ["rate"], "slots": 1, "mode": "rate_limit"}),
    post(f"{_V2}/increment", {"names": ["rate"], "slots": 1, "mode": "rate_limit"}),
    get(f"{_V2}/db"),
    post(f"{_V2}/decrement", {"names": ["db"], "slots": 2, "occupancy_seconds": 1.5}),
    post(
        f"{_V2}/increment-with-lease", {"names": ["db"], "slots": 1, "holder": _HOLDER}, lease=("lease_id",)
    ),
    post(f"{_V2}/increment-with-lease", {"names": ["db"], "slots": 2}),
    post(f"{_V2}/increment-with-lease", {"names": ["db"], "slots": 1, "lease_duration": 1}),
    post(f"{_V2}/leases/{{lease}}/renew", {"lease_duration": 60}),
    post(f"{_V2}/leases/{UNKNOWN}/renew", {"lease_duration": 60}),
    post(f"{_V2}/decrement-with-lease", {"lease_id": "{lease}"}),
    post(f"{_V2}/decrement-with-lease", {"lease_id": "{lease}"}),
    Ask("PATCH", f"{_V2}/db", {"active": False}),
    Ask("PATCH", f"{_V2}/none", {"active": False}),
    Ask("DELETE", f"{_V2}/rate"),
    get(f"{_V2}/rate"),
    post("/concurrency_limits/", {"tag": "t", "concurrency_limit": 1}, tag=ID),
    post("/concurrency_limits/", {"tag": "t", "concurrency_limit": 1}),
    post("/concurrency_limits/increment", {"names": ["t"], "task_run_id": UNKNOWN}),
    get("/concurrency_limits/tag/t"),
    post("/concurrency_limits/decrement", {"names": ["t"], "task_run_id": UNKNOWN}),
    post("/concurrency_limits/tag/t/reset", {"slot_override": [UNKNOWN]}),
    post("/concurrency_limits/tag/none/reset"),
    get("/concurrency_limits/{tag}"),
    get(f"/concurrency_limits/{UNKNOWN}"),
    Ask("DELETE", "/concurrency_limits/{tag}"),
    Ask("DELETE", "/concurrency_limits/tag/t"),
]

_TRIGGER = {"type": "event", "expect": ["x"], "posture": "Reactive", "threshold": 1, "within": 0}
_ENDLESS = {**_TRIGGER, "expect": ["prefect.flow-run.Running"]}
_NOTHING = {"type": "do-nothing"}
_OWNED = {"name": "owned", "trigger": _TRIGGER, "actions": [_NOTHING], "owner_resource": "thing.1"}
AUTOMATIONS = [
    post("/automations/", {"name": "a", "trigger": _TRIGGER, "actions": [_NOTHING]}, automation=ID),
    post("/automations/", _OWNED),
    get("/automations/{automation}"),
    get(f"/automations/{UNKNOWN}"),
    post("/automations/count"),
    post("/automations/filter", {"automations": {"name": {"any_": ["a"]}}}),
    post("/automations/filter", {"sort": "NONE"}),
    Ask("PUT", "/automations/{automation}", {"name": "b", "trigger": _TRIGGER, "actions": []}),
    Ask("PATCH", "/automations/{automation}", {"enabled": False}),
    Ask("PATCH", f"/automations/{UNKNOWN}", {"enabled": False}),
    get("/automations/related-to/thing.1"),
    Ask("DELETE", "/automations/owned-by/thing.1"),
    get("/automations/related-to/thing.1"),
    Ask("DELETE", "/automations/{automation}"),
    Ask("DELETE", "/automations/{automation}"),
    post("/templates/validate", "{{ x }}"),
    post("/templates/validate", "{{ x"),
    post("/automations/templates/validate", "{{ x"),
]

_SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
DASHBOARDS = [
    post("/ui/schemas/validate", {"schema": _SCHEMA, "values": {"a": 1}}),
    post("/ui/schemas/validate", {"schema": _SCHEMA, "values": {"a": "x"}}),
    post("/ui/schemas/validate", {"schema": {"type": "nonsense"}, "values": {}}),
    post("/ui/flow_runs/history", {"limit": 1001}),
    post("/ui/flow_runs/count-task-runs", {"flow_run_ids": [UNKNOWN]}),
    post("/ui/flows/count-deployments", {"flow_ids": [UNKNOWN]}),
    post("/ui/flows/next-runs", {"flow_ids": [UNKNOWN]}),
    post("/ui/task_runs/count"),
    post("/ui/task_runs/dashboard/counts", {"task_runs": {}}),
    get(f"/ui/task_runs/{UNKNOWN}"),
]

REQUESTS = [*WORK, *BLOCKS, *LIMITS, *AUTOMATIONS, *DASHBOARDS]
