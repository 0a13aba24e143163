"""Transactions around tasks: what is undone when, and in which order."""

from typing import Any
from uuid import uuid4

import pytest

from prefect import flow, task
from prefect.transactions import get_transaction, transaction


class Log(list[str]):
    """Tasks that note what happens to them."""

    def step(self, name: str, fails: bool = False) -> Any:
        @task(name=name)
        def step() -> str:
            self.append(f"run {name}")
            if fails:
                raise ValueError(name)
            return name

        step.on_rollback(lambda txn: self.append(f"undo {name}"))
        step.on_commit(lambda txn: self.append(f"commit {name}"))
        return step


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_task_commits_by_itself(log: Log) -> None:
    step = log.step("a")
    flow(lambda: step(), name="around")()
    assert log == ["run a", "commit a"]


def test_tasks_in_a_transaction_commit_together(log: Log) -> None:
    first, second = log.step("a"), log.step("b")

    def body() -> None:
        with transaction():
            first()
            second()
            log.append("end")

    flow(body)()
    assert log == ["run a", "run b", "end", "commit a", "commit b"]


def test_a_failure_undoes_the_last_first(log: Log) -> None:
    first, second, third = log.step("a"), log.step("b"), log.step("c", fails=True)

    def body() -> None:
        with transaction():
            first()
            second()
            third()

    state = flow(body)(return_state=True)
    assert state.is_failed()
    assert log == ["run a", "run b", "run c", "undo b", "undo a"]


def test_an_error_of_the_body_undoes_and_goes_on(log: Log) -> None:
    first = log.step("a")

    def body() -> None:
        with transaction():
            first()
            raise KeyError("body")

    with pytest.raises(KeyError):
        flow(body)()
    assert log == ["run a", "undo a"]


def test_what_is_outside_is_not_undone(log: Log) -> None:
    before, inside = log.step("before"), log.step("inside")

    def body() -> None:
        before()
        try:
            with transaction():
                inside()
                raise KeyError
        except KeyError:
            log.append("caught")

    flow(body)()
    assert log == ["run before", "commit before", "run inside", "undo inside", "caught"]


def test_undone_runs_are_recorded_as_rolled_back(log: Log, store: Any) -> None:
    first = log.step("a")

    def body() -> None:
        with transaction():
            first()
            raise KeyError

    state = flow(body)(return_state=True)
    (run,) = store.task_runs(state.state_details.flow_run_id, 1)
    assert run.state_type == "COMPLETED"
    assert store.history(run.id) == ["Pending", "Running", "Completed", "RolledBack"]


def test_values_of_a_transaction() -> None:
    with transaction() as txn:
        txn.set("a", 1)
        assert txn.get("a") == 1
        assert txn.get("missing", 5) == 5
        with pytest.raises(ValueError):
            txn.get("missing")


def test_a_child_sees_the_values_of_its_parent_and_keeps_its_own() -> None:
    with transaction() as parent:
        parent.set("a", [1])
        with transaction() as child:
            assert child.get("a") == [1]
            child.set("b", 2)
        with pytest.raises(ValueError):
            parent.get("b")


def test_rollback_hooks_see_the_values(log: Log) -> None:
    seen = []

    @task
    def step() -> None:
        get_transaction().set("path", "here")

    @step.on_rollback
    def undo(txn: Any) -> None:
        seen.append(txn.get("path"))

    def body() -> None:
        with transaction():
            step()
            raise KeyError

    flow(body)(return_state=True)
    assert seen == ["here"]


def test_the_current_transaction() -> None:
    assert get_transaction() is None
    with transaction() as outer:
        assert get_transaction() is outer
        with transaction() as inner:
            assert get_transaction() is inner
        assert get_transaction() is outer
    assert get_transaction() is None
    assert outer.is_committed()


def test_a_nested_failure_undoes_everything(log: Log) -> None:
    first, second = log.step("a"), log.step("b")

    def body() -> None:
        with transaction():
            first()
            with transaction():
                second()
                raise KeyError

    flow(body)(return_state=True)
    assert [entry for entry in log if entry.startswith("undo")] == ["undo b", "undo a"]


@pytest.mark.parametrize("persists", [True, False])
def test_a_transaction_inside_a_task_commits_or_is_undone_as_a_whole(log: Log, persists: bool) -> None:
    first, second = log.step("a"), log.step("b")

    @task(persist_result=persists)
    def around(fails: bool) -> None:
        with transaction():
            first()
            second()
            log.append("end")
            if fails:
                raise KeyError

    flow(lambda: around(False), name="well")()
    assert log == ["run a", "run b", "end", "commit a", "commit b"]
    log.clear()
    flow(lambda: around(True), name="badly")(return_state=True)
    assert log == ["run a", "run b", "end", "undo b", "undo a"]


@pytest.mark.parametrize("persists", [True, False])
def test_a_task_that_fails_undoes_the_tasks_it_has_called(log: Log, persists: bool) -> None:
    inner = log.step("a")

    @task(persist_result=persists)
    def around() -> None:
        inner()
        raise KeyError

    flow(lambda: around(), name="outermost")(return_state=True)
    assert log == ["run a", "undo a"]


def test_a_failing_rollback_hook_does_not_stop_the_others(log: Log) -> None:
    first = log.step("a")

    @task
    def second() -> None: ...

    @second.on_rollback
    def undo(txn: Any) -> None:
        raise RuntimeError("undo")

    def body() -> None:
        with transaction():
            first()
            second()
            raise KeyError

    assert flow(body)(return_state=True).is_failed()


def test_a_keyed_transaction_finds_what_it_wrote() -> None:
    key = f"conformance-{uuid4()}"
    with transaction(key=key) as txn:
        assert not txn.is_committed()
        txn.stage({"x": 1})
    with transaction(key=key) as again:
        assert again.is_committed()
        assert again.read().result == {"x": 1}
