"""Parameters of a run that is run again: restored, kept with the results, or asked for."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from prefect import flow, task
from prefect.client.orchestration.local import local_client
from prefect.exceptions import MissingFlowError, ParameterBindError, ParameterTypeError
from prefect.flow_runs import fork_flow_run, retry_flow_run
from prefect.schemas.bases import now
from prefect.server.models.pruning import read_uses
from prefect.settings import get_current_settings

LastRun = Callable[[Any], Any]
Count = Callable[[str], int]


@dataclass
class Point:
    x: int
    y: int


class Opaque:
    """Something that JSON cannot say."""

    def __init__(self, number: int) -> None:
        self.number = number


def broken_run(flow: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(ConnectionError):
        flow(*args, **kwargs)


def test_parameters_come_back_as_they_were(notebook: Any, last_run: LastRun) -> None:
    @flow
    def main(
        number: int,
        names: list[str],
        day: datetime.date,
        where: Point,
        *more: Any,
        default: int = 3,
        **rest: Any,
    ) -> Any:
        notebook.may_break()
        return number, names, day, where, more, default, rest

    given = (1, ["a"], datetime.date(2020, 2, 29), Point(1, 2), 7, "x")
    broken_run(main, *given, unknown=None)
    notebook.broken = False
    run = last_run(main)
    assert "prefect.parameters.lost" not in run.labels
    assert retry_flow_run(run.id, main) == (
        1, ["a"], datetime.date(2020, 2, 29), Point(1, 2), (7, "x"), 3, {"unknown": None},
    )  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [Opaque(1), {"deep": [Opaque(1)]}, (1, 2), {1, 2}, datetime.time(12), {1: "a"}, 2**70],
)
def test_what_is_not_stored_is_asked_for_by_name_before_anything_begins(
    notebook: Any, last_run: LastRun, value: Any
) -> None:
    @flow
    def main(plain: int, lost) -> Any:  # type: ignore[no-untyped-def]
        notebook.may_break()
        return lost

    broken_run(main, 1, value)
    notebook.broken = False
    run = last_run(main)
    with pytest.raises(ParameterTypeError, match="'lost' cannot be expressed as JSON"):
        retry_flow_run(run.id, main)
    assert last_run(main).run_count == 1
    assert retry_flow_run(run.id, main, parameters={"lost": value}) == value


@pytest.mark.parametrize("value", [Opaque(1), {"deep": [Opaque(1)]}, (1, 2), {1: "a"}, 2**70])
def test_a_flow_that_keeps_its_results_keeps_such_parameters(
    notebook: Any, last_run: LastRun, value: Any
) -> None:
    @flow(persist_result=True)
    def main(plain: int, kept) -> None:  # type: ignore[no-untyped-def]
        notebook.may_break()
        notebook.seen = kept

    broken_run(main, 1, value)
    notebook.broken = False
    run = last_run(main)
    stored = get_current_settings().results.local_storage_path / "parameters" / str(run.id)
    assert stored.is_file()
    retry_flow_run(run.id, main)
    assert type(notebook.seen) is type(value)


async def _async_flow(notebook: Any) -> Any:
    @flow(persist_result=True)
    async def main(kept) -> int:  # type: ignore[no-untyped-def]
        notebook.may_break()
        return kept.number  # type: ignore[no-any-return]

    with pytest.raises(ConnectionError):
        await main(Opaque(7))
    return main


def test_async_flows_keep_them_too(notebook: Any, last_run: LastRun) -> None:
    import asyncio

    main = asyncio.run(_async_flow(notebook))
    notebook.broken = False
    assert asyncio.run(retry_flow_run(last_run(main).id, main)) == 7


def test_kept_parameters_that_are_gone_are_asked_for(notebook: Any, last_run: LastRun) -> None:
    @flow(persist_result=True)
    def main(kept) -> None:  # type: ignore[no-untyped-def]
        notebook.may_break()

    broken_run(main, Opaque(1))
    run = last_run(main)
    (get_current_settings().results.local_storage_path / "parameters" / str(run.id)).unlink()
    with pytest.raises(ParameterTypeError, match="'kept'"):
        retry_flow_run(run.id, main)


def test_secrets_are_never_kept(notebook: Any, last_run: LastRun) -> None:
    @flow(persist_result=True)
    def main(password: SecretStr) -> str:
        notebook.may_break()
        return password.get_secret_value()

    broken_run(main, SecretStr("hush"))
    notebook.broken = False
    run = last_run(main)
    for file in Path(get_current_settings().home).rglob("*"):
        assert not file.is_file() or b"hush" not in file.read_bytes()
    with pytest.raises(ParameterTypeError, match="'password'"):
        retry_flow_run(run.id, main)
    assert retry_flow_run(run.id, main, parameters={"password": "hush"}) == "hush"


def test_another_value_is_for_forks(notebook: Any, last_run: LastRun) -> None:
    @flow
    def main(number: int) -> int:
        notebook.may_break()
        return number

    broken_run(main, 1)
    notebook.broken = False
    run = last_run(main)
    with pytest.raises(ValueError, match=r"started with number = 1.*fork"):
        retry_flow_run(run.id, main, parameters={"number": 2})
    assert last_run(main).run_count == 1
    assert fork_flow_run(run.id, main, parameters={"number": 2}) == 2


def test_parameters_that_do_not_fit_the_flow_are_refused_before_anything_begins(
    notebook: Any, last_run: LastRun
) -> None:
    @flow(name="changing")
    def main(number: int) -> None:
        notebook.may_break()

    broken_run(main, 1)

    @flow(name="changing")
    def needs_more(number: int, other: str) -> None: ...

    @flow(name="changing")
    def needs_less() -> str:
        return "done"

    run = last_run(main)
    with pytest.raises(ParameterBindError, match="no parameter 'unknown'"):
        retry_flow_run(run.id, main, parameters={"unknown": 1})
    with pytest.raises(ParameterBindError, match="needs 'other'"):
        retry_flow_run(run.id, needs_more)
    assert last_run(main).run_count == 1
    assert retry_flow_run(run.id, needs_less) == "done"


def test_methods_need_their_object(notebook: Any, last_run: LastRun) -> None:
    class Pipeline:
        def __init__(self, number: int) -> None:
            self.number = number

        @flow
        def main(self) -> int:
            notebook.may_break()
            return self.number

    broken_run(Pipeline(4).main)
    notebook.broken = False
    run = last_run(Pipeline(4).main)
    with pytest.raises(MissingFlowError, match="is a method"):
        retry_flow_run(run.id, Pipeline.main)
    assert retry_flow_run(run.id, Pipeline(4).main) == 4


def test_subflows_get_theirs_from_their_parent(notebook: Any, last_run: LastRun) -> None:
    @flow
    def child(value) -> int:  # type: ignore[no-untyped-def]
        notebook.may_break()
        return value.number  # type: ignore[no-any-return]

    @task
    def make() -> Opaque:
        return Opaque(5)

    @flow
    def main() -> int:
        return child(make.submit())

    broken_run(main)
    notebook.broken = False
    assert retry_flow_run(last_run(main).id, main) == 5


def test_kept_parameters_are_needed_as_long_as_the_run_can_be_resumed(
    notebook: Any, last_run: LastRun
) -> None:
    @flow(persist_result=True)
    def main(kept) -> None:  # type: ignore[no-untyped-def]
        notebook.may_break()

    broken_run(main, Opaque(1))
    run = last_run(main)
    stored = str(get_current_settings().results.local_storage_path / "parameters" / str(run.id))
    later = now() + datetime.timedelta(days=10)
    with local_client().reading() as connection:
        assert read_uses(connection, datetime.timedelta(days=30), later)[stored][0].need is not None
        assert read_uses(connection, datetime.timedelta(days=5), later)[stored][0].need is None
