"""`/task_runs/subscriptions/scheduled`: task runs that are due, given to the task workers that serve their tasks.

A worker says which tasks it serves; it is sent one run at a time and says that it has it. Not here: which run goes to
whom (`server/models/deliveries`).
"""

from __future__ import annotations

import asyncio
from typing import Any

from prefect.schemas.bases import now
from prefect.schemas.runs import TaskRun
from prefect.server.api.threads import Threads
from prefect.server.api.websockets.speaking import Closing, SocketEndpoint, Speaker, from_json
from prefect.server.database.store import Store
from prefect.server.models import deliveries
from prefect.settings import Settings

PROTOCOL_VIOLATION = 4001
LOOK_SECONDS = 0.5
"""How often it is looked whether a run is due."""


class ScheduledTaskRuns(SocketEndpoint):
    """Gives task runs to workers."""

    def __init__(self, store: Store, threads: Threads, settings: Settings) -> None:
        super().__init__(settings)
        self._store = store
        self._threads = threads

    async def serve(self, speaker: Speaker) -> None:
        """Learn what the worker serves, and give it runs until it goes."""
        message = await speaker.hear_in_time("subscribe", PROTOCOL_VIOLATION)
        keys, worker = _wish(message)
        await self._threads.run(self._register, worker, keys)
        try:
            await self._give(speaker, keys, worker)
        finally:
            await self._threads.run(self._remove, worker)

    async def _give(self, speaker: Speaker, keys: list[str], worker: str) -> None:
        hearing = asyncio.ensure_future(speaker.hear())
        try:
            while True:
                run = await self._threads.run(self._next, keys, worker)
                if run is None:
                    await asyncio.wait({hearing}, timeout=LOOK_SECONDS)
                    if hearing.done():
                        # nothing was given that could be acknowledged
                        if _has_quit(hearing.result()):
                            return
                        raise Closing(PROTOCOL_VIOLATION, "Protocol violation: nothing to acknowledge")
                    continue
                if not await self._is_taken(speaker, hearing, run, worker):
                    return
                hearing = asyncio.ensure_future(speaker.hear())
        finally:
            hearing.cancel()

    async def _is_taken(
        self, speaker: Speaker, hearing: asyncio.Future[str], run: TaskRun, worker: str
    ) -> bool:
        """Give a run; whether the worker has it. It goes to another when it has not."""
        taken = False
        try:
            await speaker.say(run.model_dump_json())
            taken = not _has_quit(await hearing)
            return taken
        finally:
            if not taken:
                await self._threads.run(self._give_back, run, worker)

    # --- in threads ------------------------------------------------------------------------------------

    def _register(self, worker: str, keys: list[str]) -> None:
        with self._store.writing(apart=True) as connection:
            deliveries.register_worker(connection, worker, keys, now())
            deliveries.forget_claims(connection, now())

    def _remove(self, worker: str) -> None:
        with self._store.writing(apart=True) as connection:
            deliveries.remove_worker(connection, worker)

    def _next(self, keys: list[str], worker: str) -> TaskRun | None:
        with self._store.reading() as connection:
            if not deliveries.is_any_waiting(connection, keys, now()):
                return None
        with self._store.writing(apart=True) as connection:
            return deliveries.claim_next(connection, keys, worker, now())

    def _give_back(self, run: TaskRun, worker: str) -> None:
        with self._store.writing(apart=True) as connection:
            deliveries.give_back(connection, run.id, worker)


def _wish(message: dict[str, Any]) -> tuple[list[str], str]:
    """Which tasks a worker serves, and who it is."""
    keys, worker = message.get("keys"), message.get("client_id")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise Closing(PROTOCOL_VIOLATION, "Protocol violation: expected 'keys' in subscribe message")
    if not isinstance(worker, str) or not worker:
        raise Closing(PROTOCOL_VIOLATION, "Protocol violation: expected 'client_id' in subscribe message")
    return keys, worker


def _has_quit(text: str) -> bool:
    """Whether a worker says that it goes, and not that it has a run.

    Raises:
        Closing: it says neither.
    """
    message = from_json(text, PROTOCOL_VIOLATION, "ack")
    type = message.get("type") if isinstance(message, dict) else None
    if type not in ("ack", "quit"):
        raise Closing(PROTOCOL_VIOLATION, "Protocol violation: expected 'ack' message")
    return bool(type == "quit")
