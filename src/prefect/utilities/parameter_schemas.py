"""The parameters of a function described as JSON Schema, for deployments and the forms made from them."""

from __future__ import annotations

import importlib.util
import inspect
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from prefect.utilities.callables import binder_for
from prefect.utilities.namespaces import function_without_body
from prefect.utilities.parameters import is_v1_model, model_for, resolved_annotations


class ParameterSchema(BaseModel):
    """A JSON Schema object with one property for each parameter."""

    title: Literal["Parameters"] = "Parameters"
    type: Literal["object"] = "object"
    properties: dict[str, Any] = Field(default_factory=dict)
    required: list[str] = Field(default_factory=list)
    definitions: dict[str, Any] = Field(default_factory=dict)

    def model_dump_for_openapi(self) -> dict[str, Any]:
        """As a dict, without `required` when nothing is."""
        result = self.model_dump(mode="python", exclude_none=True)
        if not result["required"]:
            del result["required"]
        return result


def parameter_schema(fn: Callable[..., Any]) -> ParameterSchema:
    """The parameters of `fn`: types and defaults from its signature, descriptions from its docstring."""
    signature = binder_for(fn).signature
    return _schema(signature, resolved_annotations(fn, signature), parameter_docstrings(inspect.getdoc(fn)))


def generate_parameter_schema(signature: inspect.Signature, docstrings: dict[str, str]) -> ParameterSchema:
    """The parameters of a signature whose annotations are types, not text; descriptions by parameter name."""
    return _schema(signature, {p.name: p.annotation for p in signature.parameters.values()}, docstrings)


def parameter_schema_from_entrypoint(entrypoint: str) -> ParameterSchema:
    """The parameters of the function or flow at `path/to/file.py:function` or `package.module:function`.

    The code is read, not run, so that what it needs does not have to be installed; a type that cannot be
    known then is left open.

    Raises:
        ValueError: the entrypoint has neither form, or the source cannot be found.
        AttributeError: there is no such function.
    """
    place, separator, name = entrypoint.rpartition(":")
    if not separator:
        place, _, name = entrypoint.rpartition(".")
    path = _source_path(place)
    return parameter_schema(function_without_body(path.read_text(), name, str(path)))


def _source_path(place: str) -> Path:
    path = Path(place).expanduser()
    if place.endswith(".py"):
        if not path.exists():
            raise ValueError(f"No file found at {place!r}.")
        return path
    spec = importlib.util.find_spec(place) if place else None
    if spec is None or spec.origin is None:
        raise ValueError(f"Could not find the source of module {place!r}.")
    return Path(spec.origin)


def parameter_docstrings(docstring: str | None) -> dict[str, str]:
    """What the `Args:` section of a Google-style docstring says about each parameter."""
    if not docstring:
        return {}
    section = re.search(_ARGS_SECTION, inspect.cleandoc(docstring), re.MULTILINE)
    if section is None:
        return {}
    entries: dict[str, list[str]] = {}
    for line in inspect.cleandoc("\n" + section["body"]).splitlines():
        if entry := re.match(_ARGS_ENTRY, line):
            entries[entry["name"]] = [entry["text"]]
        elif line.startswith(" ") and entries:
            entries[next(reversed(entries))].append(line.strip())
    return {name: "\n".join(lines).strip() for name, lines in entries.items()}


_ARGS_SECTION = r"^(?:Args|Arguments|Parameters|Params):[ \t]*\n(?P<body>(?:(?:[ \t]+.*)?(?:\n|\Z))*)"
_ARGS_ENTRY = r"^\*{0,2}(?P<name>\w+)[ \t]*(?:\([^:]*\))?:[ \t]*(?P<text>.*)"


def _schema(
    signature: inspect.Signature, annotations: dict[str, Any], docstrings: dict[str, str]
) -> ParameterSchema:
    if any(is_v1_model(annotation) for annotation in annotations.values()):
        return _schema_by_v1(signature, annotations, docstrings)
    fields: dict[str, tuple[Any, Any]] = {}
    for position, p in enumerate(signature.parameters.values()):
        if position == 0 and p.name == "self":
            continue  # a method not bound yet: whoever calls it gives no `self`
        annotation, default = _as_value(p.kind, annotations[p.name], p.default)
        options: dict[str, Any] = {"json_schema_extra": {"position": position}}
        if p.name in docstrings and not _is_described(annotation):
            options["description"] = docstrings[p.name]
        fields[p.name] = (Annotated[annotation, Field(**options)], default)
    with warnings.catch_warnings():
        # A default that JSON cannot express is left out; that needs no warning.
        warnings.simplefilter("ignore")
        schema = model_for(fields).model_json_schema(
            by_alias=True, ref_template="#/definitions/{model}", schema_generator=_LenientSchema
        )
    return ParameterSchema(
        properties=schema.get("properties", {}),
        required=schema.get("required", []),
        definitions=schema.get("$defs", {}),
    )


def _as_value(kind: Any, annotation: Any, default: Any) -> tuple[Any, Any]:
    """The type and default of the value a parameter holds: for `*args` a list, for `**kwargs` a dict."""
    if annotation is inspect.Parameter.empty:
        annotation = Any
    if kind is inspect.Parameter.VAR_POSITIONAL:
        return list[annotation], []
    if kind is inspect.Parameter.VAR_KEYWORD:
        return dict[str, annotation], {}
    return annotation, default


def _is_described(annotation: Any) -> bool:
    notes = getattr(annotation, "__metadata__", ())
    return any(isinstance(note, FieldInfo) and note.description for note in notes)


class _LenientSchema(GenerateJsonSchema):
    """Leaves the type open where JSON Schema has no word for it, instead of failing."""

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> dict[str, Any]:
        return {}

    def callable_schema(self, schema: Any) -> dict[str, Any]:
        return {}


# --- Signatures with models of pydantic.v1 ------------------------------------------------------


def _schema_by_v1(
    signature: inspect.Signature, annotations: dict[str, Any], docstrings: dict[str, str]
) -> ParameterSchema:
    fields = {}
    aliases: dict[str, str] = {}
    for position, p in enumerate(signature.parameters.values()):
        typed = p.replace(annotation=annotations[p.name])
        name, annotation, field = process_v1_params(
            typed, position=position, docstrings=docstrings, aliases=aliases
        )
        fields[name] = (annotation, field)

    class Config:
        arbitrary_types_allowed = True

    return ParameterSchema(**create_v1_schema("Parameters", Config, fields))


def process_v1_params(
    param: inspect.Parameter, *, position: int, docstrings: dict[str, str], aliases: dict[str, str]
) -> tuple[str, Any, Any]:
    """The name, type and `pydantic.v1` field for one parameter.

    A name that v1 models reserve is changed, and the change noted in `aliases`.
    """
    from pydantic.v1 import BaseModel as V1Model
    from pydantic.v1 import Field as V1Field

    annotation, default = _as_value(param.kind, param.annotation, param.default)
    name = param.name
    if hasattr(V1Model, name):
        name = f"{name}__"
        aliases[name] = param.name
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        annotation = Any  # v1 has no words for a model of v2
    field = V1Field(
        default=... if default is inspect.Parameter.empty else default,
        title=param.name,
        description=docstrings.get(param.name),
        alias=aliases.get(name),
        position=position,
    )
    return name, annotation, field


def create_v1_schema(
    name_: str, model_cfg: type[Any], model_fields: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON Schema of a `pydantic.v1` model made from a config class and fields."""
    from pydantic.v1 import create_model as create_v1_model

    model: Any = create_v1_model(name_, __config__=model_cfg, **(model_fields or {}))
    return dict(model.schema(by_alias=True))
