"""The threads behind the thread-pool task runner: limits, growth, waiting workers, and the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from prefect.engine import pool as module
from prefect.engine.pool import Growth, WorkerPool, worker_is_blocked

PATIENCE_SECONDS = 60.0


@pytest.fixture
def pools() -> Iterator[list[WorkerPool]]:
    """Pools to be closed when the test is over."""
    opened: list[WorkerPool] = []
    yield opened
    for pool in opened:
        pool.close()


@pytest.fixture(params=[1, 2, 3, None], ids=lambda number: f"{number} workers")
def pool(request: pytest.FixtureRequest, pools: list[WorkerPool]) -> WorkerPool:
    pools.append(WorkerPool(request.param))
    return pools[-1]


def arrived(event: threading.Event) -> None:
    assert event.wait(PATIENCE_SECONDS), "it did not happen"


def wait_until_gone(pool: WorkerPool) -> None:
    for thread in list(pool._threads):
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


class Tally:
    """Pieces of work that count how many of them run at once, until they are let go."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.most = self.running = self.done = 0
        self.full = threading.Event()
        self.go = threading.Event()
        self.over = threading.Event()
        self._lock = threading.Lock()

    def work(self) -> None:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
            if self.running == self.expected:
                self.full.set()
        arrived(self.go)
        with self._lock:
            self.running -= 1
            self.done += 1
        if not self.running:
            self.over.set()


# --- limits ---------------------------------------------------------------------------------------------


def test_everything_put_in_is_done(pool: WorkerPool) -> None:
    done: list[int] = []
    last = threading.Event()
    for number in range(100):
        pool.put(lambda number=number: done.append(number))
    pool.put(last.set)
    arrived(last)
    assert set(range(100)) >= set(done)
    pool.close()
    wait_until_gone(pool)
    assert sorted(done) == list(range(100))


def test_one_worker_keeps_the_order(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool(1))
    done: list[int] = []
    for number in range(100):
        pools[0].put(lambda number=number: done.append(number))
    pools[0].close()
    wait_until_gone(pools[0])
    assert done == list(range(100))


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_no_more_run_at_once_than_allowed(pools: list[WorkerPool], limit: int) -> None:
    pools.append(WorkerPool(limit))
    tally = Tally(expected=limit)
    for _ in range(3 * limit):
        pools[0].put(tally.work)
    arrived(tally.full)
    assert pools[0].limited
    assert len(pools[0]._threads) == limit
    tally.go.set()
    pools[0].close()
    wait_until_gone(pools[0])
    assert (tally.most, tally.done) == (limit, 3 * limit)


def test_without_a_limit_work_that_waits_gets_a_thread_each(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool())
    tally = Tally(expected=40)
    for _ in range(40):
        pools[0].put(tally.work)
    arrived(tally.full)
    assert not pools[0].limited
    tally.go.set()


def test_short_work_shares_few_threads(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool())
    for _ in range(1000):
        last = threading.Event()
        pools[0].put(last.set)
        arrived(last)
    assert len(pools[0]._threads) <= module._AT_ONCE


def test_idle_workers_are_used_again(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool(3))
    threads = set()

    def work(done: threading.Event) -> None:
        threads.add(threading.get_ident())
        done.set()

    for _ in range(20):
        done = threading.Event()
        pools[0].put(lambda done=done: work(done))
        arrived(done)
    assert len(threads) <= 3


