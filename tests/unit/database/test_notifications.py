"""Who listens is woken by what others write, on either database, and stays so when a connection breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import databases
from prefect.schemas.bases import now, uuid7
from prefect.server.database import notifications, tables
from prefect.server.database.exclusion import Exclusion
from prefect.server.database.notifications import notify
from prefect.server.database.options import DatabaseOptions
from prefect.server.database.store import Store, open_store
from prefect.server.database.urls import parse_database_url

PATIENCE_SECONDS = 60.0
CHANNEL = "test_channel"


@pytest.fixture
def stores(store_url: str) -> Iterator[tuple[Store, Store]]:
    """Two processes over one store."""
    pair = open_store(store_url), open_store(store_url)
    yield pair
    for store in pair:
        store.close()


class Woken:
    """Counts how often it was woken."""

    def __init__(self) -> None:
        self.times = 0
        self._condition = threading.Condition()

    def __call__(self) -> None:
        with self._condition:
            self.times += 1
            self._condition.notify_all()

    def beyond(self, times: int) -> bool:
        with self._condition:
            return self._condition.wait_for(lambda: self.times > times, PATIENCE_SECONDS)


def write(store: Store, channel: str = CHANNEL) -> None:
    with store.writing() as connection:
        values = {"id": uuid7(), "created": now(), "updated": now(), "name": str(uuid7())}
        connection.execute(sa.insert(tables.flow), values)
        notify(connection, channel)


def test_who_listens_is_woken_by_another_process(stores: tuple[Store, Store]) -> None:
    here, there = stores
    woken = Woken()
    here.listen(CHANNEL, woken)
    assert woken.beyond(0), "at the start there may be something new"
    before = woken.times
    write(there)
    assert woken.beyond(before)


def test_and_by_its_own(stores: tuple[Store, Store]) -> None:
    here, _ = stores
    woken = Woken()
    here.listen(CHANNEL, woken)
    assert woken.beyond(0)
    before = woken.times
    write(here)
    assert woken.beyond(before)


def test_one_that_fails_keeps_no_other_from_being_woken(stores: tuple[Store, Store]) -> None:
    here, there = stores
    woken = Woken()

    def fail() -> None:
        raise ZeroDivisionError

    here.listen(CHANNEL, fail)
    here.listen(CHANNEL, woken)
    before = woken.times
    write(there)
    assert woken.beyond(before)


def test_who_listens_no_more_is_left_in_peace(stores: tuple[Store, Store]) -> None:
    here, there = stores
    left, woken = Woken(), Woken()
    stop = here.listen(CHANNEL, left)
    # who comes first is woken once it is listened to; who comes to the same channel later need not be
    assert left.beyond(0)
    here.listen(CHANNEL, woken)
    stop()
    times, before = left.times, woken.times
    write(there)
    assert woken.beyond(before)
    assert left.times == times


def test_a_channel_has_a_plain_name(stores: tuple[Store, Store]) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        stores[0].listen('a"; DROP TABLE flow', lambda: None)


def test_an_interruption_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(notifications.Notifications):
        answers = iter(["broken", *5 * ["refused"], "broken"])

        def _wait(self) -> None:
            answer = next(self.answers, None)
            if answer is None:
                self._ended.set()
            else:
                raise OSError(answer)

    monkeypatch.setattr(notifications, "_PAUSE_SECONDS", 0.0)
    with caplog.at_level("WARNING", "prefect.store"):
        Away()._live()
    assert [record.args for record in caplog.records] == [("broken",), ("refused",), ("broken",)]


def test_a_broken_connection_is_made_anew(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "_PAUSE_SECONDS", 0.01)
    store, woken = open_store(postgres_url), Woken()
    store.listen(CHANNEL, woken)
    assert woken.beyond(0)
    before = woken.times
    with databases.administrator() as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LISTEN%%'",
            (postgres_url.rpartition("/")[2],),
        )
    assert woken.beyond(before), "something may have been missed meanwhile"
    before = woken.times
    write(store)
    assert woken.beyond(before)
    store.close()


class TestExclusion:
    @pytest.fixture
    def pair(self, postgres_url: str) -> Iterator[tuple[Exclusion, Exclusion]]:
        database = parse_database_url(postgres_url)
        pair = Exclusion(database, DatabaseOptions()), Exclusion(database, DatabaseOptions())  # type: ignore[arg-type]
        yield pair
        for one in pair:
            one.close()

    def test_one_process_has_a_name_until_it_gives_it_back(self, pair: tuple[Exclusion, Exclusion]) -> None:
        one, other = pair
        assert one.take("a")
        assert one.take("a")
        assert not other.take("a")
        assert other.take("b")
        one.give_back("a")
        assert other.take("a")

    def test_it_ends_with_the_process(self, pair: tuple[Exclusion, Exclusion]) -> None:
        one, other = pair
        assert one.take("a")
        one.close()
        assert other.take("a")

    def test_who_is_cut_off_has_lost_it(self, pair: tuple[Exclusion, Exclusion], postgres_url: str) -> None:
        one, other = pair
        assert one.take("a")
        with databases.administrator() as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (postgres_url.rpartition("/")[2],),
            )
        assert other.take("a")
        with pytest.raises(Exception, match="terminat"):
            one.take("a")
        assert not one.take("a")
