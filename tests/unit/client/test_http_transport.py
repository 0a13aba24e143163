"""Speaking over HTTP to a server that a function plays: repetition, credentials, errors, tokens, both colours."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from prefect._clock import VirtualClock, use_clock
from prefect.client.orchestration import PrefectClient, SyncPrefectClient, get_client
from prefect.client.orchestration.http import HttpTransport, shared_transport
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.schemas.actions import FlowCreate, VariableCreate
from prefect.schemas.operations import flows, variables
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_KEY,
    PREFECT_API_URL,
    PREFECT_CLIENT_CUSTOM_HEADERS,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_CLIENT_RETRY_EXTRA_CODES,
    PREFECT_CLIENT_RETRY_JITTER_FACTOR,
    get_current_settings,
    temporary_settings,
)

URL = "http://server.test/api"
Handler = Callable[[httpx.Request], httpx.Response]


class Server:
    """Answers from a list, then with the last of them; remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with use_clock(VirtualClock()) as clock:
        assert isinstance(clock, VirtualClock)
        yield clock


@pytest.fixture(params=["blocking", "awaiting"])
def perform(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Asks a server for an operation, in either colour."""

    def perform(server: Handler, asked: Any, **client: Any) -> Any:
        settings = {"transport": httpx.MockTransport(server)}
        if request.param == "blocking":
            blocking = SyncPrefectClient(URL, httpx_settings=settings, **client)
            return blocking._transport.perform(asked)
        awaiting = PrefectClient(URL, httpx_settings=settings, **client)
        return asyncio.run(awaiting._transport.perform_async(asked))

    return perform


FOUND = {"id": str(uuid4()), "name": "f"}
READ = flows.read_flow_by_name("f")
CREATE = flows.create_flow(FlowCreate(name="f"))


def answer(status: int = 200, json: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=FOUND if json is None else json, headers=headers)


def test_a_request_travels(perform: Any) -> None:
    server = Server(answer(201))
    assert perform(server, CREATE).name == "f"
    (asked,) = server.asked
    assert (asked.method, str(asked.url), asked.content) == ("POST", f"{URL}/flows/", b'{"name":"f"}')
    assert asked.headers["X-PREFECT-API-VERSION"] == "0.8.4"
    assert asked.headers["User-Agent"].startswith("prefect/")


# --- repetition -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 502, 503])
def test_a_server_that_cannot_now_is_asked_again(perform: Any, clock: VirtualClock, status: int) -> None:
    server = Server(answer(status), answer(status), answer())
    assert perform(server, CREATE).name == "f"
    assert len(server.asked) == 3
    first, second = clock.slept
    assert 1 <= first <= 1.2
    assert 2 <= second <= 2.4


def test_the_server_says_how_long_to_wait(perform: Any, clock: VirtualClock) -> None:
    with temporary_settings({PREFECT_CLIENT_RETRY_JITTER_FACTOR: 0}):
        perform(
            Server(answer(429, **{"Retry-After": "7"}), answer(503, **{"Retry-After": "soon"}), answer()),
            READ,
        )
    assert clock.slept == [7, 2]


def test_no_wait_is_endless(perform: Any, clock: VirtualClock) -> None:
    with temporary_settings({PREFECT_CLIENT_RETRY_JITTER_FACTOR: 0}):
        perform(Server(answer(429, **{"Retry-After": "100000"}), answer()), READ)
    assert clock.slept == [60]


def test_repetition_ends(perform: Any, clock: VirtualClock) -> None:
    server = Server(answer(503, {"exception_message": "busy"}))
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 2}),
        pytest.raises(PrefectHTTPStatusError, match="busy"),
    ):
        perform(server, READ)
    assert len(server.asked) == 3


def test_more_statuses_may_be_retried(perform: Any, clock: VirtualClock) -> None:
    with temporary_settings({PREFECT_CLIENT_RETRY_EXTRA_CODES: "500"}):
        assert perform(Server(answer(500), answer()), READ).name == "f"
    with pytest.raises(PrefectHTTPStatusError):
        perform(Server(answer(500), answer()), READ)


def test_a_server_that_is_not_there_yet_is_asked_again(perform: Any, clock: VirtualClock) -> None:
    assert perform(Server(httpx.ConnectError("refused"), answer()), CREATE).name == "f"
    with pytest.raises(httpx.ConnectError):
        perform(Server(httpx.ConnectError("refused")), CREATE)


def test_a_lost_answer_is_asked_for_again_only_where_that_does_no_harm(
    perform: Any, clock: VirtualClock
) -> None:
    assert perform(Server(httpx.ReadTimeout("late"), answer()), READ).name == "f"
    assert perform(Server(httpx.ReadError("reset"), answer(json=[])), flows.read_flows()) == []
    server = Server(httpx.ReadTimeout("late"), answer())
    with pytest.raises(httpx.ReadTimeout):
        perform(server, CREATE)
    assert len(server.asked) == 1


# --- errors ---------------------------------------------------------------------------------------------


def test_what_a_server_refuses(perform: Any) -> None:
    with pytest.raises(ObjectNotFound) as missing:
        perform(Server(answer(404, {"detail": "Flow not found"})), READ)
    assert isinstance(missing.value.http_exc, PrefectHTTPStatusError)
    assert "Flow not found" in str(missing.value)
    create = variables.create_variable(VariableCreate(name="v", value=1))
    with pytest.raises(ObjectAlreadyExists):
        perform(Server(answer(409)), create)
    with pytest.raises(PrefectHTTPStatusError, match="wrong limit"):
        perform(Server(answer(422, {"detail": "wrong limit"})), flows.read_flows(limit=1000))


def test_an_error_that_is_no_json(perform: Any) -> None:
    with pytest.raises(PrefectHTTPStatusError):
        perform(Server(httpx.Response(500, text="<html>")), READ)


# --- credentials and headers ----------------------------------------------------------------------------


def sent(perform: Any, **client: Any) -> httpx.Headers:
    server = Server(answer())
    perform(server, READ, **client)
    return server.asked[0].headers


def test_an_api_key_is_a_bearer_token(perform: Any) -> None:
    assert sent(perform, api_key="k")["Authorization"] == "Bearer k"
    with temporary_settings({PREFECT_API_KEY: "from-settings"}):
        assert sent(perform)["Authorization"] == "Bearer from-settings"


def test_an_auth_string_is_basic_authentication(perform: Any) -> None:
    with temporary_settings({PREFECT_API_AUTH_STRING: "me:secret"}):
        assert sent(perform)["Authorization"] == "Basic bWU6c2VjcmV0"


def test_no_credentials_unless_there_are_some(perform: Any) -> None:
    assert "Authorization" not in sent(perform)


def test_headers_of_ones_own(perform: Any) -> None:
    with temporary_settings({PREFECT_CLIENT_CUSTOM_HEADERS: {"X-Mine": "1"}}):
        assert sent(perform)["X-Mine"] == "1"
    assert sent(perform, api_version="0.9")["X-PREFECT-API-VERSION"] == "0.9"


def test_certificates_that_do_not_exist(tmp_path: Path) -> None:
    from prefect.settings import PREFECT_API_SSL_CERT_FILE

    with temporary_settings({PREFECT_API_SSL_CERT_FILE: str(tmp_path / "none.pem")}), pytest.raises(OSError):
        SyncPrefectClient(URL)


# --- tokens against cross-site requests -----------------------------------------------------------------


class CsrfServer(Server):
    """Wants a token with every change."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path.endswith("/csrf-token"):
            return httpx.Response(200, json={"token": f"for-{request.url.params['client']}"})
        if request.headers.get("Prefect-Csrf-Token") == f"for-{request.headers.get('Prefect-Csrf-Client')}":
            return answer(201)
        return httpx.Response(403, json={"detail": "CSRF token missing"})


def test_a_token_is_fetched_when_the_server_wants_one() -> None:
    server = CsrfServer()
    client = SyncPrefectClient(URL, httpx_settings={"transport": httpx.MockTransport(server)})
    for _ in range(2):
        assert client.create_flow_from_name("f")
    assert [one.url.path for one in server.asked] == [
        "/api/flows/", "/api/csrf-token", "/api/flows/", "/api/flows/",
    ]  # fmt: skip


def test_a_token_that_does_not_help_is_not_fetched_forever(perform: Any) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/csrf-token"):
            return httpx.Response(200, json={"token": "t"})
        return httpx.Response(403, json={"detail": "CSRF token wrong"})

    with pytest.raises(PrefectHTTPStatusError, match="CSRF"):
        perform(server, CREATE)


# --- clients --------------------------------------------------------------------------------------------


def test_entering_checks_the_version_of_the_server() -> None:
    def entered(version: httpx.Response | Exception) -> None:
        with SyncPrefectClient(URL, httpx_settings={"transport": httpx.MockTransport(Server(version))}):
            pass

    entered(httpx.Response(200, json="3.0.1"))
    with pytest.raises(RuntimeError, match=r"of version 2\.20\.0"):
        entered(httpx.Response(200, json="2.20.0"))
    with pytest.raises(RuntimeError, match="Failed to reach"):
        entered(httpx.Response(500))


def test_an_asgi_application_is_spoken_to() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["path"] == "/api/health"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"true"})

    assert asyncio.run(PrefectClient(app).api_healthcheck()) is None


def test_clients_of_the_same_settings_share_connections() -> None:
    with temporary_settings({PREFECT_API_URL: URL}):
        first, second = (get_client(sync_client=True) for _ in range(2))
        assert first._transport is second._transport
        with temporary_settings({PREFECT_API_KEY: "other"}):
            assert get_client(sync_client=True)._transport is not first._transport
        own = get_client(httpx_settings={"timeout": 1}, sync_client=True)
        assert own._transport is not first._transport
        assert str(own.api_url) == f"{URL}/"


def test_a_shared_transport_outlives_its_clients() -> None:
    transport = shared_transport(get_current_settings(), URL)
    assert isinstance(transport, HttpTransport)
    assert transport.client() is transport.client()
    transport.close()
    assert not transport.client().is_closed
