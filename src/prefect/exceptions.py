"""Every error and signal of Prefect, in one tree.

What lives here: the classes a user may catch, and the words of their messages. What does not: the
decision to raise them, and errors that only one service knows (those live beside that service).

    BaseException
    ├── PrefectSignal                       control flow inside a run; never swallow it
    │   ├── Abort                           the run must stop, its state is not ours to change
    │   └── Pause                           the run is paused; carries `state`
    │       └── FlowRunSuspended            (also SystemExit) it has left its process, which has no more to do
    ├── ExternalSignal                      control flow from outside the process
    │   ├── FlowRunStopped                  somebody has stopped the flow run around
    │   ├── TaskRunGivenUp                  the flow run of this task run has ended
    │   └── TerminationSignal               SIGTERM arrived; carries `signal`
    └── Exception
        ├── ImportError
        │   └── PrefectImportError          a moved or removed name was imported
        ├── httpx.HTTPStatusError
        │   └── PrefectHTTPStatusError      the API answered with an error status (loaded on first use)
        └── PrefectException
            │   outcome of a run, met while asking for its result
            ├── CrashedRun, FailedRun, CancelledRun, UnfinishedRun
            ├── PausedRun                   carries `state`
            ├── MissingResult, UpstreamTaskError
            │   a flow or task was declared or called wrongly
            ├── ParameterTypeError
            ├── ParameterBindError          (also TypeError)
            ├── SignatureMismatchError      (also TypeError)
            ├── ReservedArgumentError       (also TypeError)
            ├── InvalidNameError            (also ValueError)
            ├── MappingLengthMismatch, MappingMissingIterable
            ├── HashError, SerializationError
            │   waiting, pausing, resuming
            ├── FlowPauseTimeout, FlowRunWaitTimeout, FlowRunWatchError, NotPausedError
            │   finding and loading code
            ├── MissingFlowError, UnspecifiedFlowError, InvalidRepositoryURLError
            ├── ScriptError, FlowScriptError
            │   settings and context
            ├── ConfigurationError
            ├── ProfileSettingsValidationError
            ├── MissingProfileError         (also ValueError)
            ├── MissingContextError         (also RuntimeError)
            │   what the API refused; all carry `http_exc`
            ├── ObjectNotFound, ObjectAlreadyExists, ObjectLimitReached, ObjectUnsupported
            │   blocks, events, infrastructure
            ├── BlockMissingCapabilities, ProtectedBlockError, EventTooLarge
            ├── InfrastructureError, InfrastructureNotFound, InfrastructureNotAvailable
            │   the server that runs are recorded at
            ├── ServerUnreachableError      it does not answer: start it, or have what happens kept meanwhile
            │   concurrency limits
            ├── ConcurrencySlotsTakenError  no free slot: try again after `retry_after_seconds`
            ├── ConcurrencyLeaseLostError   the lease on slots has ended: what it held is not held any more
            │   the store that holds runs
            └── StoreError
                ├── StoreLockedError        another process kept the write lock too long: try again
                ├── StoreCorruptError       the file is damaged: restore or replace it
                ├── StoreTooNewError        a later version wrote it: upgrade
                ├── StoreReadOnlyError      no permission to write: fix it or move the store
                ├── StoreFullError          no space left: free some
                └── StoreUnavailableError   it cannot be opened or reached at all
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect import Signature
    from typing import Self

    from pydantic import ValidationError
    from rich.traceback import Traceback

    from prefect.schemas.states import State
    from prefect.utilities._http_errors import PrefectHTTPStatusError as PrefectHTTPStatusError


def __getattr__(name: str) -> Any:
    # Its base class is httpx's, and importing Prefect must not load an HTTP client.
    if name == "PrefectHTTPStatusError":
        from prefect.utilities._http_errors import PrefectHTTPStatusError

        return PrefectHTTPStatusError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def exception_traceback(exc: BaseException) -> str:
    """The traceback of `exc`, with its causes, as the text Python itself would print."""
    return "".join(traceback.TracebackException.from_exception(exc).format())


class PrefectException(Exception):
    """Base of all errors of Prefect."""


# --- Outcome of a run ---------------------------------------------------------------------------


class CrashedRun(PrefectException):
    """The result of a run was asked for, and the run had crashed."""


class FailedRun(PrefectException):
    """The result of a run was asked for, and the run had failed without leaving an exception."""


class CancelledRun(PrefectException):
    """The result of a run was asked for, and the run had been cancelled."""


class PausedRun(PrefectException):
    """The result of a run was asked for, and the run is paused. `state` is its state."""

    def __init__(self, *args: Any, state: State[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = state


class UnfinishedRun(PrefectException):
    """The result of a run was asked for, and the run has not reached a final state."""


class MissingResult(PrefectException):
    """The result of a completed run was asked for, and it was not kept or cannot be found."""


class UpstreamTaskError(PrefectException):
    """A run cannot start because a run it depends on did not complete."""


# --- Flows and tasks declared or called wrongly -------------------------------------------------


class ParameterTypeError(PrefectException):
    """Parameters do not fit the types in the signature of the flow."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg)

    @classmethod
    def from_validation_error(cls, exc: ValidationError) -> Self:
        """Say in one line per parameter what pydantic found wrong."""
        faults = [
            f" - {'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in exc.errors(include_url=False, include_context=False, include_input=False)
        ]
        return cls("\n".join(["Flow run received invalid parameters:", *faults]))


