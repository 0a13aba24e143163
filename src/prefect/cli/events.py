"""`prefect events`: watch what happens, and tell that something has.

With a server its events; without one those of the store. Not here: clients and subscribers (`prefect.events`).
"""

from __future__ import annotations

import asyncio
import enum
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from prefect.cli._groups import command_group
from prefect.cli._output import exit_with_error, print_success
from prefect.cli._server_client import command_client
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.schemas.events import Event

app = command_group("Watch what happens, and tell that something has.")

_ATTEMPTS = 1_000_000
"""To connect anew: who watches a stream wants it until he ends it himself."""


class EventFormat(str, enum.Enum):
    """How events are printed."""

    json = "json"
    text = "text"


@app.command()
def stream(
    format: Annotated[
        EventFormat, typer.Option("--format", help="One JSON object a line, or a line of text.")
    ] = EventFormat.json,
    output_file: Annotated[
        Path | None, typer.Option(help="Append to this file instead of printing.", show_default=False)
    ] = None,
    account: Annotated[bool, typer.Option("--account", help="Of a whole account (Prefect Cloud).")] = False,
    run_once: Annotated[bool, typer.Option("--run-once", help="End after one event.")] = False,
) -> None:
    """Print events as they happen, those of the last minutes first. Ctrl-C ends it.

    A server that goes away later is waited for.
    """
    if account:
        exit_with_error("There are no accounts here: --account is for Prefect Cloud.")
    with ExitStack() as stack:
        out: TextIO = sys.stdout
        if output_file is not None:
            try:
                out = stack.enter_context(output_file.open("a", encoding="utf-8"))
            except OSError as error:
                exit_with_error(f"Cannot write to {output_file}: {error.strerror}.")
        if get_current_settings().api.url is not None:
            # one that is not there from the start may never be: that is said, and not waited for
            with command_client():
                pass
        try:
            asyncio.run(_stream(format, out, run_once))
        except KeyboardInterrupt:
            # that is how one ends it
            return
        except BrokenPipeError:
            # whoever read this has had enough
            raise
        except OSError as error:
            exit_with_error(f"The stream of events broke off: {error}")


async def _stream(format: EventFormat, out: TextIO, run_once: bool) -> None:
    from prefect.events import get_events_subscriber

    subscriber = get_events_subscriber(reconnection_attempts=_ATTEMPTS, reconnect_on_clean_close=True)
    async with subscriber:
        async for event in subscriber:
            out.write(_line(event, format) + "\n")
            out.flush()
            if run_once:
                return


def _line(event: Event, format: EventFormat) -> str:
    if format is EventFormat.json:
        return event.model_dump_json()
    return f"{event.occurred.isoformat()} {event.event} {event.resource.id}"


@app.command()
def emit(
    event: Annotated[str, typer.Argument(help="The name of the event, such as invoice.paid.")],
    resource: Annotated[
        list[str] | None,
        typer.Option(
            "--resource",
            "-r",
            help="A label of the resource as key=value, or all of them as JSON (repeatable).",
            show_default=False,
        ),
    ] = None,
    resource_id: Annotated[
        str | None,
        typer.Option(help="The id of the resource: short for -r prefect.resource.id=…", show_default=False),
    ] = None,
    related: Annotated[
        str | None, typer.Option(help="Related resources, as a JSON list of objects.", show_default=False)
    ] = None,
    payload: Annotated[
        str | None, typer.Option("--payload", "-p", help="What else there is, as JSON.", show_default=False)
    ] = None,
) -> None:
    """Tell that something happened."""
    from pydantic import ValidationError

    from prefect.schemas.events import Event

    labels = _labels(resource or [], resource_id)
    try:
        told = Event.model_validate(
            {
                "event": event,
                "resource": labels,
                "related": _related(related),
                "payload": _payload(payload),
            }
        )
        with command_client() as client:
            client.create_events([told])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        exit_with_error(f"This is no event: {where}: {first['msg'].removeprefix('Value error, ')}.")
    except ValueError as error:
        exit_with_error(str(error))
    print_success(f"Successfully emitted event '{event}' with ID {told.id}")


def _labels(given: list[str], id: str | None) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    for one in given:
        label, equals, value = one.partition("=")
        if one.lstrip().startswith("{"):
            told = _from_json(one, "Resource")
            labels.update(told if isinstance(told, dict) else {})
        elif label and equals:
            labels[label] = value
        else:
            exit_with_error(f"Resource must be JSON or 'key=value' format; got {one!r}.")
    if id is not None:
        labels["prefect.resource.id"] = id
    if "prefect.resource.id" not in labels:
        exit_with_error("Resource must include 'prefect.resource.id': say --resource-id.")
    return labels


def _related(text: str | None) -> list[Any]:
    told = [] if text is None else _from_json(text, "Related resources")
    return told if isinstance(told, list) else [told]


def _payload(text: str | None) -> Any:
    told = {} if text is None else _from_json(text, "Payload")
    # a payload is an object; other JSON is taken for its one member
    return told if isinstance(told, dict) else {"value": told}


def _from_json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        exit_with_error(f"{what} must be valid JSON: {error}.")
