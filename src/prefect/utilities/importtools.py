"""Importing by name or path: objects, scripts, modules that may be missing, modules under another name."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from prefect.exceptions import ScriptError
from prefect.utilities.namespaces import safe_load_namespace as safe_load_namespace


def to_qualified_name(obj: Any) -> str:
    """The full name of a class or function: its module, a dot, its name there."""
    return f"{obj.__module__}.{obj.__qualname__}"


def from_qualified_name(name: str) -> Any:
    """The object or module of a full name such as `package.module.name`.

    Raises:
        ModuleNotFoundError: there is no such module.
        AttributeError: the module has no such name.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        module_name, _, attribute = name.rpartition(".")
        # Only the module that was named may be missing, not one it needs.
        if not module_name or not (exc.name and (name == exc.name or name.startswith(f"{exc.name}."))):
            raise
    return getattr(importlib.import_module(module_name), attribute)


def import_object(import_path: str) -> Any:
    """The object at `package.module.name`, `package.module:name` or `path/to/script.py:name`.

    Raises:
        ValueError: the path has none of these forms.
        ScriptError: the script fails.
        ModuleNotFoundError: there is no such module.
        AttributeError: it has no such name.
    """
    separator = ":" if ":" in import_path else "."
    place, _, names = import_path.rpartition(separator)
    if not place or not names:
        raise ValueError(
            f"Invalid format for object import. Received {import_path!r}; "
            "expected 'package.module:name' or 'path/to/script.py:name'."
        )
    found: Any = load_script_as_module(place) if place.endswith(".py") else load_module(place)
    for name in names.split("."):
        found = getattr(found, name)
    return found


def load_module(module_name: str) -> ModuleType:
    """Import a module by name; the working directory is looked in as well.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    # As with `python -m`, which is how users know that names in their project resolve.
    with _on_path(str(Path.cwd())):
        return importlib.import_module(module_name)


def load_script_as_module(path: str) -> ModuleType:
    """Run a script, with its own directory to import from, and return it as a module.

    The module has a name of its own, so that `if __name__ == "__main__"` parts do not run.

    Raises:
        ValueError: `path` does not end in `.py`.
        ScriptError: the script cannot be read, or raises.
    """
    if not path.endswith(".py"):
        raise ValueError(f"The provided path does not point to a python file: {path!r}")
    full_path = Path(path).expanduser().resolve()
    name = f"__prefect_loader_{sha256(str(full_path).encode()).hexdigest()[:16]}__"
    spec = importlib.util.spec_from_file_location(name, full_path)
    if spec is None or spec.loader is None:
        raise ValueError(f"The provided path does not point to a python file: {path!r}")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    # Classes look for their module by name while they are made.
    sys.modules[name] = module
    with _on_path(str(full_path.parent), str(Path.cwd())):
        try:
            spec.loader.exec_module(module)
        except Exception as exc:
            sys.modules.pop(name)
            if before is not None:
                sys.modules[name] = before
            raise ScriptError(user_exc=exc, path=path) from exc
    return module


def objects_from_script(path: str, text: str | bytes | None = None) -> dict[str, Any]:
    """The names a script leaves behind when it runs.

    Args:
        path: of the script.
        text: its source; by default what the file holds.

    Raises:
        ScriptError: the script cannot be read, or raises.
    """
    module = ModuleType("__prefect_loader__")
    module.__file__ = path
    sys.modules[module.__name__] = module
    try:
        source = Path(path).read_bytes() if text is None else text
        with _on_path(str(Path(path).resolve().parent)):
            exec(compile(source, path, "exec", dont_inherit=True), vars(module))
    except Exception as exc:
        raise ScriptError(user_exc=exc, path=path) from exc
    finally:
        del sys.modules[module.__name__]
    return vars(module)


@contextmanager
def _on_path(*directories: str) -> Iterator[None]:
    added = [directory for directory in directories if directory not in sys.path]
    sys.path[:0] = added
    try:
        yield
    finally:
        for directory in added:
            if directory in sys.path:
                sys.path.remove(directory)


# --- Modules that are loaded late, or never -----------------------------------------------------


class DelayedImportErrorModule(ModuleType):
    """Stands for a module that is not installed, until something of it is used."""

    def __init__(self, error_message: str, help_message: str | None = None) -> None:
        super().__init__("DelayedImportErrorModule")
        self.__error_message = error_message
        self.__help_message = help_message

    def __getattr__(self, attr: str) -> Any:
        # Looked at by tools that inspect modules; none of them means to use the module.
        if attr in ("__class__", "__file__", "__path__", "__wrapped__", "_fields"):
            raise AttributeError(attr)
        raise ModuleNotFoundError("\n".join(filter(None, [self.__error_message, self.__help_message])))


def lazy_import(name: str, error_on_import: bool = False, help_message: str | None = None) -> ModuleType:
    """A module that is run only when something of it is used.

    Args:
        name: of the module.
        error_on_import: if it is missing, say so now instead of when it is used.
        help_message: added to that error, such as what to install.

    Raises:
        ModuleNotFoundError: it is missing, and `error_on_import` is set.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        message = f"No module named {name!r}."
        if error_on_import:
            raise ModuleNotFoundError("\n".join(filter(None, [message, help_message])))
        return DelayedImportErrorModule(message, help_message)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# --- Modules under another name -----------------------------------------------------------------


class AliasedModuleDefinition(NamedTuple):
    """A module that can also be imported by an older name.

    `callback` is called with the name in use whenever the alias is imported, such as to warn.
    """

    alias: str
    real: str
    callback: Callable[[str], None] | None


class AliasedModuleFinder(MetaPathFinder):
    """Finds modules, and those inside them, by their aliases. Belongs on `sys.meta_path`."""

    def __init__(self, aliases: Iterable[AliasedModuleDefinition]) -> None:
        self.aliases = list(aliases)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for alias, real, callback in self.aliases:
            if fullname != alias and not fullname.startswith(f"{alias}."):
                continue
            real_spec = importlib.util.find_spec(fullname.replace(alias, real, 1))
            if real_spec is None:
                return None
            return ModuleSpec(
                fullname,
                AliasedModuleLoader(fullname, callback, real_spec),
                origin=real_spec.origin,
                is_package=real_spec.submodule_search_locations is not None,
            )
        return None


class AliasedModuleLoader(Loader):
    """Puts the real module in the place of its alias."""

    def __init__(self, alias: str, callback: Callable[[str], None] | None, real_spec: ModuleSpec) -> None:
        self.alias = alias
        self.callback = callback
        self.real_spec = real_spec

    def exec_module(self, module: ModuleType) -> None:
        real = importlib.import_module(self.real_spec.name)
        if self.callback is not None:
            self.callback(self.alias)
        sys.modules[self.alias] = real