class ParameterBindError(TypeError, PrefectException):
    """Arguments do not fit the signature of the function."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg)

    @classmethod
    def from_bind_failure(
        cls,
        fn: Callable[..., Any],
        exc: TypeError,
        call_args: tuple[Any, ...],
        call_kwargs: dict[str, Any],
    ) -> Self:
        """Show the signature next to the names and the number of what was passed.

        Values are not shown: they may be large, and they may be secret.
        """
        import inspect

        name = getattr(fn, "__name__", repr(fn))
        return cls.from_signature(name, inspect.signature(fn), exc, call_args, call_kwargs)

    @classmethod
    def from_signature(
        cls,
        name: str,
        signature: Signature,
        exc: TypeError,
        call_args: tuple[Any, ...],
        call_kwargs: dict[str, Any],
    ) -> Self:
        """As `from_bind_failure`, for who knows the name and the signature but has no function at hand."""
        expected = str(signature).removeprefix("(").rpartition(")")[0]
        return cls(
            f"Error binding parameters for function {name!r}: {exc}.\n"
            f"Function {name!r} has signature {expected!r} but received "
            f"{len(call_args)} positional argument(s) and keyword arguments {list(call_kwargs)}."
        )


class SignatureMismatchError(PrefectException, TypeError):
    """Parameters given by name are not those in the signature of the function."""

    def __init__(self, msg: str) -> None:
        super().__init__(msg)

    @classmethod
    def from_bad_params(cls, expected_params: list[str], provided_params: list[str]) -> Self:
        return cls(
            f"Function expects parameters {expected_params} "
            f"but was provided with parameters {provided_params}"
        )


class ReservedArgumentError(PrefectException, TypeError):
    """A function uses a parameter name that Prefect keeps for itself, such as `wait_for`."""


class InvalidNameError(PrefectException, ValueError):
    """A name contains characters that names must not contain."""


class MappingLengthMismatch(PrefectException):
    """Iterables given to `map` have different lengths."""


class MappingMissingIterable(PrefectException):
    """`map` was called without anything to iterate over."""


class HashError(PrefectException):
    """A value could neither be encoded as JSON nor pickled, so it has no hash."""


class SerializationError(PrefectException):
    """A value could not be serialised, or stored bytes could not be read back."""


# --- Waiting, pausing, resuming -----------------------------------------------------------------


class FlowPauseTimeout(PrefectException):
    """A paused flow run was not resumed in time."""


class FlowRunWaitTimeout(PrefectException):
    """A flow run did not finish within the time given to wait for it."""


class FlowRunWatchError(PrefectException):
    """Following a flow run came to an end before the run did."""


class NotPausedError(PrefectException):
    """A run that is not paused was asked to resume."""


# --- Finding and loading code -------------------------------------------------------------------


class MissingFlowError(PrefectException):
    """No flow was found where one was named."""


class UnspecifiedFlowError(PrefectException):
    """Several flows were found and none was named."""


class InvalidRepositoryURLError(PrefectException):
    """The address of a repository is malformed."""


class ScriptError(PrefectException):
    """Running a user's script to load objects from it raised `user_exc`."""

    def __init__(self, user_exc: Exception, path: str) -> None:
        super().__init__(f"Script at {path!r} encountered an exception: {user_exc!r}")
        self.user_exc = user_exc
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.user_exc, self.path)


