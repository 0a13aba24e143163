"""The queue in front of a server: order, bounds, errands, and the thread that works it off."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from prefect.client.engine.outbox import BATCH_SIZE, Outbox

PATIENCE_SECONDS = 60.0


class Taker:
    """Takes what is handed on. While `gate` is closed it waits; with an `error` it refuses."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.came = threading.Event()
        self.error: Exception | None = None

    def __call__(self, entries: list[Any]) -> None:
        self.came.set()
        assert self.gate.wait(PATIENCE_SECONDS)
        if self.error is not None:
            raise self.error
        self.batches.append(entries)

    @property
    def entries(self) -> list[Any]:
        return [entry for batch in self.batches for entry in batch]


@pytest.fixture
def taker() -> Taker:
    return Taker()


def test_entries_are_handed_on_in_order_and_together(taker: Taker) -> None:
    outbox = Outbox(taker, in_background=False)
    for number in range(5):
        outbox.put(number)
    outbox.flush()
    assert taker.batches == [[0, 1, 2, 3, 4]]
    outbox.flush()
    assert len(taker.batches) == 1


def test_a_batch_has_a_bound(taker: Taker) -> None:
    outbox = Outbox(taker, in_background=False)
    for number in range(BATCH_SIZE + 1):
        outbox.put(number)
    outbox.flush()
    assert [len(batch) for batch in taker.batches] == [BATCH_SIZE, 1]


def test_an_errand_is_done_between_what_came_before_and_after(taker: Taker) -> None:
    outbox = Outbox(taker, in_background=False)
    outbox.put("before")
    assert outbox.perform(lambda: list(taker.entries)) == ["before"]
    outbox.put("after")
    outbox.flush()
    assert taker.batches == [["before"], ["after"]]


def test_what_an_errand_raises_reaches_who_waits_for_it(taker: Taker) -> None:
    outbox = Outbox(taker, in_background=False)
    with pytest.raises(ZeroDivisionError):
        outbox.perform(lambda: 1 / 0)
    outbox.put("next")
    outbox.flush()
    assert taker.entries == ["next"]


def test_what_cannot_be_handed_on_stays_in_its_place(taker: Taker) -> None:
    outbox = Outbox(taker, in_background=False)
    taker.error = OSError("no")
    outbox.put(1)
    with pytest.raises(OSError, match="no"):
        outbox.flush()
    outbox.put(2)
    assert outbox.queued == 2
    taker.error = None
    outbox.flush()
    assert taker.entries == [1, 2]


def test_nobody_adds_without_bound_what_cannot_be_handed_on(taker: Taker) -> None:
    outbox = Outbox(taker, max_queued=3, in_background=False)
    taker.error = OSError("no")
    with pytest.raises(OSError, match="no"):
        for number in range(10):
            outbox.put(number)
    assert outbox.queued == 3
    with pytest.raises(OSError, match="no"):
        outbox.put("one more")
    assert outbox.queued == 3
    taker.error = None
    outbox.flush()
    assert taker.entries == [0, 1, 2]


def test_a_thread_hands_on_what_nobody_waits_for(taker: Taker) -> None:
    outbox = Outbox(taker, flush_seconds=0.001)
    outbox.put("entry")
    assert taker.came.wait(PATIENCE_SECONDS)
    outbox.flush()
    assert taker.entries == ["entry"]
    outbox.close(PATIENCE_SECONDS)


def test_threads_that_wait_are_served_in_their_order(taker: Taker) -> None:
    outbox = Outbox(taker, flush_seconds=0.001)
    taker.gate.clear()
    outbox.put("first")
    assert taker.came.wait(PATIENCE_SECONDS)
    seen: list[Any] = []
    waiting = threading.Thread(target=lambda: seen.append(outbox.perform(lambda: list(taker.entries))))
    outbox.put("second")
    waiting.start()
    taker.gate.set()
    waiting.join(PATIENCE_SECONDS)
    assert seen == [["first", "second"]]
    outbox.close(PATIENCE_SECONDS)


def test_whoever_adds_too_much_waits_for_the_thread(taker: Taker) -> None:
    outbox = Outbox(taker, flush_seconds=0.001, max_queued=2)
    taker.gate.clear()
    adding = threading.Thread(target=lambda: [outbox.put(number) for number in range(20)])
    adding.start()
    assert taker.came.wait(PATIENCE_SECONDS)
    assert outbox.queued <= 3
    taker.gate.set()
    adding.join(PATIENCE_SECONDS)
    outbox.flush()
    assert taker.entries == list(range(20))
    outbox.close(PATIENCE_SECONDS)


def test_the_thread_tries_again(taker: Taker) -> None:
    outbox = Outbox(taker, flush_seconds=0.001)
    taker.error = OSError("no")
    outbox.put("entry")
    with pytest.raises(OSError, match="no"):
        outbox.flush()
    taker.error = None
    outbox.flush()
    assert taker.entries == ["entry"]
    outbox.close(PATIENCE_SECONDS)


def test_closing_hands_on_what_waits(taker: Taker) -> None:
    outbox = Outbox(taker, flush_seconds=PATIENCE_SECONDS)
    outbox.put("entry")
    outbox.close(PATIENCE_SECONDS)
    assert taker.entries == ["entry"]


def test_closing_does_not_wait_for_ever(taker: Taker) -> None:
    outbox = Outbox(taker, flush_seconds=0.001)
    taker.gate.clear()
    outbox.put("in hand")
    assert taker.came.wait(PATIENCE_SECONDS)
    outbox.put("behind")
    assert outbox.close(0.01) == ["in hand", "behind"]
    taker.gate.set()


def test_nothing_is_left_when_everything_was_handed_on(taker: Taker) -> None:
    outbox = Outbox(taker, flush_seconds=0.001)
    outbox.put("entry")
    assert outbox.close(PATIENCE_SECONDS) == []


def test_closing_tells_what_could_not_be_handed_on(taker: Taker) -> None:
    outbox = Outbox(taker, in_background=False)
    taker.error = OSError("no")
    outbox.put("entry")
    assert outbox.close(PATIENCE_SECONDS) == ["entry"]
    assert isinstance(outbox.error, OSError)
