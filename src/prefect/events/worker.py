"""The background worker that sends what `emit_event` is given, in batches, without anybody waiting for it.

Events go where the settings in force where they were emitted say: to a server, or to the store. What cannot be sent
is kept and tried again, within bounds; when the program ends, it is waited for, within bounds. Not here: sockets
(`clients`), what an event is related to (`related`).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Hashable
from typing import Any, ClassVar, NamedTuple

from prefect.logging import get_logger
from prefect.schemas.events import Event
from prefect.settings import get_current_settings

MOST_WAITING = 100_000
"""How many events may wait where the settings set no limit (PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE)."""

BATCH = 100
LONGEST_DRAIN_SECONDS = 30.0
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 10.0


def emit_events_to_cloud() -> bool:
    """Whether events go to Prefect Cloud: never by themselves."""
    return False


def should_emit_events_to_running_server() -> bool:
    """Whether events go to a server."""
    return get_current_settings().api.url is not None


def should_emit_events_to_ephemeral_server() -> bool:
    """Whether events go to the store of this process."""
    return get_current_settings().api.url is None


def should_emit_events() -> bool:
    """Whether events go anywhere: they always do."""
    return should_emit_events_to_running_server() or should_emit_events_to_ephemeral_server()


class _Emitted(NamedTuple):
    """An event with the surroundings it was emitted in, and where it goes."""

    event: Event
    context: contextvars.Context
    destination: Hashable


class EventsWorker:
    """Sends events from a thread of its own, which is started when there is something to send.

    Args:
        client_type: a client (`prefect.events.clients`) that every event is given to, instead of what the settings
            say.
        client_options: keyword arguments for it, as pairs.
    """

    _instances: ClassVar[dict[Hashable, EventsWorker]] = {}
    _override: ClassVar[tuple[type[Any] | None, dict[str, Any]]] = (None, {})
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self, client_type: type[Any] | None = None, client_options: tuple[tuple[str, Any], ...] = ()
    ) -> None:
        self._client_type = client_type
        self._client: Any = None if client_type is None else client_type(**dict(client_options))
        self._waiting: deque[_Emitted] = deque()
        self._changed = threading.Condition()
        self._under_way = 0
        self._ending_at: float | None = None
        self._thread: threading.Thread | None = None
        self._runner: asyncio.Runner | None = None
        self._is_entered = False
        self._is_over = False
        self._lost = 0

    @classmethod
    def instance(cls, client_type: type[Any] | None = None) -> EventsWorker:
        """The worker of this process, for a kind of client."""
        overriding, options = cls._override
        chosen = client_type or overriding
        given = options if chosen is overriding else {}
        key = (chosen, tuple(sorted(given.items())))
        with cls._making:
            found = cls._instances.get(key)
            if found is None or found._ending_at is not None:
                found = cls._instances[key] = cls(chosen, tuple(given.items()))
        return found

    @classmethod
    def set_client_override(cls, client_type: type[Any] | None, **client_kwargs: Any) -> None:
        """Have events given to that kind of client from now on; None: to what the settings say again."""
        cls._override = (client_type, client_kwargs)

    # --- taking in -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to send; it is done by itself when there is something to send."""
        with self._changed:
            if self._thread is None and self._ending_at is None:
                _drain_when_process_ends()
                self._thread = threading.Thread(target=self._live, name="prefect-events", daemon=True)
                self._thread.start()

    def send(self, event: Event) -> None:
        """Queue an event; never waits. When too many wait already, it is dropped, and that is said."""
        settings = get_current_settings()
        url = settings.server.database.connection_url
        destination = (settings.api.url, None if url is None else url.get_secret_value())
        most = settings.events.worker_max_queue_size or MOST_WAITING
        with self._changed:
            is_over, lost = self._is_over, 0
            if not is_over and len(self._waiting) >= most:
                self._lost += 1
                lost = self._lost
            elif not is_over:
                self._waiting.append(_Emitted(event, contextvars.copy_context(), destination))
                self._changed.notify_all()
                self.start()
        if is_over:
            # it was drained by somebody else since it was asked for
            EventsWorker.instance(self._client_type).send(event)
            return
        if lost and lost & (lost - 1) == 0:
            get_logger("events").warning(
                "%d events wait to be sent already; %d have been dropped (PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE).",
                most,
                lost,
            )

    # --- sending ---------------------------------------------------------------------------------------

    def _live(self) -> None:
        failures = 0
        while batch := self._next_batch():
            try:
                for one in batch:
                    self._relate(one)
                self._deliver(batch)
                failures = 0
            except Exception as error:
                failures += 1
                self._put_back(batch)
                if not self._wait_after(error, failures):
                    break
            with self._changed:
                self._under_way = 0
                self._changed.notify_all()
        self._leave_client()
        with self._changed:
            self._is_over = True
            self._under_way = 0
            self._changed.notify_all()

    def _leave_client(self) -> None:
        if self._runner is not None:
            with contextlib.suppress(Exception), self._runner:
                if self._is_entered:
                    self._runner.run(self._client.__aexit__(None, None, None))

    def _next_batch(self) -> list[_Emitted]:
        """Events of one destination; none, when there will be no more."""
        with self._changed:
            while not self._waiting:
                if self._ending_at is not None:
                    self._is_over = True
                    return []
                self._changed.wait()
            destination = self._waiting[0].destination
            batch: list[_Emitted] = []
            while self._waiting and len(batch) < BATCH and self._waiting[0].destination == destination:
                batch.append(self._waiting.popleft())
            self._under_way = len(batch)
        return batch

    def _put_back(self, batch: list[_Emitted]) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(batch))

    def _wait_after(self, error: Exception, failures: int) -> bool:
        """Wait until it is worth to try again; False: there is no time left."""
        logger = get_logger("events")
        if failures == 1:
            logger.warning("Events cannot be sent now; they are kept and sent later: %.300s", error)
        wait = min(_FIRST_WAIT_SECONDS * 2.0 ** min(failures, 10), _LONGEST_WAIT_SECONDS)
        with self._changed:
            if self._ending_at is None:
                # the end, when it comes, is a reason to try at once
                self._changed.wait_for(lambda: self._ending_at is not None, wait)
            else:
                self._changed.wait_for(lambda: False, min(wait, self._ending_at - time.monotonic()))
            if self._ending_at is None or time.monotonic() < self._ending_at:
                return True
            logger.error("%d events were not sent: %.300s", len(self._waiting), error)
            return False

    def _deliver(self, batch: list[_Emitted]) -> None:
        try:
            self._send([one.event for one in batch], batch[0].context)
        except Exception as error:
            if not _is_refusal(error):
                raise
            if len(batch) == 1:
                event = batch[0].event
                get_logger("events").error(
                    "Event %s (%.100s) was refused: %.300s", event.id, event.event, error
                )
                return
            # one that is refused must not keep the others from being sent
            for one in batch:
                self._deliver([one])

    def _send(self, events: list[Event], context: contextvars.Context) -> None:
        if self._client is None:
            context.run(_send, events)
            return
        if self._runner is None:
            self._runner = asyncio.Runner()
        self._runner.run(self._give_to_client(events))

    def _relate(self, emitted: _Emitted) -> None:
        try:
            emitted.context.run(_relate, emitted.event)
        except Exception as error:
            get_logger("events").debug(
                "What event %s is related to is not known: %r", emitted.event.id, error
            )

    async def _give_to_client(self, events: list[Event]) -> None:
        if not self._is_entered:
            await self._client.__aenter__()
            self._is_entered = True
        for event in events:
            await self._client.emit(event)

    async def attach_related_resources_from_context(self, event: Event) -> None:
        """Add to an event what it is related to because of where this is called."""
        await asyncio.to_thread(_relate, event)

    # --- ending ----------------------------------------------------------------------------------------

    def wait_until_empty(self, timeout: float | None = None) -> bool:
        """Wait until everything is sent, or given up; whether it is sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_empty or self._is_over, timeout)
            return self._is_empty

    @property
    def _is_empty(self) -> bool:
        return not self._waiting and not self._under_way

    def drain(self, timeout: float | None = LONGEST_DRAIN_SECONDS) -> bool:
        """Send what waits and end; whether everything was sent in time. The next `instance` is another one."""
        moment = _moment_after(timeout)
        self._end_by(moment)
        return self._has_ended_by(moment)

    @classmethod
    def drain_all(cls, timeout: float | None = LONGEST_DRAIN_SECONDS) -> bool:
        """Send what waits in every worker and end them; whether everything was sent in time."""
        with cls._making:
            workers, cls._instances = list(cls._instances.values()), {}
        moment = _moment_after(timeout)
        for worker in workers:
            worker._end_by(moment)
        # each is waited for, also when one of them was not in time
        drained = [worker._has_ended_by(moment) for worker in workers]
        return all(drained)

    def _end_by(self, moment: float) -> None:
        with self._changed:
            self._ending_at = moment
            # without a thread there is nothing to wait for
            self._is_over = self._is_over or self._thread is None
            self._changed.notify_all()

    def _has_ended_by(self, moment: float) -> bool:
        """Wait for the end; whether everything was sent."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, moment - time.monotonic()))
        with self._changed:
            return self._is_empty


