"""What kind of data a state carries: the record of a stored result, or anything else."""

from typing import Any


def data_discriminator(x: Any) -> str:
    """`"ResultRecordMetadata"` for such a record, also as a dictionary; `"Any"` for everything else."""
    is_record = "storage_key" in x if isinstance(x, dict) else hasattr(x, "storage_key")
    return "ResultRecordMetadata" if is_record else "Any"
