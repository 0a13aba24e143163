"""Where values come from: environment, `.env`, `prefect.toml`, `pyproject.toml`, the active profile.

Each source is read into raw values by setting path, nothing is checked or converted here. Files are those of
the working directory, as of the moment of reading.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prefect.exceptions import ConfigurationError
from prefect.settings.constants import DEFAULT_PROFILES_PATH
from prefect.settings.errors import Origin
from prefect.settings.index import by_env_name, by_path, suggestion

DEFAULT_PREFECT_TOML_PATH = Path("prefect.toml")

_FOREIGN_TABLES = ("integrations.",)
"""What packages built on this one keep in the same files."""


RawValues = dict[str, tuple[Any, Origin]]
"""Values as sources gave them, with where from, by setting path."""


def from_variables(variables: Mapping[str, str], kind: str) -> RawValues:
    """Values of variables named after settings, in any letter case. A current name wins over older ones."""
    known = by_env_name()
    found: dict[str, tuple[int, tuple[Any, Origin]]] = {}
    for name, value in variables.items():
        if name[:8].upper() == "PREFECT_" and (row := known.get(name.upper())) is not None:
            rank = row.env_names.index(name.upper())
            if row.path not in found or rank < found[row.path][0]:
                found[row.path] = rank, (value, Origin(kind, name))
    return {path: raw for path, (_, raw) in found.items()}


def from_environment() -> RawValues:
    """Values of the process environment."""
    return from_variables(os.environ, "env")


def dotenv_variables() -> dict[str, str]:
    """Variables of the `.env` file, if there is one."""
    text = _text_of(Path(".env"))
    return dict(parse_dotenv(text)) if text else {}


def parse_dotenv(text: str) -> Iterator[tuple[str, str]]:
    """Read lines `NAME=value`, with optional `export`, quotes and `# comments`."""
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name = name.strip()
        if equals and name and not name.startswith("#"):
            yield name, _dotenv_value(value.strip())


def _dotenv_value(value: str) -> str:
    quote = value[:1]
    if quote in ("'", '"') and quote:
        end = value.find(quote, 1)
        if end > 0:
            inner = value[1:end]
            return inner if quote == "'" else inner.replace("\\n", "\n").replace("\\t", "\t")
    return value.partition(" #")[0].rstrip()


def from_prefect_toml() -> RawValues:
    """Values of `prefect.toml`."""
    return dict(_from_table(_toml(DEFAULT_PREFECT_TOML_PATH), "prefect.toml"))


def from_pyproject() -> RawValues:
    """Values of the `[tool.prefect]` table of `pyproject.toml`."""
    path = Path("pyproject.toml")
    if "prefect" not in _text_of(path):  # spares most projects the import and run of the TOML parser
        return {}
    table = _toml(path).get("tool", {}).get("prefect", {})
    return dict(_from_table(table, "pyproject.toml"))


def from_profile(name: str, settings: Mapping[str, Any]) -> RawValues:
    """Values of a profile; names that are no settings are left out."""
    raw = from_variables(settings, "profile")
    return {path: (value, Origin("profile", name)) for path, (value, _) in raw.items()}


def _from_table(
    table: Mapping[str, Any], kind: str, prefix: str = ""
) -> Iterator[tuple[str, tuple[Any, Origin]]]:
    for key, value in table.items():
        path = f"{prefix}{key}"
        if path in by_path():
            yield path, (value, Origin(kind, path))
        elif isinstance(value, dict):
            yield from _from_table(value, kind, f"{path}.")
        elif (row := by_env_name().get(key.upper())) is not None and not prefix:
            yield row.path, (value, Origin(kind, key))
        elif not path.startswith(_FOREIGN_TABLES):
            warnings.warn(f"{path!r} in {kind} is not a setting{suggestion(path)}", stacklevel=2)


def read_profiles_file(path: Path) -> tuple[str | None, dict[str, dict[str, Any]]]:
    """Read the name of the active profile and the settings of every profile; a missing file has none.

    Raises:
        ConfigurationError: the file is not TOML, or its profiles are not tables.
    """
    contents = _toml(path)
    profiles = contents.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise ConfigurationError(f"{path} is not a profiles file: `profiles` must hold one table per profile")
    return contents.get("active"), profiles


def active_profile(path: Path, wanted: str | None) -> tuple[str, dict[str, Any]]:
    """Return name and settings of a profile: `wanted`, else the file's active one, else the default.

    Raises:
        KeyError: that profile exists neither in the file nor among the shipped ones.
    """
    active, profiles = read_profiles_file(path)
    name = wanted or active or default_profile()[0]
    if name not in profiles:
        _, profiles = read_profiles_file(DEFAULT_PROFILES_PATH)
    return name, profiles[name]


def default_profile() -> tuple[str, dict[str, Any]]:
    """Name and settings of the profile a new installation uses."""
    active, profiles = read_profiles_file(DEFAULT_PROFILES_PATH)
    return str(active), profiles[str(active)]


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""
    except OSError as error:
        raise ConfigurationError(
            f"{path.absolute()} holds settings and cannot be read: {error.strerror}. Let this user read it; "
            "PREFECT_HOME and PREFECT_PROFILES_PATH say where profiles are."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path.absolute()} holds settings and is not UTF-8: {error}") from None


def _toml(path: Path) -> dict[str, Any]:
    text = _text_of(path)
    if not text:
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path.resolve()} is not valid TOML: {error}") from None
