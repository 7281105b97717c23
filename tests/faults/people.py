"""Processes of several users of one machine who share a folder; needs root."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import alembic.operations  # loaded, as pandas is, in the process that all are forked from
import alembic.runtime.migration
import alembic.script  # noqa: F401
import pandas  # noqa: F401
from tqdm import tqdm

import nbtrack
from nbtrack import settings
from nbtrack.store.open import open_store
from nbtrack.tracking.tracker import connection_of

from .child import Child

ADA, BOB, TEAM, OWN_OF_ADA, OWN_OF_BOB = 54001, 54002, 54100, 54101, 54102

_NEW_MOUNTS = 0x20000
_OLD_STORE = Path(__file__).parents[1] / "store" / "sql" / "frozen" / "schema-0001.db"


def as_user(folder, user, code, *, umask=0o002, group=TEAM, groups=(), home=""):
    """Run code as a user, connected to the store in a folder."""
    before = f"from tests.faults.people import become; become({user}, {group}, {umask}, {groups}, {str(home)!r})"
    return Child(folder, code, before=before)


def said(folder, user, code, **how):
    """Run code as a user, which must succeed, and return its standard output and error, stripped."""
    child = as_user(folder, user, code, **how)
    out, err = child.finish()
    return out.strip(), err.strip()


def become(user, group, umask, groups, home):
    """Become another user; imports happen before, because the packages may be readable only by root."""
    tqdm.set_lock(threading.RLock())  # not one of processes, which would be removed by another user than it was made by
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        shutil.copy(_OLD_STORE, f"{folder}/old.db")
        open_store(f"sqlite:///{folder}/old.db", artifact_root="").close()  # which migrates it
        tracker = nbtrack.connect(folder)
        with nbtrack.start_run() as run:
            run.log(loss=1.0)
            run.log_text("text", "a.txt")
        _look(folder)
        connection_of(tracker).close(10)
    os.environ["HOME"] = home
    os.environ.pop("XDG_STATE_HOME", None)
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


def mount_read_only(folder):
    """Show a folder to this process only, as on a file system that is mounted read-only."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    for command in (["--make-rprivate", "/"], ["--bind", folder, folder], ["-o", "remount,ro,bind", folder]):
        subprocess.run(["mount", *command], check=True)


def modes(folder):
    """Return mode and group of everything below a folder, by path."""
    return {str(path.relative_to(folder)): (path.stat().st_mode & 0o7777, path.stat().st_gid) for path in Path(folder).rglob("*")}
