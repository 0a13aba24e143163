"""`prefect profile`."""

import json
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest


def stored(home: Path) -> dict[str, Any]:
    return tomllib.loads((home / "profiles.toml").read_text())


@pytest.fixture
def api() -> Iterator[tuple[str, dict[str, Any]]]:
    """An API that answers as told and remembers what it was asked."""
    seen: dict[str, Any] = {"status": 200}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.update(path=self.path, authorization=self.headers.get("Authorization"))
            self.send_response(seen["status"])
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api", seen
    server.shutdown()
    server.server_close()
    thread.join()


def test_ls_marks_the_active_one(prefect) -> None:
    outcome = prefect("profile", "ls")
    [active] = [line for line in outcome.out.splitlines() if "│ *" in line]
    assert "ephemeral" in active
    listed = json.loads(prefect("-p", "local", "profile", "ls", "-o", "json").out)
    assert [entry["name"] for entry in listed if entry["active"]] == ["local"]
    assert {entry["name"] for entry in listed} == {"ephemeral", "local", "test", "cloud"}


def test_create_empty_or_from_another(prefect, home: Path) -> None:
    assert "prefect profile use 'a'" in prefect("profile", "create", "a").out
    assert prefect("profile", "create", "b", "--from", "local").code == 0
    assert stored(home)["profiles"] == {"a": {}, "b": {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}}


def test_create_refuses_a_taken_name_and_an_unknown_origin(prefect) -> None:
    assert "already exists" in prefect("profile", "create", "local").err
    outcome = prefect("profile", "create", "c", "--from", "nope")
    assert outcome.code == 1
    assert "Profile 'nope' not found. Known profiles: cloud, ephemeral, local, test." in outcome.err


def test_use_without_api_url(prefect, home: Path) -> None:
    prefect("profile", "create", "mine")
    outcome = prefect("profile", "use", "mine")
    assert outcome.code == 0
    assert "local store" in outcome.out
    assert stored(home)["active"] == "mine"
    assert "PREFECT_PROFILE='mine'" in prefect("config", "view").out


def test_use_checks_the_connection(prefect, api: tuple[str, dict[str, Any]]) -> None:
    url, seen = api
    prefect("profile", "create", "mine")
    prefect("-p", "mine", "config", "set", f"PREFECT_API_URL={url}", "PREFECT_API_KEY=k")
    outcome = prefect("profile", "use", "mine")
    assert outcome.code == 0
    assert outcome.out == f"Connected to the API at {url} using profile 'mine'.\n"
    assert seen == {"status": 200, "path": "/api/health", "authorization": "Bearer k"}


@pytest.mark.parametrize(
    ("status", "words"), [(401, "refused the credentials"), (500, "answered with status 500")]
)
def test_use_switches_although_the_api_refuses(
    prefect, home: Path, api: tuple[str, dict[str, Any]], status: int, words: str
) -> None:
    url, seen = api
    seen["status"] = status
    prefect("profile", "create", "mine")
    prefect("-p", "mine", "config", "set", f"PREFECT_API_URL={url}", "PREFECT_API_AUTH_STRING=me:pw")
    outcome = prefect("profile", "use", "mine")
    assert outcome.code == 1
    assert words in outcome.err
    assert seen["authorization"] == "Basic bWU6cHc="
    assert stored(home)["active"] == "mine"


def test_use_when_nobody_answers(prefect, home: Path) -> None:
    prefect("profile", "create", "mine")
    prefect("-p", "mine", "config", "set", "PREFECT_API_URL=http://127.0.0.1:1/api")
    outcome = prefect("profile", "use", "mine")
    assert outcome.code == 1
    assert "Cannot reach the API at http://127.0.0.1:1/api" in outcome.err
    assert stored(home)["active"] == "mine"


def test_use_unknown(prefect, home: Path) -> None:
    assert prefect("profile", "use", "nope").code == 1
    assert not (home / "profiles.toml").exists()


def test_delete(prefect, home: Path) -> None:
    prefect("profile", "create", "mine")
    assert prefect("profile", "delete", "mine").out == "Removed profile 'mine'.\n"
    assert "mine" not in stored(home).get("profiles", {})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ephemeral", "is the active profile"),
        ("local", "comes with every installation"),
        ("nope", "not found"),
    ],
)
def test_delete_refuses(prefect, name: str, words: str) -> None:
    outcome = prefect("profile", "delete", name)
    assert outcome.code == 1
    assert words in outcome.err


def test_rename_keeps_settings_and_activity(prefect, home: Path) -> None:
    prefect("profile", "create", "old", "--from", "local")
    prefect("profile", "use", "old")
    assert prefect("profile", "rename", "old", "new").code == 0
    assert stored(home) == {
        "active": "new",
        "profiles": {"new": {"PREFECT_API_URL": "http://127.0.0.1:4200/api"}},
    }
    assert prefect("profile", "rename", "new", "local").code == 1
    assert prefect("profile", "rename", "nope", "x").code == 1


def test_what_is_shipped_is_copied_rather_than_renamed(prefect, home: Path) -> None:
    outcome = prefect("profile", "rename", "local", "mine")
    assert (outcome.code, "prefect profile create 'mine' --from 'local'" in outcome.err) == (1, True)
    assert not (home / "profiles.toml").exists()


def test_inspect_masks_secrets(prefect) -> None:
    prefect("config", "set", "PREFECT_API_KEY=hunter2")
    outcome = prefect("profile", "inspect")
    assert outcome.out.splitlines() == [
        "No name provided, defaulting to 'ephemeral'",
        "PREFECT_SERVER_EPHEMERAL_ENABLED='true'",
        "PREFECT_API_KEY='********'",
    ]
    assert json.loads(prefect("profile", "inspect", "local", "-o", "json").out) == {
        "PREFECT_API_URL": "http://127.0.0.1:4200/api"
    }
    assert prefect("profile", "inspect", "cloud").out == "Profile 'cloud' is empty.\n"
    assert prefect("profile", "inspect", "nope").code == 1


def test_populate_defaults_adds_what_is_missing_and_keeps_the_rest(prefect, home: Path) -> None:
    prefect("config", "set", "PREFECT_DEBUG_MODE=true")
    outcome = prefect("profile", "populate-defaults")
    assert outcome.code == 0
    assert "add 'ephemeral'" not in outcome.out
    assert set(stored(home)["profiles"]) == {"ephemeral", "local", "test", "cloud"}
    assert stored(home)["profiles"]["ephemeral"]["PREFECT_DEBUG_MODE"] == "true"
    assert prefect("profile", "populate-defaults").out.startswith("No changes needed")


def test_populate_defaults_asks_and_backs_up(prefect, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefect("config", "set", "PREFECT_DEBUG_MODE=true")
    before = (home / "profiles.toml").read_text()
    monkeypatch.setattr("typer.confirm", lambda question: False)
    assert prefect("--prompt", "profile", "populate-defaults").code == 1
    assert (home / "profiles.toml").read_text() == before
    monkeypatch.setattr("typer.confirm", lambda question: True)
    assert prefect("--prompt", "profile", "populate-defaults").code == 0
    assert (home / "profiles.toml.bak").read_text() == before
