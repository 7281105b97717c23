"""Everything that is written into one run: checked, then taken down in its journal."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import math
import operator
import os
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

from ..capture.secrets.redact import redact_value
from ..capture.stable import stable_text
from ..delivery.connection import Connection
from ..entities.events import ArtifactLogged, DocumentLogged, DocumentNamed, Event, ParamsLogged, TagsDeleted, TagsSet
from ..entities.run import ParamValue, new_run_id
from ..entities.tags import ARTIFACTS_REFUSED
from ..errors import InvalidInput, NbtrackError, ParamConflict, WrongType
from ..journal.keys import check_key
from ..journal.rows import stamp_of
from ..journal.writer import Writer
from ..store.artifacts.paths import artifact_path
from ..store.artifacts.spool import copy_hashed
from ..validation import mapping, shown, typed

__all__ = ["Recorder", "param_value", "stamp_in"]

_MAX_DEPTH = 20
_MAX_HELD_BYTES = 256 << 20
_LONGEST_PATH = 700  # bytes: what MySQL and PostgreSQL can find a path by
_MOST_TIME = ((1 << 63) - 2) // 1_000_000
_MAX_BITS = 13_000  # Python turns longer integers into text only when told to

_log = logging.getLogger("nbtrack")


class Recorder:
    """The writing half of a run.

    Threads: every method may be called from any thread. A process that did not start the run gets a writer of
    its own when it first writes.

    Args:
        connection: The store's connection.
        run_id: The run.
        owns: Whether this process opened the run and is to end it.
    """

    def __init__(self, connection: Connection, run_id: str, *, owns: bool) -> None:
        self.connection, self.run_id, self._owns = connection, run_id, owns
        self._writer: Writer | None = None
        self._successors: dict[str, Writer] = {}  # the first writer, and those that took the place of one that was let go of
        self._params: dict[str, ParamValue] | None = {} if owns else None
        self._found: set[str] = set()
        # The tags that this process has set, known also while the store is away.
        self.own_tags: dict[str, str] = {}

    def writer(self) -> Writer:
        """Return this process's writer into the run, a new one where the last was let go of."""
        last = self._writer
        if last is not None and not last.is_sealed:
            return last
        made = self.connection.new_writer(self.run_id, owns=self._owns and last is None)
        # Of several threads, or a signal handler in the middle of this, the first one's is everybody's.
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
        """Whether the store has all that this process has written into the run."""
        return self._writer is None or self._writer.outbox.is_empty()

    def disown(self) -> None:
        """Take it that another process is to end the run."""
        self._owns = False

    def finish(self) -> None:
        """Let go of the writer when all is delivered; what comes later gets a new one."""
        if self._writer is not None:
            self._writer.close()

    def append(self, event: Event) -> None:
        """Take down an event."""
        self.writer().append(event)

    # Params and tags

    def log_params(self, params: Mapping[str, Any]) -> dict[str, ParamValue]:
        """Take down params; all of them, or none where one cannot be logged.

        Raises:
            ParamConflict: One already has another value.
        """
        checked = {key: param_value(key, value) for key, value in mapping(params, "params").items()}
        known = self.known_params()
        new, changed = {}, {}
        for key, value in checked.items():
            if key not in known:
                new[key] = value
            elif _text(known[key]) != _text(value):
                changed[key] = value
                if key not in self._found:
                    raise ParamConflict(key, known[key], value)
        self._found.difference_update(checked)
        self._take_down(new)
        self._take_down(changed, replaces=True)
        return checked

    def found_params(self, params: Mapping[str, Any]) -> None:
        """Take down params that nobody logged: they give way to those that are logged, before them or after."""
        known = self.known_params()
        new = {key: param_value(key, value) for key, value in params.items() if key not in known}
        self._found.update(new)
        self._take_down(new)

    def _take_down(self, params: dict[str, ParamValue], *, replaces: bool = False) -> None:
        if params:
            self.known_params().update(params)
            self.append(ParamsLogged(params, replaces))

    def forget_params(self) -> None:
        """Ask the store which params there are before the next one: the run had others before."""
        self._params = None

    def known_params(self) -> dict[str, ParamValue]:
        """Return the params that this process knows of; where others may have set some, from the store."""
        if self._params is None:
            try:
                self._params = {key: value for _, key, value in self.connection.read().params([self.run_id])}
            except NbtrackError:
                # The store is away: a conflict is then told when it delivers.
                return {}
        return self._params

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Take down tags, as texts."""
        texts = {key: _tag_value(key, value) for key, value in mapping(tags, "tags").items()}
        self.own_tags.update(texts)
        self.append(TagsSet(texts))

    def delete_tags(self, keys: Iterable[str]) -> None:
        """Take tags away."""
        names = tuple(keys)
        for key in names:
            check_key(key, "tag")
        self.append(TagsDeleted(names))

    # Documents and files

    def documents(self, documents: Iterable[DocumentLogged]) -> None:
        """Take down texts that the run refers to by their kind; one that the store was given before, only by its digest."""
        for document in documents:
            sha256 = hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()
            if sha256 not in self.connection.sent_documents:
                self.connection.sent_documents.add(sha256)
                self.append(document)
            elif document.kind:
                self.writer().refer(DocumentNamed(document.kind, sha256), document.text)

    def file(self, path: str, source: Path | bytes) -> str:
        """Take down a file under the run's artifacts: a copy, made now, of a file or of bytes.

        Returns:
            The path under the run's root.
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
        """Say, here and on the run, that a file is not kept: training goes on, and no disk has space for it."""
        why = f"the file {path!r} is not kept: nothing can be written ({error.strerror or error}), and it is too large for memory"
        _log.error("nbtrack: run %s: %s", self.run_id, why)
        self.append(TagsSet({ARTIFACTS_REFUSED: why}))
        return path