def test_the_system_may_refuse_threads(pools: list[WorkerPool], monkeypatch: pytest.MonkeyPatch) -> None:
    pools.append(WorkerPool())
    allowed = [2]
    start = threading.Thread.start

    def scarce(thread: threading.Thread) -> None:
        if thread.name == "prefect-worker":
            if not allowed[0]:
                raise RuntimeError("can't start new thread")
            allowed[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    tally = Tally(expected=2)
    for _ in range(20):
        pools[0].put(tally.work)
    arrived(tally.full)
    tally.go.set()
    pools[0].close()
    wait_until_gone(pools[0])
    assert (tally.most, tally.done) == (2, 20)
    pools.append(WorkerPool())
    with pytest.raises(RuntimeError, match="new thread"):
        pools[1].put(tally.work)


# --- growth ---------------------------------------------------------------------------------------------

LOOK = module._LOOK_SECONDS
LATE = LOOK + 2 * module._PROMPT_SECONDS


class Looks:
    """Looks at a pool, one after the other."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.taken = 0
        self.growth = Growth(0, 0.0)

    def look(
        self, passed: float = LOOK, used: float = 0.0, news: int = 0, busy: int = 4, after: float = LOOK
    ) -> int:
        self.moment += after
        self.taken += news
        self.growth.added = self.growth.wanted(self.moment, passed, used, self.taken, busy)
        return self.growth.added


def test_more_threads_when_workers_are_held_up_and_nothing_else_is_busy() -> None:
    assert Looks().look() == module._AT_ONCE
    assert Looks().look(busy=100) == 50


def test_no_more_threads_while_python_is_busy() -> None:
    assert Looks().look(passed=LATE) == 0


def test_no_more_threads_while_the_process_computes() -> None:
    assert Looks().look(used=0.9 * LOOK) == 0
    assert Looks().look(used=0.1 * LOOK) > 0


def test_no_more_threads_while_workers_take_up_work() -> None:
    looks = Looks()
    assert looks.look(news=100) == 0
    assert looks.look(news=1) > 0


def test_what_new_threads_take_up_does_not_count_as_progress() -> None:
    looks = Looks()
    added = looks.look()
    assert looks.look(news=added, busy=8) > 0
    assert looks.look(news=100, busy=8) == 0


def test_after_long_without_progress_a_thread_is_added_all_the_same() -> None:
    looks = Looks()
    assert looks.look(passed=LATE) == 0
    assert looks.look(passed=LATE, after=module._PATIENCE_SECONDS) == 1
    assert looks.look(passed=LATE) == 0
    assert looks.look(passed=LATE, after=module._PATIENCE_SECONDS, news=1) == 0


# --- workers that wait ----------------------------------------------------------------------------------


def test_a_worker_that_waits_gives_its_place_to_what_it_waits_for(pool: WorkerPool) -> None:
    done = threading.Event()

    def descend(depth: int, over: threading.Event) -> None:
        if depth:
            below = threading.Event()
            pool.put(lambda: descend(depth - 1, below))
            with worker_is_blocked():
                arrived(below)
        over.set()

    pool.put(lambda: descend(30, done))
    arrived(done)


def test_workers_that_come_back_from_waiting_do_not_add_up(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool(1))
    tally, resumed = Tally(expected=1), threading.Event()

    def waits() -> None:
        with worker_is_blocked():
            arrived(resumed)
        tally.work()

    for _ in range(3):
        pools[0].put(waits)
    for _ in range(3):
        pools[0].put(tally.work)
    arrived(tally.full)
    tally.go.set()
    resumed.set()
    pools[0].close()
    wait_until_gone(pools[0])
    assert tally.done == 6


def test_other_threads_may_wait_as_they_like() -> None:
    with worker_is_blocked():
        pass


def test_waiting_when_nothing_is_queued_starts_no_thread(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool(1))
    done = threading.Event()

    def waits() -> None:
        with worker_is_blocked():
            pass
        done.set()

    pools[0].put(waits)
    arrived(done)
    assert len(pools[0]._threads) == 1


# --- ending ---------------------------------------------------------------------------------------------


def test_what_has_not_started_can_be_taken_back(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool(1))
    tally = Tally(expected=1)
    later: list[Any] = [lambda: None, lambda: None]
    pools[0].put(tally.work)
    arrived(tally.full)
    for work in later:
        pools[0].put(work)
    assert pools[0].drop_queued() == later
    assert pools[0].drop_queued() == []
    tally.go.set()


def test_a_closed_pool_takes_no_more_work_and_ends(pool: WorkerPool) -> None:
    done = threading.Event()
    pool.put(done.set)
    pool.close()
    pool.close()
    arrived(done)
    wait_until_gone(pool)
    with pytest.raises(RuntimeError, match="shut down"):
        pool.put(done.set)
    assert pool._threads == set()


class Wanted(BaseException):
    """What an interruption raises."""


def test_busy_workers_can_be_interrupted(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool(2))
    started, ended = threading.Semaphore(0), []

    def endless() -> None:
        try:
            started.release()
            while True:
                pass
        except Wanted:
            ended.append("interrupted")

    for _ in range(2):
        pools[0].put(endless)
    for _ in range(2):
        started.acquire(timeout=PATIENCE_SECONDS)
    pools[0].interrupt(Wanted)
    pools[0].close()
    wait_until_gone(pools[0])
    assert ended == ["interrupted"] * 2


def test_a_worker_that_interrupts_its_pool_goes_on_itself(pools: list[WorkerPool]) -> None:
    pools.append(WorkerPool(1))
    done = threading.Event()

    def interrupts() -> None:
        pools[0].interrupt(Wanted)
        sum(range(1000))
        done.set()

    pools[0].put(interrupts)
    arrived(done)


def test_an_interruption_that_comes_too_late_ends_the_worker_quietly(
    pools: list[WorkerPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", printed.append)
    pools.append(WorkerPool(1))

    def too_late() -> None:
        pools[0]._interrupted = True
        raise Wanted

    pools[0].put(too_late)
    wait_until_gone(pools[0])
    assert printed == []
    assert (pools[0]._busy, pools[0]._idle, pools[0]._threads) == (0, 0, set())


def test_work_that_raises_costs_a_thread_but_no_place(
    pools: list[WorkerPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", printed.append)
    pools.append(WorkerPool(1))
    done = threading.Event()

    def bad() -> None:
        raise ValueError("a mistake of ours")

    pools[0].put(bad)
    wait_until_gone(pools[0])
    pools[0].put(done.set)
    arrived(done)
    assert len(printed) == 1
