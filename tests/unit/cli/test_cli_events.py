"""`prefect events`: what happens is printed, and told."""

from __future__ import annotations

import errno
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prefect.client.orchestration import get_client
from prefect.client.orchestration.local import close_stores


@pytest.fixture(autouse=True)
def store(home: Any) -> Iterator[None]:
    yield
    close_stores()


def stored() -> Any:
    return get_client(sync_client=True).read_events().events


def test_an_event_is_emitted_and_printed(prefect: Any) -> None:
    emitted = prefect(
        "events", "emit", "invoice.paid", "--resource-id", "invoice.1", "-r", "customer=me", "-p", '{"sum": 7}',
        "--related", '{"prefect.resource.id": "me", "prefect.resource.role": "customer"}',
    )  # fmt: skip
    assert emitted.code == 0
    (event,) = stored()
    assert str(event.id) in emitted.out
    assert event.resource.root == {"prefect.resource.id": "invoice.1", "customer": "me"}
    assert (event.payload, event.related[0].role) == ({"sum": 7}, "customer")

    printed = prefect("events", "stream", "--run-once")
    assert json.loads(printed.out)["id"] == str(event.id)
    as_text = prefect("event", "stream", "--run-once", "--format", "text")
    assert as_text.out == f"{event.occurred.isoformat()} invoice.paid invoice.1\n"


def test_events_are_appended_to_a_file(prefect: Any, tmp_path: Path) -> None:
    prefect("events", "emit", "a", "-r", '{"prefect.resource.id": "x"}')
    file = tmp_path / "events.jsonl"
    for _ in range(2):
        assert prefect("events", "stream", "--run-once", "--output-file", str(file)).out == ""
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["a", "a"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "must include 'prefect.resource.id'"),
        (["-r", "x"], "must be JSON or 'key=value'"),
        (["-r", "=x", "--resource-id", "x"], "must be JSON or 'key=value'"),
        (["-r", "{"], "Resource must be valid JSON"),
        (["--resource-id", "x", "--payload", "{"], "Payload must be valid JSON"),
        (["--resource-id", "x", "--related", "["], "Related resources must be valid JSON"),
        (
            ["--resource-id", "x", "--related", '[{"a": "b"}]'],
            "This is no event: related.0: Resources must include",
        ),
        (["--resource-id", ""], "prefect.resource.id label must be non-empty"),
    ],
)
def test_what_is_no_event_is_said_and_nothing_told(prefect: Any, arguments: list[str], words: str) -> None:
    emitted = prefect("events", "emit", "a", *arguments)
    assert emitted.code == 1
    assert words in emitted.err
    assert stored() == []


def test_a_file_that_cannot_be_written_is_named(prefect: Any, tmp_path: Path) -> None:
    streamed = prefect("events", "stream", "--output-file", str(tmp_path / "no" / "file"))
    assert streamed.code == 1
    assert "Cannot write to" in streamed.err


def test_a_reader_that_has_had_enough_is_no_error(prefect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prefect("events", "emit", "a", "--resource-id", "x")

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", Closed())
    assert prefect("events", "stream", "--run-once").err == ""


def test_there_are_no_accounts(prefect: Any) -> None:
    streamed = prefect("events", "stream", "--account")
    assert streamed.code == 1
