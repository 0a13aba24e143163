"""Getting a client in this process: colours, entering, addresses."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

import prefect
import prefect.runtime
from prefect import flow, get_client
from prefect.client.base import ServerType, determine_server_type
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.utilities import client_injector, inject_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(autouse=True)
def store() -> Iterator[None]:
    with prefect_test_harness():
        yield


def test_the_colour_is_chosen() -> None:
    assert isinstance(get_client(), PrefectClient)
    assert isinstance(get_client(sync_client=True), SyncPrefectClient)
    assert isinstance(get_client(None, True), SyncPrefectClient)
    assert prefect.get_client is get_client


def test_a_client_works_without_being_entered() -> None:
    assert get_client(sync_client=True).read_flows() == []
    assert asyncio.run(get_client().read_flows()) == []


def test_a_client_is_entered_once() -> None:
    client = get_client(sync_client=True)
    with client as entered:
        assert entered is client
        with pytest.raises(RuntimeError, match="twice"):
            client.__enter__()
    with pytest.raises(RuntimeError, match="closed"):
        client.__enter__()


def test_an_awaiting_client_is_entered_once() -> None:
    async def main() -> None:
        client = get_client()
        assert client.loop is None
        async with client as entered:
            assert entered is client
            assert client.loop is asyncio.get_running_loop()
            with pytest.raises(RuntimeError, match="twice"):
                await client.__aenter__()
        with pytest.raises(RuntimeError, match="closed"):
            await client.__aenter__()

    asyncio.run(main())


def test_an_awaiting_client_cannot_be_entered_blocking() -> None:
    with pytest.raises(RuntimeError, match="async with"), get_client():  # type: ignore[attr-defined]
        pass


def test_what_a_flow_recorded_is_there() -> None:
    state = flow(lambda: 1, name="f")(return_state=True)
    run = get_client(sync_client=True).read_flow_run(state.state_details.flow_run_id)
    assert run.state_name == "Completed"


def test_a_client_inside_a_flow_sees_its_run() -> None:
    @flow
    def inside() -> str:
        with get_client(sync_client=True) as client:
            return client.read_flow_run(prefect.runtime.flow_run.id).state_name

    @flow
    async def inside_async() -> str:
        async with get_client() as client:
            return (await client.read_flow_run(prefect.runtime.flow_run.id)).state_name

    assert inside() == asyncio.run(inside_async()) == "Running"


def test_the_store_is_that_of_the_settings_in_force() -> None:
    client = get_client(sync_client=True)
    made = client.create_flow_from_name("f")
    with prefect_test_harness(), pytest.raises(ObjectNotFound):
        client.read_flow(made)
    assert client.read_flow(made).name == "f"


def test_errors_say_what_is_missing() -> None:
    unknown = uuid4()
    with pytest.raises(ObjectNotFound, match=f"There is no flow run with the id {unknown}"):
        get_client(sync_client=True).read_flow_run(unknown)


def test_where_the_api_is() -> None:
    client = get_client(sync_client=True)
    assert str(client.api_url) == "http://ephemeral-prefect/api/"
    assert client.server_type is determine_server_type() is ServerType.EPHEMERAL
    with temporary_settings({PREFECT_API_URL: "http://server.test/api"}):
        assert determine_server_type() is ServerType.SERVER
        assert get_client(sync_client=True).server_type is ServerType.SERVER
    with temporary_settings({PREFECT_API_URL: "https://api.prefect.cloud/api/accounts/a/workspaces/w"}):
        assert determine_server_type() is ServerType.CLOUD
    assert client.client_version() == prefect.__version__


def test_a_client_in_this_process_needs_no_http_client() -> None:
    code = (
        "import sys; from prefect import get_client\n"
        "get_client(sync_client=True).read_flows()\n"
        "print({'httpx', 'fastapi', 'alembic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- clients for those who have none --------------------------------------------------------------------


def test_a_client_is_injected_where_none_is_given() -> None:
    @inject_client
    async def count(more: int, client: PrefectClient | None = None) -> tuple[int, PrefectClient]:
        assert client is not None
        return await client.count_flows() + more, client

    async def main() -> None:
        total, own = await count(1)
        assert total == 1
        with pytest.raises(RuntimeError, match="closed"):
            await own.__aenter__()
        async with get_client() as given:
            assert (await count(2, client=given)) == (await count(2, given)) == (2, given)

    asyncio.run(main())


def test_a_client_as_first_argument() -> None:
    @client_injector
    async def named(client: PrefectClient, name: str) -> str:
        return (await client.read_flow(await client.create_flow_from_name(name))).name

    assert asyncio.run(named("f")) == "f"
