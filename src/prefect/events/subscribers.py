"""`FlowRunSubscriber`: all that is told of one flow run, its log and its events, until it has ended."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from prefect.events.clients import get_events_subscriber
from prefect.events.log_clients import get_logs_subscriber
from prefect.schemas.event_filters import EventAnyResourceFilter, EventFilter
from prefect.schemas.events import Event
from prefect.schemas.filters.logs import LogFilter, LogFilterFlowRunId
from prefect.schemas.logs import Log
from prefect.schemas.states import TERMINAL_STATES

__all__ = ["FlowRunSubscriber"]

_MOST_WAITING = 1000
_TERMINAL = {type.value for type in TERMINAL_STATES}


class FlowRunSubscriber:
    """The log records and events of a flow run, as they come, until it has ended and a while afterwards.

        async with FlowRunSubscriber(flow_run_id) as told:
            async for item in told:
                ...

    Args:
        flow_run_id: which one.
        straggler_timeout: seconds after the end for which log records are waited for.
        reconnection_attempts: how often it is tried to connect anew, in a row.
    """

    def __init__(
        self, flow_run_id: UUID, straggler_timeout: int = 3, reconnection_attempts: int = 10
    ) -> None:
        self._resource = f"prefect.flow-run.{flow_run_id}"
        self._straggler_seconds = straggler_timeout
        resources = EventAnyResourceFilter(id=[self._resource])
        self._events = get_events_subscriber(EventFilter(any_resource=resources), reconnection_attempts)
        logs = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id]))
        self._logs = get_logs_subscriber(logs, reconnection_attempts)
        self._items: asyncio.Queue[Log | Event | BaseException] = asyncio.Queue(_MOST_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._has_ended = False
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # logs first: those that come while the events are read back are not missed
        await self._stack.enter_async_context(self._logs)
        await self._stack.enter_async_context(self._events)
        self._tasks = [asyncio.ensure_future(self._pass_on(one)) for one in (self._logs, self._events)]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    async def _pass_on(self, items: Any) -> None:
        try:
            async for item in items:
                await self._items.put(item)
        except Exception as error:
            await self._items.put(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Log | Event:
        try:
            async with asyncio.timeout(self._straggler_seconds if self._has_ended else None):
                item = await self._items.get()
        except TimeoutError:
            raise StopAsyncIteration from None
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, Event) and self._is_its_end(item):
            self._has_ended = True
        return item

    def _is_its_end(self, event: Event) -> bool:
        """Whether the event says that the flow run has ended."""
        return event.resource.id == self._resource and event.resource.get("prefect.state-type") in _TERMINAL
