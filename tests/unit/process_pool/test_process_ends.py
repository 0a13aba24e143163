"""How runs in worker processes end when they do not end by themselves: deaths, time limits, cancellation."""

import ctypes
import os
import signal
import threading
from collections import deque
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from prefect import flow, task
from prefect.exceptions import CrashedRun, SerializationError
from prefect.futures import wait
from prefect.task_runners import ProcessPoolTaskRunner

pytestmark = pytest.mark.slow


@task
def identity(x: Any) -> Any:
    return x


@task
def process_id() -> int:
    return os.getpid()


def in_flow(body: Any, **options: Any) -> Any:
    """Run a function as a flow with one worker process."""
    runner = ProcessPoolTaskRunner(**{"max_workers": 1, **options})
    return flow(body, name="in processes", task_runner=runner)()


def blocks(path: str) -> None:
    """Say that this process is here, and be deaf to everything but SIGKILL."""
    said = Path(f"{path}.said")
    said.write_text(str(os.getpid()))
    # One call in C that neither looks for signals nor lets another thread run; the word is given from
    # inside it, so that no signal finds this process between its word and its deafness.
    deque(chain(map(os.link, [said], [path]), repeat(None)), maxlen=0)


# --- deaths ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("death", "said"),
    [
        (lambda: os._exit(7), "exited with code 7"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was ended by signal 9 (SIGKILL)"),
        (lambda: ctypes.string_at(0), "was ended by signal 11 (SIGSEGV)"),
    ],
    ids=["exit", "kill", "segmentation fault"],
)
def test_a_death_crashes_one_run_and_no_other(store: Any, death: Any, said: str) -> None:
    dies = task(death, name="dies", retries=3)

    def body() -> Any:
        before, dead, after = identity.submit(1), dies.submit(), identity.submit(2)
        with pytest.raises(CrashedRun, match="worker process"):
            dead.result()
        return before.result(), after.result(), dead.task_run_id

    first, second, run = in_flow(body)
    assert (first, second) == (1, 2)
    assert store.history(run) == ["Pending", "Running", "Crashed"]
    assert said in store.message(run)


def test_a_worker_that_died_is_replaced(store: Any) -> None:
    dies = task(lambda: os._exit(1), name="dies")

    def body() -> Any:
        first = process_id.submit().result()
        dies.submit().wait()
        return first, process_id.submit().result()

    first, second = in_flow(body)
    assert first != second


def test_a_worker_that_dies_while_it_is_idle_is_replaced(store: Any) -> None:
    def body() -> Any:
        first = process_id.submit().result()
        os.kill(first, signal.SIGKILL)
        while Path(f"/proc/{first}").exists():
            pass
        return first, process_id.submit().result()

    first, second = in_flow(body)
    assert first != second


def test_all_that_was_open_inside_of_a_dead_run_is_closed(store: Any) -> None:
    inner = task(lambda: os._exit(9), name="inner")
    child = flow(lambda: inner(), name="child")
    outer = task(lambda: child(), name="outer")

    def body() -> Any:
        outer.submit().wait()
        return 1

    in_flow(body)
    task_runs = store.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1")
    assert task_runs == [("CRASHED", 3)]
    flow_runs = store.rows(
        "SELECT flow.name, state_type FROM flow_run JOIN flow ON flow.id = flow_id ORDER BY 1"
    )
    assert flow_runs == [("child", "CRASHED"), ("in processes", "COMPLETED")]
    assert store.rows("SELECT count(*) FROM lease") == [(0,)]


# --- what cannot be sent --------------------------------------------------------------------------------


class Unpicklable:
    def __reduce__(self) -> Any:
        raise TypeError("not me")


class Unmakable(Exception):
    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a}{b}")


def refuses_to_be_made() -> None:
    raise OSError("not here")


class MadeElsewhereOnly:
    """Leaves its worker, but does not arrive."""

    def __reduce__(self) -> Any:
        return refuses_to_be_made, ()


@pytest.mark.parametrize(
    ("value", "said"),
    [(Unpicklable, "The result, of type"), (MadeElsewhereOnly, "made again here (OSError: not here)")],
)
def test_results_that_cannot_be_sent_fail_the_run(store: Any, value: Any, said: str) -> None:
    makes = task(lambda: value(), name="makes")

    def body() -> Any:
        future = makes.submit()
        with pytest.raises(SerializationError):
            future.result()
        return future.task_run_id, identity.submit(1).result()

    run, after = in_flow(body)
    assert after == 1
    assert store.history(run) == ["Pending", "Running", "Failed"]
    assert said in store.message(run)


def test_an_exception_that_cannot_be_sent_keeps_its_message(store: Any) -> None:
    @task
    def fails() -> None:
        raise Unmakable(1, 2)

    def body() -> Any:
        future = fails.submit()
        future.wait()
        return future.state

    state = flow(lambda: body().message, name="parent", task_runner=ProcessPoolTaskRunner(max_workers=1))()
    assert state == "Task run encountered an exception Unmakable: 12"


def test_arguments_that_cannot_be_sent_fail_the_run(store: Any) -> None:
    def body() -> Any:
        future = identity.submit(threading.Lock())
        with pytest.raises(SerializationError, match=r"'x', of type _thread.lock"):
            future.result()
        return future.task_run_id, identity.submit(1).result()

    run, after = in_flow(body)
    assert after == 1
    assert store.history(run) == ["Pending", "Failed"]


