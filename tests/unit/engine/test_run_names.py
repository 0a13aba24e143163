"""Names of runs from templates and callables."""

from __future__ import annotations

import functools
from datetime import date
from typing import Any

import pytest

from prefect.engine.naming import RunNameError, custom_run_name
from prefect.exceptions import PrefectException


def test_no_template_no_name() -> None:
    assert custom_run_name(None, {"x": 1}, "flow_run_name") is None


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("plain", "plain"),
        ("{x}-{y}", "1-two"),
        ("{x:03}", "001"),
        ("{when:%A}", "Friday"),
        ("{deep[key]}", "value"),
        ("{y!r}", "'two'"),
        ("{{x}}", "{x}"),
    ],
)
def test_templates_are_filled_in_with_parameters(template: str, name: str) -> None:
    parameters = {"x": 1, "y": "two", "when": date(2026, 1, 2), "deep": {"key": "value"}}
    assert custom_run_name(template, parameters, "task_run_name") == name


@pytest.mark.parametrize("template", ["{nobody}", "{x[0][key]}", "{}", "{x.nothing}"])
@pytest.mark.parametrize("option", ["flow_run_name", "task_run_name"])
def test_a_placeholder_has_to_be_a_parameter(template: str, option: str) -> None:
    with pytest.raises(RunNameError, match=option) as caught:
        custom_run_name(template, {"x": [{}]}, option)
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, PrefectException)
    assert f"{template!r} cannot be filled in" in str(caught.value)
    assert str(caught.value).endswith("parameters of the function: x.")


def test_a_function_may_have_no_parameters_to_name() -> None:
    with pytest.raises(RunNameError, match="it has none"):
        custom_run_name("{x}", {}, "flow_run_name")


class Names:
    def method(self) -> str:
        return "by a method"

    def __call__(self, parameters: dict[str, Any]) -> str:
        return f"by an object with {parameters}"


def test_names_may_be_computed() -> None:
    parameters = {"x": 1}
    assert custom_run_name(lambda: "computed", parameters, "flow_run_name") == "computed"
    assert custom_run_name(Names().method, parameters, "task_run_name") == "by a method"
    assert custom_run_name(Names(), parameters, "task_run_name") == "by an object with {'x': 1}"
    assert custom_run_name(functools.partial(Names(), parameters), parameters, "flow_run_name") == (
        "by an object with {'x': 1}"
    )


def test_only_a_task_run_name_is_given_the_parameters() -> None:
    def name(parameters: Any = "not given") -> str:
        return str(parameters)

    assert custom_run_name(name, {"x": 1}, "task_run_name") == "{'x': 1}"
    assert custom_run_name(name, {"x": 1}, "flow_run_name") == "not given"


@pytest.mark.parametrize("returned", [None, 5, b"bytes"])
def test_a_computed_name_has_to_be_text(returned: Any) -> None:
    def compute() -> Any:
        return returned

    with pytest.raises(TypeError, match=rf"compute.*'flow_run_name'.*{type(returned).__name__}"):
        custom_run_name(compute, {}, "flow_run_name")


def test_an_error_of_the_callable_is_its_own() -> None:
    def compute() -> str:
        raise KeyError("own")

    with pytest.raises(KeyError, match="own") as caught:
        custom_run_name(compute, {}, "flow_run_name")
    assert type(caught.value) is KeyError
