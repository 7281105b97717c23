"""The commit, branch, remote and uncommitted changes of the repository that contains a notebook.

The files of ``.git`` are read first, so commit, branch and remote are known even if git fails. Git is then asked what has
changed, and for the changes only if there are some.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...entities.events import DocumentLogged
from ...entities.tags import GIT_BRANCH, GIT_COMMIT, GIT_DIRTY, GIT_REMOTE
from ..base import Captured, failure, merge
from ..secrets.redact import redact_text
from ..secrets.urls import strip_credentials
from .command import Git
from .diff import ChangedFile, diff_text
from .repository import Head, Repository, read_head, remote_url
from .run_command import CommandFailed, CommandOutput

__all__ = ["capture_git"]


_STATUS = ["status", "--porcelain=v2", "-z", "--branch", "--no-ahead-behind", "--no-renames", "--untracked-files=no"]
_STATUS += ["--ignore-submodules=untracked"]
_MOST_STATUS_BYTES = 4_000_000


def capture_git(
    repository: Repository, environ: Mapping[str, str], *, seconds: float = 1.0, most_bytes: int = 1_000_000
) -> Captured:
    """Capture MLflow's git tags, and the changes of tracked files against HEAD as the document ``diff``.

    Untracked files do not count. If git fails, the tags that need no git are captured all the same, and a tag names the failure.

    Args:
        repository: The result of ``find_repository``.
        environ: The environment in which git runs; variables that would select another repository are removed.
        seconds: The time limit of each of at most three git commands.
        most_bytes: The limit of the diff, which says if it was cut.
    """
    known = Captured(tags=_tags(read_head(repository), remote_url(repository)))
    git = Git(repository.root, environ, seconds)
    try:
        return merge(known, _ask(git, most_bytes))
    except CommandFailed as error:
        return merge(known, failure("git", str(error)))


def _ask(git: Git, most_bytes: int) -> Captured:
    head, changed = _read_status(git.ask(_STATUS, most_bytes=_MOST_STATUS_BYTES))
    tags = _tags(head, None) | {GIT_DIRTY: "true" if changed else "false"}
    if not changed or head.commit is None:
        return Captured(tags)
    return Captured(tags, documents=(DocumentLogged("diff", redact_text(diff_text(git, changed, most_bytes))),))


def _tags(head: Head, url: str | None) -> dict[str, str]:
    found = {GIT_COMMIT: head.commit, GIT_BRANCH: head.branch, GIT_REMOTE: strip_credentials(url) if url else None}
    return {tag: value for tag, value in found.items() if value}


def _read_status(status: CommandOutput) -> tuple[Head, list[ChangedFile]]:
    if not status.complete:
        raise CommandFailed("git status took too long or found too many changes")
    facts: dict[str, str] = {}
    changed = []
    for line in status.data.decode("utf-8", errors="surrogateescape").split("\0"):
        if line.startswith("# "):
            name, _, facts[name] = line[2:].partition(" ")
        elif line.startswith(("1 ", "u ")):
            changed.append(_changed(line))
    commit, branch = facts.get("branch.oid", "(initial)"), facts.get("branch.head", "(detached)")
    return Head(None if commit == "(initial)" else commit, None if branch == "(detached)" else branch), changed


def _changed(line: str) -> ChangedFile:
    """Return the file of an entry: ``1 XY sub mH mI mW hH hI path``, or unmerged ``u XY sub m1 m2 m3 mW h1 h2 h3 path``."""
    ordinary = line[0] == "1"
    parts = line.split(" ", 8 if ordinary else 10)
    return ChangedFile(path=parts[-1], blob=parts[6 if ordinary else 8])
