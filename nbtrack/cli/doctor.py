"""``nbtrack doctor``: checks the store, its files and journals, and says how to fix what is broken."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ..delivery.refused_events import reasons_in
from ..errors import NbtrackError
from ..settings import Settings, resolve, spare_journal, without_password
from ..store.artifacts.open import open_artifacts
from ..store.artifacts.paths import local_path, scheme_of
from ..store.open import check_uri, open_store
from ..store.protocol.store import Store
from ..system.project import may_write
from .output import print_json
from .store_options import add_store_options
from .waiting import damaged, waiting

__all__ = ["add", "run"]

_REFUSED = "nbtrack sync tries again; --to URI sends it to another store, --drop deletes it"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        what: What was checked.
        is_well: Whether it is as it should be.
        said: What was found.
        remedy: How to fix it.
    """

    what: str
    is_well: bool
    said: str
    remedy: str = ""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_store_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run every check; 1 if something is broken."""
    found = list(_findings(resolve(arguments.store, artifacts=arguments.artifacts)))
    if arguments.json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            print(f"{'ok  ' if each.is_well else 'FAIL'}  {each.what}: {each.said}")
            if each.remedy:
                print(f"      {each.remedy}")
    return 0 if all(each.is_well for each in found) else 1


def _findings(settings: Settings) -> Iterator[Finding]:
    yield Finding("store", True, settings.shown)
    if settings.own is not None:
        yield Finding("project", True, f"{settings.folder} {settings.objection}: new runs go to {settings.own.folder}")
    if settings.misplaced is not None:
        said = f"an earlier nbtrack put the database of this folder at {settings.misplaced}"
        yield Finding("misplaced", False, said, f"move it to {settings.database}")
    yield from _store(settings)
    if _may_write(settings):  # or those who may write there look after its files and journals
        yield _artifacts(settings)
    yield from _journals(settings)


def _may_write(settings: Settings) -> bool:
    """Tell whether the store may be written to, as far as its files show."""
    file = settings.database
    return file is None or not file.exists() or (may_write(file) and may_write(file.parent))


def _store(settings: Settings) -> Iterator[Finding]:
    """Check the store without making one."""
    file = settings.database
    if file is not None and not file.exists():
        yield Finding("reachable", True, "there is none yet; the first run makes it")
        return
    try:
        store = open_store(settings.uri, artifact_root=settings.artifacts)
    except NbtrackError as error:
        yield Finding("reachable", False, str(error), "what is logged meanwhile waits in the journal, and nothing is lost")
        return
    try:
        yield Finding("reachable", True, _contents(store))
        yield from _tables(settings)
        if store.is_read_only:
            yield Finding("writing", True, "it is read-only here: what is logged into it waits in the journal")
        else:
            yield from _open_runs(store)
    finally:
        store.close()


def _contents(store: Store) -> str:
    experiments = store.experiments("all")
    return f"yes, with {len(experiments)} experiments, {len(store.open_runs())} runs going on"


def _tables(settings: Settings) -> Iterator[Finding]:
    if check_uri(settings.uri) not in ("memory", "server"):
        from ..store.sql.schema.tables import HEAD

        yield Finding("tables", True, f"version {HEAD}, the newest that this nbtrack knows")


def _open_runs(store: Store) -> Iterator[Finding]:
    from ..journal.owner import Owner

    owners = {run.run_id: Owner.from_json(run.owner) for run in store.open_runs() if run.owner}
    dead = [run_id for run_id, owner in owners.items() if owner is not None and owner.is_alive() is False]
    if dead:
        said = f"{len(dead)} are RUNNING although their process is dead, such as {dead[0]}"
        yield Finding("runs", False, said, "nbtrack sync closes them")


def _artifacts(settings: Settings) -> Finding:
    root = settings.artifacts
    if not root or scheme_of(root) not in ("", "file"):
        return _elsewhere(root)
    folder = local_path(root)
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if os.access(there, os.W_OK):
        return Finding("artifacts", True, str(folder))
    return Finding("artifacts", False, f"{there} is not writable", "files wait in the journal until it is")


def _elsewhere(root: str) -> Finding:
    """Check a bucket or another machine that keeps the artifacts by listing them."""
    if not root:
        return Finding("artifacts", True, "where the server keeps them")
    try:
        open_artifacts(root).list()
    except NbtrackError as error:
        return Finding("artifacts", False, str(error), "files wait in the journal until it answers, and nothing is lost")
    return Finding("artifacts", True, without_password(root))


def _journals(settings: Settings) -> Iterator[Finding]:
    usual = settings.journal if _may_write(settings) else None
    homes = [home for home in (usual, spare_journal(settings.uri)) if home is not None]
    found = waiting(*homes)
    others = [each for each in found if not each.is_ours]
    found = [each for each in found if each.is_ours]
    places = " and ".join(str(home) for home in homes if waiting(home))
    orphaned = [each for each in found if each.is_alive is False]
    rows = sum(each.rows for each in found)
    said = f"{rows:,} rows of {len({each.run_id for each in found})} runs in {places}" if found else "nothing waits"
    remedy = f"nbtrack sync delivers those of {len(orphaned)} dead processes" if orphaned else ""
    yield Finding("journal", not orphaned, said, remedy)
    yield from _refused(homes)
    if others:
        said = f"{len(others)} journals in {settings.journal} belong to other users"
        yield Finding("others", True, said, "they wait for those users, whose nbtrack delivers them")
    broken = damaged(usual)
    if broken:
        said = f"{len(broken)} journals in {broken[0].parent} are damaged, and could only be read in part"
        yield Finding("damage", False, said, "what could be read was delivered: look at the rest, and delete it")


def _refused(homes: list[Path]) -> Iterator[Finding]:
    """Name what the store refused when it was tried last."""
    for home in homes:
        for run_id, why in reasons_in(home).items():
            yield Finding("refused", False, f"run {run_id}: {why}", _REFUSED)
