"""`settings.server.events`: receiving, keeping and matching events."""

from datetime import timedelta

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerEventsSettings(PrefectBaseSettings, path="server.events"):
    """Receiving, keeping and matching events."""

    stream_out_enabled: bool = setting(
        True, "Clients may watch the stream of events.", aliases=("PREFECT_API_EVENTS_STREAM_OUT_ENABLED",)
    )
    related_resource_cache_ttl: timedelta = setting(
        timedelta(minutes=5),
        "How long the resources related to an event are remembered.",
        aliases=("PREFECT_API_EVENTS_RELATED_RESOURCE_CACHE_TTL",),
    )
    maximum_labels_per_resource: int = setting(
        500, "Labels one resource may have.", aliases=("PREFECT_EVENTS_MAXIMUM_LABELS_PER_RESOURCE",)
    )
    maximum_related_resources: int = setting(
        100, "Resources one event may be related to.", aliases=("PREFECT_EVENTS_MAXIMUM_RELATED_RESOURCES",)
    )
    maximum_size_bytes: int = setting(
        1_500_000, "Largest event, as JSON.", aliases=("PREFECT_EVENTS_MAXIMUM_SIZE_BYTES",)
    )
    maximum_event_name_length: int = setting(1024, "Longest name of an event in characters.", gt=0)
    expired_bucket_buffer: timedelta = setting(
        timedelta(seconds=60),
        "How long an expired count of a trigger is kept.",
        aliases=("PREFECT_EVENTS_EXPIRED_BUCKET_BUFFER",),
    )
    proactive_granularity: timedelta = setting(
        timedelta(seconds=5),
        "How often triggers that wait for absent events are looked at.",
        aliases=("PREFECT_EVENTS_PROACTIVE_GRANULARITY",),
    )
    retention_period: timedelta = setting(
        timedelta(days=7), "How long events are kept.", aliases=("PREFECT_EVENTS_RETENTION_PERIOD",)
    )
    maximum_websocket_backfill: timedelta = setting(
        timedelta(minutes=15),
        "How far back a new watcher of the stream may ask.",
        aliases=("PREFECT_EVENTS_MAXIMUM_WEBSOCKET_BACKFILL",),
    )
    websocket_backfill_page_size: int = setting(
        250,
        "Events read at a time for a new watcher.",
        gt=0,
        aliases=("PREFECT_EVENTS_WEBSOCKET_BACKFILL_PAGE_SIZE",),
    )
    messaging_broker: str = setting(
        "prefect.server.utilities.messaging.memory",
        "Module that hands events from receiver to consumers.",
        aliases=("PREFECT_MESSAGING_BROKER",),
    )
    messaging_cache: str = setting(
        "prefect.server.utilities.messaging.memory",
        "Module that recognises repeated events.",
        aliases=("PREFECT_MESSAGING_CACHE",),
    )
    causal_ordering: str = setting(
        "prefect.server.events.ordering.memory",
        "Module that puts events in the order they caused each other.",
    )
