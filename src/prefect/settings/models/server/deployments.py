"""`settings.server.deployments`: runs of deployments."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerDeploymentsSettings(PrefectBaseSettings, path="server.deployments"):
    """Runs of deployments."""

    concurrency_slot_wait_seconds: float = setting(
        30.0,
        "Wait before a run that found its deployment's limit full tries again.",
        ge=0,
        aliases=("PREFECT_DEPLOYMENT_CONCURRENCY_SLOT_WAIT_SECONDS",),
    )
