"""`settings.events`: how this process emits events."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class EventsSettings(PrefectBaseSettings, path="events"):
    """How this process emits events."""

    worker_max_queue_size: int = setting(0, "Events that may wait to be sent; 0 is 100 000.", ge=0)
