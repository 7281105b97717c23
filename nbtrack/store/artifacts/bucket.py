"""Artifacts in a bucket of S3, Azure Blob Storage or Google Cloud Storage; the one home of obstore."""

from __future__ import annotations

import io
import mimetypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from ...errors import AccessDenied, ArtifactNotFound, InvalidInput, StoreUnavailable
from .forked import fork_safe
from .object_reader import ObjectReader
from .parallel import for_each, interruptible
from .paths import artifact_path
from .protocol import ArtifactEntry, Readable, SignedRequest
from .remote_base import RemoteArtifacts

if TYPE_CHECKING:
    from obstore.store import AzureStore, ClientConfig, GCSStore, RetryConfig, S3Store

    from .protocol import ArtifactStore, Presigns

    Bucket: TypeAlias = AzureStore | GCSStore | S3Store

__all__ = ["BucketArtifacts", "Filled", "client_options", "media_type", "retries"]

_PART = 8 << 20  # of an upload of known size
_STREAMED_PART = 12 << 20  # of one of unknown size, which may have 10,000 of them
_MOST_PARTS = 10_000
_PARTS_AT_ONCE = 4
_RANGE = 8 << 20  # what is fetched at once of a large file
_BLOCK = 1 << 20
_DELETED_AT_ONCE = 1000
# A list that is refused is an error of no kind in obstore; its text has the status.
_REFUSED = re.compile(r"status code: 40[13]\b")


def client_options(url: str, *, is_checked: bool = True) -> ClientConfig:
    """Return how requests are made: what waits longer than this has failed, however large the file."""
    return {
        "allow_http": url.startswith("http:"),
        "allow_invalid_certificates": not is_checked,
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": timedelta(seconds=30),
        "timeout": timedelta(minutes=15),
    }


def retries() -> RetryConfig:
    """Return how often a request is made again; who delivers in the background tries again by itself."""
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2}
    return {"max_retries": 3, "retry_timeout": timedelta(seconds=30), "backoff": backoff}  # type: ignore[typeddict-item]


