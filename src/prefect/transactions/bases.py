"""What a transaction is and does, as steps for both colours. Not here: the colours (`colours`)."""

from __future__ import annotations

import copy
from abc import ABC
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from uuid import uuid4

from pydantic import Field, PrivateAttr

from prefect._colours import Either
from prefect._steps import Call, Life
from prefect.context import ContextModel, FlowRunContext
from prefect.exceptions import Abort, ConfigurationError, SerializationError
from prefect.logging.loggers import get_logger
from prefect.transactions.fencing import RUN_IS_LOST, is_lost
from prefect.transactions.words import CommitMode, IsolationLevel, TransactionState
from prefect.utilities.annotations import NotSet

if TYPE_CHECKING:
    from prefect.results import ResultRecord
    from prefect.results.store import PackedRecord

_ENDED = (TransactionState.COMMITTED, TransactionState.ROLLED_BACK)


class BaseTransaction(ContextModel, ABC):
    """What transactions of both colours share.

    Attributes:
        store: where the staged value is stored; None with a key: the store of the run, or the default one.
        key: under what it is stored; None: it is not. A record that is there already commits the transaction
            as soon as it begins.
        children: transactions that ended inside this one and wait for it.
        commit_mode: when it commits; None: like the enclosing one, LAZY without one.
        isolation_level: whether the key is locked meanwhile; None: like the enclosing one.
        state: how far it is.
        on_commit_hooks: called with the transaction when it commits, in order.
        on_rollback_hooks: called with the transaction when it rolls back, last first.
        overwrite: do not look for a record under the key, replace it.
        logger: where it reports.
        write_on_commit: False: store nothing.
    """

    __var__: ClassVar[ContextVar[Any]] = ContextVar("transaction")

    store: Any = None
    key: str | None = None
    children: list[Any] = Field(default_factory=list)
    commit_mode: CommitMode | None = None
    isolation_level: IsolationLevel | None = IsolationLevel.READ_COMMITTED
    state: TransactionState = TransactionState.PENDING
    on_commit_hooks: list[Callable[..., Any]] = Field(default_factory=list)
    on_rollback_hooks: list[Callable[..., Any]] = Field(default_factory=list)
    overwrite: bool = False
    logger: Any = Field(default_factory=lambda: get_logger("transactions"))
    write_on_commit: bool = True

    _values: dict[str, Any] = PrivateAttr(default_factory=dict)
    _staged_value: Any = PrivateAttr(default=NotSet)
    _parent: Any = PrivateAttr(default=None)
    _holder: str = PrivateAttr(default_factory=lambda: uuid4().hex)
    _found: Any = PrivateAttr(default=None)
    _packed: Any = PrivateAttr(default=None)
    _of_task_run: bool = PrivateAttr(default=False)
    _commits_at_once: bool = PrivateAttr(default=False)
    _flow_run: Any = PrivateAttr(default_factory=FlowRunContext.get)
    _is_left: bool = PrivateAttr(default=False)

    def __eq__(self, other: Any) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    # --- where it stands -----------------------------------------------------------------------------------

    @classmethod
    def get_active(cls) -> Self | None:
        """The innermost transaction around the caller, or None."""
        found = BaseTransaction.__var__.get(None)
        # the transaction of a task run stays latent until somebody asks for it, which is now
        if found is not None and not isinstance(found, BaseTransaction):
            found = found.open()
        return cast("Self | None", found)

    @property
    def of_task_run(self) -> bool:
        """Whether this is the transaction around a task run, rather than a block the program wrote."""
        return self._of_task_run

    @of_task_run.setter
    def of_task_run(self, value: bool) -> None:
        self._of_task_run = value

    @property
    def commits_at_once(self) -> bool:
        """Whether it commits as it ends, whatever is around it. Unlike with EAGER, those inside still wait for it."""
        return self._commits_at_once

    @commits_at_once.setter
    def commits_at_once(self, value: bool) -> None:
        self._commits_at_once = value

    def get_parent(self) -> Self | None:
        """The transaction around this one, or None."""
        parent: Self | None = self._parent
        return parent

    def is_pending(self) -> bool:
        """Whether it has not begun."""
        return self.state is TransactionState.PENDING

    def is_active(self) -> bool:
        """Whether it has begun and nothing is staged."""
        return self.state is TransactionState.ACTIVE

    def is_staged(self) -> bool:
        """Whether it waits to be committed."""
        return self.state is TransactionState.STAGED

    def is_committed(self) -> bool:
        """Whether it is committed, be it because its record was there already."""
        return self.state is TransactionState.COMMITTED

    def is_rolled_back(self) -> bool:
        """Whether it is rolled back."""
        return self.state is TransactionState.ROLLED_BACK

    # --- values --------------------------------------------------------------------------------------------

    def set(self, name: str, value: Any) -> None:
        """Keep a value with the transaction, for its hooks and for transactions inside it."""
        self._values[name] = value

    def get(self, name: str, default: Any = NotSet) -> Any:  # type: ignore[override]
        """A copy of a value that was set here or on an enclosing transaction.

        Raises:
            ValueError: there is none and no default was given.
        """
        transaction: BaseTransaction | None = self
        while transaction is not None:
            if name in transaction._values:
                return copy.deepcopy(transaction._values[name])
            transaction = transaction.get_parent()
        if default is not NotSet:
            return default
        raise ValueError(f"No value was set under {name!r} on this transaction or those around it.")

    def add_child(self, transaction: Any) -> None:
        """Let another transaction commit or roll back with this one."""
        self.children.append(transaction)

    def stage(
        self,
        value: Any,
        on_rollback_hooks: list[Callable[..., Any]] | None = None,
        on_commit_hooks: list[Callable[..., Any]] | None = None,
    ) -> None:
        """Give the value that is stored at the commit, with hooks. Without effect once it is committed.

        Args:
            value: the value, or a `ResultRecord` of it. Staging again replaces it.
            on_rollback_hooks: added to the transaction's rollback hooks.
            on_commit_hooks: added to the transaction's commit hooks.
        """
        self.on_commit_hooks += on_commit_hooks or []
        self.on_rollback_hooks += on_rollback_hooks or []
        if self.state is not TransactionState.COMMITTED:
            self._staged_value = value
            self.state = TransactionState.STAGED

    def stage_packed(
        self, packed: PackedRecord, on_rollback_hooks: list[Callable[..., Any]] | None = None
    ) -> None:
        """`stage` a record that has been serialised already."""
        self.stage(packed.record, on_rollback_hooks)
        self._packed = packed

    # --- begin ---------------------------------------------------------------------------------------------

    def prepare_transaction(self) -> None:
        """Take over what the enclosing transaction and the run say where this one says nothing.

        Raises:
            ConfigurationError: SERIALIZABLE is asked for and the store has no lock manager.
        """
        if self._token is None:  # once entered, the active transaction is this one
            self._parent = BaseTransaction.get_active()
        self._inherit()
        if self.key:
            self._prepare_store()

    def _inherit(self) -> None:
        parent = self._parent
        if self.commit_mode is None:
            self.commit_mode = CommitMode.LAZY if parent is None else parent.commit_mode
        if self.isolation_level is None:
            self.isolation_level = IsolationLevel.READ_COMMITTED if parent is None else parent.isolation_level

    def open_below(self, parent: BaseTransaction | None) -> None:
        """Begin a transaction without a key that no block enters."""
        self._parent = parent
        self._inherit()
        self.state = TransactionState.ACTIVE

    def _prepare_store(self) -> None:
        from prefect.filesystems import NullFileSystem
        from prefect.results import get_result_store

        store = get_result_store() if self.store is None else self.store
        if isinstance(store.metadata_storage, NullFileSystem):
            # the store of a flow keeps bare results, which nobody can find by their key
            store = store.model_copy(update={"metadata_storage": None})
        self.store = store
        if self._is_serializable() and not store.supports_isolation_level(IsolationLevel.SERIALIZABLE):
            raise ConfigurationError(
                "SERIALIZABLE needs locks, and the result store has no lock manager: give it one "
                "(ResultStore(lock_manager=…), or cache_policy.configure(lock_manager=…) for a task)."
            )

    def _is_serializable(self) -> bool:
        return self.isolation_level is IsolationLevel.SERIALIZABLE

    def begin_steps(self) -> Life[None]:
        """Begin: lock the key if need be, and find the record that may be there already."""
        self.state = TransactionState.ACTIVE
        if not self.key or self.store is None:
            return
        if self._is_serializable():
            yield Either(self.store.acquire_lock, self.store.aacquire_lock, self.key, self._holder)
        if self.overwrite:
            return
        try:
            self._found = yield from self.store.find_steps(self.key)
        except BaseException:
            self._unlock()
            raise
        if self._found is not None:
            self.state = TransactionState.COMMITTED
            self._unlock()

    def read_steps(self) -> Life[ResultRecord[Any] | None]:
        """The record under the key, as found at the beginning, else as stored now; None: there is none."""
        if self._found is None and self.key and self.store is not None:
            self._found = yield from self.store.find_steps(self.key)
        return self._found  # type: ignore[no-any-return]

    # --- end -----------------------------------------------------------------------------------------------

    def conclude_steps(self, error: BaseException | None) -> Life[None]:
        """What the end of the block means, before the transaction is left.

        Raises:
            Abort: another process has taken the flow run. An interruption goes on its way instead.
        """
        if self._is_over():
            return
        if error is not None:
            yield from self.rollback_steps()
        elif self._commits_as_it_ends():
            yield from self.commit_steps()
        elif self._parent is None:
            yield from self.rollback_steps()
        if self._is_left and (error is None or isinstance(error, Exception)):
            raise Abort(RUN_IS_LOST)

    def _is_over(self) -> bool:
        return self._is_left or self.state in _ENDED

    def _leave_if_lost(self) -> bool:
        """Leave it as it is, for good, if its flow run is another process's now; whether that is so."""
        self._is_left = self._is_left or is_lost(self._flow_run)
        if self._is_left:
            self._packed = None
            self._unlock()
        return self._is_left

    def _commits_as_it_ends(self) -> bool:
        if self.commits_at_once or self.commit_mode is CommitMode.EAGER:
            return True
        return self.commit_mode is CommitMode.LAZY and self._parent is None

    def hand_over_steps(self) -> Life[None]:
        """What the enclosing transaction makes of this one, once it was left."""
        parent = self._parent
        if parent is None or self._is_left:
            return
        if self.state is TransactionState.ROLLED_BACK:
            yield from parent.rollback_steps()
        elif self.state is not TransactionState.COMMITTED:
            parent.add_child(self)

    def commit_steps(self) -> Life[bool]:
        """Commit this transaction and all that wait for it.

        First all commit hooks run, children before parents; then all values are serialised; then they are
        stored. If something fails, what is not stored yet rolls back: all of it, unless storing itself
        failed.
        """
        if self._is_over() or self._leave_if_lost():
            return False
        try:
            yield from self._commit_hooks_steps()
            waiting = list(self._waiting())
            for transaction in waiting:
                yield from transaction._pack_steps()
            for transaction in waiting:
                yield from transaction._put_steps()
        except SerializationError as error:
            self.logger.warning(
                "The value of transaction %r cannot be stored; it is rolled back. %s", self.key, error
            )
            yield from self.rollback_steps()
            return False
        except Exception as error:
            self.logger.error("Transaction %r cannot be committed and is rolled back: %r", self.key, error)
            yield from self.rollback_steps()
            return False
        except BaseException:
            yield from self.rollback_steps()
            raise
        return not self._is_left

    def _waiting(self) -> Iterator[BaseTransaction]:
        """What is still to be committed: children with their own, then this one."""
        for child in self.children:
            yield from child._waiting()
        if not (self._is_over() or self._leave_if_lost()):
            yield self

    def _commit_hooks_steps(self) -> Life[None]:
        for transaction in self._waiting():
            for hook in transaction.on_commit_hooks:
                yield from transaction.hook_steps(hook, "commit")

    def _pack_steps(self) -> Life[None]:
        value = self._staged_value
        if not self.key or self.store is None or not self.write_on_commit or value is NotSet:
            return
        if self._packed is not None and self._packed.record is value:
            return
        from prefect.results import ResultRecord

        record = value
        if not isinstance(value, ResultRecord):
            record = yield from self.store.record_steps(value, self.key)
        self._packed = yield from self.store.pack_steps(record)

    def _put_steps(self) -> Life[None]:
        if self._packed is not None:
            yield from self.store.put_steps(self._packed, self._holder)
            self._packed = None
        self.state = TransactionState.COMMITTED
        self._unlock()

    def rollback_steps(self) -> Life[bool]:
        """Roll this transaction back, then those that wait for it, the last one first.

        A hook that raises is reported; the others still run. Returns whether it rolled back without trouble.
        """
        if self._is_over() or self._leave_if_lost():
            return False
        self.state = TransactionState.STAGED  # what hooks see
        well = True
        for hook in reversed(self.on_rollback_hooks):
            try:
                yield from self.hook_steps(hook, "rollback")
            except Exception:
                well = False
        self.state = TransactionState.ROLLED_BACK
        self._packed = None
        self._unlock()
        for child in reversed(self.children):
            if not child._is_over():
                well = (yield from child.rollback_steps()) and well
        return well

    def hook_steps(self, hook: Callable[..., Any], hook_type: str) -> Life[None]:
        """Call a hook; report the error it raises and let it through."""
        name = getattr(hook, "__name__", None) or type(hook).__name__
        self.logger.info("Running %s hook %r", hook_type, name)
        try:
            yield Call(hook, (self,))
        except Exception:
            self.logger.exception("The %s hook %r raised.", hook_type, name)
            raise
        self.logger.info("%s hook %r finished", hook_type.capitalize(), name)

    def _unlock(self) -> None:
        if not self.key or self.store is None or not self._is_serializable():
            return
        if self.store.is_lock_holder(self.key, self._holder):
            self.store.release_lock(self.key, self._holder)
