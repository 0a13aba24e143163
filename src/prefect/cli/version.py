"""`prefect version`: what is installed, and what it is talking to."""

from __future__ import annotations

import platform
import sys
from typing import Annotated, Any

import typer

from prefect.cli._groups import single_command
from prefect.cli._output import OutputOption, print_json, print_lines
from prefect.client.constants import SERVER_API_VERSION
from prefect.settings import Settings, get_current_settings
from prefect.settings.context import current_frame

app = single_command()


def installed_version() -> str:
    """Return the version of the installed distribution."""
    from importlib.metadata import version

    return version("prefect")


@app.command()
def version(
    omit_integrations: Annotated[
        bool, typer.Option("--omit-integrations", help="Leave out the installed integrations.")
    ] = False,
    output: OutputOption = None,
) -> None:
    """Show what is installed, and what it is talking to."""
    facts = _facts()
    if not omit_integrations and (integrations := _integrations()):
        facts["Integrations"] = integrations
    if output:
        print_json(facts)
    else:
        print_lines(_block(facts))


def _facts() -> dict[str, Any]:
    import pydantic

    settings = get_current_settings()
    facts: dict[str, Any] = {
        "Version": installed_version(),
        "API version": SERVER_API_VERSION,
        "Python version": platform.python_version(),
        "OS/Arch": f"{sys.platform}/{platform.machine()}",
        "Profile": current_frame().profile_name,
        "Server type": _server_type(settings),
        "Pydantic version": pydantic.VERSION,
    }
    if settings.api.url is None:
        facts["Server"] = {"Database": _database_kind(settings)}
    return facts


def _server_type(settings: Settings) -> str:
    if settings.api.url is None:
        return "ephemeral"
    return "cloud" if settings.connected_to_cloud else "server"


def _database_kind(settings: Settings) -> str:
    url = settings.server.database.connection_url
    return url.get_secret_value().partition(":")[0].partition("+")[0] if url else "unknown"


def _integrations() -> dict[str, str]:
    from importlib.metadata import entry_points

    found = {point.dist for point in entry_points(group="prefect.collections") if point.dist is not None}
    return {dist.name: dist.version for dist in sorted(found, key=lambda dist: dist.name)}


def _block(facts: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *_block(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key + ':':<{22 - len(indent)}}{value}")
    return lines
