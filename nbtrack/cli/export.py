"""``nbtrack export``: runs into a file, or with everything they have into a folder."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..entities.run import is_run_id
from ..errors import InvalidInput
from ..tracking.runs import Runs
from .output import bar
from .store_options import add_store_options, opened

if TYPE_CHECKING:
    from ..tracking.run import Run
    from ..transfer import Tell

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_store_options(parser)
    parser.add_argument("path", metavar="PATH", help="runs.csv, runs.parquet, runs.html, or a folder: with histories and files")
    parser.add_argument("--filter", help="which runs, in the language of `nbtrack runs list`")
    parser.add_argument("-e", "--experiment", action="append", metavar="NAME", help="only of this experiment; may be repeated")


def run(arguments: argparse.Namespace) -> int:
    """Write the runs; 1 if some of their files could not be written."""
    path = Path(arguments.path)
    with opened(arguments) as tracker:
        runs = tracker.runs(arguments.filter, experiment=arguments.experiment or "*")
        with _written(path):
            problems = _write(runs, path)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(json.dumps({"path": str(path), "runs": len(runs)}) if arguments.json else f"{len(runs)} runs in {path}")
    return 1 if problems else 0


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Name the path that the user gave where nothing can be written there."""
    try:
        yield
    except OSError as error:
        # pandas raises some of its own, without an error number.
        raise InvalidInput(f"{path} cannot be written: {error.strerror or error}; name a path that can be") from error


def _write(runs: Runs, path: Path) -> list[str]:
    """Write all runs, and return what could not be written, one line each."""
    writers = {".csv": runs.to_csv, ".parquet": runs.to_parquet, ".html": runs.to_html}
    if path.suffix in writers:
        writers[path.suffix](path)
        return []
    if path.suffix and not path.is_dir():
        raise InvalidInput(f"{path} ends in {path.suffix}: choose .csv, .parquet or .html, or a folder")
    with bar("Exporting", len(runs)) as tell:
        return _write_folder(runs, path, tell)


def _write_folder(runs: Runs, folder: Path, tell: Tell) -> list[str]:
    problems = []
    folder.mkdir(parents=True, exist_ok=True)
    runs.to_csv(folder / "runs.csv")
    for place, each in enumerate(runs):
        if not is_run_id(each.id):  # it names a folder, and a store may have any
            raise InvalidInput(f"the store has a run with the id {each.id[:80]!r}, which can be none: leave it out with --filter")
        _write_run(each, runs[place : place + 1], folder / each.id)
        try:
            _write_files(each, folder / each.id / "artifacts")
        except InvalidInput as error:  # some files have names that are not possible here; the others are written
            problems.append(f"run {each.id}: {error}")
        tell("runs", 1)
    return problems


def _write_run(run: Run, alone: Runs, folder: Path) -> None:
    """Write everything of a run but its files: run.json and metrics.csv."""
    folder.mkdir(exist_ok=True)
    facts = {
        **{name: getattr(run, name) for name in ("id", "name", "experiment", "status", "start_time", "end_time", "note")},
        "params": dict(run.params),
        "tags": dict(run.tags),
    }
    (folder / "run.json").write_text(json.dumps(facts, indent=2, default=str, ensure_ascii=False), encoding="utf-8")
    alone.history().to_csv(folder / "metrics.csv", index=False)


def _write_files(run: Run, folder: Path) -> None:
    if run.artifacts.list():
        folder.mkdir(exist_ok=True)
        run.artifacts.download("", folder)
