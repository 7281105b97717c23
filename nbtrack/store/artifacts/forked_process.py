"""The process in which a forked child calls a method of an artifact store."""

from __future__ import annotations

import pickle
import sys
from typing import Any

from .open import open_artifacts
from .protocol import ArtifactStore
from .spool import copy_hashed

__all__ = ["answer"]


def answer() -> None:
    """Read a call from standard input, make it, and write its result or error to standard output."""
    uri, method, args, kwargs = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
    try:
        result = False, _called(open_artifacts(uri), method, args, kwargs)
    except Exception as error:  # noqa: BLE001 - raised again by the caller
        result = True, error
    sys.stdout.buffer.write(pickle.dumps(result))


def _called(store: ArtifactStore, method: str, args: Any, kwargs: Any) -> object:
    if method != "_download_file":
        return getattr(store, method)(*args, **kwargs)
    path, target = args
    with store.open(path) as content:  # refuses a folder
        copy_hashed(content, target)
    return target
