"""Parameters as forms and automations write them, made into the values they stand for.

Anywhere in them an object with the key `__prefect_kind` stands for a value:

    {"__prefect_kind": "none", "value": X}                        X itself
    {"__prefect_kind": "json", "value": "[1, 2]"}                 what the JSON text says
    {"__prefect_kind": "jinja", "template": "{{ x }}"}            the text the template renders
    {"__prefect_kind": "workspace_variable", "variable_name": V}  the value of a variable

Where the context says so, templates and variables are only checked, and a placeholder is put in their place.
What is wrong becomes an error in that place, or is raised. Not here: reading variables from the store.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from prefect.types import StrictVariableValue
from prefect.utilities.user_templates import TemplateRefusedError, check_template, template_environment

PrefectKind = str | None

_MISSING = object()


class HydrationContext(BaseModel):
    """What is known when values are made.

    Attributes:
        workspace_variables: values of variables by name.
        render_workspace_variables: put in their values, not placeholders.
        raise_on_error: raise what is wrong instead of putting it into its place.
        render_jinja: render templates, do not just check them.
        jinja_context: what templates can refer to.
    """

    workspace_variables: dict[str, StrictVariableValue] = Field(default_factory=dict)
    render_workspace_variables: bool = False
    raise_on_error: bool = False
    render_jinja: bool = False
    jinja_context: dict[str, Any] = Field(default_factory=dict)


Handler = Callable[[dict[str, Any], HydrationContext], Any]


# --- What may stand in the place of a value -----------------------------------------------------


class Placeholder:
    """Stands in the place of a value that is not there (yet)."""

    @property
    def is_error(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *sorted(vars(self).items())))


class RemoveValue(Placeholder):
    """The key or item is to be left out."""


class ValidJinja(Placeholder):
    """A template that can be rendered later."""

    def __init__(self, template: str) -> None:
        self.template = template


class WorkspaceVariable(Placeholder):
    """A variable that can be read later."""

    def __init__(self, variable_name: str) -> None:
        self.variable_name = variable_name


class HydrationError(Placeholder, Exception, ABC):
    """What is wrong with a value."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def is_error(self) -> bool:
        return True

    @property
    @abstractmethod
    def message(self) -> str: ...

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HydrationError) and self.message == other.message

    def __hash__(self) -> int:
        return hash(self.message)

    def __str__(self) -> str:
        return self.message


class KeyNotFound(HydrationError):
    """A key is missing that objects of the kind must have."""

    @property
    @abstractmethod
    def key(self) -> str: ...

    @property
    def message(self) -> str:
        return f"Missing '{self.key}' key in __prefect object"


class ValueNotFound(KeyNotFound):
    key = "value"


class TemplateNotFound(KeyNotFound):
    key = "template"


class VariableNameNotFound(KeyNotFound):
    key = "variable_name"


class InvalidJSON(HydrationError):
    """Text is not JSON."""

    @property
    def message(self) -> str:
        return f"Invalid JSON: {self.detail}" if self.detail else "Invalid JSON"


class InvalidJinja(HydrationError):
    """A template is malformed, or fails to render."""

    @property
    def message(self) -> str:
        return f"Invalid jinja: {self.detail}" if self.detail else "Invalid jinja"


class WorkspaceVariableNotFound(HydrationError):
    """There is no variable of that name."""

    @property
    def variable_name(self) -> str:
        return str(self.detail)

    @property
    def message(self) -> str:
        return f"Variable '{self.variable_name}' not found in workspace."


# --- Making values ------------------------------------------------------------------------------

_handlers: dict[PrefectKind, Handler] = {}


def handler(kind: PrefectKind) -> Callable[[Handler], Handler]:
    """Enter a function that makes the values of one kind. For use as a decorator."""

    def enter(fn: Handler) -> Handler:
        _handlers[kind] = fn
        return fn

    return enter


def call_handler(kind: PrefectKind, obj: dict[str, Any], ctx: HydrationContext) -> Any:
    """The value an object of some kind stands for. Of an unknown kind, it is the one under `value`.

    Raises:
        HydrationError: something is wrong with it, and the context says to raise.
    """
    value = _handlers.get(kind, null_handler)(obj, ctx)
    if ctx.raise_on_error and isinstance(value, HydrationError):
        raise value
    return value


def hydrate(obj: dict[str, Any], ctx: HydrationContext | None = None) -> dict[str, Any]:
    """Parameters with values in the place of what stands for them, at any depth.

    Raises:
        HydrationError: something is wrong, and the context says to raise.
    """
    hydrated: dict[str, Any] = _hydrate(obj, ctx or HydrationContext())
    return hydrated


def _hydrate(obj: Any, ctx: HydrationContext) -> Any:
    if isinstance(obj, dict) and "__prefect_kind" in obj:
        return call_handler(obj["__prefect_kind"], obj, ctx)
    if isinstance(obj, dict):
        values = {key: _hydrate(value, ctx) for key, value in obj.items()}
        return {key: value for key, value in values.items() if not isinstance(value, RemoveValue)}
    if isinstance(obj, list):
        items = (_hydrate(item, ctx) for item in obj)
        return [item for item in items if not isinstance(item, RemoveValue)]
    return obj


def _inner(obj: dict[str, Any], key: str, ctx: HydrationContext) -> Any:
    return _hydrate(obj[key], ctx) if key in obj else _MISSING


@handler("none")
def null_handler(obj: dict[str, Any], ctx: HydrationContext) -> Any:
    value = _inner(obj, "value", ctx)
    return ValueNotFound() if value is _MISSING else value


@handler("json")
def json_handler(obj: dict[str, Any], ctx: HydrationContext) -> Any:
    value = _inner(obj, "value", ctx)
    if value is _MISSING:
        return RemoveValue()
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as exc:
        return InvalidJSON(str(exc))
    except RecursionError:
        return InvalidJSON("The JSON is nested too deeply.")


@handler("jinja")
def jinja_handler(obj: dict[str, Any], ctx: HydrationContext) -> Any:
    from jinja2 import TemplateError

    template = _inner(obj, "template", ctx)
    if template is _MISSING:
        return TemplateNotFound()
    if not isinstance(template, str):
        return template
    try:
        check_template(template)
        if not ctx.render_jinja:
            return ValidJinja(template)
        compiled = template_environment().from_string(template)
    except (TemplateRefusedError, TemplateError) as exc:
        return InvalidJinja(str(exc))
    try:
        return compiled.render(ctx.jinja_context)
    except Exception as exc:
        return InvalidJinja(f"{type(exc).__name__}: {exc}")


@handler("workspace_variable")
def workspace_variable_handler(obj: dict[str, Any], ctx: HydrationContext) -> Any:
    name = _inner(obj, "variable_name", ctx)
    if name is _MISSING:
        return RemoveValue()
    if isinstance(name, Placeholder):
        return name
    if not ctx.render_workspace_variables:
        return WorkspaceVariable(name)
    if name not in ctx.workspace_variables:
        return WorkspaceVariableNotFound(name)
    return ctx.workspace_variables[name]
