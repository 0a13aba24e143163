"""The API's description for readers and for programs: one page without scripts, and the document itself.

The page is plain HTML, so that it needs no network and no permission to run anything. Not here: what the
description says (`openapi`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from html import escape
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from prefect.schemas.operations import OPERATIONS
from prefect.server.api.openapi import document
from prefect.server.api.threads import Threads

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
summary { cursor: pointer; padding: .2rem 0 } summary code { font-size: 1em } pre { overflow: auto }
pre, .known { background: #8881; border-radius: 4px; padding: .6rem } b { display: inline-block; width: 4.5rem }
:root { color-scheme: light dark } a { color: inherit }
"""
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "cache-control": "no-cache",
}


def page_routes(threads: Threads, base_path: str) -> list[Route]:
    """The routes of the description, for the root and for below `base_path`."""

    def route(path: str, make: Callable[[str], bytes], media_type: str) -> Route:
        async def give(request: Request) -> Response:
            content = await threads.run(make, base_path)
            return Response(content, media_type=media_type, headers=_HEADERS)

        return Route(path, give)

    return [
        route("/openapi.json", _as_json, "application/json"),
        route("/docs", _as_page, "text/html"),
        route("/redoc", _as_page, "text/html"),
    ]


# made when first asked for: a second of work that most servers never do


@cache
def _described(base_path: str) -> dict[str, Any]:
    return document(OPERATIONS.values(), base_path)


@cache
def _as_json(base_path: str) -> bytes:
    return orjson.dumps(_described(base_path))


@cache
def _as_page(base_path: str) -> bytes:
    return page_of(_described(base_path)).encode()


def page_of(described: dict[str, Any]) -> str:
    """An OpenAPI document as a page."""
    groups: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            groups.setdefault(one["tags"][0], []).append(_operation(path, method, one))
    title = escape(f"{described['info']['title']} {described['info']['version']}")
    sections = "".join(
        f"<h2>{escape(tag)}</h2>{''.join(operations)}" for tag, operations in sorted(groups.items())
    )
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_schema(schema)}</details>'
        for name, schema in described["components"]["schemas"].items()
    )
    server = escape(described["servers"][0]["url"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>All paths are below <code>{server}</code>. For programs: "
        f'<a href="openapi.json">openapi.json</a>.</p>{sections}<h2>Schemas</h2>{schemas}</html>'
    )


def _operation(path: str, method: str, one: dict[str, Any]) -> str:
    parameters = "".join(
        f"<li><code>{escape(given['name'])}</code> ({given['in']}) {_inline(given['schema'])}</li>"
        for given in one["parameters"]
        if given["in"] != "header"
    )
    body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    parts = [f"<p>{escape(one['description'])}</p>"]
    parts += [f"<ul>{parameters}</ul>"] if parameters else []
    parts += [f"<h4>Body</h4>{_schema(body)}"] if body else []
    for status, response in one["responses"].items():
        for content in response.get("content", {}).values():
            parts.append(
                f"<h4>{escape(status)}: {escape(response['description'])}</h4>{_schema(content['schema'])}"
            )
    return (
        f'<details id="{escape(one["operationId"])}"><summary><b>{method.upper()}</b><code>{escape(path)}</code> '
        f"{escape(one['summary'])}</summary><div class=known>{''.join(parts)}</div></details>"
    )


def _schema(schema: Any) -> str:
    return f"<pre>{_linked(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"


def _inline(schema: Any) -> str:
    return f"<code>{_linked(json.dumps(schema, ensure_ascii=False))}</code>"


def _linked(text: str) -> str:
    """JSON as HTML, its references as links to the schemas of the page."""
    link = r'<a href="#\1">\1</a>'
    return re.sub(r"#/components/schemas/([\w.\-]+)", link, escape(text))