def _moment_after(timeout: float | None) -> float:
    return time.monotonic() + (LONGEST_DRAIN_SECONDS if timeout is None else timeout)


def _relate(event: Event) -> None:
    """Add to an event what it is related to because of where it was emitted."""
    from prefect.context import FlowRunContext, TaskRunContext

    if FlowRunContext.get() is None and TaskRunContext.get() is None:
        return
    from prefect._steps import run_blocking
    from prefect.client.orchestration import get_client
    from prefect.events.related import Surroundings

    client: Any = get_client(sync_client=True)
    known = {resource.id for resource in event.involved_resources}
    event.related += run_blocking(Surroundings(client._transport).related(known))


def _is_refusal(error: Exception) -> bool:
    """Whether it is useless to send the same again."""
    from prefect.events._sockets import RefusedError

    status = getattr(getattr(error, "response", None), "status_code", None)
    # a database driver's error stands behind SQLAlchemy's
    cause = getattr(error, "orig", None) or error
    return isinstance(cause, ValueError | TypeError | RefusedError) or status in (400, 413, 422)


def _send(events: list[Event]) -> None:
    from prefect.client.orchestration import get_client

    get_client(sync_client=True).create_events(events)


def _drain_when_process_ends() -> None:
    """Have the end of this process wait for events; said with each thread, since a fork forgets it."""
    if (util := sys.modules.get("multiprocessing.util")) is not None:
        # children that it forks know no atexit
        util.Finalize(None, EventsWorker.drain_all, exitpriority=0)
    atexit.unregister(EventsWorker.drain_all)
    atexit.register(EventsWorker.drain_all)


def _forget_in_child() -> None:
    """A forked child has none of its parent's threads; what waited there is sent there."""
    EventsWorker._instances = {}
    EventsWorker._making = threading.Lock()


os.register_at_fork(after_in_child=_forget_in_child)
