"""The answer when what was asked for does not exist. Not here: what is asked for."""

from __future__ import annotations

from prefect.exceptions import ObjectNotFound


def absent(noun: str, id: object) -> ObjectNotFound:
    """The error for an id that is not in the store."""
    message = f"There is no {noun} with the id {id}."
    return ObjectNotFound(LookupError(message), help_message=message)


def absent_name(noun: str, name: str) -> ObjectNotFound:
    """The error for a name that is not in the store."""
    message = f"There is no {noun} named {name!r}."
    return ObjectNotFound(LookupError(message), help_message=message)
