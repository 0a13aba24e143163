"""The same requests to the original's server and to ours: the answers have the same status and the same shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from original import needs_original, original_server
from prefect.testing.server import running_server
from requests_in_common import REQUESTS, UNKNOWN, Ask
from requests_of_infrastructure import REQUESTS as MORE_REQUESTS

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

pytestmark = [pytest.mark.slow, needs_original]

ON_PURPOSE = {
    'POST /flows/filter {"nonsense": 1}': "what is not known is refused: a misspelt filter would be lost",
    f'POST /flow_runs/ {{"flow_id": "{UNKNOWN}"}}': "an unknown flow is not found, not in conflict",
    f'POST /deployments/ {{"flow_id": "{UNKNOWN}", "name": "daily"}}': "the same",
    'POST /deployments/ {"flow_id": "{flow}", "name": "a/b"}': "the original fails",
    f"POST /deployments/{UNKNOWN}/schedule {{}}": "what is not there is not scheduled",
    'POST /flow_runs/{run}/input {"key": "with space", "value": "2"}': "the original fails",
    "GET /flow_runs/{run}/graph null": "the original fails on inputs that are constants",
}
"""Requests that are answered otherwise on purpose, and why."""

# what may differ in any answer: their default of a detail is false, that of variables is null or an object; pages
# of task runs tell more of each; an original's deployment does not tell its version's facts; a limit tells how long
# its slots are held, an automation its owner, and its trigger has no id that anybody could use
ANYWHERE = re.compile(
    r"\.deferred: |\.job_variables: |\.version_info: not theirs"
    r"|^\.results\[\]\.(cache_\w+|dynamic_key|expected_start_time|flow_run_run_count|labels|run_count"
    r"|next_scheduled_start_time|state_name|state_type): not theirs"
    r"|\.(denied_slots|avg_slot_occupancy_seconds|owner_resource): not theirs|\.trigger\.id: missing"
)


class Server:
    """A server and what its answers have told so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: dict[str, str] = {}

    def ask(self, ask: Ask) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        body = None if ask.body is None else self._filled(json.dumps(ask.body)).encode()
        headers = {"content-type": "application/json"}
        request = Request(self.url + self._filled(ask.path), data=body, method=ask.method, headers=headers)
        try:
            with urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read()
        except HTTPError as error:
            status, text = error.code, error.read()
        found = json.loads(text) if text else None
        for name, path in (ask.keeps or {}).items():
            value = found
            for key in path:
                value = value[key]
            self.told[name] = value
        return status, found

    def _filled(self, text: str) -> str:
        for name, value in self.told.items():
            text = text.replace(f"{{{name}}}", value)
        return text


def shape(value: Any) -> Any:
    """What a JSON value looks like, whatever it says."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str):
        return "id" if _UUID.fullmatch(value) else "moment" if _MOMENT.fullmatch(value) else "text"
    if isinstance(value, bool) or value is None:
        return str(value)
    return "number"


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Where our shape is not theirs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in theirs.keys() | ours.keys():
            here = f"{path}.{name}"
            if name not in ours:
                yield f"{here}: missing"
            elif name not in theirs:
                yield f"{here}: not theirs"
            else:
                yield from differences(theirs[name], ours[name], here)
    elif isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            yield f"{path}: {len(ours)} items for {len(theirs)}"
        for one, other in zip(theirs, ours, strict=False):
            yield from differences(one, other, f"{path}[]")
    elif theirs != ours:
        yield f"{path}: {ours} for {theirs}"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """The original's and ours, both with nothing recorded."""
    home = tmp_path_factory.mktemp("homes")
    with (
        original_server(home) as theirs,
        running_server(f"sqlite:///{home / 'ours.db'}") as ours,
    ):
        yield Server(theirs), Server(ours)


def test_every_answer_has_the_status_and_the_shape_of_the_originals(servers: tuple[Server, Server]) -> None:
    their_server, our_server = servers
    found = []
    for ask in [*REQUESTS, *MORE_REQUESTS]:
        (their_status, theirs), (our_status, ours) = their_server.ask(ask), our_server.ask(ask)
        asked = f"{ask.method} {ask.path} {json.dumps(ask.body)}"
        if asked in ON_PURPOSE:
            continue
        if their_status != our_status:
            found.append(f"{asked}: status {our_status} for {their_status}: {ours} for {theirs}")
        elif our_status < 400:
            others = set(differences(shape(theirs), shape(ours)))
            found += [f"{asked}: {one}" for one in sorted(others) if not ANYWHERE.search(one)]
        else:
            # which of the two tells it depends on where in the original it went wrong
            assert ours.keys() & {"detail", "exception_message", "error"}, asked
    assert not found, "\n".join(found)
