"""Who may use the API: credentials, versions, tokens against cross-site requests, origins, sizes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from prefect.client.orchestration import get_client
from prefect.server.api.gates import BoundedBody, Room, TooLarge, wrong_version
from prefect.server.api.threads import TooBusy
from prefect.server.database.store import Store
from prefect.settings import temporary_settings
from prefect.testing.server import running_server

Serve = Callable[..., httpx.Client]
SECRET = "admin:s3cr3t"


@pytest.fixture
def locked(serve: Serve) -> httpx.Client:
    return serve({"server.api.auth_string": SECRET})


@pytest.mark.parametrize("path", ["/api/health", "/api/ready"])
def test_whoever_watches_the_server_needs_no_credentials(locked: httpx.Client, path: str) -> None:
    assert locked.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/version", "/api/hello", "/api/admin/settings", "/api/nothing"])
@pytest.mark.parametrize("given", [None, ("admin", "wrong"), ("", "")])
def test_without_the_right_credentials_nothing_is_told(
    locked: httpx.Client, path: str, given: tuple[str, str] | None
) -> None:
    answer = locked.get(path, auth=given)
    assert (answer.status_code, answer.json()) == (401, {"exception_message": "Unauthorized"})


def test_with_the_right_credentials_everything_is(locked: httpx.Client) -> None:
    assert locked.get("/api/hello", auth=("admin", "s3cr3t")).json() == "👋"


def test_odd_credentials_are_wrong_ones(locked: httpx.Client) -> None:
    for given in ("Basic", "Basic !!", "Bearer x", "\xff\xfe"):
        assert locked.get("/api/hello", headers={"Authorization": given.encode("latin-1")}).status_code == 401


def test_settings_are_shown_without_secrets(serve: Serve) -> None:
    api = serve(
        {
            "server.api.auth_string": SECRET,
            "api.key": "pnu_key",
            "client.custom_headers": {"X-Gate": "gate-secret"},
            "server.database.password": "db-secret",
        }
    )
    answer = api.get("/api/admin/settings", auth=("admin", "s3cr3t"))
    assert answer.json()["server"]["api"]["port"] == 4200
    assert answer.json()["client"]["custom_headers"] == {"X-Gate": "********"}
    assert not [word for word in ("s3cr3t", "pnu_key", "gate-secret", "db-secret") if word in answer.text]


# --- versions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("0.8.0", 200),
        ("0.8.4", 200),
        ("3.9.1", 200),
        ("0.7.9", 400),
        ("8", 400),
        ("a.b.c", 400),
        ("1.2.3.4", 400),
    ],
)
def test_versions_of_the_api_that_are_served(api: httpx.Client, version: str, status: int) -> None:
    answer = api.get("/api/hello", headers={"X-PREFECT-API-VERSION": version})
    assert answer.status_code == status
    assert api.get("/api/health", headers={"X-PREFECT-API-VERSION": version}).status_code == 200


def test_an_endless_version_is_no_version() -> None:
    told = wrong_version("9" * 10_000 + ".0.0")
    assert told is not None
    assert len(told) < 300


# --- tokens ---------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(serve: Serve) -> httpx.Client:
    return serve({"server.api.csrf_protection_enabled": True})


def _token(api: httpx.Client, client: str) -> dict[str, str]:
    token = api.get("/api/csrf-token", params={"client": client}).json()["token"]
    return {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token}


def test_what_changes_something_needs_a_token(guarded: httpx.Client) -> None:
    assert guarded.get("/api/hello").status_code == 200
    refused = guarded.post("/api/flows/", json={"name": "f"})
    assert (refused.status_code, refused.json()) == (403, {"detail": "Missing CSRF token."})
    headers = _token(guarded, "mine")
    assert guarded.post("/api/flows/", json={"name": "f"}, headers=headers).status_code == 201
    assert guarded.post("/api/flows/", json={"name": "f"}, headers=headers).status_code == 200


def test_a_token_is_its_clients_alone_and_the_newest_counts(guarded: httpx.Client) -> None:
    mine, theirs = _token(guarded, "mine"), _token(guarded, "theirs")
    stolen = {**mine, "Prefect-Csrf-Client": "theirs"}
    answer = guarded.post("/api/flows/count", json={}, headers=stolen)
    assert answer.json() == {"detail": "Invalid CSRF token or client identifier."}
    renewed = _token(guarded, "mine")
    assert renewed != mine
    statuses = [
        guarded.post("/api/flows/count", json={}, headers=one).status_code for one in (mine, renewed, theirs)
    ]
    assert statuses == [403, 200, 200]


def test_a_token_ends(serve: Serve) -> None:
    api = serve({"server.api.csrf_protection_enabled": True, "server.api.csrf_token_expiration": "PT0S"})
    assert api.post("/api/flows/count", json={}, headers=_token(api, "mine")).status_code == 403


def test_tokens_are_not_given_where_none_are_asked_for(api: httpx.Client) -> None:
    answer = api.get("/api/csrf-token", params={"client": "mine"})
    assert (answer.status_code, answer.json()) == (422, {"detail": "CSRF protection is disabled."})


@pytest.mark.parametrize("client", ["", "x" * 201])
def test_a_client_has_a_name_of_bounded_length(guarded: httpx.Client, client: str) -> None:
    answer = guarded.get("/api/csrf-token", params={"client": client})
    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["query", "client"]


def test_our_own_clients_bring_what_is_asked_for(store: Store) -> None:
    asked_for = {"server.api.auth_string": SECRET, "server.api.csrf_protection_enabled": True}
    with temporary_settings(asked_for), running_server(store, services=[]) as url:
        with (
            temporary_settings({"api.url": url, "api.auth_string": SECRET}),
            get_client(sync_client=True) as client,
        ):
            made = client.create_flow_from_name("f")
            assert client.read_flow_by_name("f").id == made
        with (
            temporary_settings({"api.url": url, "api.auth_string": "admin:wrong"}),
            pytest.raises(RuntimeError, match="401 Unauthorized"),
            get_client(sync_client=True),
        ):
            pass


# --- origins and sizes ----------------------------------------------------------------------------------


def test_origins_of_browsers(serve: Serve, api: httpx.Client) -> None:
    asked = {"Origin": "https://elsewhere", "Access-Control-Request-Method": "POST"}
    assert api.options("/api/flows/", headers=asked).headers["access-control-allow-origin"] == "*"
    strict = serve({"server.api.cors_allowed_origins": "https://here, https://there"})
    assert strict.options("/api/flows/", headers=asked).status_code == 400
    allowed = strict.options("/api/flows/", headers={**asked, "Origin": "https://there"})
    assert allowed.headers["access-control-allow-origin"] == "https://there"


@pytest.fixture
def small(serve: Serve) -> httpx.Client:
    return serve({"server.api.max_body_size": 1000})


def _chunks(size: int) -> Iterator[bytes]:
    yield b'{"name": "'
    for _ in range(size // 100):
        yield b"x" * 100
    yield b'"}'


def test_bodies_are_bounded_whether_they_tell_their_size_or_not(small: httpx.Client) -> None:
    bodies: list[Any] = [b'{"name": "%s"}' % (b"x" * 2000), _chunks(2000)]
    for body in bodies:
        answer = small.post("/api/flows/", content=body)
        assert answer.status_code == 413
        assert "PREFECT_SERVER_API_MAX_BODY_SIZE" in answer.json()["detail"]
    assert small.post("/api/flows/", content=_chunks(500)).status_code == 201
    assert small.post("/api/flows/count").json() == 1


def test_bodies_that_are_held_at_a_time_are_bounded_together() -> None:
    room = Room(100)

    def body(*parts: int) -> BoundedBody:
        messages = iter([{"type": "http.request", "body": b"x" * part} for part in parts])

        async def receive() -> Any:
            return next(messages)

        return BoundedBody(receive, 60, room)

    async def crowd() -> None:
        first, second = body(60, 1), body(40, 1)
        await first.receive()
        with pytest.raises(TooLarge):
            await first.receive()
        await second.receive()
        with pytest.raises(TooBusy):
            await body(1).receive()
        first.forget()
        await second.receive()

    asyncio.run(crowd())
