"""Keeping what a task run computed: stored results, cache hits, the task's transaction.

Most tasks keep nothing: for them `keeper_for` answers None and the life of the run pays next to nothing. Not
here: storage, keys, commit and rollback themselves (`results`, `cache_policies`, `transactions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect._colours import steps_of
from prefect._steps import Life
from prefect.exceptions import HashError, SerializationError
from prefect.schemas.bases import now
from prefect.schemas.states import State, StateType
from prefect.transactions import (
    AsyncTransaction,
    BaseTransaction,
    IsolationLevel,
    LatentTransaction,
    Transaction,
)

if TYPE_CHECKING:
    from prefect.engine.resumption import Resumption
    from prefect.engine.task_run.life import TaskRunLife
    from prefect.engine.task_run.under_way import TaskRunUnderWay
    from prefect.results import ResultStore

_ACTIVE = BaseTransaction.__var__


def keeper_for(task: Any, flow_context: Any) -> Keeper | None:
    """Who keeps the result of a run of `task`; None when nobody needs to.

    A run needs one when its result is stored, when it has hooks for its transaction, when it is part of a
    transaction around it, or when it hands its consumer item after item.
    """
    persists = persists_result(task, flow_context)
    if not (persists or task.on_commit_hooks or task.on_rollback_hooks or task.isgenerator):
        around = _ACTIVE.get(None)
        if around is None or (isinstance(around, LatentTransaction) and around.opened is None):
            return None
    return Keeper(task, flow_context, persists)


def persists_result(task: Any, flow_context: Any) -> bool:
    """Whether a run stores its result: what the task says, else the setting for tasks, its flow, the settings."""
    if task.persist_result is not None:
        return bool(task.persist_result)
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    told = settings.tasks.default_persist_result
    if told is None and flow_context is not None:
        told = flow_context.persist_result
    return bool(settings.results.persist_by_default if told is None else told)


class Keeper:
    """Carries out the attempts of one task run whose result is kept.

    Attributes:
        persists: whether the result is stored.
        reused: whether it was stored before: then the end of the run need not be durable at once.
        transaction: that of the current attempt.
    """

    def __init__(self, task: Any, flow_context: Any, persists: bool) -> None:
        self.persists = persists
        self.reused = False
        self.transaction: BaseTransaction | None = None
        self._task = task
        self._flow_context = flow_context
        self._store: ResultStore | None = None
        self._key: str | None = None
        self._key_is_known = False
        self._key_is_a_place = False
        self._parts: dict[str, str] = {}

    def attempt(self, life: TaskRunLife) -> Life[State[Any]]:
        """One attempt: reuse what is stored, or run the body and keep what it gives.

        When this ends, a stored result is on disk (outside of an enclosing transaction, which stores it when it
        commits); the state says where.
        """
        transaction = self.transaction = yield from self._begin(life)
        if transaction.is_committed():
            record = yield from transaction.read_steps()
            assert record is not None
            self.reused = True
            life.value = record.result
            found = (
                "an earlier attempt completed this step"
                if self._key_is_a_place
                else "a stored result has the same key"
            )
            life.explain_caching("hit", found, self._parts)
            return life.state_of_record(StateType.COMPLETED, "Cached", record, _hit(record))
        if life.cache_key is not None:
            reason = (
                "it was to be computed anew" if transaction.overwrite else _missing(self._task, self._parts)
            )
            life.explain_caching("miss", reason, self._parts)
        try:
            value = yield from life.body()
            life.refuse_if_superseded()
            state = yield from self._kept(life, transaction, value)
        except BaseException as error:
            # an enclosing transaction is told once it is sure that no other attempt follows (`failed`)
            yield from transaction.conclude_steps(error)
            if not isinstance(error, Exception):
                yield from transaction.hand_over_steps()
            raise
        yield from transaction.conclude_steps(None)
        yield from transaction.hand_over_steps()
        if transaction.is_rolled_back():
            life.roll_back_when_over = True
        return state

    def failed(self, life: TaskRunUnderWay, state: State[Any]) -> Life[State[Any]]:
        """The state of a run that failed for good: its exception is stored, too, but never reused."""
        if self.transaction is not None:
            yield from self.transaction.hand_over_steps()
        if not self.persists or not isinstance(state.data, BaseException):
            return state
        store = yield from self._result_store()
        from prefect.results import DEFAULT_STORAGE_KEY_FN

        try:
            record = yield from store.record_steps(state.data, DEFAULT_STORAGE_KEY_FN())
            yield from store.persist_steps(record, "")
        except SerializationError as error:
            life.logger.warning("The exception cannot be stored: %s", error)
            return state
        state.data = record
        return state

    # --- parts ---------------------------------------------------------------------------------------------

    def _begin(self, life: TaskRunLife) -> Life[BaseTransaction]:
        task, policy = self._task, self._task.cache_policy
        key = None
        store = None
        if self.persists:
            store = yield from self._result_store()
            key = yield from self._transaction_key(life)
        level = getattr(policy, "isolation_level", None)
        transaction = (AsyncTransaction if task.isasync else Transaction)(
            key=key,
            store=store,
            overwrite=self._leaves_aside(),
            isolation_level=None if level is None else IsolationLevel(level),
            write_on_commit=self.persists,
            logger=life.logger,
            on_commit_hooks=list(task.on_commit_hooks),
        )
        transaction.of_task_run = True
        transaction.commits_at_once = self._commits_at_once()
        transaction.prepare_transaction()
        yield from transaction.begin_steps()
        return transaction

    def _commits_at_once(self) -> bool:
        """Whether the result is stored when the task ends, though the task was called by another task.

        A caller may rely on what it has seen only if a crash cannot take it back. Only a `transaction()` block
        around, or a hook that wants to undo the task with its caller, makes the result wait.
        """
        if not self.persists or self._task.on_rollback_hooks or self._task.on_commit_hooks:
            return False
        around: Any = _ACTIVE.get(None)
        while around is not None:
            if isinstance(around, LatentTransaction):
                around = around.outer
            elif around.of_task_run:
                around = around.get_parent()
            else:
                return False
        return True

    def _result_store(self) -> Life[ResultStore]:
        if self._store is None:
            known = {} if self._flow_context is None else self._flow_context.task_stores
            self._store = known.get(id(self._task))
            if self._store is None:
                from prefect.results import ResultStore

                outer = ResultStore() if self._flow_context is None else self._flow_context.result_store
                self._store = known[id(self._task)] = yield from steps_of(outer.update_for_task, self._task)
        return self._store

    def _transaction_key(self, life: TaskRunLife) -> Life[str | None]:
        """Under what the result is stored and looked for; computed once per run, within its context."""
        if not self._key_is_known:
            self._key = yield from life.in_context_of_run(self._compute_key, life)
            self._key_is_known = True
        return self._key

    def _compute_key(self, life: TaskRunLife) -> str:
        task = self._task
        if task.result_storage_key is not None:
            assert self._store is not None
            return self._store.storage_key_fn()
        parameters = {} if self._flow_context is None else self._flow_context.parameters or {}
        if not _caching_is_on():
            life.explain_caching("miss", "caching is switched off by a setting")
            return self._key_of_place(life)
        try:
            key, parts = task.cache_policy.explained_key(life.context, life.parameters, parameters)
        except HashError as error:
            life.logger.warning("Not cached: %s", error)
            life.explain_caching("miss", str(error))
            return self._key_of_place(life)
        if key is not None and not isinstance(key, str):
            life.logger.warning(
                "Not cached: the cache key must be a str or None; the policy of %r gave %s.",
                task.name,
                type(key).__name__,
            )
            key = None
        if key is None:
            life.explain_caching("miss", "its cache policy gives this call no key")
            return self._key_of_place(life)
        life.cache_key, self._parts = key, parts
        return str(key)

    def _key_of_place(self, life: TaskRunLife) -> str:
        """The key of a run that no policy gives one: later attempts of its flow run know it by its place."""
        from prefect.results import DEFAULT_STORAGE_KEY_FN

        past: Resumption | None = None if self._flow_context is None else self._flow_context.resumption
        if past is None or life.step is None:
            return DEFAULT_STORAGE_KEY_FN()
        self._key_is_a_place = True
        assert life.run.flow_run_id is not None
        return past.place_key(life.run.flow_run_id, life.step, life.parameters)

    def _leaves_aside(self) -> bool:
        """Whether what is stored under the key does not count: the result is computed and stored anew."""
        past = None if self._flow_context is None else self._flow_context.resumption
        if self._key_is_a_place:
            return past is None or not past.again
        return (past is not None and past.recomputes) or self._refreshes()

    def _refreshes(self) -> bool:
        if self._task.refresh_cache is not None:
            return bool(self._task.refresh_cache)
        from prefect.settings import get_current_settings

        return bool(get_current_settings().tasks.refresh_cache)

    def _kept(self, life: TaskRunLife, transaction: BaseTransaction, value: Any) -> Life[State[Any]]:
        """Stage the value; the state that the run ends in if all goes well."""
        task = self._task
        rollback = [life.rolled_back, *task.on_rollback_hooks]
        told = life.state_of_value(value)
        if not self.persists or not told.is_completed() or told.data is not value:
            transaction.stage(told.data if told.data is not value else value, rollback)
            life.value = value
            return told
        expiration = None if task.cache_expiration is None else now() + task.cache_expiration
        store = yield from self._result_store()
        record = yield from store.record_steps(value, transaction.key, expiration)
        # serialised here and not at the commit: a result that cannot be stored fails the task that gave it
        transaction.stage_packed((yield from store.pack_steps(record)), rollback)
        life.value = value
        kept: Any = record if task.cache_result_in_memory else record.metadata
        return life.state_of_record(StateType.COMPLETED, "Completed", kept, None, expiration)


def _hit(record: Any) -> str:
    until = (
        "" if record.expiration is None else f", which may be reused until {record.expiration.isoformat()}"
    )
    return f"The result of an equal run was reused: it is stored under the key '{record.metadata.storage_key}'{until}."


_latest_parts: dict[str, dict[str, str]] = {}
"""What the key of the latest cached call of each task was made of, in this process."""
_MOST_TASKS_REMEMBERED = 10_000


def _missing(task: Any, parts: dict[str, str]) -> str:
    """Why nothing was found: what differs from the latest call of the task, if this process has seen one."""
    before = _latest_parts.get(task.task_key)
    if len(_latest_parts) < _MOST_TASKS_REMEMBERED:
        _latest_parts[task.task_key] = parts
    if before is None:
        return "no usable result is stored under its key"
    differing = [name for name in {**before, **parts} if before.get(name) != parts.get(name)]
    if not differing:
        return "the result stored under its key is gone or has expired"
    return f"different from the call before: {', '.join(differing)}"


def _caching_is_on() -> bool:
    from prefect.settings import get_current_settings

    return not get_current_settings().tasks.disable_caching
