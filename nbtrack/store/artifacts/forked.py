"""Artifact stores in a forked child, where obstore's threads do not exist and a call of it would block for ever.

A child that was forked after its parent had used obstore makes each call in a new process. That costs a start of Python, but
files that a worker of joblib or multiprocessing logs are stored.
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
from typing import BinaryIO, Concatenate, ParamSpec, Protocol, TypeVar, cast

from typing_extensions import override

from ...errors import StoreUnavailable
from ...settings import environment
from .protocol import ArtifactEntry, ArtifactStore, Check, Presigns, Readable, SignedRequest
from .spool import copy_hashed, files_below, move_file, staged

__all__ = ["ForkSafe", "ForkedArtifacts", "fork_safe"]

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="ForkSafe")
_LONGEST = 3600.0

# Whether obstore has started its threads in this process, and whether they were left behind in the parent.
_is_used = _is_orphan = False


class ForkSafe(Protocol):
    """A store whose methods may be called in a forked child.

    Attributes:
        uri: The URI by which another process can open it.
        survives_fork: Whether its library works in a forked child.
    """

    uri: str
    survives_fork: bool


def fork_safe(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Make a method of a store run in a new process where its library does not work in this one."""

    def call(store: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        global _is_used  # noqa: PLW0603
        if store.survives_fork or not _is_orphan:
            _is_used = _is_used or not store.survives_fork
            return method(store, *args, **kwargs)
        return cast("R", getattr(ForkedArtifacts(store.uri), method.__name__)(*args, **kwargs))

    functools.update_wrapper(call, method)
    return call


class ForkedArtifacts(ArtifactStore, Presigns):
    """The artifact store at a URI, with each method called in a new process."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @override
    def put(self, path: str, source: Path, *, move: bool = False) -> None:
        self._call("put", path, source.absolute(), move=move)

    @override
    def write(self, path: str, content: Readable) -> None:
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            copy_hashed(content, Path(folder, "content"))
            self._call("put", path, Path(folder, "content"))

    @override
    def list(self, path: str = "") -> list[ArtifactEntry]:
        return cast("list[ArtifactEntry]", self._call("list", path))

    @override
    def open(self, path: str) -> BinaryIO:
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            return cast("Path", self._call("_download_file", path, Path(folder, "content"))).open("rb")

    @override
    def download(self, path: str, target: Path, *, check: Check | None = None) -> Path:
        into = target / path.rstrip("/").rpartition("/")[2] if path and target.is_dir() else target
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            fetched = cast("Path", self._call("download", path, Path(folder, "content")))
            if fetched.is_file():
                _move_checked(path, fetched, into, check)
            else:
                into.mkdir(parents=True, exist_ok=True)
                for name, file in files_below(fetched):
                    _move_checked(f"{path.rstrip('/')}/{name}".lstrip("/"), file, into / name, check)
        return into

    @override
    def delete(self, path: str) -> None:
        self._call("delete", path)

    @override
    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        return cast("SignedRequest", self._call("presign_download", path, seconds=seconds))

    @override
    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        return cast("SignedRequest", self._call("presign_upload", path, seconds=seconds))

    def _call(self, method: str, *args: object, **kwargs: object) -> object:
        request = pickle.dumps((self.uri, method, args, kwargs))
        environ = {**environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        code = f"from {__name__}_process import answer; answer()"
        done = subprocess.run(  # noqa: S603 - runs this interpreter
            [sys.executable, "-c", code], input=request, capture_output=True, env=environ, timeout=_LONGEST, check=False
        )
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise StoreUnavailable(f"cannot use {self.uri} from a forked process: {message}")
        is_error, result = pickle.loads(done.stdout)  # noqa: S301 - from our own process
        if is_error:
            raise result
        return result


def _move_checked(path: str, fetched: Path, target: Path, check: Check | None) -> None:
    with staged(target) as place:
        move_file(fetched, place)
        if check is not None:
            check(path, place)


def _after_fork() -> None:
    global _is_orphan  # noqa: PLW0603
    _is_orphan = _is_orphan or _is_used


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
