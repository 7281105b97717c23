"""Execute the notebooks of this folder: ``execute.py demo`` to look at, ``execute.py commit`` to keep their outputs here."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import nbtrack

HERE = Path(__file__).parent
QUICKSTART = HERE / "01_quickstart.ipynb"
SWEEP = HERE / "02_compare.ipynb"
TEAM = HERE / "03_team_server.ipynb"

_WITHOUT = ("NBTRACK_", "MLFLOW_", "JPY_", "IPYTHONDIR")
_ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|var|usr|opt|mnt|work|builds|private|Users)/")


def execute(source: Path, folder: Path, environ: Mapping[str, str] | None = None) -> nbformat.NotebookNode:
    """Execute a notebook in a folder, into a store there, and write it there with its outputs.

    What the user has configured, in environment variables or in IPython's profile, has no say.

    Args:
        source: The notebook; it stays as it is.
        folder: Where to put the result; runs go to ``.nbtrack`` in it.
        environ: What its kernel has in its environment besides.
    """
    notebook = nbformat.reads(source.read_text(encoding="utf-8"), as_version=4)
    target = folder.absolute() / source.name
    client = NotebookClient(
        notebook,
        record_timing=False,
        timeout=600,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    )
    with tempfile.TemporaryDirectory() as profile:
        client.execute(env={**_environment(target, profile), **(environ or {})})
    nbformat.write(_plain(notebook), target)
    return notebook


def _environment(notebook: Path, profile: str) -> dict[str, str]:
    """Return the kernel's environment: the notebook as a Jupyter server would name it, and a store beside it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_WITHOUT)}
    store = str(notebook.with_name(".nbtrack"))
    # The networks are small: threads would mostly wait for each other, and on a busy machine for minutes.
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {**kept, **one_thread, "NBTRACK_URI": store, "JPY_SESSION_NAME": str(notebook), "IPYTHONDIR": profile}


def _plain(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what the kernel says of itself."""
    notebook.metadata.language_info = {"name": "python"}
    return notebook


@contextmanager
def team() -> Iterator[dict[str, str]]:
    """Run a PostgreSQL server and a bucket, and give the environment in which the notebook of the team finds them."""
    from tests.databases import postgres_server
    from tests.store.artifacts.servers import seaweed

    with postgres_server() as database, seaweed() as bucket:
        yield {"TEAM_STORE": database.new_url(), "TEAM_ARTIFACTS": f"{bucket.root}/runs", **bucket.environ}


def leaks(text: str) -> list[str]:
    """Return what in a notebook's text tells of the machine that executed it: paths, the user's name, the host's."""
    names = {name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 4}
    found = [text[max(0, match.start() - 20) : match.end() + 30] for match in _ABSOLUTE.finditer(text)]
    return found + [name for name in names if re.search(rf"\b{re.escape(name)}\b", text)]


def demo(folder: Path) -> None:
    """Execute the quickstart into a folder, and say what came of it; what an earlier demo left there is moved aside."""
    _move_aside(folder, QUICKSTART.name, ".nbtrack")
    print(f"Executing {QUICKSTART.name} …", flush=True)
    execute(QUICKSTART, folder)
    nbtrack.connect(folder / ".nbtrack", experiment="Default")
    runs = nbtrack.runs()
    best = nbtrack.runs("status = 'FINISHED'", order_by="metrics.accuracy DESC", limit=1)[0]
    print(f"\n{runs!r}\n")
    print(f"Best run: {best.name}, accuracy {best.metrics['accuracy'].last:.4f}, params {dict(best.params)}")
    print(f"Notebook: {(folder / QUICKSTART.name).absolute()}")


def _move_aside(folder: Path, *names: str) -> None:
    """Make room in a folder: ``earlier/20261122-183000/`` in it gets what is in the way."""
    there = [folder / name for name in names if (folder / name).exists()]
    aside = folder / "earlier" / time.strftime("%Y%m%d-%H%M%S")
    (aside if there else folder).mkdir(parents=True, exist_ok=True)
    for path in there:
        path.rename(aside / path.name)


def commit() -> None:
    """Execute the notebooks elsewhere and take the results for the notebooks themselves."""
    for notebook, around in ((QUICKSTART, nullcontext({})), (SWEEP, nullcontext({})), (TEAM, team())):
        with tempfile.TemporaryDirectory() as folder, around as environ:
            execute(notebook, Path(folder), environ)
            text = (Path(folder) / notebook.name).read_text(encoding="utf-8")
        if found := leaks(text):
            sys.exit(f"{notebook.name} stays as it was: its outputs would tell of this machine: {found}")
        notebook.write_text(text, encoding="utf-8")
        print(f"{notebook.name}: {len(text) // 1000} kB")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["demo", "commit"])
    parser.add_argument("folder", nargs="?", type=Path, default=HERE.parent / "demo", help="of the demo; default demo/")
    asked = parser.parse_args()
    commit() if asked.what == "commit" else demo(asked.folder)


if __name__ == "__main__":
    main()
