"""`prefect server`: the API over the store, started, ended and asked how it is.

Not here: serving (`prefect.server.api.serving`), the process in the background (`_background_server`), the
database (`server_database`).
"""

from __future__ import annotations

import enum
import gc
import socket
from typing import Annotated, Any, ClassVar

import typer

from prefect._clock import clock
from prefect.cli import _background_server as background
from prefect.cli._connection import Connection, check_connection
from prefect.cli._groups import CommandGroup, command_group
from prefect.cli._output import OutputOption, exit_with_error, print_json, print_lines, print_success
from prefect.settings import Settings, get_current_settings, temporary_settings

_POLL_SECONDS = 0.25


class LogLevel(str, enum.Enum):
    """Levels of the server's log."""

    debug = "DEBUG"
    info = "INFO"
    warning = "WARNING"
    error = "ERROR"
    critical = "CRITICAL"


class ServerGroup(CommandGroup):
    """The commands about the server."""

    modules: ClassVar[dict[str, str]] = {
        "database": "prefect.cli.server_database",
        "services": "prefect.cli.server_services",
    }


app = command_group("Run the server: the API over the store.", cls=ServerGroup)


@app.command()
def start(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: from the settings.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on. Default: from the settings.")
    ] = None,
    keep_alive_timeout: Annotated[
        int | None, typer.Option(min=0, help="Seconds an idle connection is kept.")
    ] = None,
    log_level: Annotated[
        LogLevel | None, typer.Option(case_sensitive=False, help="Level of the server's log.")
    ] = None,
    scheduler: Annotated[bool | None, typer.Option("--scheduler/--no-scheduler", hidden=True)] = None,
    late_runs: Annotated[bool | None, typer.Option("--late-runs/--no-late-runs", hidden=True)] = None,
    analytics: Annotated[bool | None, typer.Option("--analytics-on/--analytics-off", hidden=True)] = None,
    ui: Annotated[bool | None, typer.Option("--ui/--no-ui", help="Serve the UI.")] = None,
    no_services: Annotated[
        bool,
        typer.Option("--no-services", help="Only answer; leave what a server does on its own to others."),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, hidden=True)] = 1,
    allow_unauthenticated: Annotated[
        bool, typer.Option("--allow-unauthenticated", help="Let other machines in without credentials.")
    ] = False,
    in_background: Annotated[
        bool, typer.Option("--background", "-b", help="Go on in the background; see `prefect server stop`.")
    ] = False,
) -> None:
    """Serve the API until Ctrl-C."""
    if workers > 1:
        exit_with_error(
            "A server is one process. For more, start several servers over one PostgreSQL database."
        )
    given: dict[str, Any] = {
        "server.api.host": host,
        "server.api.port": port,
        "server.api.keepalive_timeout": keep_alive_timeout,
        "server.api.allow_unauthenticated": allow_unauthenticated or None,
        "server.logging_level": None if log_level is None else log_level.value,
        "server.services.scheduler.enabled": scheduler,
        "server.services.late_runs.enabled": late_runs,
        "server.analytics_enabled": analytics,
        "server.ui.enabled": ui,
    }
    with temporary_settings({name: value for name, value in given.items() if value is not None}) as settings:
        if in_background:
            _start_in_background(settings, ["--no-services"] if no_services else [])
        else:
            _start_here(settings, with_services=not no_services)


def _start_here(settings: Settings, with_services: bool) -> None:
    # what is loaded now stays: collecting garbage meanwhile, and among it later, would be in vain
    gc.disable()
    from prefect.server.api.serving import serve

    gc.freeze()
    gc.enable()
    serve(settings, lambda url: print_lines(_greeting(url, settings)), with_services)
    print_lines(["The server has ended."])


def _greeting(url: str, settings: Settings) -> list[str]:
    root = url.removesuffix(settings.server.api.base_path or "/api")
    return [
        f"The API is at {url} (what it offers: {root}/docs). Ctrl-C ends it.",
        "Have flows recorded by it: prefect config set PREFECT_API_URL=" + url,
    ]


def _start_in_background(settings: Settings, arguments: list[str]) -> None:
    other = background.running()
    if other is not None:
        exit_with_error(
            f"A server runs in the background already (process {other.pid}). End it: prefect server stop"
        )
    environment = settings.to_environment_variables(exclude_unset=True)
    if settings.server.api.port == 0:
        # its address must be known before it is there
        environment["PREFECT_SERVER_API_PORT"] = str(_free_port(settings.server.api.host))
    url = _url_of(settings, environment.get("PREFECT_SERVER_API_PORT"))
    if _connection_to(settings, url).ok:
        exit_with_error(f"A server answers at {url} already. End it, or take another port: --port")
    try:
        process, said = background.start(
            arguments, environment, url, lambda: _connection_to(settings, url).ok
        )
    except OSError as error:
        exit_with_error(
            f"Cannot write to {settings.home}: {error.strerror}. PREFECT_HOME says where that is."
        )
    if process is None:
        exit_with_error(said or "The server ended at once and said nothing.")
    print_success(f"The server runs in the background (process {process.pid}): {url}")
    print_lines([f"Its log is {background.log_file()}. End it: prefect server stop"])


@app.command()
def stop() -> None:
    """End the server that runs in the background."""
    process = background.running()
    if process is None:
        background.pid_file().unlink(missing_ok=True)
        print_lines(["No server runs in the background."])
        return
    try:
        in_time = background.end(process)
    except PermissionError:
        exit_with_error(f"The server (process {process.pid}) belongs to somebody else, who has to end it.")
    if in_time:
        print_success("The server has ended.")
    else:
        print_success(f"The server did not end in time and was killed (process {process.pid}).")


@app.command()
def status(
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the server answers.")] = False,
    timeout: Annotated[
        int, typer.Option("--timeout", "-t", min=0, help="Seconds to wait at most; 0: without end.")
    ] = 0,
    output: OutputOption = None,
) -> None:
    """Tell whether the server answers: that of PREFECT_API_URL, or else the one of this machine."""
    settings = get_current_settings()
    in_background = background.running()
    url = settings.api.url or (in_background.url if in_background else _url_of(settings))
    found, waited_seconds = _connection_to(settings, url), 0.0
    while not found.ok and wait and (timeout == 0 or waited_seconds < timeout):
        clock().sleep(_POLL_SECONDS)
        waited_seconds += _POLL_SECONDS
        found = _connection_to(settings, url)
    if output:
        print_json({"status": "healthy" if found.ok else "unreachable", "url": url})
    elif found.ok:
        print_success(f"The server at {url} answers.")
    else:
        exit_with_error(f"{found.message}. {_what_to_do(settings)}")
    raise typer.Exit(0 if found.ok else 1)


def _what_to_do(settings: Settings) -> str:
    if settings.api.url is not None:
        return "PREFECT_API_URL says that it is there."
    return "Start a server here: prefect server start"


def _connection_to(settings: Settings, url: str) -> Connection:
    """What comes of asking there for an API."""
    with temporary_settings({"api.url": url}) as asked:
        return check_connection(asked)


def _url_of(settings: Settings, port: str | None = None) -> str:
    """Where a server with these settings, or on another port, is to be found on this machine."""
    api = settings.server.api
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(api.host, api.host)
    host = f"[{host}]" if ":" in host else host
    path = (api.base_path or "/api").strip("/")
    return f"http://{host}:{port or api.port}/{path}"


def _free_port(host: str) -> int:
    """A port that nobody listens on."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        port: int = probe.getsockname()[1]
        return port
