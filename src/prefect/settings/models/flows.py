"""`settings.flows`: defaults of flows."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class FlowsSettings(PrefectBaseSettings, path="flows"):
    """Defaults of flows."""

    heartbeat_frequency: int | None = setting(
        180,
        "Seconds between heartbeat events of runs of deployments; None sends none.",
        ge=30,
        aliases=("PREFECT_RUNNER_HEARTBEAT_FREQUENCY",),
    )
    default_retries: int = setting(
        0, "Retries of flows that do not say.", ge=0, aliases=("PREFECT_FLOW_DEFAULT_RETRIES",)
    )
    default_retry_delay_seconds: int | float | list[float] = setting(
        0,
        "Seconds between retries of flows that do not say; a list gives one wait per retry.",
        aliases=("PREFECT_FLOW_DEFAULT_RETRY_DELAY_SECONDS",),
    )
