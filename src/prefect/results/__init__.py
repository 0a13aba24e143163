"""Results that are kept: the records, the store that reads and writes them, and the defaults.

Not here: serializers (`prefect.serializers`), file systems (`prefect.filesystems`), when a run keeps its
result (`engine`), when a kept result saves a run (`cache_policies`, `transactions`).
"""

from prefect.results.access import aread_result, get_result_store, load_result, read_result
from prefect.results.cache import LRUCache, default_cache
from prefect.results.defaults import (
    LITERAL_TYPES,
    ResultSerializer,
    ResultStorage,
    aget_default_result_storage,
    aresolve_result_storage,
    get_default_persist_setting,
    get_default_persist_setting_for_tasks,
    get_default_result_serializer,
    get_default_result_storage,
    get_or_create_default_task_scheduling_storage,
    require_saved_storage,
    resolve_result_storage,
    resolve_serializer,
    should_persist_result,
)
from prefect.results.keys import format_storage_key
from prefect.results.legacy import BaseResult, PersistedResult
from prefect.results.records import DamagedRecordError, ResultRecord
from prefect.results.store import DEFAULT_STORAGE_KEY_FN, ResultStore, result_storage_discriminator
from prefect.schemas.results import ResultRecordMetadata

get_current_result_store = get_result_store

__all__ = [
    "DEFAULT_STORAGE_KEY_FN",
    "LITERAL_TYPES",
    "BaseResult",
    "DamagedRecordError",
    "LRUCache",
    "PersistedResult",
    "ResultRecord",
    "ResultRecordMetadata",
    "ResultSerializer",
    "ResultStorage",
    "ResultStore",
    "aget_default_result_storage",
    "aread_result",
    "aresolve_result_storage",
    "default_cache",
    "format_storage_key",
    "get_current_result_store",
    "get_default_persist_setting",
    "get_default_persist_setting_for_tasks",
    "get_default_result_serializer",
    "get_default_result_storage",
    "get_or_create_default_task_scheduling_storage",
    "get_result_store",
    "load_result",
    "read_result",
    "require_saved_storage",
    "resolve_result_storage",
    "resolve_serializer",
    "result_storage_discriminator",
    "should_persist_result",
]
