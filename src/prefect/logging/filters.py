"""Filters for log records: masking of secrets, and who rules the console."""

from __future__ import annotations

import logging
from typing import Any

MASK = "********"

# Below this length a "secret" is more likely a placeholder, and masking it would garble ordinary text.
_SHORTEST_SECRET = 4


class ObfuscateApiKeyFilter(logging.Filter):
    """Lets every record pass, with the API key in its message and arguments replaced by asterisks."""

    def filter(self, record: logging.LogRecord) -> bool:
        for secret in current_secrets():
            record.msg = redact_substr(record.msg, secret)
            if record.args:
                record.args = redact_substr(record.args, secret)
        return True


class UnlessRootConfigured(logging.Filter):
    """
    Keeps the console handler silent while the root logger has handlers of its own.

    Records of the ``prefect`` loggers propagate to the root. Somebody who configured it has said how log
    lines should look and where they go; showing them a second time in our format would be noise.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return not logging.root.handlers


def redact_substr(obj: Any, substr: str) -> Any:
    """A copy of `obj` in which `substr` is masked in every text inside lists, tuples, sets and mappings."""
    if isinstance(obj, str):
        return obj.replace(substr, MASK) if substr in obj else obj
    if type(obj) in (list, tuple, set, frozenset):
        return type(obj)(redact_substr(item, substr) for item in obj)
    if type(obj) is dict:
        return {key: redact_substr(value, substr) for key, value in obj.items()}
    return obj


_secrets_of_settings: tuple[object, tuple[str, ...]] = (None, ())


def current_secrets() -> tuple[str, ...]:
    """The credentials in the current settings; computed once for each settings object."""
    global _secrets_of_settings
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    known, secrets = _secrets_of_settings
    if known is not settings:
        held = (settings.api.key, settings.api.auth_string, settings.server.api.auth_string)
        texts = {secret.get_secret_value() for secret in held if secret is not None}
        secrets = tuple(text for text in texts if len(text) >= _SHORTEST_SECRET)
        _secrets_of_settings = (settings, secrets)
    return secrets


def mask_secrets(text: str) -> str:
    """`text` with the credentials of the current settings replaced by asterisks."""
    for secret in current_secrets():
        if secret in text:
            text = text.replace(secret, MASK)
    return text
