"""What every test gets: a PREFECT_HOME of its own process, and no settings from the machine it runs on."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import databases

OF_TESTS = {"PREFECT_ORIGINAL_PYTHON", "PREFECT_CONTRACT_API_URL", "PREFECT_CONTRACT_ORIGINAL"}
"""What tests are told by whoever runs them: where the original is."""


def pytest_configure(config: pytest.Config) -> None:
    """Cut the session off from the developer's own store and settings, before `prefect` is imported."""
    for name in [name for name in os.environ if name.startswith("PREFECT_") and name not in OF_TESTS]:
        del os.environ[name]
    os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="prefect-tests-")
    _same_examples_every_time()


def _same_examples_every_time() -> None:
    """What Hypothesis tries is the same in each session, and takes as long as the machine likes."""
    settings.register_profile(
        "tests",
        derandomize=True,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a server the tests of PostgreSQL are left out, and one line says so; where CI is set they fail."""
    needing = [item for item in items if databases.is_needed_by(item)]
    reason = databases.why_absent() if needing and not os.environ.get("CI") else None
    if reason is not None:
        config.hook.pytest_deselected(items=needing)
        left_out = set(map(id, needing))
        items[:] = [item for item in items if id(item) not in left_out]
        warnings.warn(f"The tests of PostgreSQL are left out: {reason}", stacklevel=1)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Levels that a test changes, or that the code it runs sets up, are not the next test's."""
    from prefect.logging.configuration import ensure_logging_setup

    ensure_logging_setup()
    names = [None, *(name for name in logging.root.manager.loggerDict if name.startswith("prefect"))]
    before = {name: (logger := logging.getLogger(name), logger.level, logger.disabled) for name in names}
    off = logging.root.manager.disable
    yield
    logging.disable(off)
    for logger, level, disabled in before.values():
        logger.setLevel(level)
        logger.disabled = disabled


@pytest.fixture(scope="session")
def postgres_store() -> Iterator[str]:
    """The URL of a store on PostgreSQL that this process of the tests has for itself."""
    from prefect.server.database.store import open_store

    with databases.new_database("store") as url:
        open_store(url).close()
        yield url


@pytest.fixture
def postgres_url(postgres_store: str) -> str:
    """The URL of an empty store on PostgreSQL."""
    databases.empty(postgres_store)
    return postgres_store


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, on each database in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'runs.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
