"""Requests that two servers of the API are asked in the same order, so that their answers can be compared.

Each is a method, a path and a body, in which `{name}` stands for what an earlier answer has told (`keeps`: the
name, and where the answer tells it). Not here: asking, comparing (`test_same_answers`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

UNKNOWN = "01a20373-1b88-7886-8c70-2e73049f54ba"
DAY = {"history_start": "2026-01-01T00:00:00Z", "history_end": "2026-01-02T00:00:00Z"}


class Ask(NamedTuple):
    """One request. `keeps`: what is kept of the answer, by name: the path of keys to it."""

    method: str
    path: str
    body: Any = None
    keeps: dict[str, tuple[Any, ...]] | None = None


def post(path: str, body: Any = None, **keeps: tuple[Any, ...]) -> Ask:
    return Ask("POST", path, {} if body is None else body, keeps or None)


def get(path: str, **keeps: tuple[Any, ...]) -> Ask:
    return Ask("GET", path, None, keeps or None)


ID = ("id",)
PENDING, RUNNING, COMPLETED = ({"type": type} for type in ("PENDING", "RUNNING", "COMPLETED"))
FLOWS = [
    post("/flows/", {"name": "etl", "tags": ["a"], "labels": {"l": 1}}, flow=ID),
    post("/flows/", {"name": "etl"}),
    post("/flows/", {"name": "other"}, other=ID),
    get("/flows/{flow}"),
    get("/flows/name/etl"),
    get("/flows/name/none"),
    get("/flows/name/a%2Fb"),
    get(f"/flows/{UNKNOWN}"),
    get("/flows/no-id"),
    post("/flows/", {"tags": []}),
    post("/flows/", {"name": "a/b"}),
    post("/flows/", {"name": 3}),
    post("/flows/filter", {"sort": "NAME_ASC"}),
    post("/flows/filter", {"flows": {"tags": {"all_": ["a"]}}, "limit": 1}),
    post("/flows/filter", {"flows": {"name": {"like_": "ET"}}}),
    post("/flows/filter", {"limit": -1}),
    post("/flows/filter", {"limit": 201}),
    post("/flows/filter", {"offset": -1}),
    post("/flows/filter", {"sort": "NONE"}),
    post("/flows/filter", {"nonsense": 1}),
    post("/flows/filter", {"flows": {"nonsense": 1}}),
    post("/flows/count"),
    post("/flows/count", {"flows": {"id": {"any_": ["{flow}"]}}}),
    post("/flows/paginate", {"limit": 1, "page": 2, "sort": "NAME_ASC"}),
    post("/flows/paginate", {"page": 0}),
    Ask("PATCH", "/flows/{flow}", {"tags": ["b"]}),
    Ask("PATCH", f"/flows/{UNKNOWN}", {"tags": ["b"]}),
    post("/flows/bulk_delete", {"flows": {"name": {"any_": ["other"]}}}),
    post("/flows/bulk_delete", {"limit": 51}),
    Ask("DELETE", f"/flows/{UNKNOWN}"),
]

_DUE = {"flow_id": "{flow}", "name": "due", "state": {"type": "SCHEDULED"}}
FLOW_RUNS = [
    post("/flow_runs/", {"flow_id": "{flow}", "name": "first", "parameters": {"x": [1]}}, run=ID),
    post("/flow_runs/", {**_DUE, "idempotency_key": "k"}, due=ID),
    post("/flow_runs/", {**_DUE, "idempotency_key": "k"}),
    post("/flow_runs/", {"flow_id": UNKNOWN}),
    post("/flow_runs/", {"name": "no flow"}),
    post("/flow_runs/", {"flow_id": "{flow}", "nonsense": 1}),
    post("/flow_runs/", {"flow_id": "{flow}", "state": {"type": "NONE"}}),
    get("/flow_runs/{run}"),
    get(f"/flow_runs/{UNKNOWN}"),
    get("/flow_runs/no-id"),
    post("/flow_runs/{run}/set_state", {"state": RUNNING}),
    post("/flow_runs/{run}/set_state", {"state": RUNNING}),
    post("/flow_runs/{run}/set_state", {"state": {"type": "NONE"}}),
    post("/flow_runs/{run}/set_state", {}),
    post(f"/flow_runs/{UNKNOWN}/set_state", {"state": RUNNING}),
    post("/flow_runs/{run}/resume"),
    post("/flow_runs/filter", {"sort": "NAME_ASC"}),
    post("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}),
    post("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["NONE"]}}}}),
    post("/flow_runs/filter", {"flows": {"name": {"any_": ["etl"]}}, "sort": "NAME_DESC"}),
    post("/flow_runs/filter", {"limit": 0}),
    post("/flow_runs/filter", {"limit": "many"}),
    post("/flow_runs/paginate", {"limit": 1, "page": 1, "sort": "NAME_ASC"}),
    post("/flow_runs/paginate", {"limit": 1, "page": 100}),
    post("/flow_runs/count", {"flow_runs": {"name": {"any_": ["first"]}}}),
    post("/flow_runs/lateness"),
    post("/flow_runs/history", {**DAY, "history_interval_seconds": 43200}),
    post("/flow_runs/history", {**DAY, "history_interval_seconds": 0.5}),
    post("/flow_runs/history", {"history_interval_seconds": 60}),
    get("/flow_run_states/?flow_run_id={run}", state=(0, "id")),
    get("/flow_run_states/{state}"),
    get(f"/flow_run_states/{UNKNOWN}"),
    get(f"/flow_run_states/?flow_run_id={UNKNOWN}"),
    get("/flow_run_states/"),
    Ask("PATCH", "/flow_runs/{run}", {"tags": ["t"], "name": "renamed"}),
    Ask("PATCH", f"/flow_runs/{UNKNOWN}", {"name": "x"}),
    Ask("PATCH", "/flow_runs/{run}", {"nonsense": 1}),
    Ask("PATCH", "/flow_runs/{run}/labels", {"a": 1}),
    Ask("PATCH", f"/flow_runs/{UNKNOWN}/labels", {"a": 1}),
    post("/flow_runs/{run}/input", {"key": "one", "value": '"x"', "sender": "me"}),
    post("/flow_runs/{run}/input", {"key": "one", "value": "2"}),
    post("/flow_runs/{run}/input", {"key": "with space", "value": "2"}),
    post("/flow_runs/{run}/input/filter", {"prefix": "o", "limit": 5, "exclude_keys": []}),
    post("/flow_runs/{run}/input/filter", {"prefix": "o"}),
    get("/flow_runs/{run}/input/one"),
    get("/flow_runs/{run}/input/none"),
    Ask("DELETE", "/flow_runs/{run}/input/one"),
    Ask("DELETE", "/flow_runs/{run}/input/one"),
    post("/flow_runs/bulk_set_state", {"flow_runs": {"id": {"any_": ["{due}"]}}, "state": PENDING}),
    post("/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": ["{due}"]}}}),
    Ask("DELETE", f"/flow_runs/{UNKNOWN}"),
]

_TASK = {"flow_run_id": "{run}", "task_key": "k", "dynamic_key": "0", "name": "step"}
_INPUTS = {"x": [{"input_type": "task_run", "id": "{task}"}, {"input_type": "constant", "type": "int"}]}
TASK_RUNS = [
    post("/task_runs/", {**_TASK, "state": PENDING, "tags": ["t"]}, task=ID),
    post("/task_runs/", _TASK),
    post(
        "/task_runs/",
        {**_TASK, "dynamic_key": "1", "name": "second", "task_inputs": _INPUTS, "cache_key": "c"},
        second=ID,
    ),
    post("/task_runs/", {"flow_run_id": "{run}"}),
    get("/task_runs/{task}"),
    get(f"/task_runs/{UNKNOWN}"),
    post("/task_runs/{task}/set_state", {"state": RUNNING}),
    post("/task_runs/{task}/set_state", {"state": COMPLETED}),
    post(f"/task_runs/{UNKNOWN}/set_state", {"state": RUNNING}),
    post("/task_runs/filter", {"sort": "NAME_ASC", "task_runs": {"name": {"any_": ["step"]}}}),
    post("/task_runs/filter", {"flow_runs": {"id": {"any_": ["{run}"]}}, "sort": "NAME_DESC"}),
    post("/task_runs/paginate", {"limit": 1, "sort": "NAME_ASC"}),
    post("/task_runs/count"),
    post("/task_runs/history", {**DAY, "history_interval_seconds": 43200}),
    get("/task_run_states/?task_run_id={task}", tstate=(0, "id")),
    get("/task_run_states/{tstate}"),
    get(f"/task_run_states/{UNKNOWN}"),
    Ask("PATCH", "/task_runs/{task}", {"name": "renamed"}),
    Ask("PATCH", f"/task_runs/{UNKNOWN}", {"name": "renamed"}),
    get("/flow_runs/{run}/graph"),
    get("/flow_runs/{run}/graph-v2"),
    get(f"/flow_runs/{UNKNOWN}/graph"),
    get(f"/flow_runs/{UNKNOWN}/graph-v2"),
    post(
        "/logs/",
        [
            {
                "name": "n",
                "level": 20,
                "message": "m",
                "timestamp": "2026-01-01T00:00:00Z",
                "flow_run_id": "{run}",
            }
        ],
    ),
    post("/logs/", [{"level": 20}]),
    post("/logs/filter", {"logs": {"flow_run_id": {"any_": ["{run}"]}}}),
    post("/logs/filter", {"sort": "NONE"}),
    Ask("DELETE", "/task_runs/{second}"),
    Ask("DELETE", f"/task_runs/{UNKNOWN}"),
    post("/task_workers/filter"),
    get("/observed-states?query=complet"),
    get("/observed-states?order_by=NAME_ASC&limit=1"),
    get("/observed-states?limit=201"),
]

_SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}}
_DEPLOYMENT = {
    "flow_id": "{flow}",
    "name": "daily",
    "parameters": {"x": 1},
    "parameter_openapi_schema": _SCHEMA,
    "enforce_parameter_schema": True,
    "schedules": [{"schedule": {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}, "slug": "hourly"}],
    "tags": ["t"],
}
DEPLOYMENTS = [
    post("/deployments/", _DEPLOYMENT, deployment=ID, schedule=("schedules", 0, "id")),
    post("/deployments/", _DEPLOYMENT),
    post("/deployments/", {"flow_id": UNKNOWN, "name": "daily"}),
    post("/deployments/", {**_DEPLOYMENT, "parameters": {"x": "text"}}),
    post("/deployments/", {"flow_id": "{flow}", "name": "a/b"}),
    post("/deployments/", {**_DEPLOYMENT, "work_pool_name": "none"}),
    post("/deployments/", {"name": "x"}),
    get("/deployments/{deployment}", schedule=("schedules", 0, "id")),
    get("/deployments/name/etl/daily"),
    get("/deployments/name/etl/none"),
    get(f"/deployments/{UNKNOWN}"),
    post("/deployments/filter", {"deployments": {"name": {"any_": ["daily"]}}}),
    post("/deployments/filter", {"sort": "NONE"}),
    post("/deployments/paginate", {"limit": 1}),
    post("/deployments/count"),
    Ask("PATCH", "/deployments/{deployment}", {"description": "d"}),
    Ask("PATCH", "/deployments/{deployment}", {"parameters": {"x": "text"}}),
    Ask("PATCH", f"/deployments/{UNKNOWN}", {"description": "d"}),
    get("/deployments/{deployment}/schedules"),
    post("/deployments/{deployment}/schedules", [{"schedule": {"cron": "0 0 * * *"}}], cron=(0, "id")),
    post("/deployments/{deployment}/schedules", [{"schedule": {"cron": "nonsense"}}]),
    Ask("PATCH", "/deployments/{deployment}/schedules/{cron}", {"active": False}),
    Ask("PATCH", f"/deployments/{{deployment}}/schedules/{UNKNOWN}", {"active": False}),
    Ask("DELETE", "/deployments/{deployment}/schedules/{cron}"),
    Ask("DELETE", f"/deployments/{{deployment}}/schedules/{UNKNOWN}"),
    post("/deployments/{deployment}/create_flow_run", {"parameters": {"x": 2}}),
    post("/deployments/{deployment}/create_flow_run", {"parameters": {"x": "text"}}),
    post(f"/deployments/{UNKNOWN}/create_flow_run"),
    post("/deployments/{deployment}/create_flow_run/bulk", [{"parameters": {"x": "text"}}, {}]),
    post("/deployments/get_scheduled_flow_runs", {"deployment_ids": ["{deployment}"], "limit": 1}),
    post("/deployments/{deployment}/pause_deployment"),
    post("/deployments/{deployment}/resume_deployment"),
    post(f"/deployments/{UNKNOWN}/resume_deployment"),
    post("/deployments/{deployment}/schedule", {"min_runs": 2}),
    post(f"/deployments/{UNKNOWN}/schedule"),
    get("/deployments/{deployment}/work_queue_check"),
    get(f"/deployments/{UNKNOWN}/work_queue_check"),
    post("/deployments/bulk_delete", {"deployments": {"name": {"any_": ["none"]}}}),
    Ask("DELETE", "/deployments/{deployment}"),
    Ask("DELETE", "/deployments/{deployment}"),
]

OTHERS = [
    get("/health"),
    get("/ready"),
    get("/hello"),
    get("/admin/storage"),
    Ask("PUT", "/admin/storage", {"default_result_storage_block_id": UNKNOWN}),
    Ask("PUT", "/admin/storage", {}),
    Ask("DELETE", "/admin/storage"),
    Ask("PUT", "/saved_searches/", {"name": "s", "filters": []}, {"search": ID}),
    post("/saved_searches/filter"),
    get("/saved_searches/{search}"),
    get(f"/saved_searches/{UNKNOWN}"),
    Ask("DELETE", "/saved_searches/{search}"),
    Ask("DELETE", "/saved_searches/{search}"),
    get("/no/such/route"),
    Ask("PUT", "/flow_runs/filter", {}),
]

REQUESTS = [*FLOWS, *FLOW_RUNS, *TASK_RUNS, *DEPLOYMENTS, *OTHERS]
