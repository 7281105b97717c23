"""Lists installed packages by the names of their metadata folders, which takes a few milliseconds for hundreds of packages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .secrets.urls import strip_credentials

__all__ = ["Package", "installed_packages", "packages_text"]

_METADATA = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(?:-py\d[\d.]*)?(?:-[^-]+)?\.(?:dist|egg)-info")
_VERSION = re.compile(r"^Version: (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Package:
    """An installed distribution; ``origin`` is a VCS URL with its commit, or ``editable``, unless it is a release."""

    name: str
    version: str
    origin: str = ""


def packages_text(path: Sequence[str]) -> str:
    """Return the packages on an import path as sorted lines ``name==version``, the format of a requirements file."""
    return "".join(f"{p.name}=={p.version}{f'  # {p.origin}' if p.origin else ''}\n" for p in installed_packages(path).values())


def installed_packages(path: Sequence[str]) -> dict[str, Package]:
    """Return the packages on an import path by normalised name; of duplicates, the one that is imported.

    Cached until one of the folders changes.
    """
    return _scan(tuple((folder, modified) for entry in dict.fromkeys(path) for folder, modified in _folder(Path(entry))))


def _folder(path: Path) -> Iterator[tuple[Path, int]]:
    """Yield a folder of the import path with its modification time; nothing if it does not exist or is the working directory."""
    if path.is_absolute():
        with suppress(OSError):
            yield path, path.stat().st_mtime_ns


@lru_cache(maxsize=4)
def _scan(folders: tuple[tuple[Path, int], ...]) -> dict[str, Package]:
    found: dict[str, Package] = {}
    for folder, _ in folders:
        for package in _in_folder(folder):
            found.setdefault(package.name, package)
    return dict(sorted(found.items()))


def _in_folder(folder: Path) -> Iterator[Package]:
    try:
        names = [path for path in folder.iterdir() if path.suffix in (".dist-info", ".egg-info")]
    except OSError:
        return  # a zip file, or not readable
    yield from filter(None, map(_package, names))


def _package(metadata: Path) -> Package | None:
    found = _METADATA.fullmatch(metadata.name)
    if found:
        return Package(_normal(found["name"]), found["version"], _origin(metadata))
    if metadata.suffix != ".egg-info":
        return None
    version = _VERSION.search(_read(metadata / "PKG-INFO"))  # a development install, whose folder's name has no version
    return Package(_normal(metadata.stem), version[1].strip(), "editable") if version else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _origin(metadata: Path) -> str:
    text = _read(metadata / "direct_url.json")
    if not text:
        return ""
    direct = json.loads(text)
    if "vcs_info" in direct:
        vcs = direct["vcs_info"]
        return f"{vcs.get('vcs')}+{strip_credentials(direct.get('url', ''))}@{vcs.get('commit_id', '')}"
    return "editable" if direct.get("dir_info", {}).get("editable") else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
