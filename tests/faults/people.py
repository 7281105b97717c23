"""Processes of several users of one machine, who share a folder; it takes root to be all of them."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
import threading
from pathlib import Path

from tqdm import tqdm

import nbtrack
from nbtrack import settings

from .child import Child

ADA, BOB, TEAM, OWN_OF_ADA, OWN_OF_BOB = 54001, 54002, 54100, 54101, 54102

_OLD_STORE = Path(__file__).parents[1] / "store" / "frozen" / "schema-0001.db"


def as_user(folder, user, code, *, umask=0o002, group=TEAM, groups=()):
    """Let a user do something in a folder, and return what was printed and what was said on the standard error."""
    return Child(folder, code, before=f"from tests.faults.people import become; become({user}, {group}, {umask}, {groups})")


def said(folder, user, code, **how):
    """Let a user do something, who must come to the end of it, and return what was printed, and said, without spaces around."""
    child = as_user(folder, user, code, **how)
    out, err = child.finish()
    return out.strip(), err.strip()


def become(user, group, umask, groups):
    """Be another user from now on; what is to be imported then is imported before, for it may lie where only root can read."""
    tqdm.set_lock(threading.RLock())  # not one of processes, which would be removed by another user than it was made by
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        shutil.copy(_OLD_STORE, f"{folder}/runs.db")
        tracker = nbtrack.connect(folder, experiment="people")  # whose files lie in the folder
        with nbtrack.start_run() as run:
            run.log(loss=1.0)
            run.log_text("text", "a.txt")
        _look(folder)
        tracker.connection.close(10)
    settings.user_name.cache_clear()
    os.setgroups(groups)
    os.setgid(group)
    os.setuid(user)
    os.umask(umask)


def _look(folder):
    from nbtrack.cli import main

    runs = nbtrack.runs()
    str(runs), runs.df, nbtrack.compare(runs), runs.history()
    runs[0].metrics["loss"].values, runs[0].artifacts.list(), str(runs[0])
    for command in (["runs", "list"], ["doctor"], ["sync"], ["export", f"{folder}/out"]):
        main([*command, "--store", folder, "--json"])


def modes(folder):
    """Return mode and group of everything below a folder, by path."""
    return {str(path.relative_to(folder)): (path.stat().st_mode & 0o7777, path.stat().st_gid) for path in Path(folder).rglob("*")}
