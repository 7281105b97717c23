"""Read a repository's own files: where it is, where HEAD points, which remote it has. No process is started.

Enough to name the commit where git is not installed, takes too long, or refuses to work because the
folder belongs to someone else. Nothing that is read here is ever executed.
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
    """A working tree, its own git folder, and the one that it shares with other working trees."""

    root: Path
    git_dir: Path
    common_dir: Path


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out; no commit in a new repository, no branch where HEAD is detached."""

    commit: str | None
    branch: str | None


def find_repository(folder: Path) -> Repository | None:
    """Find the working tree that a folder is in, as git does: the nearest ``.git`` above it, a folder or a file."""
    folder = folder.resolve()
    for root in (folder, *folder.parents):
        git_dir = _git_dir(root / ".git")
        if git_dir is not None:
            return Repository(root, git_dir, _common_dir(git_dir))
    return None


def read_head(repository: Repository) -> Head:
    """Read the commit and the branch that are checked out."""
    text = _read(repository.git_dir / "HEAD")
    if not text.startswith("ref:"):
        return Head(text if _COMMIT.fullmatch(text) else None, None)
    ref = text.removeprefix("ref:").strip()
    # ".invalid" stands there where the refs are kept in another format than files
    branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") and ref != "refs/heads/.invalid" else None
    return Head(_resolve(repository, ref), branch)


def remote_url(repository: Repository) -> str | None:
    """Return the URL of ``origin``, else of the first remote, exactly as configured: it may hold a password."""
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
