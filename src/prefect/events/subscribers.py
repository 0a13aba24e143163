"""`FlowRunSubscriber`: all that is told of one flow run, its log and its events, until it has ended."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from prefect.events._subscribing import Subscriber
from prefect.events.clients import get_events_subscriber
from prefect.events.log_clients import get_logs_subscriber
from prefect.exceptions import ObjectNotFound
from prefect.schemas.event_filters import EventAnyResourceFilter, EventFilter
from prefect.schemas.events import Event
from prefect.schemas.filters.logs import LogFilter, LogFilterFlowRunId
from prefect.schemas.logs import Log
from prefect.schemas.states import TERMINAL_STATES

__all__ = ["FlowRunSubscriber"]

_MOST_WAITING = 1000
_BACKFILL_SECONDS = 3.0
"""Within this time the first event of an ended run comes, if any does."""

_TERMINAL = {type.value for type in TERMINAL_STATES}


class FlowRunSubscriber:
    """The log records and events of a flow run, as they come, until it has ended and a while afterwards.

        async with FlowRunSubscriber(flow_run_id) as told:
            async for item in told:
                ...

    Args:
        flow_run_id: which one.
        straggler_timeout: once the run has ended, the stream does when nothing came for so many seconds.
        reconnection_attempts: how often it is tried to connect anew, in a row.
    """

    def __init__(
        self, flow_run_id: UUID, straggler_timeout: int = 3, reconnection_attempts: int = 10
    ) -> None:
        self._id = flow_run_id
        self._resource = f"prefect.flow-run.{flow_run_id}"
        self._straggler_seconds = straggler_timeout
        resources = EventAnyResourceFilter(id=[self._resource])
        self._events = get_events_subscriber(EventFilter(any_resource=resources), reconnection_attempts)
        logs = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id]))
        self._logs = get_logs_subscriber(logs, reconnection_attempts)
        self._items: asyncio.Queue[Log | Event | Exception | None] = asyncio.Queue(_MOST_WAITING)
        self._patience_seconds: float | None = None
        self._stack: AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            # logs first: those that come while the events are read back are not missed
            for items in (self._logs, self._events):
                await stack.enter_async_context(items)
            if await self._has_ended():
                self._patience_seconds = max(self._straggler_seconds, _BACKFILL_SECONDS)
            for items in (self._logs, self._events):
                stack.push_async_callback(_cancel, asyncio.ensure_future(self._pass_on(items)))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    async def _pass_on(self, items: Subscriber[Any]) -> None:
        """Queue items until there will be no more (None), or something is wrong (the error)."""
        end: Exception | None = None
        try:
            async for item in items:
                await self._items.put(item)
        except Exception as error:
            end = error
        if end is not None or items is self._events:
            await self._items.put(end)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Log | Event:
        if self._stack is None:
            raise TypeError("A FlowRunSubscriber is read within `async with` only.")
        while True:
            try:
                async with asyncio.timeout(self._patience_seconds):
                    item = await self._items.get()
            except TimeoutError:
                raise StopAsyncIteration from None
            if isinstance(item, Exception):
                raise item
            if item is not None:
                self._note(item)
                return item
            # without events nobody will tell that the run has ended
            self._patience_seconds = self._straggler_seconds

    def _note(self, item: Log | Event) -> None:
        """Note whether the flow run has ended; it may be run again."""
        if isinstance(item, Event) and item.resource.id == self._resource:
            type = item.resource.get("prefect.state-type")
            if type is not None:
                self._patience_seconds = self._straggler_seconds if type in _TERMINAL else None

    async def _has_ended(self) -> bool:
        """Whether it had ended before: nobody may tell so any more."""
        from prefect.client.orchestration import get_client

        async with get_client() as client:
            try:
                run = await client.read_flow_run(self._id)
            except ObjectNotFound:
                return False
        return run.state is not None and run.state.is_final()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
