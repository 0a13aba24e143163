"""`Settings`: all settings, as one tree. Its own rows are the few that belong to no group."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.constants import DEFAULT_PREFECT_HOME
from prefect.settings.fields import setting
from prefect.settings.models import _defaults
from prefect.settings.models.api import APISettings
from prefect.settings.models.cli import CLISettings
from prefect.settings.models.client import ClientSettings
from prefect.settings.models.cloud import CloudSettings
from prefect.settings.models.deployments import DeploymentsSettings
from prefect.settings.models.engine import EngineSettings
from prefect.settings.models.events import EventsSettings
from prefect.settings.models.experiments import ExperimentsSettings
from prefect.settings.models.flows import FlowsSettings
from prefect.settings.models.internal import InternalSettings
from prefect.settings.models.logging import LoggingSettings
from prefect.settings.models.plugins import PluginsSettings
from prefect.settings.models.results import ResultsSettings
from prefect.settings.models.runner import RunnerSettings
from prefect.settings.models.server.root import ServerSettings
from prefect.settings.models.tasks import TasksSettings
from prefect.settings.models.telemetry import TelemetrySettings
from prefect.settings.models.testing import TestingSettings
from prefect.settings.models.worker import WorkerSettings
from prefect.settings.spelling import MASK

if TYPE_CHECKING:
    from prefect.settings.legacy import Setting, SettingKey, SettingValues


class Settings(PrefectBaseSettings):
    """All settings. `Settings()` reads every source anew; most code wants `get_current_settings()`.

    Sources, the first that has a value wins: keyword arguments, environment variables, `.env`,
    `prefect.toml`, the `[tool.prefect]` table of `pyproject.toml`, the active profile, defaults.
    """

    home: Path = setting(
        DEFAULT_PREFECT_HOME,
        "Folder of everything local: store, results, profiles.",
        adjust=_defaults.absolute,
    )
    profiles_path: Path = setting(
        None,
        "File of profiles. Default: profiles.toml in PREFECT_HOME.",
        derive=_defaults.in_home("profiles.toml"),
        adjust=_defaults.fill_home,
    )
    debug_mode: bool = setting(False, "Log on level DEBUG, whatever levels are set.")
    ui_url: str | None = setting(
        None, "URL of the UI, for links. Default: follows from api.url.", derive=_defaults.ui_url
    )
    silence_api_url_misconfiguration: bool = setting(False, "Do not warn about an api.url that looks wrong.")

    api: APISettings
    cli: CLISettings
    client: ClientSettings
    cloud: CloudSettings
    deployments: DeploymentsSettings
    engine: EngineSettings
    events: EventsSettings
    experiments: ExperimentsSettings
    flows: FlowsSettings
    internal: InternalSettings
    logging: LoggingSettings
    plugins: PluginsSettings
    results: ResultsSettings
    runner: RunnerSettings
    server: ServerSettings
    tasks: TasksSettings
    telemetry: TelemetrySettings
    testing: TestingSettings
    worker: WorkerSettings

    @property
    def connected_to_cloud(self) -> bool:
        """Whether `api.url` belongs to the hosted service."""
        return bool(self.api.url and self.api.url.startswith(self.cloud.api_url))

    def copy_with_update(
        self,
        updates: "SettingValues | None" = None,
        set_defaults: "SettingValues | None" = None,
        restore_defaults: "Iterable[SettingKey] | None" = None,
    ) -> "Settings":
        """Return settings with some values replaced.

        Args:
            updates: Values that replace whatever is set.
            set_defaults: Values for settings that nothing sets.
            restore_defaults: Settings that get their default back.

        Raises:
            InvalidSettingError: a value cannot be used.
            ValueError: a key names no setting.
        """
        from prefect.settings.loading import updated

        return updated(self, updates or {}, set_defaults or {}, restore_defaults or ())

    def value_of(self, setting: "Setting") -> Any:
        """Return the value of a setting object; secrets as plain text."""
        return setting.value_from(self)

    def with_obfuscated_secrets(self) -> "Settings":
        """Return settings that hold a mask in the place of every secret."""
        return self.copy_with_update(
            {row.path: MASK for row, value in self.items() if row.is_secret and value is not None}
        )

    def hash_key(self) -> str:
        """Return a text that is equal for equal settings, to key caches with."""
        return str(hash(self))


def canonical_environment_prefix(settings: PrefectBaseSettings) -> str:
    """Return what the variables of a group start with, such as `PREFECT_API_`."""
    return f"PREFECT_{settings.path.upper().replace('.', '_')}_" if settings.path else "PREFECT_"