def test_a_task_whose_module_cannot_be_imported_by_workers(
    store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here_once.py").write_text(
        "import os\nfrom prefect import task\n"
        "if os.getpid() != " + str(os.getpid()) + ":\n    raise RuntimeError('not in a worker')\n"
        "@task\ndef work():\n    return 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here_once  # type: ignore[import-not-found]

    def body() -> Any:
        future = only_here_once.work.submit()
        with pytest.raises(SerializationError, match="RuntimeError: not in a worker"):
            future.result()
        return future.task_run_id, identity.submit(1).result()

    run, after = in_flow(body)
    assert after == 1
    assert store.history(run) == ["Pending", "Failed"]


# --- workers that do not start --------------------------------------------------------------------------


def test_an_initializer_that_raises_crashes_the_runs(store: Any) -> None:
    def initialize() -> None:
        raise LookupError("no such model")

    def body() -> Any:
        futures = [identity.submit(number) for number in range(3)]
        wait(futures)
        return [future.task_run_id for future in futures]

    for run in in_flow(body, initializer=initialize):
        assert store.history(run) == ["Pending", "Crashed"]
        assert "initializer of the worker processes raised: LookupError: no such model" in store.message(run)


def test_workers_that_die_while_they_start_crash_the_runs(store: Any) -> None:
    def body() -> Any:
        future = identity.submit(1)
        future.wait()
        return future.task_run_id

    run = in_flow(body, initializer=os._exit, initargs=(5,))
    assert store.history(run) == ["Pending", "Crashed"]
    assert "do not start: the last one exited with code 5" in store.message(run)


# --- time limits ----------------------------------------------------------------------------------------


def test_a_time_limit_interrupts_a_task_that_waits(store: Any) -> None:
    sleeps = task(lambda: threading.Event().wait(60), name="sleeps", timeout_seconds=0.1)

    def body() -> Any:
        before, late = process_id.submit().result(), sleeps.submit()
        late.wait()
        return late.task_run_id, before == process_id.submit().result()

    run, same_worker = in_flow(body)
    assert store.history(run) == ["Pending", "Running", "TimedOut"]
    assert same_worker


def test_a_task_that_no_limit_interrupts_is_ended_with_its_worker(store: Any, tmp_path: Path) -> None:
    deaf = task(blocks, timeout_seconds=0.1)

    def body() -> Any:
        late, after = deaf.submit(str(tmp_path / "pid")), identity.submit(2)
        return late.wait() or late.task_run_id, after.result()

    run, after = in_flow(body)
    assert after == 2
    assert store.history(run) == ["Pending", "Running", "TimedOut"]
    assert "timeout of 0.1 second(s)" in store.message(run)
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()


def test_a_task_that_was_ended_with_its_worker_is_retried(store: Any, tmp_path: Path) -> None:
    @task(timeout_seconds=0.2, retries=1, retry_delay_seconds=0.01)
    def deaf_at_first(path: str) -> str:
        if not Path(path).exists():
            blocks(path)
        return "done"

    def body() -> Any:
        late = deaf_at_first.submit(str(tmp_path / "pid"))
        return late.result(), late.task_run_id

    value, run = in_flow(body)
    assert value == "done"
    history = store.history(run)
    assert history[:3] == ["Pending", "Running", "AwaitingRetry"]
    assert history[-1] == "Completed"
    assert store.rows("SELECT run_count FROM task_run") == [(2,)]


# --- cancellation ---------------------------------------------------------------------------------------


@task
def waits_for_ever(path: str) -> None:
    try:
        Path(path).touch()
        threading.Event().wait()
    finally:
        Path(f"{path}.cleaned").touch()


def until(path: Path) -> None:
    """Wait for a file that another process makes."""
    while not path.exists():
        pass


def test_an_interrupted_flow_gives_up_its_runs(store: Any, tmp_path: Path) -> None:
    running, runs = tmp_path / "running", []

    def body() -> None:
        futures = [waits_for_ever.submit(str(running)), identity.submit(1)]
        runs.extend(future.task_run_id for future in futures)
        until(running)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_flow(body)
    assert [store.history(run)[-1] for run in runs] == ["Crashed", "Cancelled"]
    assert (tmp_path / "running.cleaned").exists()


def test_an_interrupted_flow_ends_workers_that_do_not_listen(store: Any, tmp_path: Path) -> None:
    running, runs = tmp_path / "running", []
    deaf = task(blocks)

    def body() -> None:
        runs.append(deaf.submit(str(running)).task_run_id)
        until(running)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_flow(body)
    assert store.history(runs[0]) == ["Pending", "Running", "Crashed"]
    assert "SIGKILL" in store.message(runs[0])
    assert not Path("/proc", running.read_text()).exists()


def test_a_flow_that_times_out_gives_up_its_runs(store: Any, tmp_path: Path) -> None:
    running, runs = tmp_path / "running", []

    @flow(timeout_seconds=2, task_runner=ProcessPoolTaskRunner(max_workers=1))
    def late() -> None:
        future = waits_for_ever.submit(str(running))
        runs.append(future.task_run_id)
        future.wait()

    assert late(return_state=True).name == "TimedOut"
    assert store.history(runs[0])[-1] == "Crashed"


def test_the_rest_of_a_map_is_cancelled_without_being_made(store: Any, tmp_path: Path) -> None:
    running = tmp_path / "running"

    def body() -> None:
        waits_for_ever.map([str(running)] * 50)
        until(running)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_flow(body)
    ends = dict(store.rows("SELECT state_type, count(*) FROM task_run GROUP BY 1"))
    assert ends == {"CRASHED": 1, "CANCELLED": 49}
