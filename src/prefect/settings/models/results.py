"""`settings.results`: where results are kept."""

from datetime import timedelta
from pathlib import Path

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class ResultsSettings(PrefectBaseSettings, path="results"):
    """Where results are kept."""

    default_serializer: str = setting("pickle", "Serializer of results that name none.")
    persist_by_default: bool = setting(False, "Keep results of flows and tasks that do not say.")
    default_storage_block: str | None = setting(
        None,
        "Storage block of results that name none, as `type/name`.",
        aliases=("PREFECT_DEFAULT_RESULT_STORAGE_BLOCK",),
    )
    local_storage_path: Path = setting(
        None,
        "Folder for results without a storage block. Default: storage in PREFECT_HOME.",
        aliases=("PREFECT_LOCAL_STORAGE_PATH",),
        derive=_defaults.in_home("storage"),
        adjust=_defaults.fill_home,
    )
    allow_pickle: bool = setting(
        True,
        "Write and read results as pickles. Reading a pickle runs code that it names; False refuses both, so "
        "that results must use another serializer, such as json.",
    )
    sync_writes: bool = setting(
        False,
        "Wait until a local result file is on the disk itself. Without it a result survives the end of the "
        "process, whatever its cause, but not always a power cut.",
    )
    retention: timedelta | None = setting(
        None,
        "How long the result of a run is kept after its end; `prefect result prune` removes older ones. "
        "Default: as long as the record of the run.",
    )
