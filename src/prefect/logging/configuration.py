"""Applying the logging configuration: the default or the user's own file, with environment overrides.

Nothing here runs at import. `ensure_logging_setup` is called by the first run and the first run logger.
Unlike `logging.config.dictConfig`, applying it leaves handlers that others installed open and in place:
by the time of the first run the program has usually set up logging of its own.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from prefect.logging._defaults import DEFAULT_CONFIG

DEFAULT_LOGGING_SETTINGS_PATH = Path(__file__).parent / "logging.yml"

# The configuration in force in this process; empty until logging is set up.
PROCESS_LOGGING_CONFIG: dict[str, Any] = {}

to_envvar = partial(re.sub, re.compile(r"[^0-9A-Za-z]+"), "_")

_ENVIRONMENT_PREFIX = "PREFECT_LOGGING_"
_placeholder = re.compile(r"\$\{(\w+)\}")
_setup_lock = threading.RLock()


def ensure_logging_setup() -> None:
    """Set up logging unless that has been done in this process."""
    if not PROCESS_LOGGING_CONFIG:
        with _setup_lock:
            if not PROCESS_LOGGING_CONFIG:
                setup_logging()


def setup_logging(incremental: bool | None = None) -> dict[str, Any]:
    """
    Apply the logging configuration and return it.

    `incremental` changes only levels of loggers and handlers that exist; the default is to do so from the
    second call on.
    """
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    with _setup_lock:
        config = load_logging_config(_config_path(settings.logging.config_path))
        config["incremental"] = bool(PROCESS_LOGGING_CONFIG) if incremental is None else incremental
        applied = copy.deepcopy(config)
        if config["incremental"]:
            logging_config().dictConfig(applied)
        else:
            _apply(applied)
            _attach_extra_loggers(settings.logging.extra_loggers)
        PROCESS_LOGGING_CONFIG.clear()
        PROCESS_LOGGING_CONFIG.update(config)
    return config


def load_logging_config(path: Path) -> dict[str, Any]:
    """
    The configuration in the file `path`, with ``${SETTING}`` filled in and environment overrides applied.

    The value at ``handlers: console: level:`` is overridden by ``PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL``,
    and so on for every value.
    """
    if path == DEFAULT_LOGGING_SETTINGS_PATH:
        config = copy.deepcopy(DEFAULT_CONFIG)
    else:
        import yaml

        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError(f"The logging configuration {str(path)!r} is not a mapping of keys to values.")
    for parent, keys in _values(config, ()):
        value = parent[keys[-1]]
        override = os.environ.get(_ENVIRONMENT_PREFIX + to_envvar("_".join(keys)).upper())
        if override:
            parent[keys[-1]] = _cast_like(value, override)
        elif isinstance(value, str):
            parent[keys[-1]] = _placeholder.sub(_setting_text, value)
    return config


def logging_config() -> Any:
    """The standard `logging.config` module, loaded when first needed."""
    import logging.config

    return logging.config


def _config_path(configured: Path | None) -> Path:
    """The user's file, or the default if the setting names none or one that does not exist."""
    if configured is None or not configured.exists():
        return DEFAULT_LOGGING_SETTINGS_PATH
    return configured


def _values(
    config: dict[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Every value that is not a mapping: the mapping it is in, and the keys that lead to it."""
    for key, value in list(config.items()):
        keys = (*path, str(key))
        if isinstance(value, dict):
            yield from _values(value, keys)
        else:
            yield config, keys


def _cast_like(value: Any, text: str) -> Any:
    if isinstance(value, bool):
        return text.strip().lower() in ("1", "true", "yes", "on")
    if isinstance(value, list):
        return [item.strip() for item in text.split(",") if item.strip()]
    return text


def _setting_text(found: re.Match[str]) -> str:
    """The value of the setting a placeholder names; an unknown name stays as it is."""
    import prefect.settings

    name = found.group(1)
    if name in os.environ:
        return os.environ[name]
    settings = prefect.settings.get_current_settings()
    levels: dict[str, str] = {
        "PREFECT_LOGGING_LEVEL": settings.logging.level,
        "PREFECT_SERVER_LOGGING_LEVEL": settings.server.logging_level,
        "PREFECT_LOGGING_SERVER_LEVEL": settings.server.logging_level,
        "PREFECT_INTERNAL_LOGGING_LEVEL": settings.internal.logging_level,
        "PREFECT_LOGGING_INTERNAL_LEVEL": settings.internal.logging_level,
    }
    if name in levels:
        return levels[name]
    setting = getattr(prefect.settings, name, None)
    return found.group(0) if setting is None else str(setting.value())


def _apply(config: dict[str, Any]) -> None:
    """What `dictConfig` does, without closing every handler the process already has."""
    configurator = logging_config().DictConfigurator(config)
    for kind, configure in (
        ("formatters", configurator.configure_formatter),
        ("filters", configurator.configure_filter),
        ("handlers", configurator.configure_handler),
    ):
        described = configurator.config.get(kind, {})
        for name in described:
            try:
                described[name] = configure(described[name])
                if kind == "handlers":
                    described[name].name = name
            except Exception as error:
                raise ValueError(
                    f"The logging configuration of {kind[:-1]} {name!r} is unusable: {error}"
                ) from error
    loggers = configurator.config.get("loggers", {})
    for name in loggers:
        configurator.configure_logger(name, loggers[name])
    # A root logger that somebody configured is theirs.
    if "root" in configurator.config and not logging.root.handlers:
        configurator.configure_root(configurator.config["root"])


def _attach_extra_loggers(names: str | list[str] | None) -> None:
    """Give the loggers of PREFECT_LOGGING_EXTRA_LOGGERS the handlers of ``prefect.extra``."""
    listed = names.split(",") if isinstance(names, str) else names or []
    handlers = logging.getLogger("prefect.extra").handlers
    for name in filter(None, (name.strip() for name in listed)):
        for handler in handlers:
            logging.getLogger(name).addHandler(handler)
