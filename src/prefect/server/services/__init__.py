"""What the server does on its own, beside answering requests: services, each one duty, in threads.

`server_services` says which there are; `create_app` runs them for as long as the application lives.
"""

from __future__ import annotations

from collections.abc import Iterable

from prefect.server.database.store import Store
from prefect.server.services.block_registrar import BlockRegistrar
from prefect.server.services.event_persister import EventPersister, EventVacuum
from prefect.server.services.lease_reaper import LeaseReaper
from prefect.server.services.live_feed import LiveFeed
from prefect.server.services.service import Service
from prefect.server.services.supervisor import Supervisor
from prefect.settings import Settings

__all__ = ["Service", "Supervisor", "live_feed_of", "server_services"]


def server_services(store: Store, settings: Settings) -> list[Service]:
    """The services of a server over that store, as the settings want them."""
    services: list[Service] = [LeaseReaper(store, settings.engine.lease_ttl_seconds)]
    if settings.server.register_blocks_on_start:
        services.append(BlockRegistrar(store))
    return [*services, *_event_services(store, settings)]


def _event_services(store: Store, settings: Settings) -> list[Service]:
    """What tells of runs, hands out what is live, and removes what is old."""
    services: list[Service] = []
    tells = settings.server.services.event_persister.enabled
    feed = LiveFeed(store, tells_states=tells)
    if tells:
        persister = EventPersister(store, told=feed.wake)
        feed.feed.states_came = persister.wake
        services.append(persister)
    if "events" in settings.server.services.db_vacuum.enabled_vacuum_types:
        services.append(EventVacuum(store, settings))
    return [feed, *services]


def live_feed_of(services: Iterable[Service]) -> LiveFeed | None:
    """The service that sockets get what is live from, if it is among these."""
    return next((one for one in services if isinstance(one, LiveFeed)), None)
