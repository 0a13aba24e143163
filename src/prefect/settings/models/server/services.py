"""`settings.server.services`: the work the server does on its own, service by service."""

from datetime import timedelta
from typing import Literal

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class ServicesBaseSetting(PrefectBaseSettings):
    """What every service has: the switch `enabled`, declared by each with its own names and default."""


class ServerServicesCancellationCleanupSettings(
    ServicesBaseSetting, path="server.services.cancellation_cleanup"
):
    """Finishes what belongs to cancelled flow runs."""

    enabled: bool = setting(
        True, "Run the service.", aliases=("PREFECT_API_SERVICES_CANCELLATION_CLEANUP_ENABLED",)
    )
    loop_seconds: float = setting(
        20, "Time between rounds.", aliases=("PREFECT_API_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS",)
    )
    cancelling_timeout_seconds: float = setting(
        300, "Time after which a run that is still cancelling is marked cancelled.", gt=0
    )


class ServerServicesCleanupReconcilerSettings(ServicesBaseSetting, path="server.services.cleanup_reconciler"):
    """Finds cleaning work that was lost."""

    enabled: bool = setting(True, "Run the service.")
    loop_seconds: float = setting(5, "Time between rounds.", gt=0)
    batch_size: int = setting(100, "Pieces looked at in one round.", gt=0)


class ServerServicesDBVacuumSettings(ServicesBaseSetting, path="server.services.db_vacuum"):
    """Deletes what is too old to keep."""

    enabled: bool | set[Literal["events", "flow_runs"]] | None = setting(
        None,
        "What to delete: events, flow_runs, both, or true or false.",
        derive=_defaults.fresh(lambda: {"events"}),
    )
    loop_seconds: float = setting(3600, "Time between rounds.", gt=0)
    orphan_cleanup_loop_seconds: float = setting(
        86_400, "Time between searches for rows that belong to nothing.", gt=0
    )
    retention_period: timedelta = setting(
        timedelta(days=90), "How long finished flow runs are kept.", gt=3600
    )
    batch_size: int = setting(200, "Rows deleted at a time.", gt=0)
    event_retention_overrides: dict[str, timedelta] = setting(
        None,
        "How long events of a name are kept, as a JSON object of name and seconds.",
        derive=_defaults.fresh(lambda: {"prefect.flow-run.heartbeat": timedelta(days=7)}),
    )

    @property
    def enabled_vacuum_types(self) -> set[str]:
        """What is deleted: `events`, `flow_runs`, or both."""
        if isinstance(self.enabled, bool) or self.enabled is None:
            return {"events", "flow_runs"} if self.enabled else set()
        return set(self.enabled)


class ServerServicesEventPersisterSettings(ServicesBaseSetting, path="server.services.event_persister"):
    """Stores received events."""

    enabled: bool = setting(
        True, "Run the service.", aliases=("PREFECT_API_SERVICES_EVENT_PERSISTER_ENABLED",)
    )
    batch_size: int = setting(
        20, "Events stored at a time.", gt=0, aliases=("PREFECT_API_SERVICES_EVENT_PERSISTER_BATCH_SIZE",)
    )
    read_batch_size: int = setting(
        1, "Events taken at a time.", gt=0, aliases=("PREFECT_API_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE",)
    )
    flush_interval: float = setting(
        5,
        "Seconds after which events are stored although the batch is not full.",
        gt=0,
        aliases=("PREFECT_API_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL",),
    )
    queue_max_size: int = setting(50_000, "Events that may wait to be stored.", gt=0)
    max_flush_retries: int = setting(5, "Times storing a batch is tried.", gt=0)


class ServerServicesEventLoggerSettings(ServicesBaseSetting, path="server.services.event_logger"):
    """Logs received events, for looking into problems."""

    enabled: bool = setting(False, "Run the service.", aliases=("PREFECT_API_SERVICES_EVENT_LOGGER_ENABLED",))


class ServerServicesForemanSettings(ServicesBaseSetting, path="server.services.foreman"):
    """Watches over workers, work pools, queues and deployments."""

    enabled: bool = setting(True, "Run the service.", aliases=("PREFECT_API_SERVICES_FOREMAN_ENABLED",))
    loop_seconds: float = setting(
        15, "Time between rounds.", aliases=("PREFECT_API_SERVICES_FOREMAN_LOOP_SECONDS",)
    )
    inactivity_heartbeat_multiple: int = setting(
        3,
        "Missed heartbeats after which a worker is offline.",
        aliases=("PREFECT_API_SERVICES_FOREMAN_INACTIVITY_HEARTBEAT_MULTIPLE",),
    )
    fallback_heartbeat_interval_seconds: int = setting(
        30,
        "Time between heartbeats of workers that do not say theirs.",
        aliases=("PREFECT_API_SERVICES_FOREMAN_FALLBACK_HEARTBEAT_INTERVAL_SECONDS",),
    )
    deployment_last_polled_timeout_seconds: int = setting(
        60,
        "Time without a poll after which a deployment is not ready.",
        aliases=("PREFECT_API_SERVICES_FOREMAN_DEPLOYMENT_LAST_POLLED_TIMEOUT_SECONDS",),
    )
    work_queue_last_polled_timeout_seconds: int = setting(
        60,
        "Time without a poll after which a work queue is not ready.",
        aliases=("PREFECT_API_SERVICES_FOREMAN_WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS",),
    )