class FlowScriptError(PrefectException):
    """Running a script that defines a flow raised `user_exc`."""

    def __init__(self, user_exc: Exception, script_path: str) -> None:
        super().__init__(f"Flow script at {script_path!r} encountered an exception: {user_exc!r}")
        self.user_exc = user_exc
        self.script_path = script_path

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.user_exc, self.script_path)

    def rich_user_traceback(self, **kwargs: Any) -> Traceback:
        """The traceback of the user's exception for a rich console; `kwargs` go to rich."""
        from rich.traceback import Traceback

        exc = self.user_exc
        return Traceback.from_exception(type(exc), exc, exc.__traceback__, **kwargs)


# --- Settings and context -----------------------------------------------------------------------


class ConfigurationError(PrefectException):
    """Options contradict one another, or something they need is not configured."""


class ProfileSettingsValidationError(PrefectException):
    """Settings in a profile are invalid. `errors` pairs each setting with what is wrong."""

    def __init__(self, errors: list[tuple[Any, ValidationError]]) -> None:
        super().__init__(errors)
        self.errors = errors


class MissingProfileError(PrefectException, ValueError):
    """A profile was named that does not exist."""


class MissingContextError(PrefectException, RuntimeError):
    """Something that needs a flow run or task run was used outside of one."""


# --- What the API refused -----------------------------------------------------------------------


class _RefusedByAPI(PrefectException):
    """Shared body of the errors that stand for one HTTP status."""

    def __init__(self, http_exc: Exception, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.http_exc = http_exc

    def __str__(self) -> str:
        return super().__str__() if self.args else str(self.http_exc)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.http_exc, *self.args)


class ObjectNotFound(_RefusedByAPI):
    """The API knows no object with that id or name (404)."""

    def __init__(
        self, http_exc: Exception, help_message: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(http_exc, *args, **kwargs)
        self.help_message = help_message

    def __str__(self) -> str:
        return self.help_message or super().__str__()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.http_exc, self.help_message, *self.args)


class ObjectAlreadyExists(_RefusedByAPI):
    """The API already has an object with that name or key (409)."""


class ObjectLimitReached(_RefusedByAPI):
    """The API holds as many objects of this kind as it may (403)."""


class ObjectUnsupported(_RefusedByAPI):
    """The API does not accept objects of this kind (403)."""


# --- Blocks, events, infrastructure -------------------------------------------------------------


class BlockMissingCapabilities(PrefectException):
    """A block does not offer what it was asked for."""


class ProtectedBlockError(PrefectException):
    """A protected block or block type was about to be changed or deleted."""


class EventTooLarge(PrefectException):
    """An event is larger than the API accepts. `size` and `maximum` are in bytes."""

    def __init__(self, size: int, maximum: int) -> None:
        super().__init__(f"Event is too large to emit ({size} > {maximum} bytes)")
        self.size = size
        self.maximum = maximum

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.size, self.maximum)


class InfrastructureError(PrefectException):
    """Infrastructure for a run could not be prepared, started or stopped."""


class InfrastructureNotFound(PrefectException):
    """The infrastructure of a run does not exist (any more)."""


class InfrastructureNotAvailable(PrefectException):
    """The infrastructure of a run is out of reach from here."""


# --- Concurrency limits -------------------------------------------------------------------------


class ConcurrencySlotsTakenError(PrefectException):
    """A concurrency limit has too few free slots. `retry_after_seconds`: None, if waiting is no use."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (*self.args, self.retry_after_seconds)


class ConcurrencyLeaseLostError(PrefectException):
    """The lease on slots has expired or was given back: others may hold them now."""


# --- Importing ----------------------------------------------------------------------------------


class PrefectImportError(ImportError):
    """A name was imported that has moved or is gone; the message says what to use."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


# --- Signals ------------------------------------------------------------------------------------


class PrefectSignal(BaseException):
    """Base of what Prefect raises through user code to steer a run. Let it pass."""


class Abort(PrefectSignal):
    """The run must stop here and leave the state that others have given it."""


