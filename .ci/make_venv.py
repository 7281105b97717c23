"""Make a virtual environment with pip in it, also where Python came without ensurepip and without pip (Debian's python3)."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from pathlib import Path

OLDEST = (3, 11)
JSON = "application/vnd.pypi.simple.v1+json"


def make(folder: str) -> None:
    """Make the environment; what fails says why and ends."""
    if sys.version_info < OLDEST:
        have, need = (".".join(map(str, version[:2])) for version in (sys.version_info, OLDEST))
        sys.exit(
            f"nbtrack needs Python {need} or newer, and {sys.executable} is {have}; name another: make PYTHON=/path/to/python3"
        )
    bundled = importlib.util.find_spec("ensurepip") is not None
    venv.create(folder, with_pip=bundled, clear=True, symlinks=os.name != "nt")
    if not bundled:
        with tempfile.TemporaryDirectory() as downloads:
            pip = ["-m", "pip"] if importlib.util.find_spec("pip") else [f"{_wheel_of_pip(Path(downloads))}/pip"]
            python = str(Path(folder, "bin", "python"))
            subprocess.run([sys.executable, *pip, "--python", python, "install", "--quiet", "pip"], check=True)


def _wheel_of_pip(folder: Path) -> Path:
    """Download the newest wheel of pip from the package index, check its digest, and return its path."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    with urllib.request.urlopen(urllib.request.Request(f"{index}/pip/", headers={"Accept": JSON})) as answer:
        files = json.load(answer)["files"]
    wheels = [file for file in files if _is_release(file["filename"]) and not file.get("yanked")]
    newest = max(wheels, key=lambda file: [int(part) for part in file["filename"].split("-")[1].split(".")])
    url = urllib.parse.urljoin(f"{index}/pip/", newest["url"])
    with urllib.request.urlopen(url) as answer:
        data = answer.read()
    if hashlib.sha256(data).hexdigest() != newest["hashes"]["sha256"]:
        sys.exit(f"{url} is not what the index says it is")
    path = folder / str(newest["filename"])
    path.write_bytes(data)
    return path


def _is_release(name: str) -> bool:
    return name.endswith("-py3-none-any.whl") and name.split("-")[1].replace(".", "").isdigit()


if __name__ == "__main__":
    make(sys.argv[1])
