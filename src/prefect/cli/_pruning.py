"""`prune` for runs and for results: what is over its lifetime is listed, asked about, and removed.

Each run is removed in one piece. Not here: what may be removed (`server/models/retention`), the commands that
these functions stand behind (`flow_run`, `result`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from prefect.cli import _wording as words
from prefect.cli._output import confirm, exit_with_error, print_json, print_lines, print_success
from prefect.cli._results import size_text
from prefect.cli._run_lists import print_list
from prefect.cli._store import Store, open_own_store
from prefect.schemas.bases import now
from prefect.settings import get_current_settings

if TYPE_CHECKING:
    from prefect.server.models.retention import RunFacts, Verdict

OlderThanOption = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help="What ended longer ago than this is over its lifetime: 30d, 12h, P1W. Default: the setting.",
        show_default=False,
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed, and why.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]

_PRUNE_RUNS = "prefect flow-run prune"
_RUNS_IN_ONE_TRANSACTION = 50
_SHOWN = 200
_SPARED_AGE = timedelta(days=1)
"""Files younger than this may belong to a run whose record is about to be written."""


class ResultRow(NamedTuple):
    """What becomes of a stored result."""

    storage_key: str
    remove: bool
    why: str


class Removed(NamedTuple):
    """What was, or would be, removed."""

    runs: int
    files: int
    size_bytes: int

    def told(self, verb: str) -> str:
        """One line about it."""
        parts = [words.counted(self.runs, "run")] if self.runs else []
        parts += (
            [f"{words.counted(self.files, 'result')} ({size_text(self.size_bytes)})"] if self.files else []
        )
        return f"{verb} {' and '.join(parts) or 'nothing'}."


def lifetime(older_than: str | None, setting: timedelta | None, name: str) -> timedelta:
    """The lifetime that was asked for, else the one that is set; ends the command without either."""
    from prefect.settings.coercion import coerce

    if older_than is None:
        if setting is None:
            exit_with_error(f"Say what is too old: `--older-than 30d`, or set {name}.", 2)
        return setting
    try:
        given: timedelta = coerce(timedelta, older_than)
    except ValueError as error:
        exit_with_error(f"--older-than {error}. Got {older_than!r}.", 2)
    return given


# --- runs -----------------------------------------------------------------------------------------------


def prune_runs(older_than: str | None, dry_run: bool, yes: bool, keep_results: bool, as_json: bool) -> None:
    """Remove the runs that are over their lifetime, and the results that only they referred to."""
    engine, at = get_current_settings().engine, now()
    age = lifetime(older_than, engine.run_retention, "PREFECT_ENGINE_RUN_RETENTION")
    with open_own_store(_PRUNE_RUNS) as store:
        verdicts = store.runs_over(age, engine.resume_window, at)
        doomed = [verdict.run for verdict in verdicts if verdict.remove]
        if as_json:
            print_json([_run_as_json(verdict) for verdict in verdicts])
        else:
            _print_runs(verdicts, at)
        if dry_run or not doomed:
            _tell_runs(
                verdicts, Removed(len(doomed), 0, 0), "Would remove" if dry_run else "Removed", as_json
            )
            return
        confirm(f"Remove {words.counted(len(doomed), 'run')} with their task runs, states and logs?", yes)
    # another view of the store: the first one stays as it was, however long somebody thinks
    with open_own_store(_PRUNE_RUNS) as store:
        removed, refused = _remove_runs(store, doomed, age, keep_results)
    _tell_runs([verdict for verdict in verdicts if not verdict.remove] + refused, removed, "Removed", as_json)


def _remove_runs(
    store: Store, runs: Sequence[RunFacts], age: timedelta, keep_results: bool
) -> tuple[Removed, list[Verdict]]:
    """Remove runs, some at a time; what was removed, and those that are needed since they were looked at."""
    from prefect.results.files import remove_files

    window = get_current_settings().engine.resume_window
    keys: set[str] = set()
    number, refused = 0, []
    for start in range(0, len(runs), _RUNS_IN_ONE_TRANSACTION):
        some = runs[start : start + _RUNS_IN_ONE_TRANSACTION]
        verdicts, freed = store.remove_runs(some, age, window, now())
        number += sum(verdict.remove for verdict in verdicts)
        refused += [verdict for verdict in verdicts if not verdict.remove]
        keys |= freed
    unused = set() if keep_results or not keys else keys - store.results_still_used(keys)
    return Removed(number, *_doing(lambda: remove_files(sorted(unused)))), refused


def _print_runs(verdicts: Sequence[Verdict], at: datetime) -> None:
    shown = sorted(verdicts, key=lambda verdict: verdict.remove)[:_SHOWN]
    rows: list[tuple[Any, list[Any]]] = [
        (
            verdict.run.id,
            [
                verdict.run.name,
                words.state_text(verdict.run.state_type, verdict.run.state_name),
                words.ago(verdict.run.ended, at),
                f"{'remove' if verdict.remove else 'keep'}: {verdict.why}",
            ],
        )
        for verdict in shown
    ]
    if rows:
        print_list(("Name", "State", "Ended", "Verdict"), rows, elastic=1)
    if len(verdicts) > len(shown):
        print_lines([f"… and {len(verdicts) - len(shown):,} more"])


def _tell_runs(verdicts: Sequence[Verdict], removed: Removed, verb: str, as_json: bool) -> None:
    kept = sum(not verdict.remove for verdict in verdicts)
    _tell(removed.told(verb) + _kept(kept, "run"), as_json)


def _run_as_json(verdict: Verdict) -> dict[str, Any]:
    run = verdict.run
    return {
        "run_id": str(run.id),
        "run_type": run.kind.replace(" ", "-"),
        "run_name": run.name,
        "state_name": run.state_name,
        "ended": run.ended,
        "remove": verdict.remove,
        "why": verdict.why,
    }


# --- results --------------------------------------------------------------------------------------------


def prune_results(older_than: str | None, orphans: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove the results that are over their lifetime; with `orphans`, also files that no run refers to."""
    from prefect.results.files import remove_files, sizes_of

    settings = get_current_settings()
    age = lifetime(older_than, settings.results.retention, "PREFECT_RESULTS_RETENTION")
    with open_own_store("prefect result prune") as store:
        verdicts = _judge_results(store, age, orphans)
        if as_json:
            print_json([verdict._asdict() for verdict in verdicts])
        else:
            _print_results(verdicts)
        doomed = {verdict.storage_key for verdict in verdicts if verdict.remove}
        kept = len(verdicts) - len(doomed)
        if not dry_run and doomed:
            confirm(f"Remove {words.counted(len(doomed), 'result')}?", yes)
            # somebody may have resumed a run meanwhile
            again = _judge_results(store, age, orphans)
            doomed &= {verdict.storage_key for verdict in again if verdict.remove}
        done = sizes_of(doomed) if dry_run else _doing(lambda: remove_files(sorted(doomed)))
    verb = "Would remove" if dry_run else "Removed"
    _tell(Removed(0, *done).told(verb) + _kept(kept, "result"), as_json)