class BucketArtifacts(RemoteArtifacts):
    """The files of one run below a prefix of a bucket.

    Uploads are atomic, in parts where they are large; an upload that fails takes its parts away again.

    Args:
        uri: Where they are.
        bucket: The bucket.
        prefix: What their keys begin with, without a slash at the end.
        remedy: What to do where access is denied.
    """

    survives_fork = False

    def __init__(self, uri: str, bucket: Bucket, prefix: str, remedy: str) -> None:
        super().__init__(uri)
        self._bucket, self._prefix, self._remedy = bucket, prefix, remedy

    @fork_safe
    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        """Return the GET request for a file; see ``Presigns``."""
        return SignedRequest(self._signed("GET", path, seconds))

    @fork_safe
    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        """Return the PUT request for a file; see ``Presigns``."""
        return SignedRequest(self._signed("PUT", path, seconds))

    def _signed(self, method: Any, path: str, seconds: int) -> str:
        import obstore

        with self._translated(path):
            return obstore.sign(self._bucket, method, self._key(artifact_path(path)), timedelta(seconds=seconds))

    def _key(self, name: str) -> str:
        return "/".join(filter(None, [self._prefix, name]))

    def _name(self, key: str) -> str:
        return key[len(self._prefix) + 1 :] if self._prefix else key

    def _upload(self, name: str, source: Path) -> None:
        part = max(_PART, -(-source.stat().st_size // _MOST_PARTS))
        options: Any = {"chunk_size": part, "max_concurrency": _PARTS_AT_ONCE, "attributes": _attributes(name)}
        self._make(name, source, options)

    def _send(self, name: str, content: Readable) -> None:
        blocks = _blocks(content, _STREAMED_PART)
        first = next(blocks, b"")
        if len(first) < _STREAMED_PART:
            self._make(name, first, {"attributes": _attributes(name), "use_multipart": False})
            return
        options: Any = {"chunk_size": _STREAMED_PART, "max_concurrency": _PARTS_AT_ONCE, "attributes": _attributes(name)}
        self._make(name, _chained(first, blocks), options)

    def _make(self, name: str, content: Any, options: Any) -> None:
        import obstore

        try:
            obstore.put(self._bucket, self._key(name), content, **options)
        except FileNotFoundError as error:
            raise StoreUnavailable(f"{self.uri}: there is no such bucket; make it, and what was logged arrives") from error

    def _size(self, name: str) -> int | None:
        import obstore

        try:
            return interruptible(lambda: obstore.head(self._bucket, self._key(name)))["size"]
        except FileNotFoundError:
            return None

    def _entries(self, folder: str) -> Iterator[ArtifactEntry]:
        import obstore

        key = self._key(folder)
        found = interruptible(lambda: obstore.list_with_delimiter(self._bucket, key or None))
        folders = {*found["common_prefixes"], key}
        yield from (ArtifactEntry(self._name(prefix), None, True) for prefix in found["common_prefixes"])
        # Consoles and Azure mark a folder by an empty object of its name.
        files = [each for each in found["objects"] if each["path"] not in folders]
        yield from (ArtifactEntry(self._name(each["path"]), each["size"]) for each in files)

    def _walk(self, folder: str) -> Iterator[str]:
        objects = [*self._objects(folder)]
        folders = {parent for each in objects for parent in _parents(each["path"])}
        for each in objects:
            name = self._name(each["path"])
            # An empty folder's mark is called "folder/", where obstore says "folder": asked for it, there is none.
            if each["path"] not in folders and (each["size"] or self._size(name) is not None):
                yield name

    def _objects(self, folder: str) -> Iterator[Any]:
        import obstore

        key = self._key(folder)
        pages = obstore.list(self._bucket, key or None, chunk_size=_DELETED_AT_ONCE)
        while page := interruptible(lambda: next(pages, None)):
            yield from (each for each in page if each["path"] != key)

    def _reader(self, name: str) -> BinaryIO:
        import obstore

        key = self._key(name)
        opened = interruptible(lambda: obstore.get(self._bucket, key))
        size, unchanged = opened.meta["size"], _unchanged(opened.meta)

        def read_from(position: int) -> Iterator[Any]:
            options: Any = {"range": {"offset": position}, **unchanged}
            return iter(obstore.get(self._bucket, key, options=options).stream(_BLOCK))

        stream = iter(opened.stream(_BLOCK))
        return io.BufferedReader(ObjectReader(size, stream, read_from, lambda: self._translated(name)), _BLOCK)

    def _fetch(self, name: str, target: Path) -> None:
        import obstore

        key = self._key(name)
        found = interruptible(lambda: obstore.get(self._bucket, key))
        with target.open("xb") as file:
            if found.meta["size"] > 2 * _RANGE:
                self._fetch_ranges(key, found.meta, file)
                return
            blocks = iter(found.stream(_BLOCK))
            while block := interruptible(lambda: next(blocks, None)):
                file.write(block)

    def _fetch_ranges(self, key: str, meta: Any, file: BinaryIO) -> None:
        """Fetch a large file in pieces, some at a time, all of the same version of it."""
        import obstore

        writing = threading.Lock()

        def fetch(start: int) -> None:
            options: Any = {"range": (start, min(start + _RANGE, meta["size"])), **_unchanged(meta)}
            block = obstore.get(self._bucket, key, options=options).bytes()
            with writing:
                file.seek(start)
                file.write(block)

        for_each(fetch, range(0, meta["size"], _RANGE), _PARTS_AT_ONCE)

    def _remove(self, name: str) -> None:
        import obstore

        keys = [self._key(name)] if name and self._size(name) is not None else []
        keys += [each["path"] for each in self._objects(name)]
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            batch = keys[start : start + _DELETED_AT_ONCE]
            try:
                interruptible(lambda batch=batch: obstore.delete(self._bucket, batch))  # type: ignore[misc]
            except FileNotFoundError:
                continue  # somebody else removes them, too

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        from obstore import exceptions

        try:
            yield
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise AccessDenied(f"{self.uri}: access is denied ({_said(error)}); {self._remedy}") from error
        except exceptions.PreconditionError as error:
            raise StoreUnavailable(f"artifact {path!r} in {self.uri} was changed while it was read") from error
        except FileNotFoundError as error:
            raise ArtifactNotFound(f"artifact {path!r} is not in {self.uri}, or its bucket is not there") from error
        except exceptions.InvalidPathError as error:
            raise InvalidInput(f"artifact path {path!r} cannot be one in a bucket: {_said(error)}") from error
        except (exceptions.BaseError, OSError) as error:
            if _REFUSED.search(str(error)):
                raise AccessDenied(f"{self.uri}: access is denied ({_said(error)}); {self._remedy}") from error
            raise StoreUnavailable(f"cannot use artifact {path!r} in {self.uri}: {_said(error)}") from error


def _parents(key: str) -> Iterator[str]:
    """Yield the folders above an object, the nearest first, without end slashes."""
    while "/" in key:
        key = key.rpartition("/")[0]
        yield key


def _attributes(name: str) -> dict[str, str]:
    return {"Content-Type": media_type(name)}


def media_type(name: str) -> str:
    """Return the media type of a file by its name."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _unchanged(meta: Any) -> dict[str, str]:
    """Return the condition that an object is still what it was."""
    return {"if_match": meta["e_tag"]} if meta["e_tag"] else {}


def _blocks(content: Readable, size: int) -> Iterator[bytes]:
    """Yield a reader's content in blocks of one size, the last one shorter."""
    while block := _filled(content, size):
        yield block


class Filled:
    """A reader whose reads are as long as was asked for, until its end: what is short of that is taken for the end by some."""

    def __init__(self, content: Readable) -> None:
        self._content = content

    def read(self, size: int = -1, /) -> bytes:
        """Return ``size`` bytes, fewer at the end alone; all that is left where it is negative."""
        return self._content.read(size) if size < 0 else _filled(self._content, size)


def _filled(content: Readable, size: int) -> bytes:
    pieces, missing = [], size
    while missing and (piece := content.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _said(error: BaseException) -> str:
    """Return what an error says, without what is for debugging."""
    return str(error).partition("\n\nDebug source")[0].strip()


if TYPE_CHECKING:
    _store: type[ArtifactStore] = BucketArtifacts
    _presigns: type[Presigns] = BucketArtifacts
