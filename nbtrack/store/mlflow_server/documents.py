"""Documents of runs (code, diff, environment, cells): artifacts below ``nbtrack/`` of the run that logged them first."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ...entities.tags import TAG_DOCUMENT, TAG_TEXTS
from ...errors import ArtifactNotFound, InvalidInput, PlaceNotAllowed, StoreError
from ..artifacts.protocol import ArtifactStore
from .mlflow_run import MlflowRun
from .name_escapes import mlflow_name
from .runs import MlflowRuns

__all__ = ["FOLDER", "Documents"]

FOLDER = "nbtrack"
_SUFFIXES = {"code": ".py", "diff": ".diff", "environment": ".json", "cells": ".json"}
_DIGITS = 16  # of a sha256, in file names and in the tag by which the run with a text is found
_LONGEST_TAG = 5000
_CACHED = 256

_log = logging.getLogger("nbtrack")


class Documents:
    """Writes and reads documents. Texts without a kind that are logged together share one file.

    Args:
        runs: The runs.
        open_artifacts: Opens the artifact store at a URI.
    """

    def __init__(self, runs: MlflowRuns, open_artifacts: Callable[[str], ArtifactStore]) -> None:
        self._runs, self._open = runs, open_artifacts
        self._cache: dict[str, str] = {}
        self._has_warned = False

    def put(self, run: MlflowRun, documents: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Write (kind, text) pairs beside a run's artifacts, and return the tags that refer to them.

        A failure is logged once and loses the documents only: the rest of the run is worth more.
        """
        texts = {_digest(text): (kind, text) for kind, text in documents}
        if not texts:
            return {}
        try:
            self._write(self._open(run.info.artifact_uri), texts)
        except (InvalidInput, PlaceNotAllowed, StoreError) as error:
            self._warn_once(error)
            return {}
        for sha256, (_, text) in texts.items():
            self._keep(sha256, text)
        known = run.all_tags.get(TAG_TEXTS, "").split()
        listed = " ".join(dict.fromkeys([*known, *(sha256[:_DIGITS] for sha256 in texts)]))
        named = {TAG_DOCUMENT + mlflow_name(kind): sha256 for sha256, (kind, _) in texts.items() if kind}
        return named | ({TAG_TEXTS: listed} if len(listed) <= _LONGEST_TAG else {})

    def read(self, sha256: str) -> str | None:
        """Return a document by its digest, None if no run has it."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            return None
        if sha256 not in self._cache:
            for run in self._runs.search(f"tags.`{TAG_TEXTS}` LIKE '%{sha256[:_DIGITS]}%'"):
                self._read_from(self._open(run.info.artifact_uri), sha256)
                if sha256 in self._cache:
                    break
        return self._cache.get(sha256)

    def _write(self, artifacts: ArtifactStore, texts: Mapping[str, tuple[str, str]]) -> None:
        without_kind = {sha256: text for sha256, (kind, text) in texts.items() if not kind}
        files = {_file_name(kind, sha256): text for sha256, (kind, text) in texts.items() if kind}
        if without_kind:
            files[f"{FOLDER}/texts-{_digest(' '.join(sorted(without_kind)))[:_DIGITS]}.json"] = json.dumps(without_kind)
        with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
            for path, text in files.items():
                source = Path(folder, "text")
                source.write_text(text, encoding="utf-8", newline="")
                artifacts.put(path, source)

    def _read_from(self, artifacts: ArtifactStore, sha256: str) -> None:
        """Cache a document if it is among a run's files, and every text of the same file."""
        paths = [entry.path for entry in artifacts.list(FOLDER) if not entry.is_dir]
        own = [path for path in paths if sha256[:_DIGITS] in path]
        for path in own or [path for path in paths if path.startswith(f"{FOLDER}/texts-")]:
            try:
                with artifacts.open(path) as file:
                    content = file.read().decode("utf-8")
            except (ArtifactNotFound, UnicodeDecodeError):
                continue
            for text in [content] if own else _texts_in(content):
                self._keep(_digest(text), text)  # under its own digest: the file may contain anything

    def _keep(self, sha256: str, text: str) -> None:
        while len(self._cache) >= _CACHED:
            self._cache.pop(next(iter(self._cache)), None)
        self._cache[sha256] = text

    def _warn_once(self, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning("nbtrack: code, diff and environment of runs cannot be kept with their artifacts: %s", error)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _file_name(kind: str, sha256: str) -> str:
    return f"{FOLDER}/{re.sub(r'[^0-9A-Za-z_]', '_', kind)[:100]}-{sha256[:_DIGITS]}{_SUFFIXES.get(kind, '.txt')}"


def _texts_in(content: str) -> list[str]:
    try:
        found = json.loads(content)
    except ValueError:
        return []
    return [text for text in found.values() if isinstance(text, str)] if isinstance(found, dict) else []
