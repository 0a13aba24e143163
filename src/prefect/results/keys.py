"""Keys of results: as others know them, from templates, and told apart from names of blocks.

Not here: cache keys (`cache_policies`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prefect.filesystems import LocalFileSystem, WritableFileSystem


def key_in_storage(storage: WritableFileSystem, storage_key: str) -> str:
    """The key under which others know a stored result: recorded keys of local files are absolute paths."""
    if isinstance(storage, LocalFileSystem) and os.path.isabs(storage_key):
        root = storage.locate("")
        inside = root.rstrip(os.sep) + os.sep
        if storage_key.startswith(inside):
            return storage_key[len(inside) :]
    return storage_key


def format_storage_key(template: str) -> str:
    """A key from the template of a task's `result_storage_key`, for the run around the caller.

    Raises:
        KeyError, AttributeError: the template names something that there is not.
    """
    import prefect.runtime
    from prefect.context import TaskRunContext

    run = TaskRunContext.get()
    groups = {name: getattr(prefect.runtime, name) for name in ("flow_run", "task_run", "deployment")}
    return template.format(**groups, parameters=(run.parameters if run is not None else None) or {})


def path_unless_block(key_storage: Any) -> Any:
    """A text of the form `slug/name` names a block, any other a directory."""
    if isinstance(key_storage, str) and not (key_storage.count("/") == 1 and key_storage[0] not in "/.~"):
        return Path(key_storage)
    return key_storage
