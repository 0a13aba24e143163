"""Programs as processes of their own, on a PREFECT_HOME of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import Programs


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    started = Programs(tmp_path / "home", PREFECT_LOGGING_LEVEL="CRITICAL")
    yield started
    started.end()
