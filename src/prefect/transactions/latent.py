"""The transaction of a task run that nobody has asked for yet.

Every task run has a transaction, but most tasks store nothing, have no hooks for it and never ask for it. For
them the engine puts a `LatentTransaction` in place, which costs a fraction of a microsecond; it turns into a
real one when the task's code asks (`get_transaction()`, a `transaction()` block inside). Not here:
transactions.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import Any

from prefect._steps import Life
from prefect.context import leave
from prefect.transactions.bases import BaseTransaction
from prefect.transactions.colours import AsyncTransaction, Transaction

_ACTIVE = BaseTransaction.__var__


class LatentTransaction:
    """Stands for the transaction around a task run until somebody asks for it.

        latent = LatentTransaction.enter(task.isasync)
        try:
            …                                            # the body; `error` is what it raised, or None
        finally:
            latent.leave()
        if latent.opened is not None:
            yield from latent.conclude_steps(error)

    Attributes:
        opened: the real transaction, once somebody has asked.
    """

    __slots__ = ("_outer", "_token", "is_async", "opened")

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async
        self.opened: BaseTransaction | None = None
        self._outer: Any = None
        self._token: Token[Any] | None = None

    @classmethod
    def enter(cls, is_async: bool) -> LatentTransaction:
        """Put a latent transaction around what follows in this context."""
        latent = cls(is_async)
        latent._outer = _ACTIVE.get(None)
        latent._token = _ACTIVE.set(latent)
        return latent

    @property
    def outer(self) -> Any:
        """What was around before: a transaction, a latent one, or None."""
        return self._outer

    def leave(self) -> None:
        """Put back what was around before."""
        if self._token is not None:
            leave(_ACTIVE, self._token)
            self._token = None

    def open(self) -> BaseTransaction:
        """The real transaction, made at the first call."""
        if self.opened is None:
            outer = self._outer.open() if isinstance(self._outer, LatentTransaction) else self._outer
            transaction = (AsyncTransaction if self.is_async else Transaction)(isolation_level=None)
            transaction.open_below(outer)
            transaction.of_task_run = True
            self.opened = transaction
        return self.opened

    def conclude_steps(
        self,
        error: BaseException | None,
        value: Any = None,
        on_rollback_hooks: list[Callable[..., Any]] | None = None,
    ) -> Life[None]:
        """End the transaction if it was opened: stage and commit, or roll back, as the task ended."""
        transaction = self.opened
        if transaction is None:
            return
        if error is None:
            transaction.stage(value, on_rollback_hooks)
        yield from transaction.conclude_steps(error)
        yield from transaction.hand_over_steps()
