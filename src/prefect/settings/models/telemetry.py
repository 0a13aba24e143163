"""`settings.telemetry`: measurements of the process a flow runs in."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class TelemetrySettings(PrefectBaseSettings, path="telemetry"):
    """Measurements of the process a flow runs in."""

    enable_resource_metrics: bool = setting(True, "Measure processor and memory use of flow runs.")
    resource_metrics_interval_seconds: int = setting(10, "Time between measurements.", ge=1)
