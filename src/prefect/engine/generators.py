"""Taking items from users' generators, of either colour, one by one.

Not here: what becomes of an item (`task_run`, `flow_run`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

END = object()
"""What there is after the last item."""


def advance_of(is_async: bool) -> Callable[..., Any]:
    """The function that takes the next item of a generator: `(iterator, sent, thrown)`; after the last it gives `END`.

    `sent` and `thrown` are what the consumer of the item before has sent or thrown into the generator.
    """
    return _advance_async if is_async else _advance


def _advance(iterator: Any, sent: Any, thrown: BaseException | None) -> Any:
    try:
        if thrown is not None:
            return iterator.throw(thrown)
        return next(iterator) if sent is None else iterator.send(sent)
    except StopIteration:
        return END


async def _advance_async(iterator: Any, sent: Any, thrown: BaseException | None) -> Any:
    try:
        if thrown is not None:
            return await iterator.athrow(thrown)
        return await (anext(iterator) if sent is None else iterator.asend(sent))
    except StopAsyncIteration:
        return END
