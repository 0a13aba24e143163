"""`settings.server.concurrency`: concurrency limits."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerConcurrencySettings(PrefectBaseSettings, path="server.concurrency"):
    """Concurrency limits."""

    lease_storage: str = setting(
        "prefect.server.concurrency.lease_storage.memory",
        "Module that keeps leases. Ours always keeps them in the store.",
    )
    initial_deployment_lease_duration: float = setting(
        300.0,
        "Seconds a run of a limited deployment holds its slot before its first renewal.",
        ge=30,
        le=3600,
    )
    maximum_concurrency_slot_wait_seconds: float = setting(
        30, "Longest wait the server asks of a client that found no free slot.", ge=0
    )
