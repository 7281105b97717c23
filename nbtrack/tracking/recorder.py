"""Validates what is logged into a run and appends it to the run's journal."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..delivery.connection import Connection
from ..entities.events import ArtifactLogged, DocumentLogged, DocumentNamed, Event, ParamsLogged, TagsDeleted, TagsSet
from ..entities.run import ParamValue, new_run_id
from ..entities.tags import ARTIFACTS_REFUSED
from ..errors import InvalidInput, NbtrackError, ParamConflict
from ..journal.keys import check_key
from ..journal.writer import Writer
from ..store.artifacts.paths import artifact_path
from ..store.artifacts.spool import copy_hashed
from ..validation import mapping, shown
from .logged_values import param_value, tag_value

__all__ = ["Recorder"]

_MAX_HELD_BYTES = 256 << 20
_LONGEST_PATH = 700  # bytes: the longest key that MySQL and PostgreSQL index

_log = logging.getLogger("nbtrack")


class Recorder:
    """What a process logs into one run.

    Threads: every method may be called from any thread. A process that did not start the run gets a writer of
    its own when it first writes.

    Args:
        connection: The store's connection.
        run_id: The run.
        owns: Whether this process started the run and ends it.
    """

    def __init__(self, connection: Connection, run_id: str, *, owns: bool) -> None:
        self.connection, self.run_id, self._owns = connection, run_id, owns
        self._writer: Writer | None = None
        self._successors: dict[str, Writer] = {}  # by the id of the writer that each one replaced, "" for none
        self._params: dict[str, ParamValue] | None = {} if owns else None
        self._captured: set[str] = set()
        # The tags that this process has set, known also while the store is unavailable.
        self.own_tags: dict[str, str] = {}

    def writer(self) -> Writer:
        """Return this process's writer into the run, a new one where the last was sealed."""
        last = self._writer
        if last is not None and not last.is_sealed:
            return last
        made = self.connection.new_writer(self.run_id, owns=self._owns and last is None)
        # Several threads, or a signal handler in the middle of this, agree on the writer of the first.
        writer = self._writer = self._successors.setdefault("" if last is None else last.id, made)
        if writer is made:
            self.connection.deliver(writer)
        return writer

    @property
    def has_written(self) -> bool:
        """Whether this process has written into the run."""
        return self._writer is not None

    @property
    def is_delivered(self) -> bool:
        """Whether the store has everything that this process has written into the run."""
        return self._writer is None or self._writer.outbox.is_empty()

    def disown(self) -> None:
        """Leave the end of the run to another process."""
        self._owns = False

    def close(self) -> None:
        """Close this process's journal; what is logged later gets a new one."""
        if self._writer is not None:
            self._writer.close()

    def append(self, event: Event) -> None:
        """Append an event."""
        self.writer().append(event)

    # Params and tags

    def log_params(self, params: Mapping[str, Any]) -> dict[str, ParamValue]:
        """Log params: all of them, or none where one cannot be logged.

        Returns:
            The params as they are kept.

        Raises:
            ParamConflict: One already has another value.
        """
        checked = {key: param_value(key, value) for key, value in mapping(params, "params").items()}
        known = self.known_params()
        new, changed = {}, {}
        for key, value in checked.items():
            if key not in known:
                new[key] = value
            elif _as_json(known[key]) != _as_json(value):
                changed[key] = value
                if key not in self._captured:
                    raise ParamConflict(key, known[key], value)
        self._captured.difference_update(checked)
        self._append_params(new)
        self._append_params(changed, replaces=True)
        return checked

    def captured_params(self, params: Mapping[str, Any]) -> None:
        """Log params that were captured: they give way to those that the user logs, earlier or later."""
        known = self.known_params()
        new = {key: param_value(key, value) for key, value in params.items() if key not in known}
        self._captured.update(new)
        self._append_params(new)

    def _append_params(self, params: dict[str, ParamValue], *, replaces: bool = False) -> None:
        if params:
            self.known_params().update(params)
            self.append(ParamsLogged(params, replaces))

    def forget_params(self) -> None:
        """Read the params anew when they are next needed: a resumed run has some already."""
        self._params = None

    def known_params(self) -> dict[str, ParamValue]:
        """Return the params that this process knows; from the store, where others may have logged some."""
        if self._params is None:
            try:
                self._params = {key: value for _, key, value in self.connection.read().params([self.run_id])}
            except NbtrackError:
                # The store is unavailable, and reports a conflict when it is delivered.
                return {}
        return self._params

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; their values become strings."""
        strings = {key: tag_value(key, value) for key, value in mapping(tags, "tags").items()}
        self.own_tags.update(strings)
        self.append(TagsSet(strings))

    def delete_tags(self, keys: Iterable[str]) -> None:
        """Delete tags."""
        names = tuple(keys)
        for key in names:
            check_key(key, "tag")
        self.append(TagsDeleted(names))

    # Documents and files

    def documents(self, documents: Iterable[DocumentLogged]) -> None:
        """Append documents of the run; of one that was sent before, only its digest."""
        for document in documents:
            sha256 = hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()
            if sha256 not in self.connection.sent_documents:
                self.connection.sent_documents.add(sha256)
                self.append(document)
            elif document.kind:
                self.writer().refer(DocumentNamed(document.kind, sha256), document.text)

    def file(self, path: str, source: Path | bytes) -> str:
        """Log a file as an artifact: a copy, made now, of a file or of bytes.

        Returns:
            The path in the run's artifacts.

        Raises:
            InvalidInput: No artifact can have this path.
        """
        checked = artifact_path(path)
        if len(checked.encode()) > _LONGEST_PATH:
            raise InvalidInput(f"artifact path {shown(checked)} has more than {_LONGEST_PATH} bytes; choose a shorter one")
        name, writer = new_run_id(), self.writer()
        try:
            size, sha256 = self._spool(writer, name, source)
        except OSError as error:
            data = _in_memory(source, _MAX_HELD_BYTES - writer.files.held_bytes())
            if data is None:
                return self._refuse(checked, error)
            size, sha256 = len(data), hashlib.sha256(data).hexdigest()
            writer.files.hold(name, data)
        self.append(ArtifactLogged(checked, size, sha256, name))
        return checked

    def _spool(self, writer: Writer, name: str, source: Path | bytes) -> tuple[int, str]:
        """Copy a file into the journal, once more where the journal's folder was renamed meanwhile."""
        self.connection.follow()
        while (spool := writer.files.folder()) is not None:
            try:
                return copy_hashed(source, spool / name)
            except OSError:
                self.connection.follow()
                if writer.files.folder() == spool:
                    raise
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def _refuse(self, path: str, error: OSError) -> str:
        """Say in the log and on the run that a file is not kept; raising would end the training."""
        why = f"the file {path!r} is not kept: nothing can be written ({error.strerror or error}), and it is too large for memory"
        _log.error("nbtrack: run %s: %s", self.run_id, why)
        self.append(TagsSet({ARTIFACTS_REFUSED: why}))
        return path


def _in_memory(source: Path | bytes, room: int) -> bytes | None:
    """Return a file's content, to be kept in memory because nothing can be written; None where it does not fit."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > room:
        return None
    return source if isinstance(source, bytes) else source.read_bytes()


def _as_json(value: ParamValue) -> str:
    """Return what is equal for equal values of one type: 1, 1.0 and True differ, NaN equals itself."""
    return json.dumps(value, sort_keys=True)
