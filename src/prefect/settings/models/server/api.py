"""`settings.server.api`: the API of our own server."""

from datetime import timedelta

from pydantic import SecretStr

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting


class ServerAPISettings(PrefectBaseSettings, path="server.api"):
    """The API of our own server."""

    auth_string: SecretStr | None = setting(
        None, "`user:password` that clients must send; None asks for nothing."
    )
    host: str = setting("127.0.0.1", "Address the server listens on.")
    port: int = setting(4200, "Port the server listens on.")
    base_path: str | None = setting(None, "Path under which the API is served, instead of /api.")
    default_limit: int = setting(
        200, "Most objects one request may read.", aliases=("PREFECT_API_DEFAULT_LIMIT",)
    )
    allow_unauthenticated: bool = setting(
        False, "Listen on addresses that other machines reach although no `auth_string` is set."
    )
    keepalive_timeout: int = setting(5, "Seconds an idle connection is kept.")
    max_parameter_size: int = setting(524_288, "Largest parameters of a flow run in bytes, as JSON.", ge=0)
    max_body_size: int = setting(16_777_216, "Largest body of a request in bytes.", ge=1)
    max_waiting_requests: int = setting(
        1_000, "Most requests that may be under way; further ones are asked to come again (429).", ge=1
    )
    csrf_protection_enabled: bool = setting(
        False, "Ask for CSRF tokens.", aliases=("PREFECT_SERVER_CSRF_PROTECTION_ENABLED",)
    )
    csrf_token_expiration: timedelta = setting(
        timedelta(hours=1), "Life of a CSRF token.", aliases=("PREFECT_SERVER_CSRF_TOKEN_EXPIRATION",)
    )
    cors_allowed_origins: str = setting(
        "*",
        "Origins browsers may come from, separated by commas.",
        aliases=("PREFECT_SERVER_CORS_ALLOWED_ORIGINS",),
    )
    cors_allowed_methods: str = setting(
        "*",
        "Methods browsers may use, separated by commas.",
        aliases=("PREFECT_SERVER_CORS_ALLOWED_METHODS",),
    )
    cors_allowed_headers: str = setting(
        "*",
        "Headers browsers may send, separated by commas.",
        aliases=("PREFECT_SERVER_CORS_ALLOWED_HEADERS",),
    )
    websocket_ping_interval: float = setting(20.0, "Seconds between pings on WebSockets.")
    websocket_ping_timeout: float = setting(
        20.0, "Seconds after an unanswered ping until a WebSocket is closed."
    )
