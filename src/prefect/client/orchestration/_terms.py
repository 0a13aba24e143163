"""How to speak to a server: what the settings say of address, credentials, certificates and repetition.

Not here: speaking (`http`).
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from prefect.client.constants import SERVER_API_VERSION
from prefect.settings import Settings

_NOT_NOW = frozenset({408, 429, 502, 503})


@dataclass(frozen=True)
class Terms:
    """How to speak to a server.

    Args:
        max_retries: how often a request is sent again.
        jitter: by which share of itself a wait grows at random, at most.
        retried_statuses: answers that invite to ask again.
        csrf: fetch a token when the server asks for one.
        httpx_settings: arguments of the HTTP client.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    max_retries: int = 5
    jitter: float = 0.2
    retried_statuses: frozenset[int] = _NOT_NOW
    csrf: bool = True
    httpx_settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for equal terms."""
        return (
            self.url, tuple(sorted(self.headers.items())), self.max_retries, self.jitter,
            self.retried_statuses, self.csrf, tuple(sorted(self.httpx_settings.items())),
        )  # fmt: skip

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        url: str,
        *,
        auth_string: str | None = None,
        api_key: str | None = None,
        api_version: str | None = None,
        httpx_settings: Mapping[str, Any] | None = None,
    ) -> Terms:
        """What the settings say; arguments that are given come first."""
        api, client = settings.api, settings.client
        headers = {
            "X-PREFECT-API-VERSION": api_version or SERVER_API_VERSION,
            "User-Agent": f"prefect/{version('prefect')} (API {SERVER_API_VERSION})",
            **_authorization(
                auth_string or (api.auth_string.get_secret_value() if api.auth_string else None),
                api_key or (api.key.get_secret_value() if api.key else None),
            ),
            **client.custom_headers,
        }
        given = dict(httpx_settings or {})
        headers.update(given.pop("headers", None) or {})
        options: dict[str, Any] = {
            "timeout": api.request_timeout,
            "http2": api.enable_http2,
            "follow_redirects": True,
        }
        if "verify" not in given:
            options["verify"] = _trust(api.tls_insecure_skip_verify, api.ssl_cert_file)
        return cls(
            url=url.rstrip("/"),
            headers=headers,
            max_retries=client.max_retries,
            jitter=client.retry_jitter_factor,
            retried_statuses=_NOT_NOW | client.retry_extra_codes,
            csrf=client.csrf_support_enabled,
            httpx_settings={**options, **given},
        )


def _authorization(auth_string: str | None, api_key: str | None) -> dict[str, str]:
    if auth_string:
        return {"Authorization": f"Basic {base64.b64encode(auth_string.encode()).decode()}"}
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


@lru_cache
def _trust(anyone: bool, certificates: str | None) -> bool | ssl.SSLContext:
    """Whose TLS certificates to accept."""
    if anyone:
        return False
    return ssl.create_default_context(cafile=certificates) if certificates else True
