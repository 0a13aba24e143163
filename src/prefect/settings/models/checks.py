"""Rules about several settings at once. Errors name the settings; warnings say what was probably meant."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.settings.models.root import Settings


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """Path of each setting that another one makes impossible, with the reason."""
    to_api = settings.logging.to_api
    if to_api.max_log_size > to_api.batch_size:
        reason = f"must not exceed PREFECT_LOGGING_TO_API_BATCH_SIZE ({to_api.batch_size})"
        yield "logging.to_api.max_log_size", reason


def warn_about_api_url(settings: Settings) -> None:
    """Warn when `api.url` looks like an address copied from the browser."""
    url = settings.api.url
    if not url or settings.silence_api_url_misconfiguration or "prefect.cloud" not in url:
        return
    hints = [
        hint
        for wrong, hint in (
            ("app.prefect.cloud", "points to the UI at app.prefect.cloud; the API is at api.prefect.cloud"),
            ("/account/", "says /account/ where the API says /accounts/"),
            ("/workspace/", "says /workspace/ where the API says /workspaces/"),
        )
        if wrong in url
    ]
    if "/api/" not in url and not url.endswith("/api"):
        hints.append("has no /api after the host")
    if hints:
        warnings.warn(
            f"PREFECT_API_URL {', '.join(hints)}. Expected "
            "https://api.prefect.cloud/api/accounts/<account id>/workspaces/<workspace id>. "
            "Set PREFECT_SILENCE_API_URL_MISCONFIGURATION=true to silence this.",
            UserWarning,
            stacklevel=2,
        )
