"""Asking whether the API that the settings name answers; used after switching profiles and by `prefect server`."""

from __future__ import annotations

import base64
import ssl
from http.client import HTTPException
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from prefect.settings import Settings

TIMEOUT_SECONDS = 5.0


class Connection(NamedTuple):
    """What came of asking, in words that fit before "using profile …"."""

    ok: bool
    message: str


def check_connection(settings: Settings) -> Connection:
    """Ask the API for its health; without an API URL there is the local store, which needs no connection."""
    url = settings.api.url
    if not url:
        return Connection(True, "No API URL is set: runs are recorded in the local store")
    try:
        request = Request(f"{url.rstrip('/')}/health", headers=_credentials(settings))
        with urlopen(request, timeout=TIMEOUT_SECONDS, context=_tls(settings)):
            return Connection(True, f"Connected to the API at {url}")
    except HTTPError as error:
        if error.code in (401, 403):
            return Connection(False, f"The API at {url} refused the credentials (status {error.code})")
        return Connection(False, f"The API at {url} answered with status {error.code}")
    except (URLError, OSError, ValueError, HTTPException) as error:
        reason = (
            "it does not speak HTTP" if isinstance(error, HTTPException) else getattr(error, "reason", error)
        )
        return Connection(
            False, f"Cannot reach the API at {url} ({getattr(reason, 'strerror', None) or reason})"
        )


def _credentials(settings: Settings) -> dict[str, str]:
    if settings.api.key is not None:
        return {"Authorization": f"Bearer {settings.api.key.get_secret_value()}"}
    if settings.api.auth_string is not None:
        token = base64.b64encode(settings.api.auth_string.get_secret_value().encode()).decode()
        return {"Authorization": f"Basic {token}"}
    return {}


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.api.ssl_cert_file)
    if settings.api.tls_insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