def _judge_results(store: Store, age: timedelta, orphans: bool) -> list[ResultRow]:
    settings, at = get_current_settings(), now()
    verdicts, known = store.results_over(age, settings.engine.resume_window, at)
    found = [ResultRow(*verdict) for verdict in verdicts if Path(verdict.storage_key).is_file()]
    if orphans:
        unknown = _orphans(settings.results.local_storage_path, known, at - max(age, _SPARED_AGE))
        found += [ResultRow(path, True, "no run refers to it") for path in unknown]
    return found


def _orphans(directory: Path, known: set[str], before: datetime) -> list[str]:
    from prefect.results.files import records_in

    files = (file for file in records_in(directory) if file.written <= before)
    return [str(file.path) for file in files if str(file.path) not in known]


def _print_results(verdicts: Sequence[ResultRow]) -> None:
    shown = sorted(verdicts, key=lambda verdict: (verdict.remove, verdict.storage_key))[:_SHOWN]
    print_lines(
        f"{'remove' if verdict.remove else 'keep'}  {verdict.storage_key}  ({verdict.why})"
        for verdict in shown
    )
    if len(verdicts) > len(shown):
        print_lines([f"… and {len(verdicts) - len(shown):,} more"])


# --- both -----------------------------------------------------------------------------------------------


def _doing(remove: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    try:
        return remove()
    except OSError as error:
        exit_with_error(f"A result cannot be removed: {error}. Run the command again once that is mended.")


def _kept(number: int, noun: str) -> str:
    """A sentence about what is over its lifetime and stays, if there is any."""
    if not number:
        return ""
    ending = "stays, because it is needed" if number == 1 else "stay, because they are needed"
    return f" {words.counted(number, noun)} over the lifetime {ending}."


def _tell(text: str, as_json: bool) -> None:
    """Tell how it ended; on standard error when standard output is JSON."""
    if as_json:
        typer.echo(text, err=True)
    else:
        print_success(text)
