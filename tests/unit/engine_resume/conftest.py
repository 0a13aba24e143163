"""A store of its own for each test, a notebook of what was really computed, and a look into the store."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from prefect.client.orchestration.local import local_client
from prefect.engine.watching import Watch
from prefect.schemas.runs import FlowRun
from prefect.settings import temporary_settings
from prefect.testing.utilities import prefect_test_harness


class Notebook:
    """What was computed, and what is to go wrong.

    Attributes:
        done: how often each thing was computed.
        broken: whether what may break does.
    """

    def __init__(self) -> None:
        self.done: Counter[Any] = Counter()
        self.broken = True

    def compute(self, what: Any) -> Any:
        """Something is computed; the value is what it is called."""
        self.done[what] += 1
        return what

    def may_break(self) -> None:
        """Raise, unless all is well by now."""
        if self.broken:
            raise ConnectionError("nobody answers")

    def times(self, *things: Any) -> list[int]:
        """How often each of these was computed."""
        return [self.done[thing] for thing in things]


LastRun = Callable[[Any], FlowRun]
Count = Callable[[str], int]


@pytest.fixture(autouse=True)
def home() -> Iterator[None]:
    with prefect_test_harness(), temporary_settings({"logging.level": "CRITICAL"}):
        yield


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch over flow runs comes when it likes; here runs are taken from their process at chosen moments.

    Its thread may be there already, from a test before: it is what it does that is put off.
    """
    monkeypatch.setattr(Watch, "look", lambda watch, moment: None)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def last_run() -> LastRun:
    """The latest run of a flow, as it is stored."""

    def last(flow: Any) -> FlowRun:
        client = local_client()
        with client.reading() as connection:
            query = "SELECT id FROM flow_run WHERE flow_id = ? ORDER BY id DESC LIMIT 1"
            (found,) = connection.exec_driver_sql(query, (client.flow_id(flow.name).bytes,)).one()
        return client.read_flow_run(UUID(bytes=found))

    return last


@pytest.fixture
def count() -> Count:
    """The number that a query on the store gives."""

    def ask(query: str) -> int:
        with local_client().reading() as connection:
            return int(connection.exec_driver_sql(query).scalar_one())

    return ask