class Pause(PrefectSignal):
    """The run is paused and must leave its process. `state` is the paused state."""

    def __init__(self, *args: Any, state: State[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.state = state


class FlowRunSuspended(Pause, SystemExit):
    """The flow run was suspended and has left its process; a program that has nothing else to do ends well."""


class ExternalSignal(BaseException):
    """Base of what the outside of the process asks of a run."""


class FlowRunStopped(ExternalSignal):
    """Somebody has cancelled the flow run around this code, or put it away, or ended it."""

    def __init__(self, message: str = "The flow run around this code was stopped.") -> None:
        super().__init__(message)


class TaskRunGivenUp(ExternalSignal):
    """The flow run of a task run has ended and nobody waits for the task run any more."""

    def __init__(
        self, message: str = "The flow run ended before this task run did; it was given up."
    ) -> None:
        super().__init__(message)


class TerminationSignal(ExternalSignal):
    """The process was told to end. `signal` is the number of the signal."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


# --- The store ----------------------------------------------------------------------------------


class ServerUnreachableError(PrefectException):
    """The server that the settings name does not answer, and what was asked cannot wait.

    Args:
        url: of its API.
        reason: what happened.
    """

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"The server at {url} cannot be reached: {reason}. Start it with `prefect server start`, or correct "
            "PREFECT_API_URL; without that setting runs are recorded in a local store."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.url, self.reason)


class StoreError(PrefectException):
    """The store that holds runs cannot do what it must.

    Args:
        location: where the store is, a path or a database URL; a password in it is not shown.
        detail: what the database itself said.

    Attributes:
        passes: the same may succeed when it is done again: nothing of it was written.
        is_unsure: it cannot be known whether it was written, since the connection broke while it was.
    """

    passes = False
    is_unsure = False
    problem = "cannot be used"
    remedy = "Look at PREFECT_HOME and PREFECT_API_DATABASE_CONNECTION_URL: they say where the store is."
    remedy_at_a_server = ""
    """Where the store is at a database server, and the remedy is another one."""

    def __init__(self, location: object, detail: object = None) -> None:
        self.location = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", str(location))
        self.detail = None if detail is None else str(detail)
        because = f": {self.detail.rstrip('.')}" if self.detail else ""
        super().__init__(f"The store at {self.location!r} {self.problem}{because}. {self._remedy}")

    @property
    def _remedy(self) -> str:
        at_a_server = self.location.startswith("postgresql")
        return (at_a_server and self.remedy_at_a_server) or self.remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.location, self.detail)


class StoreLockedError(StoreError):
    """Another process kept the write lock for longer than the timeout."""

    problem = "is locked by another process"
    remedy = "Try again; if it stays locked, look for a process that was stopped while it was writing."


class StoreCorruptError(StoreError):
    """The file is not a database, or it is damaged."""

    problem = "is damaged or is not a Prefect store"
    remedy = "Restore it from a backup, or move the file away: a new store is made on the next run."
    remedy_at_a_server = "Restore it from a backup, or give Prefect a database of its own."


class StoreTooNewError(StoreError):
    """The store was written by a later version, whose tables this one does not know."""

    problem = "was written by a newer version of Prefect"
    remedy = "Upgrade Prefect, or point PREFECT_HOME at another directory."
    remedy_at_a_server = "Upgrade Prefect, or give this version a database of its own."


class StoreReadOnlyError(StoreError):
    """The file or its directory may not be written to."""

    problem = "is read-only"
    remedy = "Give this user permission to write the file and its directory, or point PREFECT_HOME elsewhere."
    remedy_at_a_server = (
        "Give this user of the database the right to write; look whether the server is a standby, or "
        "default_transaction_read_only is on."
    )


class StoreFullError(StoreError):
    """There is no space left for the store."""

    problem = "has no space left to write to"
    remedy = "Free some space or delete old runs, then run again; what was committed before is intact."


class StoreUnavailableError(StoreError):
    """The file cannot be opened, or the database server cannot be reached."""

    problem = "cannot be opened"
    remedy_at_a_server = (
        "Look whether the database server runs and lets this user in; its address is set by "
        "PREFECT_API_DATABASE_CONNECTION_URL, for a server by PREFECT_SERVER_DATABASE_CONNECTION_URL."
    )
