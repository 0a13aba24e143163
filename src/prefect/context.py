"""What surrounds running code: the run it belongs to, tags, settings; and carrying that to other processes.

Here: the context models of the public API, each over one `ContextVar`. Not here: how a run is entered
(`engine`), how settings are read (`settings`), the facts a program asks for by name (`runtime`).
"""

from __future__ import annotations

import asyncio
import contextvars
import datetime
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from prefect.exceptions import MissingContextError
from prefect.schemas.bases import now

if TYPE_CHECKING:
    from prefect.settings import Profile
    from prefect.settings.loading import Loaded

T = TypeVar("T")

__all__ = [
    "AsyncClientContext",
    "ContextModel",
    "EngineContext",
    "FlowRunContext",
    "RunContext",
    "SettingsContext",
    "SyncClientContext",
    "TagsContext",
    "TaskRunContext",
    "get_run_context",
    "get_settings_context",
    "hydrated_context",
    "refresh_global_settings_context",
    "root_settings_context",
    "serialize_context",
    "tags",
    "use_profile",
    "with_context",
]


class ContextModel(BaseModel):
    """Something that surrounds code: entered with `with`, found from inside with `get()`."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", defer_build=True)

    __var__: ClassVar[ContextVar[Any]]
    _token: Token[Any] | None = PrivateAttr(default=None)

    @classmethod
    def get(cls) -> Self | None:
        """The innermost one around the caller, or None."""
        found: Self | None = cls.__var__.get(None)
        return found

    def __enter__(self) -> Self:
        if self._token is not None:
            raise RuntimeError(
                "A context can be entered once; make a copy with `model_copy()` to enter it again."
            )
        self._token = self.__var__.set(self)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._token is None:
            raise RuntimeError("A context can only be left by whoever entered it.")
        self.__var__.reset(self._token)
        self._token = None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy that has not been entered."""
        copy = super().model_copy(update=update, deep=deep)
        copy._token = None
        return copy

    def serialize(self, include_secrets: bool = True) -> dict[str, Any]:
        """The fields that were set, for `serialize_context`."""
        return self.model_dump(exclude_unset=True, context={"include_secrets": include_secrets})


