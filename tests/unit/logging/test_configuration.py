"""Where the configuration comes from, what overrides it, and what applying it leaves alone."""

import json
import logging
import subprocess
import sys

import pytest
import yaml

from prefect.logging._defaults import DEFAULT_CONFIG
from prefect.logging.configuration import (
    DEFAULT_LOGGING_SETTINGS_PATH,
    PROCESS_LOGGING_CONFIG,
    ensure_logging_setup,
    load_logging_config,
    setup_logging,
    to_envvar,
)
from prefect.logging.handlers import APILogHandler
from prefect.settings import (
    PREFECT_LOGGING_EXTRA_LOGGERS,
    PREFECT_LOGGING_LEVEL,
    PREFECT_LOGGING_SETTINGS_PATH,
    temporary_settings,
)


@pytest.fixture
def fresh():
    """Logging not set up yet; set up by default again afterwards."""
    PROCESS_LOGGING_CONFIG.clear()
    yield
    setup_logging(incremental=False)


def test_packaged_file_and_default_dictionary_are_equal():
    assert yaml.safe_load(DEFAULT_LOGGING_SETTINGS_PATH.read_text()) == DEFAULT_CONFIG


def test_placeholders_become_settings():
    with temporary_settings({PREFECT_LOGGING_LEVEL: "DEBUG"}):
        config = load_logging_config(DEFAULT_LOGGING_SETTINGS_PATH)
    assert config["loggers"]["prefect"]["level"] == "DEBUG"
    assert config["loggers"]["prefect.server"]["level"] == "WARNING"
    assert config["loggers"]["prefect._internal"]["level"] == "ERROR"


def test_environment_overrides_single_values(monkeypatch):
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "ERROR")
    monkeypatch.setenv("PREFECT_LOGGING_LOGGERS_PREFECT_EXTRA_PROPAGATE", "true")
    monkeypatch.setenv("PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_HANDLERS", "api, debug")
    config = load_logging_config(DEFAULT_LOGGING_SETTINGS_PATH)
    assert config["handlers"]["console"]["level"] == "ERROR"
    assert config["loggers"]["prefect.extra"]["propagate"] is True
    assert config["loggers"]["prefect.flow_runs"]["handlers"] == ["api", "debug"]
    assert DEFAULT_CONFIG["handlers"]["console"]["level"] == 0


def test_names_of_variables():
    assert to_envvar("handlers_console.flow-run") == "handlers_console_flow_run"


def test_a_file_of_the_users_own(tmp_path, fresh):
    path = tmp_path / "logging.yml"
    path.write_text(
        "version: 1\nloggers:\n  prefect:\n    level: ${PREFECT_LOGGING_LEVEL}\n    handlers: []\n"
    )
    with temporary_settings({PREFECT_LOGGING_SETTINGS_PATH: path, PREFECT_LOGGING_LEVEL: "ERROR"}):
        setup_logging()
    assert logging.getLogger("prefect").level == logging.ERROR
    assert logging.getLogger("prefect").handlers == []


def test_a_file_that_is_no_mapping_is_refused(tmp_path):
    path = tmp_path / "logging.yml"
    path.write_text("- just\n- a list\n")
    with pytest.raises(ValueError, match=r"logging\.yml"):
        load_logging_config(path)


def test_an_unusable_handler_is_named(tmp_path, fresh):
    path = tmp_path / "logging.yml"
    path.write_text("version: 1\nhandlers:\n  odd: {class: no.such.Handler}\n")
    with temporary_settings({PREFECT_LOGGING_SETTINGS_PATH: path}), pytest.raises(ValueError, match="'odd'"):
        setup_logging()


def test_a_second_time_only_levels_change(fresh):
    setup_logging()
    (handler,) = logging.getLogger("prefect").handlers
    with temporary_settings({PREFECT_LOGGING_LEVEL: "ERROR"}):
        assert setup_logging()["incremental"] is True
    assert logging.getLogger("prefect").handlers == [handler]
    assert logging.getLogger("prefect").level == logging.ERROR


def test_set_up_only_once(fresh):
    ensure_logging_setup()
    logging.getLogger("prefect").setLevel(logging.CRITICAL)
    ensure_logging_setup()
    assert logging.getLogger("prefect").level == logging.CRITICAL


def test_files_that_others_log_to_stay_open(tmp_path, fresh):
    path = tmp_path / "app.log"
    handler = logging.FileHandler(path, mode="w")
    logger = logging.getLogger("my.app")
    logger.addHandler(handler)
    setup_logging()
    logger.warning("still written")
    logger.removeHandler(handler)
    handler.close()
    assert path.read_text() == "still written\n"


def test_a_configured_root_is_not_replaced(tmp_path, fresh, bare_root):
    theirs = logging.NullHandler()
    bare_root.addHandler(theirs)
    path = tmp_path / "logging.yml"
    path.write_text("version: 1\nroot: {level: ERROR, handlers: []}\n")
    with temporary_settings({PREFECT_LOGGING_SETTINGS_PATH: path}):
        setup_logging()
    assert (bare_root.handlers, bare_root.level) == ([theirs], logging.WARNING)


def test_extra_loggers_get_the_api_handler(fresh):
    with temporary_settings({PREFECT_LOGGING_EXTRA_LOGGERS: "an.extra, another.extra"}):
        setup_logging()
    for name in ("an.extra", "another.extra"):
        (handler,) = logging.getLogger(name).handlers
        logging.getLogger(name).removeHandler(handler)
        assert isinstance(handler, APILogHandler)


def test_importing_sets_nothing_up_and_loads_nothing_heavy():
    code = (
        "import json, sys, logging; import prefect.logging;"
        "heavy = [m for m in ('yaml', 'rich', 'orjson', 'logging.config') if m in sys.modules];"
        "print(json.dumps([heavy, len(logging.getLogger('prefect').handlers)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], 0]
