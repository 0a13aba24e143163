"""Writes `clients.pyi`, from which type checkers and editors know the methods that `clients` makes.

Run it with `python -m prefect.client.orchestration.stubs` after a change of a declaration; a test holds the
file to the declarations. Not here: any method.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from prefect.client.orchestration._base import SOURCES
from prefect.client.orchestration._making import signature_of
from prefect.schemas.operations import Operation, Response

STUB = Path(__file__).with_name("clients.pyi")

_HEAD = """\
# Written by `python -m prefect.client.orchestration.stubs` from the declarations in
# prefect.schemas.operations and the bodies beside this file: change those instead.
# ruff: noqa: E501, I001
# fmt: off

{imports}

T = TypeVar("T")

class _Client:
    server_type: ServerType
    def __init__(
        self,
        api: str | Any,
        *,
        auth_string: str | None = None,
        api_key: str | None = None,
        api_version: str | None = None,
        httpx_settings: dict[str, Any] | None = None,
        server_type: ServerType | None = None,
    ) -> None: ...
    @classmethod
    def over(cls, transport: Transport) -> Self: ...
    @property
    def api_url(self) -> httpx.URL: ...
    def client_version(self) -> str: ...
"""

_SYNC = """
class SyncPrefectClient(_Client):
    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...
"""

_ASYNC = """
class PrefectClient(_Client):
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc_info: object) -> None: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop | None: ...
"""

_IMPORTS = {
    ("prefect.client.base", "ServerType"),
    ("prefect.client.orchestration.transport", "Transport"),
    ("typing", "Any"),
    ("typing", "Self"),
    ("typing", "TypeVar"),
}
_MODULES_AS_SUCH = {"asyncio", "httpx", "datetime"}


def generate() -> str:
    """The text that `clients.pyi` should have."""
    writer = _Writer()
    classes = [
        head + "".join(writer.method(name, prefix) for name in sorted(SOURCES))
        for head, prefix in ((_SYNC, "def"), (_ASYNC, "async def"))
    ]
    return _HEAD.format(imports="\n".join(writer.imports())) + "".join(classes)


class _Writer:
    """Writes methods, and remembers what their types must import."""

    def __init__(self) -> None:
        self._names = set(_IMPORTS)

    def imports(self) -> Iterator[str]:
        yield from (f"import {module}" for module in sorted(_MODULES_AS_SUCH))
        by_module: dict[str, list[str]] = {}
        for module, name in sorted(self._names):
            by_module.setdefault(module, []).append(name)
        for ours in (False, True):
            for module, names in by_module.items():
                if module.startswith("prefect.") is ours:
                    yield _import(module, names)
            if not ours:
                yield ""

    def method(self, name: str, prefix: str) -> str:
        source = SOURCES[name]
        signature = signature_of(source)
        doc = source.doc if isinstance(source, Operation) else inspect.getdoc(source) or ""
        result = self.type(signature.return_annotation)
        lines = [f"    {prefix} {name}("]
        star_seen = False
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.KEYWORD_ONLY and not star_seen:
                star_seen = True
                lines.append("        *,")
            lines.append(f"        {self._parameter(parameter)},")
        lines.append(f"    ) -> {result}:")
        if len(signature.parameters) == 1:
            lines = [f"    {prefix} {name}(self) -> {result}:"]
        text = f'"""{doc}"""' if "\n" not in doc else f'"""{doc}\n"""'
        return "\n".join(lines) + "\n" + textwrap.indent(text, " " * 8) + "\n"

    def _parameter(self, parameter: inspect.Parameter) -> str:
        if parameter.name == "self":
            return "self"
        if parameter.kind is parameter.VAR_KEYWORD:
            return f"**{parameter.name}: {self.type(parameter.annotation)}"
        default = parameter.default
        text = f"{parameter.name}: {self.type(parameter.annotation)}"
        return text if default is parameter.empty else f"{text} = {default!r}"

    def type(self, annotation: Any) -> str:
        """A type as source text."""
        if annotation in (None, NoneType):
            return "None"
        if annotation is Response:
            return "httpx.Response"
        if annotation is Any or isinstance(annotation, TypeVar):
            return "Any" if annotation is Any else annotation.__name__
        generic = getattr(annotation, "__pydantic_generic_metadata__", {})
        origin = generic.get("origin") or get_origin(annotation)
        args = generic.get("args") or get_args(annotation)
        if origin is Annotated:
            return self.type(args[0])
        if origin in (Union, UnionType):
            return " | ".join(self.type(one) for one in args)
        if origin is Literal:
            self._names.add(("typing", "Literal"))
            return f"Literal[{', '.join(map(repr, args))}]"
        if origin is not None:
            return f"{self.type(origin)}[{', '.join(self.type(one) for one in args)}]"
        return self._class(annotation)

    def _class(self, cls: Any) -> str:
        module, name = cls.__module__, cls.__qualname__
        if module == "builtins":
            return str(name)
        if module in _MODULES_AS_SUCH:
            return f"{module}.{name}"
        self._names.add((module, name))
        return str(name)


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= 110:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])


if __name__ == "__main__":
    STUB.write_text(generate(), "utf-8")
