"""`settings.client`: how the client behaves towards an API server."""

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class ClientMetricsSettings(PrefectBaseSettings, path="client.metrics"):
    """Prometheus metrics of the client process."""

    enabled: bool = setting(False, "Serve client metrics.", aliases=("PREFECT_CLIENT_ENABLE_METRICS",))
    port: int = setting(4201, "Port on which client metrics are served.")


class ClientSettings(PrefectBaseSettings, path="client"):
    """How the client behaves towards an API server."""

    max_retries: int = setting(5, "Times a request is repeated after an answer that invites it.", ge=0)
    retry_jitter_factor: float = setting(0.2, "Share by which waits between requests vary at random.", ge=0)
    retry_extra_codes: set[int] = setting(
        None,
        "HTTP status codes to retry on besides 429, 502 and 503.",
        ge=100,
        le=599,
        derive=_defaults.fresh(set),
    )
    csrf_support_enabled: bool = setting(True, "Fetch and send CSRF tokens when the server wants them.")
    custom_headers: dict[str, str] = setting(
        None, "Headers added to every request, as a JSON object.", derive=_defaults.fresh(dict)
    )
    server_version_check_enabled: bool = setting(
        True, "Check on connecting that client and server versions match."
    )
    metrics: ClientMetricsSettings
