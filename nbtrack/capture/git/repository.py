"""Reads a repository's own files without starting a process: its location, HEAD and remote.

This is enough to name the commit if git is not installed, takes too long, or refuses because the folder belongs to another user.
Nothing that is read here is executed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Head", "Repository", "find_repository", "read_head", "remote_url"]

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REMOTE = re.compile(r'\s*\[\s*remote\s+"((?:[^"\\]|\\.)*)"\s*\]', re.IGNORECASE)
_URL = re.compile(r"\s*url\s*=\s*(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Repository:
    """A working tree, its git folder, and the git folder that it shares with other working trees."""

    root: Path
    git_dir: Path
    common_dir: Path


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out; no commit in a new repository, no branch if HEAD is detached."""

    commit: str | None
    branch: str | None


def find_repository(folder: Path) -> Repository | None:
    """Return the working tree that contains a folder, as git finds it: by the nearest ``.git`` folder or file above."""
    folder = folder.resolve()
    for root in (folder, *folder.parents):
        git_dir = _git_dir(root / ".git")
        if git_dir is not None:
            return Repository(root, git_dir, _common_dir(git_dir))
    return None


def read_head(repository: Repository) -> Head:
    """Return the commit and branch that are checked out."""
    text = _read(repository.git_dir / "HEAD")
    if not text.startswith("ref:"):
        return Head(text if _COMMIT.fullmatch(text) else None, None)
    ref = text.removeprefix("ref:").strip()
    # ".invalid" is git's placeholder if refs are not stored as files (reftable)
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") and ref != "refs/heads/.invalid" else None
    return Head(_resolve(repository, ref), branch)


def remote_url(repository: Repository) -> str | None:
    """Return the URL of ``origin``, or of the first remote, exactly as configured: it may contain a password."""
    remotes: dict[str, str] = {}
    section = None
    for line in _read(repository.common_dir / "config").splitlines():
        if line.lstrip().startswith("["):
            found = _REMOTE.match(line)
            section = found[1] if found else None
        elif section is not None and (url := _URL.match(line)):
            remotes.setdefault(section, url[1].strip().strip('"'))
    return remotes.get("origin", next(iter(remotes.values()), None))


def _git_dir(path: Path) -> Path | None:
    if path.is_file():
        text = _read(path)
        path = path.parent / text.removeprefix("gitdir:").strip() if text.startswith("gitdir:") else path
    return path if (path / "HEAD").is_file() else None


def _common_dir(git_dir: Path) -> Path:
    shared = _read(git_dir / "commondir")
    return git_dir / shared if shared else git_dir


def _resolve(repository: Repository, ref: str, depth: int = 5) -> str | None:
    text = _read(repository.git_dir / ref) or _read(repository.common_dir / ref)
    if text.startswith("ref:") and depth:
        return _resolve(repository, text.removeprefix("ref:").strip(), depth - 1)
    return text if _COMMIT.fullmatch(text) else _packed(repository.common_dir, ref)


def _packed(common_dir: Path, ref: str) -> str | None:
    found = re.search(rf"^([0-9a-f]+) {re.escape(ref)}$", _read(common_dir / "packed-refs"), re.MULTILINE)
    return found[1] if found else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
