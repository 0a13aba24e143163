"""Commands ask a server what they ask a store, and get the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from pydantic_core import to_jsonable_python

from prefect import flow, task
from prefect.cli._remote_store import RemoteStore
from prefect.cli._store import Store, open_store
from prefect.exceptions import ObjectNotFound
from prefect.runtime import task_run
from prefect.schemas.bases import uuid7
from prefect.schemas.runs import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.testing.server import running_server
from prefect.testing.utilities import prefect_test_harness


@task
def plain(x: int) -> int:
    return x


@task(retries=1, persist_result=True)
def flaky() -> int:
    if task_run.run_count == 1:
        raise ValueError("the first time")
    return 1


@flow
def inner(x: int) -> int:
    return plain(x)


@flow(log_prints=True)
def outer(x: int = 2) -> int:
    print("hello")
    return plain(x) + flaky() + inner(plain(x))


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[Store, RemoteStore]]:
    """A store in which something happened, and a server over it."""
    with prefect_test_harness():
        outer()
        outer(3)
        with (
            running_server() as url,
            open_store() as local,
            temporary_settings({PREFECT_API_URL: url}),
            open_store() as remote,
        ):
            assert isinstance(remote, RemoteStore)
            yield local, remote


def newest(store: Any) -> FlowRun:
    run = store.latest_flow_run()
    assert run is not None
    return run


class WithoutOurRoutes:
    """The client of a server of another make."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._transport = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def perform(self, request: Any) -> Any:
        raise ObjectNotFound("Client error '404 Not Found' ... Response: {'detail': 'Not Found'}")


QUESTIONS: dict[str, Any] = {
    "flow runs": lambda store: store.flow_runs([], [], [], 10),
    "flow runs of a flow": lambda store: store.flow_runs(["inner"], [], ["Completed"], 1),
    "task runs": lambda store: store.task_runs(None, [], [], [], 100),
    "task runs of a flow run": lambda store: store.task_runs(newest(store).id, [], [], ["Completed"], 100),
    "flows": lambda store: store.flows(10),
    "names of flows": lambda store: store.flow_names({newest(store).flow_id}),
    "names of task runs": lambda store: store.task_run_names(
        {run.id for run in store.task_runs(None, [], [], [], 100)}
    ),
    "by the beginning of an id": lambda store: store.find_flow_run(str(newest(store).id)[:30]),
    "by a name": lambda store: store.find_run(newest(store).name),
    "a tree": lambda store: store.flow_run_tree(newest(store).id, 2),
    "a flow run": lambda store: store.flow_run_story(newest(store)),
    "task runs, each": lambda store: [
        store.task_run_story(run) for run in store.task_runs(None, [], [], [], 100)
    ],
    "the latest": lambda store: store.latest_flow_run(),
    "logs": lambda store: store.logs({"flow_run_id": {"any_": [newest(store).id]}}, False, 5, 1),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_server_answers_as_the_store_does(stores: tuple[Store, RemoteStore], question: str) -> None:
    local, remote = map(QUESTIONS[question], stores)
    assert local
    assert type(remote) is type(local)
    assert to_jsonable_python(remote) == to_jsonable_python(local)


def test_what_is_not_there_is_said(
    stores: tuple[Store, RemoteStore], capsys: pytest.CaptureFixture[str]
) -> None:
    _, remote = stores
    with pytest.raises(ObjectNotFound):
        remote.flow_run_story(newest(remote).model_copy(update={"id": uuid7()}))
    with pytest.raises(typer.Exit):
        remote.find_flow_run("nonsense")
    assert "not found" in capsys.readouterr().err


def test_a_server_of_another_make_is_asked_by_id_and_name(
    stores: tuple[Store, RemoteStore], capsys: pytest.CaptureFixture[str]
) -> None:
    local, remote = stores
    others = RemoteStore(WithoutOurRoutes(remote._client))
    for run in (newest(local), local.task_runs(None, [], [], [], 1)[0]):
        for text in (str(run.id), run.name):
            assert others.find_run(text).id == run.id
    with pytest.raises(typer.Exit):
        others.find_flow_run(str(newest(local).id)[:13])
    capsys.readouterr()
    with pytest.raises(typer.Exit):
        others.flow_run_story(newest(local))
    assert "/api is of another make and cannot tell this" in capsys.readouterr().err


def test_a_run_that_goes_on_is_only_deleted_by_force(
    stores: tuple[Store, RemoteStore], capsys: pytest.CaptureFixture[str]
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Running

    _, remote = stores
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(inner, parameters={"x": 1}, state=Running())
        with pytest.raises(typer.Exit):
            remote.delete_flow_run(run.id, force=False)
        assert "is running" in capsys.readouterr().err
        remote.delete_flow_run(run.id, force=True)
        with pytest.raises(ObjectNotFound):
            client.read_flow_run(run.id)
