"""What integrations offer, as views: the workers and blocks that come with this package, by their type.

Other integrations tell of themselves where they are installed. Not here: what a worker or a block does.
"""

from __future__ import annotations

from typing import Any

from prefect.server.models.absent import absent_name
from prefect.server.models.system_blocks import described_system_blocks

_WORKERS = "https://docs.prefect.io/latest/deploy/infrastructure-concepts/workers"


def _text(title: str, description: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "description": description, "type": "string", **more}


def _texts(title: str, description: str) -> dict[str, Any]:
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"title": title, "description": description, **texts}


_PROCESS_VARIABLES = {
    "name": _text("Name", "The name of what a run is executed in."),
    "env": _texts("Environment Variables", "Set for the run, on top of those of the worker."),
    "labels": _texts("Labels", "Put on what a run is executed in."),
    "command": _text("Command", "What is executed; by default what begins the run."),
    "stream_output": {
        "title": "Stream Output",
        "description": "Show what the run prints where the worker runs.",
        "type": "boolean",
        "default": True,
    },
    "working_dir": _text(
        "Working Directory", "Where the run is executed; by default a temporary folder.", format="path"
    ),
}

_PROCESS = {
    "type": "process",
    "display_name": "Process",
    "description": "Execute flow runs as processes of the machine that the worker runs on.",
    "documentation_url": _WORKERS,
    "install_command": "pip install prefect",
    "logo_url": "",
    "is_beta": False,
    "default_base_job_configuration": {
        "job_configuration": {name: f"{{{{ {name} }}}}" for name in _PROCESS_VARIABLES},
        "variables": {"type": "object", "properties": _PROCESS_VARIABLES},
    },
}


def read_collection_view(view: str) -> dict[str, Any]:
    """What there is of workers, blocks or flows, by package.

    Raises:
        ObjectNotFound: there is no such view.
    """
    if view == "aggregate-worker-metadata":
        return {"prefect": {"process": _PROCESS}}
    if view == "aggregate-block-metadata":
        return {"prefect": {"block_types": described_system_blocks()}}
    if view in ("aggregate-flow-metadata", "demo-flows"):
        # none come with this package
        return {}
    raise absent_name("view", view)
