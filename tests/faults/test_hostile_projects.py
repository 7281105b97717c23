"""A user who opens a hostile project loses nothing and shows nothing."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nbtrack
from nbtrack import cli
from nbtrack.delivery import connections
from nbtrack.errors import NbtrackError
from nbtrack.server.inprocess import InProcess
from nbtrack.server.service import Service
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.tracking import current_tracker
from nbtrack.tracking.run import current_runs
from nbtrack.tracking.tracker import connection_of

from .hostile import DELETED, RUN, Project, Victim
from .rounds import done, rounds, seeded
from .watching import watched

ROUNDS = rounds(20)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The folder of a project that has one of everything: runs, files, a model, a dataset, a trace."""
    top = tmp_path_factory.mktemp("good")
    tracker = nbtrack.connect(top / ".nbtrack")
    for run_id in (RUN, DELETED):
        with _named(tracker, run_id), nbtrack.start_run("run", params={"lr": 0.1}) as run:
            run.log(loss=0.5)
            run.log_text("its own", "notes/a.txt")
            run.log_dict({"weights": [1]}, "model/weights.json")
            run.log_table({"a": [1]}, "t.csv")
    assert nbtrack.flush()
    nbtrack.register_model(f"runs:/{RUN}/model", "digits", alias="champion")
    nbtrack.get_run(DELETED).delete()
    _log_by_mlflow(connection_of(tracker).store(), top)
    connection_of(tracker).close(10)
    current_tracker._tracker = None
    return top / ".nbtrack"


@contextlib.contextmanager
def _named(tracker, run_id):
    """Give the next run a known id."""
    connection_of(tracker).new_run = lambda event: run_id
    yield
    del connection_of(tracker).new_run


def _log_by_mlflow(store: Any, top: Path) -> None:
    """Add a logged model and a trace, which nbtrack's own functions do not make."""
    server = InProcess(Service(store, LocalArtifacts(top / ".nbtrack" / "artifacts"), serves_artifacts=False))
    made = {"experiment_id": "0", "name": "model", "source_run_id": RUN}
    assert server.answer("POST", "/api/2.0/mlflow/logged-models", _json(made))[0] == 200
    where = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
    info = {
        "trace_id": "tr-1",
        "trace_location": where,
        "request_time": "2024-01-01T00:00:00Z",
        "state": "OK",
        "tags": {"a": "b"},
    }
    assert server.answer("POST", "/api/3.0/mlflow/traces", _json({"trace": {"trace_info": info}}))[0] == 200


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def _tries(project: Path, out: Path) -> Iterator[Callable[[], Any]]:
    """Yield everything that a user may do with a downloaded project."""
    yield lambda: nbtrack.connect(project)
    yield lambda: [repr(run) for run in nbtrack.runs(experiment="*", view="all")]
    yield lambda: nbtrack.runs(experiment="*")._repr_mimebundle_()
    yield lambda: nbtrack.runs(experiment="*").df().to_string()
    yield lambda: nbtrack.runs(experiment="*").to_html(out / "runs.html")
    yield lambda: nbtrack.compare(*nbtrack.runs(experiment="*"))._repr_mimebundle_()
    for run_id in (RUN, DELETED, "e" * 32, "f" * 32):
        yield from _tries_of_run(run_id, out)
    yield lambda: [run.set_tag("a", "b") for run in nbtrack.runs(experiment="*", view="all")]
    yield lambda: _log_into(nbtrack.start_run("new"))
    yield lambda: _log_into(nbtrack.start_run(resume=RUN))
    yield lambda: [repr(model.versions) for model in nbtrack.registered_models()]
    yield lambda: nbtrack.get_model("digits@champion").artifacts.download("", out / "model")
    yield lambda: nbtrack.register_model(f"runs:/{RUN}/notes", "digits")
    yield lambda: current_tracker._tracker.flush(0.2)
    for words in (["sync"], ["doctor"], ["runs", "list"], ["runs", "show", RUN], ["experiments"]):
        yield lambda words=words: cli.main([*words, "--store", str(project)])
    yield lambda: cli.main(["export", str(out / "export"), "--store", str(project)])
    yield lambda: cli.main(["push", "--all", f"sqlite:///{out}/pushed.db", "--store", str(project)])
    yield lambda: cli.main(["import", str(project), "--store", str(out / "imported")])
    yield lambda: cli.main(["runs", "delete", RUN, "--store", str(project)])
    yield lambda: cli.main(["runs", "gc", "--yes", "--store", str(project)])


