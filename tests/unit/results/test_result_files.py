"""Files of results: which are records, how large, and removing them."""

from pathlib import Path

from prefect.filesystems import LocalFileSystem
from prefect.results import ResultStore
from prefect.results.files import records_in, remove_files, sizes_of


def stored(directory: Path, key: str, value: object = 1) -> Path:
    ResultStore(result_storage=LocalFileSystem(basepath=str(directory))).write(value, key)
    return directory / key


def test_finds_records_at_any_depth(tmp_path: Path) -> None:
    paths = {stored(tmp_path, "a"), stored(tmp_path, "b/c", "x" * 20_000)}
    found = {file.path: file for file in records_in(tmp_path)}
    assert found.keys() == paths
    assert all(file.size_bytes == path.stat().st_size for path, file in found.items())


def test_passes_over_what_is_no_record_or_not_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "data.json").write_text('{"metadata": {"storage_key": "other"}, "result": 1}')
    (tmp_path / "cut").write_text('{"metadata":{"storage_key":"cut","serial')
    (tmp_path / "list.json").write_text('{"metadata":["storage_key"]}')
    stored(tmp_path, "copied").rename(tmp_path / "renamed")
    assert list(records_in(tmp_path)) == []
    assert list(records_in(tmp_path / "absent")) == []


def test_removes_what_is_there(tmp_path: Path) -> None:
    one, other = stored(tmp_path, "one"), stored(tmp_path, "other")
    size = one.stat().st_size
    assert sizes_of([one, tmp_path / "absent"]) == (1, size)
    assert remove_files([one, tmp_path / "absent"]) == (1, size)
    assert not one.exists()
    assert other.exists()
