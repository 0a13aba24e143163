"""The isolated store of people's tests: what is inside stays inside, and nothing is left of it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from prefect import flow, task
from prefect.settings import context, get_current_settings, temporary_settings
from prefect.testing.utilities import get_most_recent_flow_run, prefect_test_harness


@task(persist_result=True)
def kept(value: int) -> int:
    return value


@flow
def inside() -> int:
    return kept(1)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that no test may touch."""
    home = tmp_path / "home"
    monkeypatch.setattr(context, "_process_wide", None)
    with temporary_settings({"home": str(home)}):
        yield home


def home() -> Path:
    return Path(get_current_settings().home)


def runs_in(place: Path) -> int:
    connection = sqlite3.connect(place / "runs.db")
    try:
        return int(connection.execute("SELECT count(*) FROM flow_run").fetchone()[0])
    finally:
        connection.close()


def test_runs_and_results_are_inside(outside: Path) -> None:
    with prefect_test_harness():
        place = home()
        inside()
        assert runs_in(place) == 1
        assert any((place / "storage").iterdir())
    assert not outside.exists()


def test_nothing_is_left(outside: Path) -> None:
    with prefect_test_harness():
        place = home()
        inside()
    assert not place.exists()
    assert home() == outside


def test_nothing_is_left_after_a_failure(outside: Path) -> None:
    with pytest.raises(ZeroDivisionError), prefect_test_harness():
        place = home()
        inside()
        raise ZeroDivisionError
    assert not place.exists()


def test_each_harness_is_empty_at_first(outside: Path) -> None:
    for _ in range(2):
        with prefect_test_harness():
            inside()
            assert runs_in(home()) == 1


def test_harnesses_nest(outside: Path) -> None:
    with prefect_test_harness():
        outer = home()
        inside()
        with prefect_test_harness():
            assert home() != outer
            inside()
            inside()
            assert runs_in(home()) == 2
        assert home() == outer
        inside()
        assert runs_in(outer) == 2


def test_settings_that_lead_outside_are_left_out(outside: Path) -> None:
    with (
        temporary_settings({"PREFECT_API_URL": "http://elsewhere.example/api", "PREFECT_API_KEY": "secret"}),
        prefect_test_harness(),
    ):
        settings = get_current_settings()
        assert settings.api.url is None
        assert settings.api.key is None


def home_of_a_thread() -> Path:
    seen: list[Path] = []
    thread = threading.Thread(target=lambda: seen.append(home()))
    thread.start()
    thread.join()
    return seen[0]


def test_it_holds_in_threads_that_carry_no_context(outside: Path) -> None:
    with prefect_test_harness():
        pass  # what is in force once it ends: that of the session's own harness, if there is one
    before = home_of_a_thread()
    with prefect_test_harness():
        assert home_of_a_thread() == home() != before
        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        assert runs_in(home()) == 1
    assert home_of_a_thread() == before


def test_harnesses_that_overlap_in_threads_do_not_mix(outside: Path) -> None:
    both_entered, first_left = threading.Barrier(2, timeout=60), threading.Event()
    counted: dict[str, int] = {}

    def use(name: str, number: int) -> None:
        with prefect_test_harness():
            both_entered.wait()
            if name == "second":
                assert first_left.wait(60)
            for _ in range(number):
                inside()
            counted[name] = runs_in(home())
        if name == "first":
            first_left.set()

    threads = [threading.Thread(target=use, args=argument) for argument in (("first", 1), ("second", 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == {"first": 1, "second": 2}


def test_async_flows(outside: Path) -> None:
    @flow
    async def waits() -> None:
        await asyncio.sleep(0)

    async def main() -> int:
        with prefect_test_harness():
            await asyncio.gather(waits(), waits())
            return runs_in(home())

    assert asyncio.run(main()) == 2


def test_the_most_recent_run_is_found(outside: Path) -> None:
    @flow(flow_run_name="the last one")
    def last() -> None: ...

    with prefect_test_harness():
        inside()
        last()
        assert asyncio.run(get_most_recent_flow_run()).name == "the last one"
        assert asyncio.run(get_most_recent_flow_run(flow_name="inside")).name != "the last one"


def test_as_a_session_fixture(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "from prefect.testing.utilities import prefect_test_harness\n"
        "@pytest.fixture(scope='session', autouse=True)\n"
        "def isolated():\n"
        "    with prefect_test_harness():\n"
        "        yield\n"
    )
    (tmp_path / "test_two.py").write_text(
        "import asyncio\n"
        "from prefect import flow\n"
        "from prefect.settings import get_current_settings\n"
        "def test_blocking():\n"
        "    assert flow(lambda: 1, name='one')() == 1\n"
        "def test_awaiting():\n"
        "    @flow\n"
        "    async def two():\n"
        "        return 2\n"
        "    assert asyncio.run(two()) == 2\n"
        "    assert 'prefect-test-' in str(get_current_settings().home)\n"
    )
    untouched = tmp_path / "home"
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env=os.environ | {"PREFECT_HOME": str(untouched)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "2 passed" in outcome.stdout, outcome.stdout
    assert not untouched.exists()


def test_it_is_ready_without_a_database_library(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from prefect.testing.utilities import prefect_test_harness\n"
        "with prefect_test_harness():\n"
        "    pass\n"
        "heavy = {'sqlalchemy', 'alembic', 'fastapi', 'httpx', 'rich', 'typer'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = os.environ | {"PREFECT_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