def leave(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Put back what was around before.

    A coroutine or generator that Python's collector closes ends in somebody else's context, which stays as it is.
    """
    with suppress(ValueError):
        variable.reset(token)


class RunContext(ContextModel):
    """What flow runs and task runs have in common. Values are set by the engine."""

    start_time: datetime.datetime = Field(default_factory=now)
    input_keyset: dict[str, dict[str, str]] | None = None
    client: Any = None

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        if self.__dict__.get("result_store", self) is None:
            del self.__dict__["result_store"]

    def __getattr__(self, name: str) -> Any:
        """`result_store` is opened when it is first asked for: most runs never need one."""
        if name == "result_store":
            store = self.__dict__["result_store"] = self._open_result_store()
            return store
        return super().__getattr__(name)  # type: ignore[misc]

    def _open_result_store(self) -> Any:
        from prefect.results import ResultStore

        return ResultStore()

    def serialize(self, include_secrets: bool = True) -> dict[str, Any]:
        """The fields another process can use: live objects (clients, runners) stay behind."""
        return {
            "start_time": self.start_time,
            "parameters": dict(self.__dict__.get("parameters") or {}),
            "log_prints": self.__dict__.get("log_prints", False),
            "persist_result": self.__dict__.get("persist_result", False),
        }


class EngineContext(RunContext):
    """Surrounds the body of a flow: the flow, its run, its task runner, its parameters.

    Attributes:
        run_results: results of finished runs, by object identity, so that a value handed on to another task is
            recorded as its input.
        children: subflow runs by their place in the flow, over all attempts of the run.
        resumption: what the run may take over from earlier attempts.
        control: by which the run can be stopped; None in a process that does not own it.
        parent: the context of the flow run around this one.
        task_stores: the result stores of tasks that have run here, by the identity of the task.
        detached: the context was carried to another process, which does not own the flow run.
    """

    __var__: ClassVar[ContextVar[Any]] = ContextVar("flow_run")

    flow: Any = None
    flow_run: Any = None
    task_runner: Any = None
    log_prints: bool = False
    parameters: dict[str, Any] | None = None
    detached: bool = False
    result_store: Any = Field(default=None)
    persist_result: bool = False
    task_run_dynamic_keys: dict[str, str | int] = Field(default_factory=dict)
    observed_flow_pauses: dict[str, int] = Field(default_factory=dict)
    flow_run_suspension_request: Any = None
    run_results: Any = Field(default_factory=dict)
    task_run_assets: dict[Any, set[Any]] = Field(default_factory=dict)
    events: Any = None
    children: dict[str, Any] = Field(default_factory=dict)
    task_stores: dict[int, Any] = Field(default_factory=dict)
    resumption: Any = None
    control: Any = None
    parent: Any = None

    def _open_result_store(self) -> Any:
        from prefect._colours import steps_of
        from prefect._steps import run_blocking
        from prefect.results import ResultStore

        outer = ResultStore() if self.parent is None else self.parent.result_store
        return outer if self.flow is None else run_blocking(steps_of(outer.update_for_flow, self.flow))

    def serialize(self, include_secrets: bool = True) -> dict[str, Any]:
        """The flow run as another process sees it: detached from its runner."""
        return {
            **super().serialize(include_secrets),
            "flow": self.flow,
            "flow_run": self.flow_run,
            "detached": True,
            "resumption": self.resumption,
        }


FlowRunContext = EngineContext


class TaskRunContext(RunContext):
    """Surrounds the body of a task: the task, its run, its parameters.

    Attributes:
        step: the place of the call in its flow run, the same in every attempt; None outside of flow runs.
    """

    __var__: ClassVar[ContextVar[Any]] = ContextVar("task_run")

    task: Any
    task_run: Any
    log_prints: bool = False
    parameters: dict[str, Any]
    result_store: Any = Field(default=None)
    persist_result: bool = False
    step: str | None = None

    def _open_result_store(self) -> Any:
        from prefect._colours import steps_of
        from prefect._steps import run_blocking
        from prefect.results import ResultStore

        flow_run = FlowRunContext.get()
        outer = ResultStore() if flow_run is None else flow_run.result_store
        return run_blocking(steps_of(outer.update_for_task, self.task))

    def serialize(self, include_secrets: bool = True) -> dict[str, Any]:
        """The task run as another process sees it."""
        return {**super().serialize(include_secrets), "task": self.task, "task_run": self.task_run}


class TagsContext(ContextModel):
    """Tags that runs made inside receive."""

    __var__: ClassVar[ContextVar[Any]] = ContextVar("tags")

    current_tags: set[str] = Field(default_factory=set)

    @classmethod
    def get(cls) -> Self:
        """The innermost one; an empty one when there is none."""
        found: Self | None = cls.__var__.get(None)
        return cls() if found is None else found


class SyncClientContext(ContextModel):
    """A client of blocking calls that code inside shares.

        with SyncClientContext.get_or_create() as around:
            around.client.hello()

    Args:
        httpx_settings: options for the HTTP client, on top of what the settings say.
    """

    __var__: ClassVar[ContextVar[Any]] = ContextVar("sync_client_context")

    client: Any

    def __init__(self, httpx_settings: dict[str, Any] | None = None) -> None:
        from prefect.client.orchestration import get_client

        super().__init__(client=get_client(httpx_settings=httpx_settings, sync_client=True))  # type: ignore[call-arg]

    def __enter__(self) -> Self:
        self.client.__enter__()
        return super().__enter__()

    def __exit__(self, *exc_info: Any) -> None:
        try:
            super().__exit__(*exc_info)
        finally:
            self.client.__exit__(*exc_info)

    @classmethod
    @contextmanager
    def get_or_create(cls) -> Generator[Self, None, None]:
        """The innermost one around the caller, or one for the block."""
        found = cls.get()
        if found is not None:
            yield found
            return
        with cls() as made:
            yield made


class AsyncClientContext(ContextModel):
    """A client of coroutines that code inside shares, in one event loop; see `SyncClientContext`.

    Args:
        httpx_settings: options for the HTTP client, on top of what the settings say.
    """

    __var__: ClassVar[ContextVar[Any]] = ContextVar("async_client_context")

    client: Any

    def __init__(self, httpx_settings: dict[str, Any] | None = None) -> None:
        from prefect.client.orchestration import get_client

        super().__init__(client=get_client(httpx_settings=httpx_settings))  # type: ignore[call-arg]

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        return super().__enter__()

    async def __aexit__(self, *exc_info: Any) -> None:
        try:
            super().__exit__(*exc_info)
        finally:
            await self.client.__aexit__(*exc_info)

    @classmethod
    @asynccontextmanager
    async def get_or_create(cls) -> AsyncGenerator[Self, None]:
        """The innermost one around the caller, if it belongs to the running event loop, or one for the block."""
        found = cls.get()
        if found is not None and found.client.loop is asyncio.get_running_loop():
            yield found
            return
        async with cls() as made:
            yield made


class SettingsContext(ContextModel):
    """The settings in force, and the profile they were made from."""

    __var__: ClassVar[ContextVar[Any]] = ContextVar("settings_context")

    profile: Any
    settings: Any
    _settings_token: Any = PrivateAttr(default=None)

    def __hash__(self) -> int:
        return hash(self.settings)

    def __enter__(self) -> Self:
        from prefect.settings.context import enter_settings
        from prefect.settings.loading import Loaded

        super().__enter__()
        self._settings_token = enter_settings(Loaded(self.settings, self.profile))
        return self

    def __exit__(self, *_: Any) -> None:
        from prefect.settings.context import leave_settings

        super().__exit__()
        leave_settings(self._settings_token)

    @classmethod
    def get(cls) -> Self | None:
        """The innermost one; the settings of the process when none was entered."""
        from prefect.settings.context import current_frame

        found: Self | None = cls.__var__.get(None)
        frame = current_frame()
        if found is not None and found.settings is frame.settings:
            return found
        return cls._of_frame(frame)

    @classmethod
    def _of_frame(cls, frame: Loaded) -> Self:
        return cls(profile=frame.profile, settings=frame.settings)

    def serialize(self, include_secrets: bool = True) -> dict[str, Any]:
        """The profile and settings as another process can take them over."""
        return {
            "profile": self.profile,
            "settings": self.settings.to_environment_variables(
                exclude_unset=True, include_secrets=include_secrets
            ),
        }


def get_run_context() -> EngineContext | TaskRunContext:
    """The context of the run the caller is part of: of the task run if there is one, else of the flow run.

    Raises:
        MissingContextError: the caller is not part of a run.
    """
    context = TaskRunContext.get() or FlowRunContext.get()
    if context is None:
        raise MissingContextError(
            "There is no run context here: this can only be asked from inside a flow or task run."
        )
    return context


def get_settings_context() -> SettingsContext:
    """The settings in force at the caller, with their profile."""
    context = SettingsContext.get()
    assert context is not None
    return context


def root_settings_context() -> SettingsContext:
    """The settings of the process, whatever has been entered around the caller."""
    from prefect.settings.context import process_wide_frame

    return SettingsContext._of_frame(process_wide_frame())


def refresh_global_settings_context() -> None:
    """Read the settings of the process again (environment, files, profile)."""
    from prefect.settings.context import refresh_global_settings_context as refresh

    refresh()


@contextmanager
def use_profile(
    profile: Profile | str,
    override_environment_variables: bool = False,
    include_current_context: bool = True,
) -> Generator[SettingsContext, Any, None]:
    """Put a settings profile in force for the block.

    Args:
        profile: a profile or the name of a stored one.
        override_environment_variables: let the profile win over environment variables.
        include_current_context: keep settings in force now that the profile does not set.

    Raises:
        prefect.exceptions.MissingProfileError: there is no profile of that name.
    """
    from prefect.settings.context import use_profile as use

    with (
        use(profile, override_environment_variables, include_current_context) as frame,
        SettingsContext._of_frame(frame) as context,
    ):
        yield context


@contextmanager
def tags(*new_tags: str) -> Generator[set[str], None, None]:
    """Give the tags to all flow and task runs made in the block, on top of those around it.

    Yields the set of tags in force inside.
    """
    current = TagsContext.get().current_tags.union(new_tags)
    with TagsContext(current_tags=current):
        yield current


# --- carrying a context to other threads and processes ---------------------------------------------------

_CARRIED: dict[str, type[ContextModel]] = {
    "flow_run_context": FlowRunContext,
    "task_run_context": TaskRunContext,
    "tags_context": TagsContext,
}


def serialize_context(asset_ctx_kwargs: dict[str, Any] | None = None) -> dict[str, Any]:
    """The context of the caller as plain (picklable) values, for `hydrated_context` in another process."""
    carried = {key: model.__var__.get(None) for key, model in _CARRIED.items()}
    return {
        **{key: context.serialize() for key, context in carried.items() if context is not None},
        "settings_context": get_settings_context().serialize(),
    }


@contextmanager
def hydrated_context(
    serialized_context: dict[str, Any] | None = None, client: Any = None
) -> Generator[None, Any, None]:
    """Enter the contexts that `serialize_context` described, for the block (None: enter nothing)."""
    serialized = serialized_context or {}
    with ExitStack() as entered:
        if settings := serialized.get("settings_context"):
            from prefect.settings.context import temporary_settings

            entered.enter_context(temporary_settings(settings["settings"]))
        for key, model in _CARRIED.items():
            if (fields := serialized.get(key)) is not None:
                extra = {"client": client} if issubclass(model, RunContext) else {}
                entered.enter_context(model(**fields, **extra))
        yield


def with_context(fn: Callable[..., T]) -> Callable[..., T]:
    """`fn` as a callable that runs in the caller's present context, in whatever thread it is called later."""
    context = contextvars.copy_context()

    def call_in_context(*args: Any, **kwargs: Any) -> T:
        return context.copy().run(fn, *args, **kwargs)

    return call_in_context


def __getattr__(name: str) -> Any:
    if name == "GLOBAL_SETTINGS_CONTEXT":
        return root_settings_context()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
