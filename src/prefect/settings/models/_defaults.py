"""Defaults and effective values that follow from other settings. Pure: everything comes through `lookup`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from prefect.settings.fields import Lookup


def absolute(lookup: Lookup, path: Path) -> Path:
    """A path that stays the same when the working directory changes. `~` is only resolved here, when needed:
    a machine without home folders can still set PREFECT_HOME."""
    return path.expanduser().absolute()


def in_home(name: str) -> Callable[[Lookup], Path]:
    """A file or folder under `PREFECT_HOME`."""

    def derive(lookup: Lookup) -> Path:
        home: Path = lookup("home")
        return home / name

    return derive


def fill_home(lookup: Lookup, path: Path) -> Path:
    """Replace `$PREFECT_HOME` or `${PREFECT_HOME}` in a path."""
    text = str(path)
    if "$" not in text:
        return path
    home = str(lookup("home"))
    return Path(text.replace("${PREFECT_HOME}", home).replace("$PREFECT_HOME", home))


def log_level(lookup: Lookup, level: str) -> str:
    """Debug mode shows everything, whatever level is set."""
    return "DEBUG" if lookup("debug_mode") else level


def ssl_cert_file(lookup: Lookup) -> str | None:
    """The certificate bundle other programs on this machine are told to use."""
    return os.environ.get("SSL_CERT_FILE")


def cloud_ui_url(lookup: Lookup) -> str | None:
    """The UI of the cloud that `cloud.api_url` belongs to."""
    api_url: str = lookup("cloud.api_url")
    return api_url.replace("://api.", "://app.").removesuffix("/").removesuffix("/api")


def ui_url(lookup: Lookup) -> str | None:
    """The UI next to `api.url`."""
    api_url: str | None = lookup("api.url")
    if not api_url:
        return None
    cloud_api_url: str = lookup("cloud.api_url")
    if api_url.startswith(cloud_api_url):
        page = api_url.removeprefix(cloud_api_url)
        page = page.replace("/accounts/", "/account/", 1).replace("/workspaces/", "/workspace/", 1)
        return f"{lookup('cloud.ui_url')}{page}"
    return api_url.rstrip("/").removesuffix("/api")


def ui_api_url(lookup: Lookup) -> str:
    """Where the UI of our own server finds its API."""
    api_url: str | None = lookup("api.url")
    if api_url:
        return api_url
    base_path = lookup("server.api.base_path") or "/api"
    return f"http://{lookup('server.api.host')}:{lookup('server.api.port')}/{base_path.strip('/')}"


def database_connection_url(lookup: Lookup) -> SecretStr:
    """The store: made of driver, host, user… if given, else one SQLite file in `PREFECT_HOME`.

    Its name is not the original's `prefect.db`: a home may be shared with it, and the schemas differ.
    """
    driver: str | None = lookup("server.database.driver")
    name: str | None = lookup("server.database.name")
    if driver == "postgresql+asyncpg":
        return SecretStr(_postgresql_url(lookup))
    path = name or str(lookup("home") / "runs.db")
    return SecretStr(f"sqlite+aiosqlite:///{path}")


def _postgresql_url(lookup: Lookup) -> str:
    from urllib.parse import quote

    host, user, name = (lookup(f"server.database.{part}") for part in ("host", "user", "name"))
    missing = [part for part, value in (("host", host), ("user", user), ("name", name)) if not value]
    if missing:
        raise ValueError(
            "needs "
            + ", ".join(f"PREFECT_SERVER_DATABASE_{part.upper()}" for part in missing)
            + " when PREFECT_SERVER_DATABASE_DRIVER is postgresql+asyncpg"
        )
    password: SecretStr | None = lookup("server.database.password")
    credentials = quote(user, safe="")
    if password is not None:
        credentials += ":" + quote(password.get_secret_value(), safe="")
    return f"postgresql+asyncpg://{credentials}@{host}:{lookup('server.database.port') or 5432}/{name}"


def fill_database_password(lookup: Lookup, url: SecretStr) -> SecretStr:
    """Replace `${PREFECT_SERVER_DATABASE_PASSWORD}` (or its older name) in a connection URL."""
    text = url.get_secret_value()
    password: SecretStr | None = lookup("server.database.password")
    if password is None or "${PREFECT_" not in text:
        return url
    for variable in ("PREFECT_SERVER_DATABASE_PASSWORD", "PREFECT_API_DATABASE_PASSWORD"):
        text = text.replace(f"${{{variable}}}", password.get_secret_value())
    return SecretStr(text)


def fresh(make: Callable[[], Any]) -> Callable[[Lookup], Any]:
    """A mutable default, made anew for every settings object."""
    return lambda lookup: make()
