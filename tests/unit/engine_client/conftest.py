"""A server without a network: messages are done on a store at once, and it can go away, fail, and forget to answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from pydantic import TypeAdapter

from prefect._clock import VirtualClock, use_clock
from prefect.client.engine.dispatch import Dispatch
from prefect.client.engine.line import Refused, Unreachable
from prefect.client.engine.remote import RemoteClient
from prefect.client.engine.spool import Spool
from prefect.client.orchestration._messages import Message
from prefect.exceptions import ObjectNotFound
from prefect.schemas.bases import now, uuid7
from prefect.schemas.operations import OPERATIONS, Operation, Request, Response
from prefect.schemas.runs import FlowRun, FlowRunPolicy, TaskRun
from prefect.schemas.states import State, StateType
from prefect.server.api.arguments import ArgumentReader
from prefect.server.database.store import Store, open_store
from prefect.server.operations import do

HOLDER = "elsewhere|boot|4711|1"


class FakeServer:
    """A line to a store in this process.

    Attributes:
        absent: nobody answers.
        deaf: what is asked is done, but the answer is lost.
        refuses: the status that everything of these paths is answered with.
        dislikes: the status that everything is answered with whose body holds this.
        asked: the paths so far.
    """

    url = "http://server.test/api"

    def __init__(self, store: Store) -> None:
        self.store = store
        self.absent = self.deaf = False
        self.refuses: dict[str, int] = {}
        self.dislikes: dict[bytes, int] = {}
        self.asked: list[str] = []

    def send(self, message: Message) -> bytes:
        if self.absent:
            raise Unreachable("connection refused")
        self.asked.append(message.path)
        if status := self.refuses.get(message.path) or self._disliked(message.body):
            raise (Unreachable if status >= 500 else Refused)("it does not like that", status)
        answer = self._answer(message)
        if self.deaf:
            raise Unreachable("connection reset")
        return answer

    def _disliked(self, body: Any) -> int | None:
        return next((status for part, status in self.dislikes.items() if body and part in body), None)

    def _answer(self, message: Message) -> bytes:
        operation, path = self._route(message)
        body = message.body if isinstance(message.body, bytes) else orjson.dumps(message.body)
        query = "&".join(f"{name}={value}" for name, value in message.query.items()).encode()
        arguments = ArgumentReader(operation).read(path, query, body)
        try:
            result = do(self.store, Request(operation, arguments))
        except ObjectNotFound as error:
            raise Refused(str(error), 404, error) from None
        return b"" if operation.result is Response else TypeAdapter(operation.result).dump_json(result)

    def _route(self, message: Message) -> tuple[Operation[Any, Any], dict[str, str]]:
        for operation in OPERATIONS.values():
            pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", operation.path)
            found = re.fullmatch(pattern, message.path)
            if found and operation.method == message.method:
                return operation, found.groupdict()
        raise AssertionError(f"no route for {message.method} {message.path}")

    def close(self) -> None:
        """Nothing to give up."""


class World:
    """A server, and processes that record their runs at it."""

    def __init__(self, directory: Path) -> None:
        self.store = open_store(f"sqlite:///{directory}/server.db", holder="server|boot|1|1")
        self.server = FakeServer(self.store)
        self.spool_path = directory / "spool" / "server.db"

    def process(self, holder: str = HOLDER, is_strict: bool = False, **options: Any) -> RemoteClient:
        """The client of a process, without threads: whoever waits does the work."""
        spool = Spool(self.spool_path, options.pop("max_bytes", 100_000_000))
        dispatch = Dispatch(self.server, spool, holder, is_strict, in_background=False)
        return RemoteClient(dispatch, holder, in_background=False, **options)

    def ask(self, name: str, **arguments: Any) -> Any:
        """What the server would answer."""
        return do(self.store, OPERATIONS[name](**arguments))

    def history(self, run_id: UUID) -> list[str]:
        """The states a run has been in, at the server."""
        for kind in ("flow", "task"):
            asked = {f"{kind}_run_id": run_id}
            if found := self.ask(f"read_{kind}_run_states", **asked):
                return [state.name for state in found]
        return []

    def leases(self) -> list[str]:
        with self.store.journal.reading() as connection:
            return [row[0] for row in connection.execute("SELECT holder FROM lease").fetchall()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    with use_clock(VirtualClock()) as clock:
        assert isinstance(clock, VirtualClock)
        yield clock


def begun(client: RemoteClient, retries: int = 0, **fields: Any) -> FlowRun:
    """A flow run that a process has begun."""
    policy = FlowRunPolicy(retries=retries, retry_delay=0)
    flow_id = client.flow_id("flow")
    run = FlowRun(id=uuid7(), name="run", flow_id=flow_id, empirical_policy=policy, **fields)
    assert client.begin_flow_run(run, State(type=StateType.PENDING, name="Pending", timestamp=now()))
    return run


def enters(client: RemoteClient, run: FlowRun, type: str, data: Any = None, **how: Any) -> Any:
    """What becomes of a state that the run's first attempt proposes."""
    state = State[Any](type=StateType(type), timestamp=now(), data=data)
    return client.propose_flow_run_state(run.id, state, **{"attempt": 1, **how})


def task_run_of(flow_run: FlowRun | None, name: str = "t") -> TaskRun:
    flow_run_id = None if flow_run is None else flow_run.id
    return TaskRun(id=uuid7(), name=name, flow_run_id=flow_run_id, task_key="t", dynamic_key=str(uuid7()))


def notes(client: RemoteClient, run: TaskRun, *types: str) -> None:
    """A task run goes through these states."""
    for type in types:
        client.record_task_run(run, State[Any](type=StateType(type), timestamp=now()))
