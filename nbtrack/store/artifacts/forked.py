"""Artifact stores in a forked child: obstore's threads do not live on there, and a call of it would wait for ever.

A child that was forked after its parent had used obstore asks a new process instead, one a call: slower by the start of
Python, but what a worker of joblib or multiprocessing logs arrives.
"""

from __future__ import annotations

import functools
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Concatenate, ParamSpec, Protocol, TypeVar, cast

from ...errors import StoreUnavailable
from ...settings import environment
from .protocol import ArtifactEntry, Check, Readable, SignedRequest
from .spool import copy_hashed, files_below, move_file, staged

if TYPE_CHECKING:
    from .protocol import ArtifactStore

__all__ = ["ForkSafe", "ForkedArtifacts", "fork_safe"]

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="ForkSafe")
_LONGEST = 3600.0

# Whether obstore's threads run here, and whether they were left behind in the parent.
_is_used = _is_orphan = False


class ForkSafe(Protocol):
    """A store whose methods may be called in a forked child.

    Attributes:
        uri: Where its files are.
        survives_fork: Whether its library works in the child too.
    """

    uri: str
    survives_fork: bool


def fork_safe(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Make a method of a store ask another process where this one cannot."""

    def call(store: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        global _is_used  # noqa: PLW0603
        if store.survives_fork or not _is_orphan:
            _is_used = _is_used or not store.survives_fork
            return method(store, *args, **kwargs)
        return cast("R", getattr(ForkedArtifacts(store.uri), method.__name__)(*args, **kwargs))

    functools.update_wrapper(call, method)
    return call


class ForkedArtifacts:
    """The artifact store at a URI, each of whose methods is called in a process of its own."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        """See ``ArtifactStore.put``."""
        self._ask("put", path, source.absolute(), move=move)

    def write(self, path: str, content: Readable) -> None:
        """See ``ArtifactStore.write``."""
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            copy_hashed(content, Path(folder, "content"))
            self._ask("put", path, Path(folder, "content"))

    def list(self, path: str = "") -> list[ArtifactEntry]:
        """See ``ArtifactStore.list``."""
        return cast("list[ArtifactEntry]", self._ask("list", path))

    def open(self, path: str) -> BinaryIO:
        """See ``ArtifactStore.open``."""
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            return cast("Path", self._ask("_download_file", path, Path(folder, "content"))).open("rb")

    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        """See ``ArtifactStore.download``."""
        into = target / path.rstrip("/").rpartition("/")[2] if path and target.is_dir() else target
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            fetched = cast("Path", self._ask("download", path, Path(folder, "content")))
            if fetched.is_file():
                _place(path, fetched, into, check)
            else:
                into.mkdir(parents=True, exist_ok=True)
                for name, file in files_below(fetched):
                    _place(f"{path.rstrip('/')}/{name}".lstrip("/"), file, into / name, check)
        return into

    def delete(self, path: str) -> None:
        """See ``ArtifactStore.delete``."""
        self._ask("delete", path)

    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        """See ``Presigns``."""
        return cast("SignedRequest", self._ask("presign_download", path, seconds=seconds))

    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        """See ``Presigns``."""
        return cast("SignedRequest", self._ask("presign_upload", path, seconds=seconds))

    def _ask(self, method: str, *args: object, **kwargs: object) -> object:
        request = pickle.dumps((self.uri, method, args, kwargs))
        environ = {**environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        code = f"from {__name__}_process import answer; answer()"
        done = subprocess.run(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", code], input=request, capture_output=True, env=environ, timeout=_LONGEST, check=False
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise StoreUnavailable(f"cannot use {self.uri} from a forked process: {said}")
        is_error, result = pickle.loads(done.stdout)  # noqa: S301 - from our own process
        if is_error:
            raise result
        return result


def _place(path: str, fetched: Path, target: Path, check: Check | None) -> None:
    with staged(target) as place:
        move_file(fetched, place)
        if check is not None:
            check(path, place)


def _after_fork() -> None:
    global _is_orphan  # noqa: PLW0603
    _is_orphan = _is_orphan or _is_used


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

if TYPE_CHECKING:
    _: type[ArtifactStore] = ForkedArtifacts
