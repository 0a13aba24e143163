"""Lives and their drivers: the same life in both colours, and what is thrown into it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest

from prefect._clock import VirtualClock, use_clock
from prefect._steps import (
    Abandoned,
    Call,
    Emit,
    Life,
    Raised,
    Sleep,
    as_raised,
    generate_awaiting,
    generate_blocking,
    run_awaiting,
    run_blocking,
)


def live_awaiting(life: Life[Any]) -> Any:
    return asyncio.run(run_awaiting(life))


def items_blocking(life: Life[Any]) -> list[Any]:
    return list(generate_blocking(life))


def items_awaiting(life: Life[Any]) -> list[Any]:
    async def collect() -> list[Any]:
        return [item async for item in generate_awaiting(life)]

    return asyncio.run(collect())


both_colours = pytest.mark.parametrize("live", [run_blocking, live_awaiting], ids=["blocking", "awaiting"])
all_drivers = pytest.mark.parametrize(
    "live",
    [run_blocking, live_awaiting, items_blocking, items_awaiting],
    ids=["blocking", "awaiting", "items", "async items"],
)

Driver = Callable[[Life[Any]], Any]


async def double(x: int) -> int:
    await asyncio.sleep(0)
    return 2 * x


def fail_with(error: BaseException) -> Any:
    raise error


async def fail_later_with(error: BaseException) -> Any:
    await asyncio.sleep(0)
    raise error


# --- outcomes -------------------------------------------------------------------------------------------


@both_colours
def test_steps_are_carried_out_in_order_and_give_what_came_of_them(live: Driver) -> None:
    def life() -> Life[list[Any]]:
        first = yield Call(divmod, (7, 2))
        second = yield Call(dict, (), {"a": first})
        third = yield Call(double, (4,))
        return [first, second, third]

    assert live(life()) == [(3, 1), {"a": (3, 1)}, 8]


@both_colours
def test_a_life_without_steps_has_an_outcome(live: Driver) -> None:
    def life() -> Life[str]:
        return "at once"
        yield

    assert live(life()) == "at once"


@both_colours
def test_what_a_life_raises_reaches_the_caller(live: Driver) -> None:
    def life() -> Life[None]:
        yield Call(int)
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        live(life())


@both_colours
def test_lives_nest(live: Driver) -> None:
    def inner(x: int) -> Life[int]:
        return (yield Call(double, (x,))) + 1

    def outer() -> Life[int]:
        return (yield from inner(1)) + (yield from inner(2))

    assert live(outer()) == 8


@both_colours
def test_time_passes_on_the_clock_in_force(live: Driver) -> None:
    def life() -> Life[str]:
        yield Sleep(3600)
        return "rested"

    with use_clock(VirtualClock()) as clock:
        assert live(life()) == "rested"
    assert isinstance(clock, VirtualClock)
    assert clock.slept == [3600]


def test_async_code_gets_its_turn_while_a_life_sleeps() -> None:
    async def main() -> list[str]:
        seen: list[str] = []

        def life() -> Life[None]:
            yield Sleep(60)
            seen.append("life")

        async def other() -> None:
            seen.append("other")

        await asyncio.gather(run_awaiting(life()), other())
        return seen

    with use_clock(VirtualClock()):
        assert asyncio.run(main()) == ["other", "life"]


def test_a_blocking_life_inside_an_event_loop_can_call_async_functions() -> None:
    async def main() -> int:
        return run_blocking(iter_of(Call(double, (21,))))

    def iter_of(step: Any) -> Life[int]:
        return (yield step)

    assert asyncio.run(main()) == 42


# --- errors in steps ------------------------------------------------------------------------------------


@all_drivers
@pytest.mark.parametrize("fails", [fail_with, fail_later_with], ids=["sync", "async"])
@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_an_error_in_a_step_is_thrown_in_where_it_is_waited_for(
    live: Driver, fails: Any, error: BaseException
) -> None:
    caught: list[BaseException] = []

    def life() -> Life[None]:
        try:
            yield Call(fails, (error,))
        except BaseException as thrown:
            caught.append(thrown)
        yield Call(int)

    live(life())
    assert caught == [error]


@all_drivers
def test_an_error_that_a_life_does_not_handle_reaches_the_caller(live: Driver) -> None:
    def life() -> Life[None]:
        yield Call(fail_with, (ValueError("x"),))

    with pytest.raises(ValueError, match="x"):
        live(life())


@pytest.mark.parametrize("live", [run_blocking, items_blocking])
def test_a_stop_iteration_of_a_function_is_told_from_the_end_of_a_generator(live: Driver) -> None:
    error = StopIteration("from next()")
    caught: list[BaseException] = []

    def inner() -> Life[None]:
        yield Call(fail_with, (error,))

    def life() -> Life[None]:
        try:
            yield from inner()
        except Exception as thrown:
            caught.append(thrown)

    live(life())
    assert isinstance(caught[0], Raised)
    assert as_raised(caught[0]) is error


def test_other_errors_have_no_carrier() -> None:
    error = ValueError("x")
    assert as_raised(error) is error


# --- time limits of calls -------------------------------------------------------------------------------


class TooLong(TimeoutError):
    pass


def spin() -> None:
    while True:
        pass


async def hang() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("live", "endless"), [(run_blocking, spin), (live_awaiting, spin), (live_awaiting, hang)]
)
def test_a_call_that_takes_too_long_raises_the_error_it_was_given(live: Driver, endless: Any) -> None:
    def life() -> Life[str]:
        try:
            yield Call(endless, (), None, 0.01, TooLong)
        except TooLong:
            return "too long"
        return "ended"

    assert live(life()) == "too long"


@both_colours
@pytest.mark.parametrize("limit", [None, 0, 60])
def test_a_call_in_time_is_not_touched(live: Driver, limit: Any) -> None:
    def life() -> Life[list[int]]:
        return [
            (yield Call(divmod, (7, 2), None, limit, TooLong)),
            (yield Call(double, (), {"x": 1}, limit, TooLong)),
        ]

    assert live(life()) == [(3, 1), 2]


# --- cancellation, coroutines thrown away ---------------------------------------------------------------


def test_cancelling_the_coroutine_is_thrown_into_the_life_which_may_still_await() -> None:
    log: list[str] = []

    def life() -> Life[None]:
        try:
            yield Call(hang)
        except asyncio.CancelledError:
            log.append("cancelled")
            log.append(f"doubled {(yield Call(double, (2,)))}")
            raise

    async def main() -> None:
        running = asyncio.ensure_future(run_awaiting(life()))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    assert log == ["cancelled", "doubled 4"]


def test_a_life_whose_coroutine_is_thrown_away_does_its_last_steps_blocking() -> None:
    log: list[Any] = []

    def life() -> Life[None]:
        try:
            yield Call(hang)
        except Abandoned:
            log.append((yield Call(double, (2,))))
            raise

    async def main() -> None:
        coroutine = run_awaiting(life())
        coroutine.send(None)
        coroutine.close()

    asyncio.run(main())
    assert log == [4]


# --- generators -----------------------------------------------------------------------------------------


def numbers(log: list[Any]) -> Life[None]:
    """A life that emits 1, 2, 3 and notes what it is told."""
    try:
        for number in (1, 2, 3):
            yield Call(int)
            try:
                log.append((yield Emit(number)))
            except ValueError as error:
                log.append(error)
        log.append((yield Call(double, (1,))))
    except Abandoned:
        log.append((yield Call(double, (21,))))
        raise


@pytest.mark.parametrize("collect", [items_blocking, items_awaiting])
def test_items_reach_the_consumer(collect: Driver) -> None:
    log: list[Any] = []
    assert collect(numbers(log)) == [1, 2, 3]
    assert log == [None, None, None, 2]


def test_what_is_sent_and_thrown_reaches_the_life() -> None:
    log: list[Any] = []
    error = ValueError("x")
    items: Generator[Any, Any, Any] = generate_blocking(numbers(log))
    assert next(items) == 1
    assert items.send("sent") == 2
    assert items.throw(error) == 3
    assert log == ["sent", error]
    items.close()


def test_what_is_sent_and_thrown_reaches_the_life_in_async_code() -> None:
    log: list[Any] = []
    error = ValueError("x")

    async def main() -> None:
        items: AsyncGenerator[Any, Any] = generate_awaiting(numbers(log))
        assert await anext(items) == 1
        assert await items.asend("sent") == 2
        assert await items.athrow(error) == 3
        await items.aclose()

    asyncio.run(main())
    assert log == ["sent", error, 42]


def test_closing_lets_the_life_end() -> None:
    log: list[Any] = []
    items = generate_blocking(numbers(log))
    next(items)
    items.close()
    assert log == [42]
    with pytest.raises(StopIteration):
        next(items)


def test_a_generator_nobody_refers_to_is_closed() -> None:
    log: list[Any] = []
    items = generate_blocking(numbers(log))
    next(items)
    del items
    gc.collect()
    assert log == [42]


def test_a_generator_that_was_never_started_has_no_life() -> None:
    log: list[Any] = []
    generate_blocking(numbers(log)).close()
    assert log == []


def test_closing_an_async_generator_between_items_leaves_time_to_await() -> None:
    loops: list[Any] = []

    async def note_loop() -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())

    def life() -> Life[None]:
        try:
            yield Emit(1)
        except Abandoned:
            yield Call(note_loop)
            raise

    async def main() -> None:
        items = generate_awaiting(life())
        await anext(items)
        await items.aclose()
        loops.append(asyncio.get_running_loop())

    asyncio.run(main())
    assert loops[0] is loops[1]


def test_closing_an_async_generator_within_a_step_ends_its_life_blocking() -> None:
    log: list[Any] = []

    def life() -> Life[None]:
        try:
            yield Call(hang)
            yield Emit(1)
        except Abandoned:
            log.append("abandoned")
            raise

    async def main() -> None:
        step = generate_awaiting(life()).asend(None)
        step.send(None)
        with pytest.raises(GeneratorExit):
            step.throw(GeneratorExit)

    asyncio.run(main())
    assert log == ["abandoned"]


@pytest.mark.parametrize("fails", [fail_with, fail_later_with])
def test_an_error_while_closing_is_thrown_into_the_life_and_reaches_who_closes(fails: Any) -> None:
    log: list[Any] = []

    def life() -> Life[None]:
        try:
            yield Emit(1)
        except Abandoned:
            try:
                yield Call(fails, (KeyError("cleanup"),))
            except KeyError as error:
                log.append(error)
                raise

    items = generate_blocking(life())
    next(items)
    with pytest.raises(KeyError, match="cleanup"):
        items.close()

    async def main() -> None:
        items = generate_awaiting(life())
        await anext(items)
        with pytest.raises(KeyError, match="cleanup"):
            await items.aclose()

    asyncio.run(main())
    assert [str(error) for error in log] == ["'cleanup'", "'cleanup'"]


@both_colours
def test_items_have_no_consumer_in_a_life_that_is_not_a_generator(live: Driver) -> None:
    def life() -> Life[None]:
        yield Emit(1)

    with pytest.raises(TypeError, match="driven as a generator"):
        live(life())


def test_the_outcome_of_a_generator_life_is_the_value_of_the_generator() -> None:
    def life() -> Life[str]:
        yield Emit(1)
        return "all told"

    def consumer() -> Generator[Any, Any, str]:
        return (yield from generate_blocking(life()))

    items = consumer()
    assert next(items) == 1
    with pytest.raises(StopIteration) as end:
        next(items)
    assert end.value.value == "all told"
