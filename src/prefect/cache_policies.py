"""What makes two runs of a task the same: policies that compute the key of a cached result, and say why.

A policy names parts (the inputs, the task's source, …), each with a fingerprint; the key is made of the
parts. Comparing the parts of two runs tells why one did not find the other's result. Not here: fingerprints
of values (`utilities.fingerprints`), looking results up and storing them (`results`, `transactions`,
`engine`).
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self
from weakref import WeakKeyDictionary

from prefect.exceptions import HashError
from prefect.utilities.fingerprints import STABLE_TRANSFORMS, fingerprint

if TYPE_CHECKING:
    from prefect.context import TaskRunContext
    from prefect.filesystems import WritableFileSystem
    from prefect.locking.protocol import LockManager
    from prefect.transactions import IsolationLevel

__all__ = [
    "DEFAULT",
    "FLOW_PARAMETERS",
    "INPUTS",
    "NONE",
    "NO_CACHE",
    "RUN_ID",
    "STABLE_TRANSFORMS",
    "TASK_SOURCE",
    "CacheKey",
    "CacheKeyFnPolicy",
    "CachePolicy",
    "CompoundCachePolicy",
    "FlowParameters",
    "InputHashError",
    "Inputs",
    "RunId",
    "TaskSource",
]


class CacheKey(NamedTuple):
    """A cache key and what it is made of.

    Attributes:
        key: the key; None: the run is not cached.
        parts: the fingerprint of each part, by a name a user understands (`input x`, `task source`).
    """

    key: str | None
    parts: dict[str, str]


class InputHashError(HashError, ValueError):
    """Arguments of a task cannot be part of a cache key; names each with the reason."""


@dataclass
class CachePolicy:
    """Base of all cache policies. A subclass says in `compute_key` what a result depends on.

    Attributes:
        key_storage: where the metadata of cached results is kept; None: with the results.
        isolation_level: of the transaction around the task; None: READ_COMMITTED.
        lock_manager: who locks keys, for SERIALIZABLE.
    """

    key_storage: WritableFileSystem | str | Path | None = None
    isolation_level: Literal["READ_COMMITTED", "SERIALIZABLE"] | IsolationLevel | None = None
    lock_manager: LockManager | None = None

    @classmethod
    def from_cache_key_fn(
        cls, cache_key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None]
    ) -> CacheKeyFnPolicy:
        """The policy whose key is what a function returns for the run's context and arguments."""
        return CacheKeyFnPolicy(cache_key_fn=cache_key_fn)

    def configure(
        self,
        key_storage: WritableFileSystem | str | Path | None = None,
        lock_manager: LockManager | None = None,
        isolation_level: Literal["READ_COMMITTED", "SERIALIZABLE"] | IsolationLevel | None = None,
    ) -> Self:
        """A copy with other storage, locks or isolation; what is None stays."""
        given = {"key_storage": key_storage, "lock_manager": lock_manager, "isolation_level": isolation_level}
        return replace(self, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The key of a run; None: it is not cached.

        Args:
            task_ctx: the context of the task run.
            inputs: the arguments of the task.
            flow_parameters: the parameters of the flow run around it; empty outside of flows.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to compute a key.")

    def explained_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> CacheKey:
        """The key of a run with the parts it is made of; arguments and errors as for `compute_key`."""
        key = self.compute_key(task_ctx, inputs, flow_parameters, **kwargs)
        return CacheKey(key, {} if key is None else {type(self).__name__: str(key)})

    def key_parts(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> dict[str, str]:
        """What the key of a run is made of; arguments and errors as for `compute_key`."""
        return self.explained_key(task_ctx, inputs, flow_parameters, **kwargs).parts

    def __add__(self, other: CachePolicy) -> CachePolicy:
        """The policy that depends on everything either depends on.

        Raises:
            TypeError: `other` is no policy.
            ValueError: both say where keys are kept, or how runs are isolated, and differ.
        """
        if not isinstance(other, CachePolicy):
            raise TypeError(f"Only cache policies can be added; got a {type(other).__name__}.")
        if isinstance(other, _None):
            return self
        if isinstance(self, _None):
            return other
        return CompoundCachePolicy(
            policies=[*_members(self), *_members(other)], **_joint_options(self, other)
        )

    def __sub__(self, other: str) -> CachePolicy:
        """The policy that does not depend on the input named.

        Raises:
            TypeError: `other` is not the name of an input.
        """
        if not isinstance(other, str):
            raise TypeError(f"Only the name of an input can be subtracted; got a {type(other).__name__}.")
        return self._without_input(other)

    def _without_input(self, name: str) -> CachePolicy:
        return self


def _joint_options(one: CachePolicy, other: CachePolicy) -> dict[str, Any]:
    """The options of a sum; conflicts are the caller's to resolve. The first lock manager counts."""
    for name, what in (("key_storage", "storage locations"), ("isolation_level", "isolation levels")):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is not None and theirs is not None and mine != theirs:
            raise ValueError(
                f"Cache policies with different {what} cannot be added: {mine!r} and {theirs!r}."
            )
    options = ("key_storage", "isolation_level", "lock_manager")
    return {
        name: getattr(one, name) if getattr(one, name) is not None else getattr(other, name)
        for name in options
    }


def _joined(parts: Mapping[str, str]) -> str | None:
    """The key made of parts, whatever their order."""
    if not parts:
        return None
    text = "\n".join(f"{name}={parts[name]}" for name in sorted(parts))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass
class CacheKeyFnPolicy(CachePolicy):
    """The key is what a function returns for the task run's context and the arguments."""

    cache_key_fn: Callable[[TaskRunContext, dict[str, Any]], str | None] | None = None

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """What the function returns; None without a function."""
        return self.cache_key_fn(task_ctx, inputs) if self.cache_key_fn else None

    def explained_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> CacheKey:
        """The function's key; it is the only part."""
        key = self.compute_key(task_ctx, inputs, flow_parameters, **kwargs)
        return CacheKey(key, {} if key is None else {"cache key function": str(key)})


@dataclass
class _None(CachePolicy):
    """No caching."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """None: never cached."""
        return None


@dataclass
class _PartsPolicy(CachePolicy):
    """A policy that names its parts; the key follows from them."""

    def _parts(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> dict[str, str]:
        raise NotImplementedError

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The key made of this policy's parts; None when it has none.

        Raises:
            HashError: something the key depends on cannot be hashed; the message names it.
        """
        return _joined(self._parts(task_ctx, inputs, flow_parameters, **kwargs))

    def explained_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> CacheKey:
        """The key of a run with its parts, hashed once; errors as for `compute_key`."""
        if type(self).compute_key is not _PartsPolicy.compute_key:
            return super().explained_key(task_ctx, inputs, flow_parameters, **kwargs)
        parts = self._parts(task_ctx, inputs, flow_parameters, **kwargs)
        return CacheKey(_joined(parts), parts)


@dataclass
class CompoundCachePolicy(_PartsPolicy):
    """A sum of policies. Sums inside are taken apart, and all `Inputs` become one, at the end.

    Attributes:
        policies: the summands.
    """

    policies: list[CachePolicy] = field(default_factory=list)

    def __post_init__(self) -> None:
        flat = [member for policy in self.policies for member in _members(policy)]
        inputs = [policy for policy in flat if type(policy) is Inputs]
        self.policies = [policy for policy in flat if type(policy) is not Inputs]
        if inputs:
            excluded = sorted({name for policy in inputs for name in policy.exclude})
            self.policies.append(inputs[0] if len(inputs) == 1 else Inputs(exclude=excluded))

    def _parts(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> dict[str, str]:
        parts: dict[str, str] = {}
        for position, policy in enumerate(self.policies):
            found = policy.explained_key(task_ctx, inputs, flow_parameters, **kwargs).parts
            parts.update({name if name not in parts else f"{name} {position}": found[name] for name in found})
        return parts

    def _without_input(self, name: str) -> CachePolicy:
        return replace(self, policies=[policy - name for policy in self.policies])


def _members(policy: CachePolicy) -> list[CachePolicy]:
    return policy.policies if isinstance(policy, CompoundCachePolicy) else [policy]


_sources: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


@dataclass
class TaskSource(_PartsPolicy):
    """Depends on the source text of the task's function; where there is none, on its bytecode."""

    def _parts(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> dict[str, str]:
        return {"task source": source_fingerprint(task_ctx.task)}


def source_fingerprint(task: Any) -> str:
    """What a task's source contributes to its keys."""
    fn = task.fn
    source = _sources.get(fn)
    if source is None:
        source = _sources[fn] = fingerprint(_source_of(fn))
    return source


def _source_of(fn: Callable[..., Any]) -> Any:
    try:
        return inspect.getsource(fn)
    except (OSError, TypeError):  # typed into a prompt, compiled, or not a Python function
        return getattr(fn, "__code__", None) or fn


@dataclass
class FlowParameters(_PartsPolicy):
    """Depends on the parameters of the flow run around the task."""

    def _parts(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> dict[str, str]:
        return _named_fingerprints("flow parameter", flow_parameters or {}, ())


def _lineage(flow_run_id: Any) -> Any:
    """The run whose results count as those of a flow run: itself, or the one it was forked from."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    past = None if context is None or context.flow_run is None else context.resumption
    if past is None or context is None or context.flow_run.id != flow_run_id:
        return flow_run_id
    return past.lineage


@dataclass
class RunId(_PartsPolicy):
    """Depends on the flow run; outside of flows on the task run."""

    def _parts(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> dict[str, str]:
        run_id = _lineage(task_ctx.task_run.flow_run_id) or task_ctx.task_run.id
        return {"run": str(run_id)} if run_id else {}

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str | None:
        """The id itself."""
        return self._parts(task_ctx, inputs, flow_parameters).get("run")

    def explained_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> CacheKey:
        """The id, which is the only part."""
        parts = self._parts(task_ctx, inputs, flow_parameters)
        return CacheKey(parts.get("run"), parts)


@dataclass
class Inputs(_PartsPolicy):
    """Depends on the arguments of the task.

    A task without parameters is never cached by its inputs alone. Arguments are compared by value; which task
    they are given to is not part of the key.

    Attributes:
        exclude: names of arguments that do not count.
    """

    exclude: list[str] = field(default_factory=list)

    def _parts(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> dict[str, str]:
        if not inputs:
            return {}
        return _named_fingerprints("input", inputs, self.exclude) or {"inputs": "none"}

    def _without_input(self, name: str) -> CachePolicy:
        return replace(self, exclude=[*self.exclude, name])


def _named_fingerprints(what: str, values: Mapping[str, Any], exclude: Any) -> dict[str, str]:
    parts: dict[str, str] = {}
    problems: list[str] = []
    for name, value in values.items():
        if name not in exclude:
            try:
                parts[f"{what} {name}"] = fingerprint(value)
            except HashError as error:
                problems.append(f"{what} {name!r}: {error}")
    if problems:
        raise InputHashError(
            f"No cache key can be computed. {' '.join(problems)} Leave such arguments out of it "
            '(cache_policy=INPUTS - "name"), give a cache_key_fn, or do not cache (cache_policy=NO_CACHE).'
        )
    return parts


INPUTS = Inputs()
NONE = _None()
NO_CACHE = _None()
TASK_SOURCE = TaskSource()
FLOW_PARAMETERS = FlowParameters()
RUN_ID = RunId()
DEFAULT = INPUTS + TASK_SOURCE + RUN_ID
