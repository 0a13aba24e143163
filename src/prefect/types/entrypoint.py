"""How the place of a flow in source code is written down."""

from __future__ import annotations

from enum import Enum


class EntrypointType(Enum):
    """The form of an entrypoint: `path/to/file.py:flow` or `package.module.flow`."""

    FILE_PATH = "file_path"
    MODULE_PATH = "module_path"
