"""Messages that a server takes but for something in them: what else they say is recorded all the same."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from tests.unit.engine_client.conftest import World, begun, enters, notes, task_run_of

from prefect.client.engine.parts import halves_of
from prefect.client.engine.spool import Letter
from prefect.logging.handlers import LogRow

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("is_late", "status"), [(False, 422), (True, 422), (True, 500)])
def test_what_is_not_taken_for_one_run_is_lost_for_that_one_alone(
    world: World, caplog: pytest.LogCaptureFixture, is_late: bool, status: int
) -> None:
    client = world.process()
    run = begun(client)
    enters(client, run, "RUNNING")
    world.server.absent = is_late
    world.server.dislikes[b'"evil"'] = status
    good, evil = [task_run_of(run) for _ in range(6)], task_run_of(run, "evil")
    for task in (*good[:3], evil, *good[3:]):
        notes(client, task, "PENDING", "RUNNING", "COMPLETED")
    client.record_log(LogRow("my.logger", 20, "hello", MOMENT, run.id, None))
    client.flush()
    world.server.absent = False
    for _ in range(11):
        client.close_dead_runs()
    assert enters(client, run, "COMPLETED").status == "ACCEPT"
    client.close()
    for task in good:
        assert world.history(task.id) == ["Pending", "Running", "Completed"]
    assert world.history(evil.id) == []
    assert [line.message for line in world.ask("read_logs")] == ["hello"]
    reports = [text for text in caplog.messages if "is not recorded" in text]
    assert "'evil'" in reports[0]
    assert str(evil.id) in reports[0]


def test_of_one_run_only_the_state_is_lost_that_is_not_taken(world: World) -> None:
    client = world.process()
    run = begun(client)
    world.server.dislikes[b'"RUNNING"'] = 422
    task = task_run_of(run)
    notes(client, task, "PENDING", "RUNNING", "COMPLETED")
    client.flush()
    assert world.history(task.id) == ["Pending", "Completed"]


def test_a_server_that_takes_nothing_is_not_asked_for_each_entry(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    client = world.process()
    run = begun(client)
    world.server.refuses["/engine/record"] = 422
    world.server.asked.clear()
    for _ in range(1_000):
        notes(client, task_run_of(run), "PENDING")
    client.flush()
    assert len(world.server.asked) < 100
    assert len([text for text in caplog.messages if "is not recorded" in text]) < 50


def test_a_list_is_cut_in_the_middle_and_one_entry_not_at_all() -> None:
    letter = Letter("POST", "/logs/", b"[1,2,3]")
    assert [orjson.loads(part.body) for part in halves_of(letter)] == [[1], [2, 3]]
    assert halves_of(Letter("POST", "/logs/", b"[1]")) == []
    assert halves_of(Letter("POST", "/flow_runs/1/resume", b"")) == []
    assert halves_of(Letter("POST", "/engine/flow_runs", b'{"flow_run":{}}')) == []
