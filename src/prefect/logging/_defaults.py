"""The default logging configuration, as a dictionary.

It is the same as the packaged ``logging.yml`` (a test holds them equal); the dictionary spares every script
the YAML library. ``${NAME}`` stands for the value of the setting NAME.
"""

from __future__ import annotations

from typing import Any

_TIME = "%(asctime)s.%(msecs)03d"

DEFAULT_STYLES: dict[str, str] = {
    "log.web_url": "bright_blue",
    "log.local_url": "bright_blue",
    "log.info_level": "cyan",
    "log.warning_level": "yellow",
    "log.error_level": "red",
    "log.critical_level": "bright_red",
    "log.completed_state": "green",
    "log.cached_state": "bright_blue",
    "log.cancelled_state": "yellow",
    "log.failed_state": "red",
    "log.crashed_state": "bright_red",
    "log.flow_run_name": "magenta",
    "log.task_run_name": "magenta",
    "log.flow_name": "bold magenta",
    "log.task_name": "bold magenta",
}

DEFAULT_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "unless_root_configured": {"()": "prefect.logging.filters.UnlessRootConfigured"},
    },
    "formatters": {
        "standard": {
            "()": "prefect.logging.formatters.PrefectFormatter",
            "format": f"{_TIME} | %(levelname)-7s | %(name)s - %(message)s",
            "flow_run_fmt": f"{_TIME} | %(levelname)-7s | Flow run %(flow_run_name)r - %(message)s",
            "task_run_fmt": f"{_TIME} | %(levelname)-7s | Task run %(task_run_name)r - %(message)s",
            "datefmt": "%H:%M:%S",
        },
        "debug": {
            "format": f"{_TIME} | %(levelname)-7s | %(threadName)-12s | %(name)s - %(message)s",
            "datefmt": "%H:%M:%S",
        },
        "json": {"()": "prefect.logging.formatters.JsonFormatter", "fmt": "default"},
    },
    "handlers": {
        "console": {
            "class": "prefect.logging.handlers.PrefectConsoleHandler",
            "level": 0,
            "formatter": "standard",
            "filters": ["unless_root_configured"],
            "styles": DEFAULT_STYLES,
        },
        "api": {"class": "prefect.logging.handlers.APILogHandler", "level": 0},
        "worker_api": {"class": "prefect.logging.handlers.WorkerAPILogHandler", "level": 0},
        "debug": {"class": "logging.StreamHandler", "level": 0, "formatter": "debug"},
    },
    "loggers": {
        "prefect": {"level": "${PREFECT_LOGGING_LEVEL}", "handlers": ["console"]},
        "prefect.flow_runs": {"level": "NOTSET", "handlers": ["api"]},
        "prefect.task_runs": {"level": "NOTSET", "handlers": ["api"]},
        "prefect.workers": {"level": "NOTSET", "handlers": ["worker_api"]},
        "prefect.extra": {"level": "${PREFECT_LOGGING_LEVEL}", "handlers": ["api"], "propagate": False},
        "prefect.client": {"level": "${PREFECT_LOGGING_LEVEL}"},
        "prefect.server": {"level": "${PREFECT_SERVER_LOGGING_LEVEL}"},
        "prefect._internal": {
            "level": "${PREFECT_INTERNAL_LOGGING_LEVEL}",
            "handlers": ["debug"],
            "propagate": False,
        },
    },
}
