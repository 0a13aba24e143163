"""A client that code inside shares, in either colour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from prefect.context import AsyncClientContext, SyncClientContext
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(autouse=True, scope="module")
def isolated() -> Iterator[None]:
    with prefect_test_harness():
        yield


def test_blocking_code_shares_a_client() -> None:
    assert SyncClientContext.get() is None
    with SyncClientContext() as outer:
        assert SyncClientContext.get() is outer
        with SyncClientContext.get_or_create() as inner:
            assert inner is outer
            assert inner.client.read_flows() == []
    assert SyncClientContext.get() is None
    with SyncClientContext.get_or_create() as another:
        assert another is not outer


def test_a_client_is_left_with_its_context() -> None:
    with SyncClientContext() as context:
        pass
    with pytest.raises(RuntimeError, match="cannot be used again"):
        context.client.__enter__()


def test_coroutines_share_a_client_within_their_loop() -> None:
    async def share() -> None:
        async with AsyncClientContext() as outer:
            async with AsyncClientContext.get_or_create() as inner:
                assert inner is outer
                assert await inner.client.read_flows() == []

            def in_another_loop() -> None:
                asyncio.run(another(outer))

            await asyncio.to_thread(in_another_loop)
        assert AsyncClientContext.get() is None

    async def another(outer: AsyncClientContext) -> None:
        async with AsyncClientContext.get_or_create() as inner:
            assert inner is not outer

    asyncio.run(share())
