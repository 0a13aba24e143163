"""What people's tests of their flows use: an isolated store above all.

>>> @pytest.fixture(scope="session", autouse=True)
... def isolated():
...     with prefect_test_harness():
...         yield

Not here: the clock (`testing.clock`), the command line (`testing.cli`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect.blocks.core import Block
    from prefect.schemas.runs import FlowRun
    from prefect.schemas.states import State
    from prefect.serializers import Serializer

__all__ = [
    "a_test_step",
    "assert_blocks_equal",
    "assert_does_not_warn",
    "assert_uses_result_serializer",
    "b_test_step",
    "exceptions_equal",
    "get_most_recent_flow_run",
    "kubernetes_environments_equal",
    "prefect_test_harness",
]


@contextmanager
def prefect_test_harness(server_startup_timeout: int | None = 30) -> Iterator[None]:
    """Run flows in the block in a store and a home of their own, empty at first and gone afterwards.

    It holds for every thread of the process; harnesses nest. No server is started: the first run makes the
    store.

    Args:
        server_startup_timeout: accepted for programs written for a server; there is nothing to wait for.
    """
    from prefect.testing._harness import isolated_store

    with isolated_store():
        yield


def exceptions_equal(a: BaseException, b: BaseException) -> bool:
    """Whether two exceptions say the same: equal class and arguments. Python compares them by identity."""
    return type(a) is type(b) and a.args == b.args


@contextmanager
def assert_does_not_warn(ignore_warnings: list[type[Warning]] | None = None) -> Iterator[None]:
    """Fail if the block warns.

    Args:
        ignore_warnings: kinds of warnings that are allowed.

    Raises:
        AssertionError: there was a warning; its text is in the message.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for allowed in ignore_warnings or ():
            warnings.simplefilter("ignore", category=allowed)
        try:
            yield
        except Warning as warning:
            raise AssertionError(f"There was a warning: {warning!r}") from warning


async def get_most_recent_flow_run(client: Any = None, flow_name: str | None = None) -> FlowRun:
    """The flow run that was made last.

    Args:
        client: whom to ask. Default: the server, or the store, that the settings name.
        flow_name: only of the flow of that name.

    Raises:
        ObjectNotFound: there is none.
    """
    from prefect.exceptions import ObjectNotFound
    from prefect.schemas.filters import FlowFilter
    from prefect.schemas.sorting import FlowRunSort

    wanted = None if flow_name is None else FlowFilter.model_validate({"name": {"any_": [flow_name]}})
    order = FlowRunSort.EXPECTED_START_TIME_DESC
    if client is not None:
        runs = await client.read_flow_runs(flow_filter=wanted, sort=order, limit=1)
    else:
        runs = _read_flow_runs(wanted, order)
    if not runs:
        of = "" if flow_name is None else f" of the flow {flow_name!r}"
        raise ObjectNotFound(LookupError(flow_name), f"There is no flow run{of}.")
    found: FlowRun = runs[0]
    return found


def _read_flow_runs(wanted: Any, order: Any) -> list[FlowRun]:
    from prefect.client.engine import flush_clients
    from prefect.client.orchestration import get_client

    flush_clients()
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(flow_filter=wanted, sort=order, limit=1)


def assert_blocks_equal(found: Block, expected: Block, exclude_private: bool = True, **kwargs: Any) -> None:
    """Fail unless two blocks are of one class and have equal fields.

    Args:
        exclude_private: leave out which stored document a block is.
        kwargs: options of `model_dump`, such as `exclude`.
    """
    assert type(found) is type(expected), f"{type(found).__name__} is not {type(expected).__name__}"
    assert found.model_dump(**kwargs) == expected.model_dump(**kwargs)
    if not exclude_private:
        assert found._block_document_id == expected._block_document_id
        assert found._block_document_name == expected._block_document_name


async def assert_uses_result_serializer(
    state: State[Any], serializer: str | Serializer[Any], client: Any = None
) -> None:
    """Fail unless the state's stored result was written by that serializer (or one of that type)."""
    metadata = getattr(state.data, "metadata", state.data)
    wanted = serializer if isinstance(serializer, str) else serializer.type
    assert metadata is not None, f"The state {state} has no stored result."
    assert metadata.serializer.type == wanted
    if not isinstance(serializer, str):
        assert metadata.serializer == serializer


def kubernetes_environments_equal(
    actual: list[dict[str, str]], expected: list[dict[str, str]] | dict[str, str]
) -> bool:
    """Whether two environments are equal: lists of `{"name": …, "value": …}`, or a plain dictionary.

    Raises:
        AssertionError: names are missing, too many, or given twice.
    """
    wanted = expected if isinstance(expected, dict) else {item["name"]: item["value"] for item in expected}
    found = {item["name"]: item["value"] for item in actual}
    assert len(found) == len(actual), "A name is given twice."
    missing, more = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    assert not missing, f"Missing: {sorted(missing)}"
    assert not more, f"Too many: {sorted(more)}"
    return found == wanted


def a_test_step(**kwargs: Any) -> dict[str, Any]:
    """A step for tests of projects: gives back its inputs and two outputs of its own."""
    return {"output1": 1, "output2": ["b", 2, 3], **kwargs}


def b_test_step(**kwargs: Any) -> dict[str, Any]:
    """A second step for tests of projects."""
    return {"output1": 1, "output2": ["b", 2, 3], **kwargs}
