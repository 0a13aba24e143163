"""What both clients have in common, and what their methods are made from.

Not here: the two clients (`clients`), how methods are made (`_making`), how requests travel (`transport`).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self

from prefect.client.base import ServerType, server_type_of
from prefect.client.orchestration._automations import AutomationMethods
from prefect.client.orchestration._blocks import BlockMethods
from prefect.client.orchestration._deployments import DeploymentMethods
from prefect.client.orchestration._events import EventMethods
from prefect.client.orchestration._making import Source, bodies_of, name_of
from prefect.client.orchestration._records import LimitMethods, RecordMethods, ServerMethods
from prefect.client.orchestration._runs import FlowRunMethods, TaskRunMethods
from prefect.client.orchestration._work import WorkMethods
from prefect.client.orchestration.transport import Transport
from prefect.schemas.operations import OPERATIONS
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from httpx import URL


class BaseClient(
    FlowRunMethods,
    TaskRunMethods,
    DeploymentMethods,
    RecordMethods,
    LimitMethods,
    ServerMethods,
    EventMethods,
    WorkMethods,
    BlockMethods,
    AutomationMethods,
):
    """What both colours have in common; each puts its methods in the place of the bodies.

    Args:
        api: the URL of an API, or an ASGI application that serves one (in `PrefectClient`).
        auth_string: `user:password` for basic authentication.
        api_key: sent as bearer token.
        api_version: of the REST API, as the server is told.
        httpx_settings: arguments of the HTTP client, on top of what the settings say.
        server_type: what kind of server that is, where the address does not tell.
    """

    def __init_subclass__(cls, colour: Callable[..., Any]) -> None:
        for name, source in SOURCES.items():
            method = colour(source)
            method.__qualname__ = f"{cls.__name__}.{name}"
            setattr(cls, name, method)

    def __init__(
        self,
        api: str | Any,
        *,
        auth_string: str | None = None,
        api_key: str | None = None,
        api_version: str | None = None,
        httpx_settings: dict[str, Any] | None = None,
        server_type: ServerType | None = None,
    ) -> None:
        from prefect.client.orchestration.http import transport_to

        given = {"auth_string": auth_string, "api_key": api_key, "api_version": api_version}
        self._transport: Transport = transport_to(api, httpx_settings, **given)
        self._owns_transport = True
        self.server_type = server_type or server_type_of(self._transport.url)

    @classmethod
    def over(cls, transport: Transport) -> Self:
        """A client that speaks through a transport, which it shares with others."""
        client = cls.__new__(cls)
        client._transport = transport
        client._owns_transport = False
        client.server_type = server_type_of(transport.url)
        return client

    @property
    def api_url(self) -> URL:
        """Where the API is; in this process a name that stands for it."""
        from prefect.client.orchestration.http import url_of

        return url_of(self._transport)

    def client_version(self) -> str:
        """The version of this library."""
        return version("prefect")

    _entered = False
    _left = False

    def _enter(self) -> bool:
        """Note that the client is entered. Whether the server must be checked."""
        if self._left:
            raise RuntimeError("A client cannot be used again after it was closed; get another one.")
        if self._entered:
            raise RuntimeError("A client cannot be entered twice; get another one.")
        self._entered = True
        return get_current_settings().client.server_version_check_enabled


SOURCES: dict[str, Source] = {
    # the engine has a client of its own, `prefect.client.engine`
    **{name: one for name, one in OPERATIONS.items() if one.module != "prefect.schemas.operations.engine"},
    # a documented method that has the name of an operation but takes what users have stands in its place
    **{name_of(body): body for body in bodies_of(*BaseClient.__bases__)},
}
"""What each method is made from, by name."""
