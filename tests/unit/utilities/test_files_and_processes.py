"""Paths, ignored files, child processes."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from prefect.utilities.filesystem import (
    create_default_ignore_file,
    filename,
    filter_files,
    get_open_file_limit,
    is_local_path,
    relative_path_to_current_platform,
    tmpchdir,
    to_display_path,
)
from prefect.utilities.processutils import (
    command_from_string,
    command_to_string,
    forward_signal_handler,
    get_sys_executable,
    open_process,
    run_process,
    sanitize_subprocess_env,
    setup_signal_handlers_agent,
    setup_signal_handlers_server,
    setup_signal_handlers_worker,
)

FILES = ["a.py", "b.txt", "sub/c.py", "sub/d.log", "sub/deep/e.py", "[x].md", "#hash"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in FILES:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "excluded"),
    [
        ([], set()),
        (["*.py"], {"a.py", "sub/c.py", "sub/deep/e.py"}),
        (["*.py", "!a.py"], {"sub/c.py", "sub/deep/e.py"}),
        (["/*.py"], {"a.py"}),
        (["sub/"], {"sub/c.py", "sub/d.log", "sub/deep/e.py"}),
        (["a.py/"], set()),
        (["sub/*.py"], {"sub/c.py"}),
        (["**/deep"], {"sub/deep/e.py"}),
        (["sub/**"], {"sub/c.py", "sub/d.log", "sub/deep/e.py"}),
        (["sub/**/e.py"], {"sub/deep/e.py"}),
        (["?.py"], {"a.py", "sub/c.py", "sub/deep/e.py"}),
        (["[ac].py"], {"a.py", "sub/c.py"}),
        (["[!a].py"], {"sub/c.py", "sub/deep/e.py"}),
        ([r"\[x\].md"], {"[x].md"}),
        ([r"\#hash", "# comment", "", "b.txt   "], {"#hash", "b.txt"}),
        (["sub", "!sub/c.py"], {"sub/c.py", "sub/d.log", "sub/deep/e.py"}),
        ([b"*.log"], {"sub/d.log"}),
    ],
)
def test_patterns_exclude_as_git_does(folder: Path, patterns: list[str], excluded: set[str]) -> None:
    kept = filter_files(str(folder), patterns, include_dirs=False, as_posix=True)
    assert set(FILES) - kept == excluded


def test_folders_are_listed_if_asked_for(folder: Path) -> None:
    assert {"sub", str(Path("sub/deep"))} <= filter_files(str(folder))
    assert "sub" not in filter_files(str(folder), include_dirs=False)


def test_the_default_ignore_file_is_written_once(folder: Path) -> None:
    assert create_default_ignore_file(str(folder))
    patterns = (folder / ".prefectignore").read_text().splitlines()
    (folder / "__pycache__").mkdir()
    assert "__pycache__" not in filter_files(str(folder), patterns)
    assert set(FILES) <= filter_files(str(folder), patterns, as_posix=True)
    assert not create_default_ignore_file(str(folder))


def test_the_working_directory_is_changed_for_a_while(folder: Path) -> None:
    before = os.getcwd()
    with tmpchdir(str(folder / "a.py")) as path:
        assert os.path.realpath(os.getcwd()) == os.path.realpath(path) == os.path.realpath(folder)
    with pytest.raises(ZeroDivisionError), tmpchdir(str(folder)):
        raise ZeroDivisionError
    assert os.getcwd() == before


@pytest.mark.parametrize(
    ("path", "local"),
    [("/a", True), ("a/b", True), ("C:\\a", True), ("file:///a", True), ("s3://a", False), (Path("a"), True)],
)
def test_local_paths(path: str | Path, local: bool) -> None:
    assert is_local_path(path) is local


def test_parts_and_display_of_paths(folder: Path) -> None:
    assert filename("s3://bucket/file.txt") == "file.txt"
    assert filename(str(folder / "a.py")) == "a.py"
    assert to_display_path(folder / "sub" / "c.py", folder) == str(Path("sub/c.py"))
    assert to_display_path("/x", "/a/b/c/d/e/f") == os.path.abspath("/x")
    assert relative_path_to_current_platform("a\\b") == Path("a/b")
    assert get_open_file_limit() > 0


# --- Processes ---


def test_commands_as_text() -> None:
    command = [get_sys_executable(), "-c", "print('a b')", ""]
    assert command_from_string(command_to_string(command)) == command


def test_only_variables_with_a_value_are_handed_on() -> None:
    inherited = {"A": "inherited", "C": "kept"}
    assert sanitize_subprocess_env({"A": None, "B": "b"}, remove_from=inherited) == {"B": "b"}
    assert inherited == {"C": "kept"}
    assert sanitize_subprocess_env(None) == {}


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_of_a_process_is_passed_on() -> None:
    out, err = io.StringIO(), io.StringIO()
    code = "import sys; print('to out'); print('to err', file=sys.stderr); sys.exit(3)"
    process = asyncio.run(run_process(python(code), stream_output=(out, err)))
    assert process.returncode == 3
    assert (out.getvalue(), err.getvalue()) == ("to out\n", "to err\n")


def test_output_goes_to_this_process_or_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(run_process(python("print('heard')"), stream_output=True))
    asyncio.run(run_process(python("print('unheard')")))
    assert capsys.readouterr().out == "heard\n"


def test_whoever_waits_for_the_start_is_told() -> None:
    class Report:
        values: list[object]

        def started(self, value: object) -> None:
            self.values.append(value)

    report = Report()
    report.values = []
    process = asyncio.run(run_process(python(""), task_status=report))
    asyncio.run(run_process(python(""), task_status=report, task_status_handler=lambda process: "handled"))
    assert report.values == [process.pid, "handled"]


def test_a_process_ends_with_its_block() -> None:
    async def main() -> int | None:
        async with open_process(python("import time; time.sleep(60)")) as process:
            assert process.returncode is None
        return process.returncode

    assert asyncio.run(main()) not in (None, 0)


def test_a_command_must_be_a_list() -> None:
    async def main() -> None:
        async with open_process("ls -l"):  # type: ignore[arg-type]
            pass

    with pytest.raises(TypeError, match="ls -l"):
        asyncio.run(main())


@pytest.fixture
def _signal_handlers_as_before() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.usefixtures("_signal_handlers_as_before")
class TestForwarding:
    def sent_to_child(self, monkeypatch: pytest.MonkeyPatch, *received: signal.Signals) -> list[int]:
        sent: list[int] = []
        kill = SimpleNamespace(kill=lambda pid, number: sent.append(number))
        monkeypatch.setattr("prefect.utilities.processutils.os", kill)
        for number in received:
            signal.raise_signal(number)
        return sent

    @pytest.mark.parametrize(
        ("set_up", "on_interrupt"),
        [
            (setup_signal_handlers_server, signal.SIGTERM),
            (setup_signal_handlers_agent, signal.SIGINT),
            (setup_signal_handlers_worker, signal.SIGINT),
        ],
    )
    def test_gently_first_then_for_good(
        self, monkeypatch: pytest.MonkeyPatch, set_up: object, on_interrupt: int
    ) -> None:
        messages: list[str] = []
        set_up(123, "the child", messages.append)  # type: ignore[operator]
        sent = self.sent_to_child(monkeypatch, signal.SIGINT, signal.SIGINT, signal.SIGINT)
        assert sent == [on_interrupt, signal.SIGKILL, signal.SIGKILL]
        assert "the child (PID 123)" in messages[0]

    def test_a_worker_is_told_to_terminate_as_such(self, monkeypatch: pytest.MonkeyPatch) -> None:
        setup_signal_handlers_worker(123, "worker", lambda message: None)
        assert self.sent_to_child(monkeypatch, signal.SIGTERM) == [signal.SIGTERM]

    def test_a_real_child_receives_it(self) -> None:
        child = subprocess.Popen(
            python("import signal; print(flush=True); signal.pause()"), stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        forward_signal_handler(
            child.pid, signal.SIGINT, signal.SIGTERM, process_name="child", print_fn=lambda message: None
        )
        signal.raise_signal(signal.SIGINT)
        assert child.wait(timeout=60) == -signal.SIGTERM
        child.stdout.close()
