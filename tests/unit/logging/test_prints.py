"""`print` in runs that log it."""

import builtins
import io
import sys
import threading

import pytest

from prefect.logging.configuration import ensure_logging_setup
from prefect.logging.loggers import patch_print, print_as_log


@pytest.fixture(autouse=True)
def _logging_is_set_up():
    ensure_logging_setup()


@pytest.fixture(autouse=True)
def _print_is_given_back():
    before = builtins.print
    yield
    assert builtins.print is before


def test_prints_become_records(runs, rows):
    with patch_print(), runs.inside_task(log_prints=True):
        print("a", 1, sep="-", end="!\n")
        print()
        print("two\nlines", file=sys.stderr, flush=True)
        print("50%s")
    assert [row.message for row in rows] == ["a-1!", "", "two\nlines", "50%s"]
    assert {row.level for row in rows} == {20}


def test_prints_to_other_files_stay_prints(runs, rows):
    other = io.StringIO()
    with patch_print(), runs.inside_flow(log_prints=True):
        print("to a file", file=other)
    assert (rows, other.getvalue()) == ([], "to a file\n")


def test_a_run_that_does_not_ask_prints(runs, rows, capsys):
    with patch_print():
        with runs.inside_flow(log_prints=False):
            print("shown")
        print("shown outside")
    assert rows == []
    assert capsys.readouterr().out == "shown\nshown outside\n"


def test_print_as_log_outside_runs_prints(capsys):
    print_as_log("a", "b", sep=",")
    assert capsys.readouterr().out == "a,b\n"


def test_print_is_given_back_by_the_last_one_out():
    before = builtins.print
    first, second = patch_print(), patch_print()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert builtins.print is print_as_log
    second.__exit__(None, None, None)
    assert builtins.print is before


def test_runs_in_threads_do_not_see_each_others_choice(runs, rows, capsys):
    barrier = threading.Barrier(2)

    def one_run(log_prints):
        with patch_print(), runs.inside_flow(log_prints=log_prints):
            barrier.wait()
            print(f"log_prints={log_prints}")
            barrier.wait()

    threads = [threading.Thread(target=one_run, args=(choice,)) for choice in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.message for row in rows] == ["log_prints=True"]
    assert capsys.readouterr().out == "log_prints=False\n"


def test_a_print_put_on_top_of_ours_survives_and_does_not_loop(runs, capsys, monkeypatch):
    genuine = builtins.print
    with patch_print():
        inner = builtins.print
        loud = lambda *args: inner("loud:", *args)  # noqa: E731
        builtins.print = loud
    assert builtins.print is loud
    with patch_print():
        print("hello")
    assert builtins.print is loud
    builtins.print = genuine
    assert capsys.readouterr().out.endswith("hello\n")


def test_a_print_of_the_users_own_is_respected(runs, monkeypatch):
    heard = []
    before = builtins.print
    builtins.print = lambda *args: heard.append(args)
    try:
        with patch_print():
            print("through")
    finally:
        builtins.print = before
    assert heard == [("through",)]
