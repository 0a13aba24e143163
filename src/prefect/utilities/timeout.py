"""Limits on the time that a block of code may take. Not here: how they are kept (`_time_limits`)."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from prefect._time_limits import awaiting_time_limit, time_limit


def fail_if_not_timeout_error(timeout_exc_type: type[Exception]) -> None:
    """Refuse classes that are no kind of TimeoutError.

    Raises:
        ValueError: it is none.
    """
    if not issubclass(timeout_exc_type, TimeoutError):
        raise ValueError(
            "The `timeout_exc_type` argument must be a subclass of `TimeoutError`; got "
            f"{timeout_exc_type.__name__}."
        )


@contextmanager
def timeout(
    seconds: float | None = None, timeout_exc_type: type[TimeoutError] = TimeoutError
) -> Iterator[None]:
    """Raise an error in the block, which runs in this thread, once it has taken so long.

    Code that Python cannot interrupt (a call into C that does not return) is interrupted when it returns.

    Args:
        seconds: the limit; None or 0: none.
        timeout_exc_type: the error, a kind of TimeoutError.

    Raises:
        ValueError: the error is no kind of TimeoutError.
    """
    fail_if_not_timeout_error(timeout_exc_type)
    with time_limit(seconds, timeout_exc_type):
        yield


@contextmanager
def timeout_async(
    seconds: float | None = None, timeout_exc_type: type[TimeoutError] = TimeoutError
) -> Iterator[None]:
    """`timeout` for async code, entered with a plain `with`: the block is cancelled at its next `await`."""
    fail_if_not_timeout_error(timeout_exc_type)
    limit = awaiting_time_limit(seconds, timeout_exc_type)
    _at_once(limit.__aenter__())
    try:
        yield
    except BaseException as error:
        if not _at_once(limit.__aexit__(type(error), error, error.__traceback__)):
            raise
    else:
        _at_once(limit.__aexit__(None, None, None))


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The outcome of a coroutine that is known to wait for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("Arming a time limit had to wait.")
