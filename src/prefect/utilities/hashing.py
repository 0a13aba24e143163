"""Hashes of bytes, files and objects that are the same in every process.

How objects become bytes is decided in `utilities.fingerprints`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

from prefect.exceptions import HashError
from prefect.utilities.fingerprints import fingerprint

# Names things, protects nothing: it must work where MD5 is barred from security.
_md5 = partial(hashlib.md5, usedforsecurity=False)
_CHUNK_BYTES = 1 << 20


def stable_hash(*args: str | bytes, hash_algo: Callable[..., Any] = _md5) -> str:
    """The hex digest of the arguments one after the other, text as UTF-8."""
    digest = hash_algo()
    for arg in args:
        digest.update(arg.encode() if isinstance(arg, str) else arg)
    return str(digest.hexdigest())


def file_hash(path: str, hash_algo: Callable[..., Any] = _md5) -> str:
    """The hex digest of the content of a file.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hash_algo()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return str(digest.hexdigest())


def hash_objects(
    *args: Any, hash_algo: Callable[..., Any] = _md5, raise_on_failure: bool = False, **kwargs: Any
) -> str | None:
    """The hex digest of any objects; None if one of them cannot be hashed, such as a lock or an open file.

    Args:
        args: what to hash, in order.
        hash_algo: makes the hash, as `hashlib.sha256` does.
        raise_on_failure: raise instead of returning None.
        kwargs: what to hash by name, in any order.

    Raises:
        HashError: something cannot be hashed, and `raise_on_failure` is set.
    """
    try:
        encoded = fingerprint((args, kwargs))
    except HashError:
        if raise_on_failure:
            raise
        return None
    return stable_hash(encoded, hash_algo=hash_algo)
