"""The documented names, fields, defaults and methods are there, under the documented import paths.

`documented.json` lists them: a field is `name!` (required), `name=default`, or `name` (a default that is
computed). What deliberately differs stands in `DEVIATIONS`, with the reason.
"""

import json
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

DOCUMENTED: dict[str, dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("documented.json").read_text()
)
NAMES = [(module, name) for module, names in DOCUMENTED.items() for name in names]

DEVIATIONS = {
    # One class serves SDK and server, whose documented shapes differ in whether these must be given.
    "FlowRunResponse.work_pool_id",
    "GlobalConcurrencyLimitResponse.active_slots",
    "GlobalConcurrencyLimitResponse.slot_decay_per_second",
    "ReceivedEvent.received",
    # Validation of job variables against a pool's template comes with deployments.
    "DeploymentCreate.check_valid_configuration",
    "DeploymentUpdate.check_valid_configuration",
}


def differences(module: str, name: str) -> Iterator[str]:
    """What differs from the documentation, as `Name.part`."""
    expected = DOCUMENTED[module][name]
    found = getattr(import_module(module), name)
    if "members" in expected and sorted(expected["members"]) != sorted(f"{m.name}={m.value}" for m in found):
        yield f"{name}.members"
    for field in expected.get("fields", ()):
        if not field_is_as_documented(found, field):
            yield f"{name}.{field.rstrip('!').partition('=')[0]}"
    if "extra" in expected and found.model_config.get("extra", "ignore") != expected["extra"]:
        yield f"{name}.model_config"
    for method in expected.get("methods", ()):
        if not hasattr(found, method):
            yield f"{name}.{method}"


def field_is_as_documented(found: type[BaseModel], field: str) -> bool:
    field_name, has_default, default = field.rstrip("!").partition("=")
    info = found.model_fields.get(field_name)
    if info is None or info.is_required() is not field.endswith("!"):
        return False
    return not has_default or is_written(info.get_default(call_default_factory=True), default)


def is_written(value: Any, text: str) -> bool:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}" == text
    if type(value) in (int, float):  # 0 and 0.0 are the same default
        return bool(value == float(text))
    return repr(value) == text


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[f"{module}:{name}" for module, name in NAMES])
def test_name_is_as_documented(module: str, name: str) -> None:
    assert set(differences(module, name)) <= DEVIATIONS


def test_each_deviation_deviates() -> None:
    found = {difference for module, name in NAMES for difference in differences(module, name)}
    assert found == DEVIATIONS


@pytest.mark.parametrize("module", DOCUMENTED)
def test_every_model_can_be_built(module: str) -> None:
    """Models are built on first use; one that cannot be (a name it does not find) would fail there only."""
    for name in DOCUMENTED[module]:
        found = getattr(import_module(module), name)
        if isinstance(found, type) and issubclass(found, BaseModel):
            assert found.model_rebuild(force=True)
            assert found.model_json_schema(mode="serialization")
