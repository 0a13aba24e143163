"""Parameters made into the values they stand for."""

from typing import Any

import pytest

from prefect.utilities.schema_tools import HydrationContext, HydrationError, hydrate
from prefect.utilities.schema_tools.hydration import (
    InvalidJinja,
    InvalidJSON,
    RemoveValue,
    TemplateNotFound,
    ValidJinja,
    ValueNotFound,
    WorkspaceVariable,
    WorkspaceVariableNotFound,
)

VARIABLES: dict[str, Any] = {"known": {"a": 1}, "template": "{{ x }}"}
RENDER = HydrationContext(
    workspace_variables=VARIABLES, render_workspace_variables=True, render_jinja=True, jinja_context={"x": 2}
)
ONLY_CHECK = HydrationContext(workspace_variables=VARIABLES)


def stands_for(kind: str | None, **parts: Any) -> dict[str, Any]:
    return {"__prefect_kind": kind, **parts}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        (stands_for("none", value={"a": 1}), {"a": 1}),
        ({"a": stands_for(None, value=5)}, {"a": 5}),
        ({"a": stands_for("unknown", value=5)}, {"a": 5}),
        ({"a": stands_for("none")}, {"a": ValueNotFound()}),
        ({"a": stands_for("json", value='{"b": [1]}')}, {"a": {"b": [1]}}),
        ({"a": stands_for("json", value=5)}, {"a": 5}),
        ({"a": stands_for("json"), "b": [stands_for("json"), 1]}, {"b": [1]}),
        ({"a": stands_for("jinja", template="{{ x }}+{{ missing }}")}, {"a": "2+"}),
        ({"a": stands_for("jinja")}, {"a": TemplateNotFound()}),
        ({"a": stands_for("workspace_variable", variable_name="known")}, {"a": {"a": 1}}),
        ({"a": stands_for("workspace_variable")}, {}),
        (
            {"a": stands_for("workspace_variable", variable_name="unknown")},
            {"a": WorkspaceVariableNotFound("unknown")},
        ),
        ({"a": stands_for("json", value=stands_for("jinja", template="[{{ x }}]"))}, {"a": [2]}),
        (
            {"a": stands_for("jinja", template=stands_for("workspace_variable", variable_name="template"))},
            {"a": "2"},
        ),
    ],
)
def test_values_are_made(given: dict[str, Any], made: Any) -> None:
    assert hydrate(given, RENDER) == made


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (stands_for("json", value="{bad"), InvalidJSON),
        (stands_for("json", value=""), InvalidJSON),
        (stands_for("jinja", template="{{ bad"), InvalidJinja),
        (stands_for("jinja", template="{{ 1 / 0 }}"), InvalidJinja),
        (stands_for("jinja", template="{{ x.__class__.__mro__ }}"), InvalidJinja),
        (stands_for("workspace_variable", variable_name=stands_for("json", value="{bad")), InvalidJSON),
    ],
)
def test_what_is_wrong_is_put_in_its_place_or_raised(given: Any, error: type[HydrationError]) -> None:
    placed = hydrate({"a": given}, RENDER)["a"]
    assert isinstance(placed, error)
    assert placed.is_error
    with pytest.raises(error) as raised:
        hydrate({"a": given}, RENDER.model_copy(update={"raise_on_error": True}))
    assert raised.value == placed


def test_templates_and_variables_can_be_checked_only() -> None:
    given = {
        "template": stands_for("jinja", template="{{ x }}"),
        "broken": stands_for("jinja", template="{{ x"),
        "variable": stands_for("workspace_variable", variable_name="unknown"),
    }
    made = hydrate(given, ONLY_CHECK)
    assert made["template"] == ValidJinja("{{ x }}")
    assert made["variable"] == WorkspaceVariable("unknown")
    assert isinstance(made["broken"], InvalidJinja)
    assert hydrate(given) == made


def test_placeholders_of_one_kind_differ_by_what_they_stand_for() -> None:
    assert ValidJinja("a") != ValidJinja("b")
    assert len({ValidJinja("a"), ValidJinja("a"), WorkspaceVariable("a"), RemoveValue()}) == 3
    assert InvalidJSON("a") != InvalidJSON("b")


def test_messages_say_what_is_wrong() -> None:
    assert str(ValueNotFound()) == "Missing 'value' key in __prefect object"
    assert str(InvalidJSON("line 1")) == "Invalid JSON: line 1"
    assert str(WorkspaceVariableNotFound("v")) == "Variable 'v' not found in workspace."


def test_json_that_is_nested_too_deeply_is_an_error_like_others() -> None:
    assert isinstance(hydrate({"x": {"__prefect_kind": "json", "value": "[" * 100_000}})["x"], InvalidJSON)