class ServerServicesLateRunsSettings(ServicesBaseSetting, path="server.services.late_runs"):
    """Marks runs that did not start in time as late."""

    enabled: bool = setting(True, "Run the service.", aliases=("PREFECT_API_SERVICES_LATE_RUNS_ENABLED",))
    loop_seconds: float = setting(
        5, "Time between rounds.", aliases=("PREFECT_API_SERVICES_LATE_RUNS_LOOP_SECONDS",)
    )
    after_seconds: timedelta = setting(
        timedelta(seconds=15),
        "Time after its schedule at which a run is late.",
        aliases=("PREFECT_API_SERVICES_LATE_RUNS_AFTER_SECONDS",),
    )


class ServerServicesSchedulerSettings(ServicesBaseSetting, path="server.services.scheduler"):
    """Makes the runs that schedules ask for."""

    enabled: bool = setting(True, "Run the service.", aliases=("PREFECT_API_SERVICES_SCHEDULER_ENABLED",))
    loop_seconds: float = setting(
        60, "Time between rounds.", aliases=("PREFECT_API_SERVICES_SCHEDULER_LOOP_SECONDS",)
    )
    deployment_batch_size: int = setting(
        100,
        "Deployments looked at together.",
        aliases=("PREFECT_API_SERVICES_SCHEDULER_DEPLOYMENT_BATCH_SIZE",),
    )
    max_runs: int = setting(
        100, "Most runs made ahead per schedule.", aliases=("PREFECT_API_SERVICES_SCHEDULER_MAX_RUNS",)
    )
    min_runs: int = setting(
        3, "Fewest runs made ahead per schedule.", aliases=("PREFECT_API_SERVICES_SCHEDULER_MIN_RUNS",)
    )
    max_scheduled_time: timedelta = setting(
        timedelta(days=100),
        "How far ahead runs are made at most.",
        aliases=("PREFECT_API_SERVICES_SCHEDULER_MAX_SCHEDULED_TIME",),
    )
    min_scheduled_time: timedelta = setting(
        timedelta(hours=1),
        "How far ahead runs are made at least.",
        aliases=("PREFECT_API_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME",),
    )
    insert_batch_size: int = setting(
        500, "Runs stored at a time.", aliases=("PREFECT_API_SERVICES_SCHEDULER_INSERT_BATCH_SIZE",)
    )
    recent_deployments_loop_seconds: float = setting(5, "Time between looks for new or changed deployments.")


class ServerServicesPauseExpirationsSettings(ServicesBaseSetting, path="server.services.pause_expirations"):
    """Fails paused runs that were not resumed in time."""

    enabled: bool = setting(
        True, "Run the service.", aliases=("PREFECT_API_SERVICES_PAUSE_EXPIRATIONS_ENABLED",)
    )
    loop_seconds: float = setting(
        5, "Time between rounds.", aliases=("PREFECT_API_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS",)
    )


class ServerServicesRepossessorSettings(ServicesBaseSetting, path="server.services.repossessor"):
    """Takes back what expired leases held."""

    enabled: bool = setting(True, "Run the service.")
    loop_seconds: float = setting(15, "Time between rounds.")


class ServerServicesTaskRunRecorderSettings(ServicesBaseSetting, path="server.services.task_run_recorder"):
    """Records task runs of clients that report them as events."""

    enabled: bool = setting(
        True, "Run the service.", aliases=("PREFECT_API_SERVICES_TASK_RUN_RECORDER_ENABLED",)
    )
    read_batch_size: int = setting(1, "Events taken at a time.", gt=0)
    batch_size: int = setting(1, "Events recorded at a time.", gt=0)
    flush_interval: float = setting(
        5, "Seconds after which events are recorded although the batch is not full.", gt=0
    )


class ServerServicesTriggersSettings(ServicesBaseSetting, path="server.services.triggers"):
    """Matches events with automations."""

    enabled: bool = setting(True, "Run the service.", aliases=("PREFECT_API_SERVICES_TRIGGERS_ENABLED",))
    read_batch_size: int = setting(1, "Events taken at a time.", gt=0)
    pg_notify_reconnect_interval_seconds: int = setting(
        10, "Time before a lost connection for PostgreSQL notifications is opened again."
    )
    pg_notify_heartbeat_interval_seconds: int = setting(
        5, "Time between checks of the connection for PostgreSQL notifications."
    )


class ServerServicesSettings(PrefectBaseSettings, path="server.services"):
    """The work the server does on its own."""

    cancellation_cleanup: ServerServicesCancellationCleanupSettings
    cleanup_reconciler: ServerServicesCleanupReconcilerSettings
    db_vacuum: ServerServicesDBVacuumSettings
    event_persister: ServerServicesEventPersisterSettings
    event_logger: ServerServicesEventLoggerSettings
    foreman: ServerServicesForemanSettings
    late_runs: ServerServicesLateRunsSettings
    scheduler: ServerServicesSchedulerSettings
    pause_expirations: ServerServicesPauseExpirationsSettings
    repossessor: ServerServicesRepossessorSettings
    task_run_recorder: ServerServicesTaskRunRecorderSettings
    triggers: ServerServicesTriggersSettings
