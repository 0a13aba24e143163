"""`settings.runner`: processes that serve flows."""

from typing import Literal

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class RunnerServerSettings(PrefectBaseSettings, path="runner.server"):
    """The small web server of a runner, for health checks."""

    enable: bool = setting(False, "Serve it.")
    host: str = setting("localhost", "Address it listens on.")
    port: int = setting(8080, "Port it listens on.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = setting(
        "ERROR", "Level of its log."
    )
    missed_polls_tolerance: int = setting(
        2, "Missed polls after which the runner reports that it is unhealthy."
    )


class RunnerSettings(PrefectBaseSettings, path="runner"):
    """Processes that serve flows."""

    process_limit: int = setting(5, "Flow runs a runner executes at a time.")
    poll_frequency: int = setting(10, "Seconds between looks for scheduled runs.")
    crash_on_cancellation_failure: bool = setting(
        False, "A run whose cancelling cannot be watched any more is crashed instead of left running."
    )
    auto_install_dependencies: bool = setting(False, "Install missing packages of a flow before it runs.")
    server: RunnerServerSettings

    @property
    def heartbeat_frequency(self) -> int | None:
        """The former place of `settings.flows.heartbeat_frequency`."""
        from prefect.settings.context import get_current_settings

        return get_current_settings().flows.heartbeat_frequency
