# mypy: disable-error-code="empty-body"
"""Questions to the API itself: whether it is there, and which one it is."""

from prefect.schemas.operations.declaring import Response, operation

SPOKEN_VERSION = "3.9.1"
"""The version of Prefect whose API our own server and clients speak."""


@operation("GET", "/hello", tag="Root")
def hello() -> Response:
    """A greeting, to see that the API answers."""


@operation("GET", "/health", tag="Root")
def read_health() -> bool:
    """Whether the API is well."""


@operation("GET", "/admin/version", tag="Admin")
def api_version() -> str:
    """The version of Prefect whose API this is; clients of another major version do not understand it."""
