"""`prefect result`."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from prefect import flow, task
from prefect._clock import VirtualClock, use_clock
from prefect.client.orchestration.local import close_stores
from prefect.schemas.bases import now
from prefect.settings import context

Prefect = Callable[..., Any]


class Secret:
    """A value only pickle can keep."""

    def __repr__(self) -> str:
        return "<secret>"


@task(persist_result=True, result_serializer="json", task_run_name="numbers")
def numbers() -> dict[str, list[int]]:
    return {"n": [1, 2]}


@task(persist_result=True, result_serializer="json", task_run_name="words")
def words() -> str:
    return "two\nlines"


@task(persist_result=True, result_serializer="pickle", task_run_name="raw")
def raw() -> bytes:
    return b"\x00\xff"


@task(persist_result=True, result_serializer="pickle", task_run_name="secret")
def secret() -> Secret:
    return Secret()


@task(persist_result=False, task_run_name="plain")
def plain() -> int:
    return 1


@task(persist_result=True, task_run_name="bad")
def bad() -> None:
    raise LookupError("as asked")


@task(persist_result=False, task_run_name="forgetful")
def forgetful() -> None:
    raise LookupError("not kept")


@flow(flow_run_name="inner-run", persist_result=True, result_serializer="json")
def inner() -> int:
    return 7


@flow(flow_run_name="outer-run", persist_result=True, result_serializer="json")
def outer() -> list[int]:
    numbers()
    words()
    raw()
    secret()
    plain()
    inner()
    bad(return_state=True)
    forgetful(return_state=True)
    return [1, 2, 3]


class Ran(NamedTuple):
    """What `ls -o json` says, by the names of the runs."""

    runs: dict[str, dict[str, Any]]

    def file(self, name: str) -> Path:
        return Path(self.runs[name]["storage_key"])


@pytest.fixture
def ran(home: Path, prefect: Prefect, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ran]:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "CRITICAL")
    monkeypatch.setattr(context, "_process_wide", None)
    close_stores()
    outer()
    yield Ran({row["run_name"]: row for row in json.loads(prefect("result", "ls", "-o", "json").out)})
    close_stores()


def test_shows_the_value(prefect: Prefect, ran: Ran) -> None:
    outcome = prefect("result", "get", "numbers")
    assert (outcome.code, outcome.out) == (0, "{'n': [1, 2]}\n")
    assert "task run 'numbers'" in outcome.err
    assert "json" in outcome.err
    assert "never expires" in outcome.err
    assert str(ran.file("numbers")) in outcome.err


@pytest.mark.parametrize(
    ("name", "shown"), [("words", "two\nlines"), ("raw", "b'\\x00\\xff'"), ("secret", "<secret>")]
)
def test_shows_values_of_any_type(prefect: Prefect, ran: Ran, name: str, shown: str) -> None:
    assert prefect("result", "get", name).out == f"{shown}\n"


def test_shows_results_of_flow_runs_and_exceptions(prefect: Prefect, ran: Ran) -> None:
    assert prefect("result", "get", "outer-run").out == "[1, 2, 3]\n"
    assert prefect("result", "get", "inner-run").out == "7\n"
    assert prefect("result", "get", "bad").out == "LookupError('as asked')\n"


def test_finds_runs_by_id_and_its_beginning(prefect: Prefect, ran: Ran) -> None:
    id = ran.runs["numbers"]["run_id"]
    assert prefect("result", "get", id).out == "{'n': [1, 2]}\n"
    assert prefect("result", "get", id.replace("-", "")[:31]).out == "{'n': [1, 2]}\n"


def test_json_has_value_and_metadata(prefect: Prefect, ran: Ran) -> None:
    shown = json.loads(prefect("result", "get", "numbers", "-o", "json").out)
    assert shown["value"] == {"n": [1, 2]}
    assert shown["run_type"] == "task-run"
    assert shown["serializer"] == "json"
    assert shown["size_bytes"] == ran.file("numbers").stat().st_size
    assert shown["expiration"] is None


@pytest.mark.parametrize(
    ("name", "content"), [("raw", b"\x00\xff"), ("words", b"two\nlines"), ("numbers", b'{"n": [1, 2]}')]
)
def test_writes_the_result_to_a_file(
    prefect: Prefect, ran: Ran, tmp_path: Path, name: str, content: bytes
) -> None:
    target = tmp_path / "out"
    assert "Wrote" in prefect("result", "get", name, "--raw", str(target)).out
    assert target.read_bytes() == content


def test_a_file_that_cannot_be_written_is_named(prefect: Prefect, ran: Ran, tmp_path: Path) -> None:
    outcome = prefect("result", "get", "raw", "--raw", str(tmp_path / "no" / "out"))
    assert outcome.code == 1
    assert "Cannot write" in outcome.err


# --- what cannot be shown -------------------------------------------------------------------------------


def test_nobody_by_that_name(prefect: Prefect, ran: Ran) -> None:
    outcome = prefect("result", "get", "nobody")
    assert outcome.code == 1
    assert "'nobody' not found" in outcome.err


def test_a_name_that_several_have(prefect: Prefect, ran: Ran) -> None:
    outer()
    outcome = prefect("result", "get", "numbers")
    assert outcome.code == 1
    assert "can mean several task runs" in outcome.err
    assert ran.runs["numbers"]["run_id"] in outcome.err


@pytest.mark.parametrize(("name", "said"), [("plain", "persist_result=True"), ("forgetful", "not kept")])
def test_no_result_was_kept(prefect: Prefect, ran: Ran, name: str, said: str) -> None:
    outcome = prefect("result", "get", name)
    assert outcome.code == 1
    assert said in outcome.err
    assert outcome.out == ""


def test_a_result_that_is_gone(prefect: Prefect, ran: Ran) -> None:
    ran.file("numbers").unlink()
    outcome = prefect("result", "get", "numbers")
    assert outcome.code == 1
    assert "is not there any more" in outcome.err
    assert str(ran.file("numbers")) in outcome.err


@pytest.mark.parametrize("content", [b"", b"{", b'{"metadata": {}, "result": "1"}', b"\x80\x81"])
def test_a_damaged_result_is_no_value(prefect: Prefect, ran: Ran, content: bytes) -> None:
    ran.file("secret").write_bytes(content)
    outcome = prefect("result", "get", "secret")
    assert (outcome.code, outcome.out) == (1, "")
    assert "not a readable result record" in outcome.err


def test_a_truncated_result_is_no_value(prefect: Prefect, ran: Ran) -> None:
    whole = ran.file("numbers").read_bytes()
    for length in range(0, len(whole) - 1, 7):
        ran.file("numbers").write_bytes(whole[:length])
        assert prefect("result", "get", "numbers").code == 1


def test_pickle_may_be_refused(prefect: Prefect, ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_RESULTS_ALLOW_PICKLE", "false")
    outcome = prefect("result", "get", "secret")
    assert outcome.code == 1
    assert "PREFECT_RESULTS_ALLOW_PICKLE" in outcome.err
    assert "--raw" in outcome.err
    assert prefect("result", "get", "numbers").code == 0


def test_what_may_not_be_unpickled_can_be_written_as_it_is(
    prefect: Prefect, ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_RESULTS_ALLOW_PICKLE", "false")
    outcome = prefect("result", "get", "secret", "--raw", str(tmp_path / "out"))
    assert "written as it is stored" in outcome.err
    stored = json.loads(ran.file("secret").read_text())["result"]
    assert (tmp_path / "out").read_text() == stored


def test_whose_result_must_be_said(prefect: Prefect) -> None:
    assert prefect("result", "get").code == 2


# --- lists ----------------------------------------------------------------------------------------------


def test_lists_what_is_stored_and_what_is_gone(prefect: Prefect, ran: Ran) -> None:
    ran.file("words").unlink()
    out = prefect("result", "ls", "outer-run").out
    lines = {name: next(line for line in out.splitlines() if f" {name} " in line) for name in ran.runs}
    assert " stored " in lines["numbers"]
    assert " gone " in lines["words"]
    assert " - " in lines["plain"] + " "
    assert " stored " in lines["inner-run"]
    assert "Flow run 'outer-run': 6 stored, 1 gone, 2 without a result." in out


def test_get_list_is_ls(prefect: Prefect, ran: Ran) -> None:
    # the age of what is listed is told in days then, and does not change between two commands
    with use_clock(VirtualClock(now() + timedelta(days=1.5))):
        assert prefect("result", "get", "--list", "outer-run").out == prefect("result", "ls", "outer-run").out
        assert prefect("result", "get", "--list").out == prefect("result", "ls").out
        assert prefect("results", "ls").out == prefect("result", "ls").out


def test_lists_no_more_than_asked_for(prefect: Prefect, ran: Ran) -> None:
    out = prefect("result", "ls", "--limit", "2").out
    assert "6 task runs not listed" in out


def test_there_may_be_no_runs(prefect: Prefect, home: Path) -> None:
    close_stores()
    outcome = prefect("result", "ls")
    assert outcome.code == 1
    assert "no flow runs yet" in outcome.err
    close_stores()
