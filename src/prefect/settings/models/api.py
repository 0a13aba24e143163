"""`settings.api`: how the client reaches an API server."""

from pydantic import SecretStr

from prefect.settings.base import PrefectBaseSettings
from prefect.settings.fields import setting
from prefect.settings.models import _defaults


class APISettings(PrefectBaseSettings, path="api"):
    """How the client reaches an API server."""

    url: str | None = setting(
        None,
        "URL of the API, ending in /api. When unset, runs are kept in the local store: no server is needed.",
    )
    auth_string: SecretStr | None = setting(
        None, "`user:password` for servers that ask for basic authentication."
    )
    key: SecretStr | None = setting(None, "API key, sent as bearer token.")
    tls_insecure_skip_verify: bool = setting(
        False, "Accept any server certificate. Insecure; for trying things out."
    )
    ssl_cert_file: str | None = setting(
        None,
        "File of certificates to trust. Default: what SSL_CERT_FILE says.",
        derive=_defaults.ssl_cert_file,
    )
    enable_http2: bool = setting(False, "Speak HTTP/2 to the API.")
    request_timeout: float = setting(60.0, "Seconds to wait for an answer of the API.")