def _in_memory(source: Path | bytes, room: int) -> bytes | None:
    """Return a file's content, to be held in memory because nothing can be written; None where it does not fit."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > room:
        return None
    return source if isinstance(source, bytes) else source.read_bytes()


def param_value(key: str, value: Any) -> ParamValue:
    """Return a param's value as it is kept: simple values with their type, anything else as its text.

    Raises:
        WrongType: The key is no text.
        InvalidInput: The key cannot be a name, or the value is nested too deep.
    """
    check_key(key, "param")
    redacted: ParamValue = redact_value(key, _plain(key, value, 0))
    return redacted


def _tag_value(key: str, value: Any) -> str:
    """Return a tag's value, the text of anything."""
    check_key(key, "tag")
    if isinstance(value, dict | list) or type(value) is int:
        value = _plain(key, value, 0)
    elif value is not None and not isinstance(value, bool | str):
        value = stable_text(str(value))
    return str(redact_value(key, value))


def _plain(key: str, value: Any, depth: int) -> ParamValue:
    if depth > _MAX_DEPTH:
        raise InvalidInput(f"the value of {key!r} is nested more than {_MAX_DEPTH} deep; log it with log_dict")
    if type(value) is int and value.bit_length() > _MAX_BITS:
        raise InvalidInput(f"the value of {key!r} has more than 4,000 digits; log it with log_text")
    if value is None or type(value) in (bool, int, float, str):
        return value  # type: ignore[no-any-return]
    if isinstance(value, Mapping):
        return {str(name): _plain(key, each, depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(key, each, depth + 1) for each in value]
    if isinstance(value, Enum | PurePath):
        return str(value)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0 and not isinstance(value, type):
        plain = item()
        # Of a number wider than 64 bits numpy gives itself.
        return str(plain) if type(plain) is type(value) else _plain(key, plain, depth + 1)
    return _subclass(value)


def _subclass(value: Any) -> ParamValue:
    """Return the plain value of a subclass of a simple type; the text of anything else."""
    for simple in (bool, int, float, str):
        if isinstance(value, simple):
            return simple(value)
    return stable_text(str(value))


def _text(value: ParamValue) -> str:
    """Return a text that is equal for equal values of one type: 1, 1.0 and True differ, NaN equals itself."""
    return json.dumps(value, sort_keys=True)


def stamp_in(timestamp: Any) -> int:
    """Return the stamp of a time in milliseconds.

    Raises:
        WrongType: It is no number.
        InvalidInput: It is not finite, or too large.
    """
    try:
        time = operator.index(timestamp) if hasattr(timestamp, "__index__") else math.trunc(float(_no_text(timestamp)))
    except (TypeError, RuntimeError) as error:
        raise WrongType(f"timestamp must be milliseconds since the epoch, not {typed(timestamp)}") from error
    except (ValueError, ArithmeticError) as error:
        raise InvalidInput(f"timestamp must be milliseconds since the epoch, not {shown(timestamp)}") from error
    if abs(time) > _MOST_TIME:
        raise InvalidInput(f"timestamp {shown(timestamp)} is out of range: milliseconds since the epoch, before the year 2262")
    return stamp_of(time)


def _no_text(value: Any) -> Any:
    if not hasattr(value, "__float__"):
        raise TypeError("not a number")
    return value
