"""The routes are those of the original's API (3.9.1), but for what stands here by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route

from prefect.schemas.operations import OPERATIONS
from prefect.server.api.app import create_app
from prefect.server.database.store import Store
from prefect.server.operations import FUNCTIONS

ORIGINAL = Path(__file__).parents[2] / "routes_of_the_original.txt"

LATER: set[str] = set()
"""Not there yet."""

OURS = re.compile(r"\w+ /api/(engine|flow_run_notification_policies)/")
"""What only our own engine asks; and what 3.0 has, which is gone in 3.9."""


def routes_of(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[str]:
    """Methods and paths, whatever the parameters in them are called."""
    for route in routes:
        if isinstance(route, Mount):
            yield from routes_of(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield f"{method} {nameless(prefix + route.path)}"


def nameless(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"{[^}]*}", "{}", path)


def test_every_route_of_the_original_is_there_and_no_other(store: Store) -> None:
    served = set(routes_of(create_app(store, services=[]).routes))
    original = {nameless(line) for line in ORIGINAL.read_text().split("\n") if line}
    assert original - served == LATER
    others = {route for route in served - original if not OURS.match(route)}
    assert {route for route in others if route.startswith(("POST", "PUT", "PATCH", "DELETE"))} == set()


def test_every_declared_operation_is_done() -> None:
    assert OPERATIONS.keys() - FUNCTIONS.keys() == set()
    assert FUNCTIONS.keys() - OPERATIONS.keys() == set()
