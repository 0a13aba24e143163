"""Where objects are found in the UI and in the API, and which URLs may be called on behalf of others."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from string import Formatter
from typing import Any, Literal, get_args
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel

URLType = Literal["ui", "api"]
RUN_TYPES = {"flow-run", "task-run"}

UI_URL_FORMATS = {
    "flow": "flows/flow/{obj_id}",
    "flow-run": "runs/flow-run/{obj_id}",
    "flow-run-response": "runs/flow-run/{obj_id}",
    "task-run": "runs/task-run/{obj_id}",
    "block": "blocks/block/{obj_id}",
    "block-document": "blocks/block/{obj_id}",
    "work-pool": "work-pools/work-pool/{obj_id}",
    "work-queue": "work-queues/work-queue/{obj_id}",
    "concurrency-limit": "concurrency-limits/concurrency-limit/{obj_id}",
    "deployment": "deployments/deployment/{obj_id}",
    "automation": "automations/automation/{obj_id}",
    "received-event": "events/event/{occurred}/{obj_id}",
    "worker": "work-pools/work-pool/{work_pool_name}/worker/{obj_id}",
}

API_URL_FORMATS = {
    "flow": "flows/{obj_id}",
    "flow-run": "flow_runs/{obj_id}",
    "task-run": "task_runs/{obj_id}",
    "variable": "variables/name/{obj_id}",
    "block": "blocks/{obj_id}",
    "work-pool": "work_pools/{obj_id}",
    "work-queue": "work_queues/{obj_id}",
    "concurrency-limit": "concurrency_limits/{obj_id}",
    "deployment": "deployments/{obj_id}",
    "automation": "automations/{obj_id}",
}

# Objects that users know, and address, by name.
_FOUND_BY_NAME = {"variable", "work-pool"}


def convert_class_to_name(obj: Any) -> str:
    """The name of the class of an object in lowercase, its words joined by dashes."""
    letters = type(obj).__name__
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in letters).lstrip("-")


def url_for(
    obj: Any,
    obj_id: str | UUID | None = None,
    url_type: URLType = "ui",
    default_base_url: str | None = None,
    **additional_format_kwargs: Any,
) -> str | None:
    """The URL of an object.

    Args:
        obj: a run, flow, deployment, future, block, variable, work pool, automation, event resource…; or the
            kind of object as text, such as `"flow-run"`.
        obj_id: of the object, if `obj` is a kind.
        url_type: whether it is to be looked at (`"ui"`) or called (`"api"`).
        default_base_url: used when the settings do not say where the UI or the API is.
        additional_format_kwargs: other parts some kinds need, such as `work_pool_name` for a worker.

    Returns:
        None if the place of the UI or API is not known, or objects of this kind have no URL there.

    Raises:
        ValueError: a part of the URL is missing, or `url_type` is neither.
    """
    if url_type not in get_args(URLType):
        raise ValueError(f"Invalid URL type: {url_type}. Use 'ui' or 'api'.")
    if isinstance(obj, str) and obj_id is None and not obj.startswith("prefect."):
        raise ValueError("If passing an object name, you must also provide an object ID.")
    kind, parts = _kind_and_parts(obj)
    if obj_id is not None:
        parts["obj_id"] = obj_id
    parts.update(additional_format_kwargs)
    template = (UI_URL_FORMATS if url_type == "ui" else API_URL_FORMATS).get(kind)
    base_url = _base_url(url_type) or default_base_url
    if template is None or not base_url:
        return None
    missing = [name for _, name, _, _ in Formatter().parse(template) if name and parts.get(name) is None]
    if missing:
        raise ValueError(
            f"Unable to generate URL for {kind} because the following keys are missing: {', '.join(missing)}"
        )
    return f"{base_url.rstrip('/')}/{template.format(**parts)}"


def _base_url(url_type: URLType) -> str | None:
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    return settings.ui_url if url_type == "ui" else settings.api.url


def _kind_and_parts(obj: Any) -> tuple[str, dict[str, Any]]:
    """The kind of an object as in the tables above, and what the object itself says of its URL."""
    if isinstance(obj, str):
        return _kind_and_parts_of_resource(obj, None) if obj.startswith("prefect.") else (obj, {})
    resource_id = _label(obj, "prefect.resource.id")
    if resource_id is not None:
        return _kind_and_parts_of_resource(resource_id, _label(obj, "prefect.resource.name"))
    if hasattr(obj, "task_run_id") and not isinstance(obj, BaseModel):
        return "task-run", {"obj_id": obj.task_run_id}
    if hasattr(obj, "flow_run_id") and not isinstance(obj, BaseModel):
        return "flow-run", {"obj_id": obj.flow_run_id}
    if hasattr(obj, "_block_document_id"):
        return "block", {"obj_id": obj._block_document_id}
    kind = convert_class_to_name(obj)
    identity = getattr(obj, "name" if kind in _FOUND_BY_NAME else "id", None)
    return kind, {"obj_id": identity, "occurred": _day(getattr(obj, "occurred", None))}


def _label(obj: Any, name: str) -> str | None:
    """A label of an event resource; None for anything else."""
    labels = obj if isinstance(obj, Mapping) else getattr(obj, "root", None)
    if not isinstance(labels, Mapping):
        return None
    label = labels.get(name)
    return label if isinstance(label, str) else None


def _kind_and_parts_of_resource(resource_id: str, name: str | None) -> tuple[str, dict[str, Any]]:
    prefix, _, rest = resource_id.partition(".")
    kind, _, identity = rest.partition(".")
    if prefix != "prefect":
        return resource_id, {}
    return kind, {"obj_id": name if name and kind in _FOUND_BY_NAME else identity or None}


def _day(moment: Any) -> str | None:
    return moment.strftime("%Y-%m-%d") if hasattr(moment, "strftime") else None


# --- URLs given by users ------------------------------------------------------------------------


def validate_restricted_url(url: str) -> None:
    """Refuse a URL that is not HTTP, or that leads into a private network.

    It is for servers that call URLs on behalf of users, and would reach what users must not.

    Raises:
        ValueError: it is refused, or its host cannot be resolved.
    """
    refused = f"{url!r} is not a valid URL."
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{refused}  Only HTTP and HTTPS URLs are allowed.")
    if not parts.hostname:
        raise ValueError(refused)
    try:
        found = socket.getaddrinfo(parts.hostname, None)
    except (OSError, UnicodeError):
        raise ValueError(f"{refused}  It could not be resolved.") from None
    for *_, address in found:
        if _is_internal(ipaddress.ip_address(str(address[0]).partition("%")[0])):
            raise ValueError(f"{refused}  It resolves to the private address {address[0]}.")


def _is_internal(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return not address.is_global or address.is_multicast
