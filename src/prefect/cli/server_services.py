"""`prefect server services`: what a server does on its own. Not here: doing it (`prefect.server.services`)."""

from __future__ import annotations

import signal
import threading
from typing import Any

from prefect.cli._groups import command_group
from prefect.cli._output import OutputOption, print_json, print_lines, print_table
from prefect.settings import get_current_settings

app = command_group("What a server does on its own, beside answering requests.")


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
        print_lines([f"Running {len(supervisor.services)} services. Ctrl-C ends them."])
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        try:
            ended.wait()
        finally:
            supervisor.stop()
