"""The two colours of transactions and their context managers. Not here: what they do (`bases`)."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Self

from prefect._steps import run_awaiting, run_blocking
from prefect.exceptions import MissingContextError
from prefect.logging.loggers import get_logger, get_run_logger
from prefect.transactions.bases import BaseTransaction
from prefect.transactions.words import CommitMode, IsolationLevel

if TYPE_CHECKING:
    from prefect.logging.loggers import LoggingAdapter
    from prefect.results import ResultRecord, ResultStore


class Transaction(BaseTransaction):
    """A transaction of blocking code: a `with` block."""

    def __enter__(self) -> Self:
        self.prepare_transaction()
        super().__enter__()
        try:
            self.begin()
        except BaseException:
            super().__exit__()
            raise
        return self

    def __exit__(self, *exc_info: Any) -> None:
        error = exc_info[1] if len(exc_info) > 1 else None
        try:
            run_blocking(self.conclude_steps(error))
        finally:
            self.reset()

    def begin(self) -> None:
        """Begin: lock the key if need be; commit at once if there is a record under it."""
        run_blocking(self.begin_steps())

    def read(self) -> ResultRecord[Any] | None:
        """The record under the key, or None."""
        return run_blocking(self.read_steps())

    def reset(self) -> None:
        """Leave the transaction: hand it to the enclosing one, which is active again."""
        if self._token is not None:
            super().__exit__()
        run_blocking(self.hand_over_steps())

    def commit(self) -> bool:
        """Commit it and what waits for it. False: it had ended, or something failed and it rolled back."""
        return run_blocking(self.commit_steps())

    def rollback(self) -> bool:
        """Roll it and what waits for it back. False: it had ended, or a hook raised."""
        return run_blocking(self.rollback_steps())

    def run_hook(self, hook: Callable[..., Any], hook_type: str) -> None:
        """Call a hook, of either colour, with the transaction; log how it went.

        Args:
            hook_type: "commit" or "rollback", for the log.
        """
        run_blocking(self.hook_steps(hook, hook_type))


class AsyncTransaction(BaseTransaction):
    """A transaction of async code: an `async with` block."""

    def __enter__(self) -> NoReturn:
        raise NotImplementedError("This is an async transaction: enter it with `async with`.")

    def __exit__(self, *exc_info: Any) -> NoReturn:
        raise NotImplementedError("This is an async transaction: enter it with `async with`.")

    async def __aenter__(self) -> Self:
        self.prepare_transaction()
        super().__enter__()
        try:
            await self.begin()
        except BaseException:
            super().__exit__()
            raise
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        error = exc_info[1] if len(exc_info) > 1 else None
        try:
            await run_awaiting(self.conclude_steps(error))
        finally:
            await self.reset()

    async def begin(self) -> None:
        """Begin: lock the key if need be; commit at once if there is a record under it."""
        await run_awaiting(self.begin_steps())

    async def read(self) -> ResultRecord[Any] | None:
        """The record under the key, or None."""
        return await run_awaiting(self.read_steps())

    async def reset(self) -> None:
        """Leave the transaction: hand it to the enclosing one, which is active again."""
        if self._token is not None:
            super().__exit__()
        await run_awaiting(self.hand_over_steps())

    async def commit(self) -> bool:
        """Commit it and what waits for it. False: it had ended, or something failed and it rolled back."""
        return await run_awaiting(self.commit_steps())

    async def rollback(self) -> bool:
        """Roll it and what waits for it back. False: it had ended, or a hook raised."""
        return await run_awaiting(self.rollback_steps())

    async def run_hook(self, hook: Callable[..., Any], hook_type: str) -> None:
        """Call a hook, of either colour, with the transaction; log how it went.

        Args:
            hook_type: "commit" or "rollback", for the log.
        """
        await run_awaiting(self.hook_steps(hook, hook_type))


def get_transaction() -> BaseTransaction | None:
    """The innermost transaction around the caller, or None. Every task run has one."""
    return BaseTransaction.get_active()


def _logger(given: Any) -> Any:
    if given is not None:
        return given
    try:
        return get_run_logger()
    except MissingContextError:
        return get_logger("transactions")


@contextmanager
def transaction(
    key: str | None = None,
    store: ResultStore | None = None,
    commit_mode: CommitMode | None = None,
    isolation_level: IsolationLevel | None = None,
    overwrite: bool = False,
    write_on_commit: bool = True,
    logger: logging.Logger | LoggingAdapter | None = None,
) -> Generator[Transaction, None, None]:
    """A block whose staged value and hooks count together or not at all.

    Args:
        key: where the staged value is stored at the commit; a record that is there already commits the
            transaction at once: ask `txn.is_committed()`. None: nothing is stored.
        store: where records are; None: the result store of the run, or the default one.
        commit_mode: when it commits; None: like the enclosing transaction, LAZY without one.
        isolation_level: SERIALIZABLE locks the key until the end; None: like the enclosing transaction.
        overwrite: replace a record that is there already.
        write_on_commit: False: store nothing.
        logger: where it reports; None: the run's logger.

    Raises:
        ConfigurationError: SERIALIZABLE is asked for and the store has no lock manager.
    """
    with Transaction(
        key=key,
        store=store,
        commit_mode=commit_mode,
        isolation_level=isolation_level,
        overwrite=overwrite,
        write_on_commit=write_on_commit,
        logger=_logger(logger),
    ) as entered:
        yield entered


@asynccontextmanager
async def atransaction(
    key: str | None = None,
    store: ResultStore | None = None,
    commit_mode: CommitMode | None = None,
    isolation_level: IsolationLevel | None = None,
    overwrite: bool = False,
    write_on_commit: bool = True,
    logger: logging.Logger | LoggingAdapter | None = None,
) -> AsyncGenerator[AsyncTransaction, None]:
    """`transaction` for async code; arguments and errors as there."""
    async with AsyncTransaction(
        key=key,
        store=store,
        commit_mode=commit_mode,
        isolation_level=isolation_level,
        overwrite=overwrite,
        write_on_commit=write_on_commit,
        logger=_logger(logger),
    ) as entered:
        yield entered