def _tries_of_run(run_id: str, out: Path) -> Iterator[Callable[[], Any]]:
    yield lambda: nbtrack.get_run(run_id)._repr_mimebundle_()
    yield lambda: [_read(file) for file in nbtrack.get_run(run_id).artifacts.list("notes")]
    yield lambda: nbtrack.get_run(run_id).artifacts._repr_mimebundle_()
    for path in ("notes/a.txt", "thesis.tex", ".ssh/id_ed25519", "docs/notes.txt"):
        yield lambda path=path: nbtrack.get_run(run_id).artifacts.read_text(path)
    yield lambda: nbtrack.get_run(run_id).artifacts.download("", out / "all")
    yield lambda: nbtrack.get_run(run_id).tags
    yield lambda: nbtrack.get_run(run_id).environment


def _read(file: Any) -> Any:
    return file._repr_mimebundle_(), file._artifacts.read_text(file)


def _log_into(run: Any) -> None:
    with run:
        run.log(loss=0.25)
        run.log_text("mine", "notes/a.txt")
        run.log_text("mine", "thesis.tex")
        run.log_text("mine", "docs/notes.txt")


def _use(project: Path, out: Path, errors: Counter[str]) -> str:
    """Do all of it, one after the other, and return what was shown."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for attempt in _tries(project, out):
            try:
                said.write(str(attempt()))
            except NbtrackError as error:
                said.write(str(error))
                errors["refused, as an error of nbtrack's"] += 1
            except Exception as error:
                errors[_where(error)] += 1
        _close()
    return said.getvalue()


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    last = next((frame for frame in reversed(frames) if "/nbtrack/" in frame.filename), frames[-1])
    return f"{type(error).__name__} at {last.name} in {Path(last.filename).name}:{last.lineno}: {str(error)[:80]}"


def _close() -> None:
    for run in current_runs.open():
        with contextlib.suppress(NbtrackError):
            run.end()
    for each in connections.connections():
        each.close(0.2)
    connections._connections.clear()
    current_tracker._tracker = None


def _contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.lstat().st_nlink == 1:
            yield path, path.read_bytes()


@pytest.mark.slow
def test_nothing_outside_a_hostile_project_is_touched_or_shown(good, tmp_path, monkeypatch):
    chance = seeded("hostile projects")
    errors: Counter[str] = Counter()
    began = time.monotonic()
    for number in range(ROUNDS):
        _one_round(good, tmp_path / str(number), monkeypatch, random.Random(chance.random()), errors)
        shutil.rmtree(tmp_path / str(number))
    done["hostile projects opened"] += ROUNDS
    done["what was tried with them and refused"] += errors["refused, as an error of nbtrack's"]
    print(f"{ROUNDS} rounds in {time.monotonic() - began:.0f} s")
    for what, count in errors.most_common():
        print(f"{count:>8,} {what}")


def _one_round(good: Path, top: Path, monkeypatch: pytest.MonkeyPatch, chance: random.Random, errors: Counter[str]) -> None:
    victim = Victim(top / "home")
    project = Project(good, top / "downloads" / "project", victim, chance)
    out = top / "out"
    out.mkdir()
    project.spoil()
    before = victim.state()
    monkeypatch.setenv("HOME", str(victim.home))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(good.parent / "caches"))
    monkeypatch.chdir(project.folder.parent)
    with watched(victim.home) as seen:
        said = _use(project.folder, out, errors)
    monkeypatch.chdir("/")
    about = "\n".join(project.done)
    assert victim.state() == before, about
    assert [each for each in seen if not _is_known(each, victim.home)] == [], about
    assert Victim.SECRET not in said, about
    places = (top / "downloads", out)
    assert [path for folder in places for path, data in _contents(folder) if Victim.SECRET.encode() in data] == [], about
    assert sorted(each.name for each in top.iterdir()) == ["downloads", "home", "out"], about
    assert [each.name for each in (top / "downloads").iterdir()] == ["project"], about


def _is_known(what: str, home: Path) -> bool:
    """Tell whether other libraries look for it in every home: fonts, settings."""
    return what.partition(" ")[2].startswith(
        tuple(str(home / name) for name in (".config", ".cache", ".fonts", ".local", ".matplotlib"))
    )


def test_every_operation_of_this_test_works_with_a_sound_project(good, tmp_path, monkeypatch):
    """Otherwise the test above would prove nothing."""
    shutil.copytree(good, tmp_path / ".nbtrack")
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.chdir(tmp_path)
    errors: Counter[str] = Counter()
    assert "its own" in _use(tmp_path / ".nbtrack", out, errors)
    assert (out / "export" / RUN / "artifacts" / "notes" / "a.txt").read_text() == "mine"
    assert (out / "model" / "weights.json").exists()
    assert sorted(each.name for each in out.iterdir()) >= ["all", "export", "imported", "model", "pushed.db"]
    assert set(errors) == {"refused, as an error of nbtrack's"}  # paths and runs that there are none
    assert not any((tmp_path / ".nbtrack" / "artifacts" / "0" / each / "artifacts").exists() for each in (RUN, DELETED))
