"""`settings.engine`: how runs are recorded. These settings are this implementation's own."""

from datetime import timedelta

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class EngineSettings(PrefectBaseSettings, path="engine"):
    """How runs are recorded."""

    journal_flush_interval_seconds: float = setting(
        0.1, "Longest time a task run's transition waits in memory before it is committed.", gt=0
    )
    journal_max_queued_rows: int = setting(
        10_000,
        "Transitions and log lines that may wait in memory; beyond that, tasks wait for the disk.",
        ge=1,
    )
    lease_ttl_seconds: float = setting(
        30.0, "Time after its last heartbeat at which a running attempt counts as dead.", ge=1
    )
    cancellation_grace_seconds: float = setting(
        30.0,
        "How long the code of a flow run that is cancelled may take to end; then the run is Cancelled all the same, "
        "with a message that says what is still alive.",
        ge=0,
    )
    require_server: bool = setting(
        False,
        "With PREFECT_API_URL set: fail a run when the server cannot be reached. Otherwise runs go on, and what "
        "happens is kept in PREFECT_HOME/spool until the server is back.",
    )
    spool_max_bytes: int = setting(
        1_000_000_000, "How much may be kept for a server that is away; beyond that runs fail.", ge=1_000_000
    )
    spool_wait_seconds: float = setting(
        10.0,
        "How long a program waits at its end for a server that is away; what is still kept then is sent by the "
        "next program that records at that server.",
        ge=0,
    )
    run_retention: timedelta | None = setting(
        None,
        "How long the record of a run is kept after its end; `prefect flow-run prune` removes older ones. "
        "Default: for ever.",
    )
    resume_window: timedelta = setting(
        timedelta(days=30),
        "How long after its end a failed or crashed run can count on being resumed: until then nothing that "
        "it needs is pruned.",
    )
