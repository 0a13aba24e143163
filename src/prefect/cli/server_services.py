"""`prefect server services`: what a server does on its own. Not here: doing it (`prefect.server.services`)."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any, ClassVar

from prefect.cli._groups import CommandGroup, command_group
from prefect.cli._output import OutputOption, print_json, print_lines, print_table
from prefect.cli._wording import counted
from prefect.settings import get_current_settings

new_event = threading.Event
"""What `start` waits for; tests put another in its place."""


class ServicesGroup(CommandGroup):
    """The commands about services."""

    aliases: ClassVar[dict[str, str]] = {"list": "ls"}


app = command_group("What a server does on its own, beside answering requests.", cls=ServicesGroup)


@app.command()
def ls(output: OutputOption = None) -> None:
    """List the services that a server with these settings runs."""
    from prefect.server.api.serving import store_of
    from prefect.server.services import server_services

    settings = get_current_settings()
    with store_of(settings) as store:
        services = server_services(store, settings)
    facts: list[dict[str, Any]] = [
        {"name": one.name, "single": one.single, "description": _first_line(one)} for one in services
    ]
    if output:
        print_json(facts)
    elif facts:
        rows = [
            (one["name"], "one server" if one["single"] else "every server", one["description"])
            for one in facts
        ]
        print_table(("Name", "Done by", "Duty"), rows)
    else:
        print_lines(["No services."])


def _first_line(service: object) -> str:
    return (type(service).__doc__ or "").strip().partition("\n")[0]


@app.command()
def start() -> None:
    """Run the services without answering requests, until Ctrl-C."""
    from prefect.logging.configuration import ensure_logging_setup
    from prefect.server.api.serving import store_of
    from prefect.server.services import Supervisor, server_services

    settings = get_current_settings()
    ensure_logging_setup()
    with store_of(settings) as store:
        supervisor = Supervisor(server_services(store, settings), store.journal)
        supervisor.start()
        print_lines([f"Running {counted(len(supervisor.services), 'service')}. Ctrl-C ends them."])
        ended = new_event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        try:
            # Ctrl-C is one way to end it
            with contextlib.suppress(KeyboardInterrupt):
                ended.wait()
        finally:
            supervisor.stop()
    print_lines(["The services have ended."])
