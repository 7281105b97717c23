"""Artifacts in a bucket of S3, Azure Blob Storage or Google Cloud Storage, by obstore."""

from __future__ import annotations

import io
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from typing_extensions import override

from ...errors import StoreUnavailable
from .blocks import blocks_of
from .bucket_errors import translated
from .forked import fork_safe
from .object_reader import ObjectReader
from .parallel import for_each, interruptible
from .paths import artifact_path
from .protocol import ArtifactEntry, Presigns, Readable, SignedRequest
from .remote_base import RemoteArtifacts

if TYPE_CHECKING:
    from obstore.store import AzureStore, ClientConfig, GCSStore, RetryConfig, S3Store

    Bucket: TypeAlias = AzureStore | GCSStore | S3Store

__all__ = ["BucketArtifacts", "client_options", "media_type", "retries"]

_PART = 8 << 20  # of an upload of known size
_STREAMED_PART = 12 << 20  # of an upload of unknown size, which may have 10,000 of them
_MOST_PARTS = 10_000
_PARTS_AT_ONCE = 4
_RANGE = 8 << 20  # one request of a large download
_BLOCK = 1 << 20
_DELETED_AT_ONCE = 1000


def client_options(url: str, *, is_checked: bool = True) -> ClientConfig:
    """Return obstore's options for requests, with timeouts that even a large file does not reach.

    Args:
        url: The address of the service.
        is_checked: Whether its certificate is verified.
    """
    return {
        "allow_http": url.startswith("http:"),
        "allow_invalid_certificates": not is_checked,
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": timedelta(seconds=30),
        "timeout": timedelta(minutes=15),
    }


def retries() -> RetryConfig:
    """Return obstore's options for retries: few, as delivery in the background retries by itself."""
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2}
    return {"max_retries": 3, "retry_timeout": timedelta(seconds=30), "backoff": backoff}  # type: ignore[typeddict-item]


class BucketArtifacts(RemoteArtifacts, Presigns):
    """The files of one run below a prefix of a bucket.

    Uploads are atomic, and large ones are sent in parts; an upload that fails deletes its parts.

    Args:
        uri: The folder with the files.
        bucket: The bucket.
        prefix: The beginning of their keys, without a trailing slash.
        remedy: What to do if access is denied.
    """

    survives_fork = False

    def __init__(self, uri: str, bucket: Bucket, prefix: str, remedy: str) -> None:
        super().__init__(uri)
        self._bucket, self._prefix, self._remedy = bucket, prefix, remedy

    @override
    @fork_safe
    def presign_download(self, path: str, *, seconds: int) -> SignedRequest:
        return SignedRequest(self._signed("GET", path, seconds))

    @override
    @fork_safe
    def presign_upload(self, path: str, *, seconds: int) -> SignedRequest:
        return SignedRequest(self._signed("PUT", path, seconds))

    def _signed(self, method: Any, path: str, seconds: int) -> str:
        import obstore

        with self._translated(path):
            return obstore.sign(self._bucket, method, self._key(artifact_path(path)), timedelta(seconds=seconds))

    def _key(self, name: str) -> str:
        return "/".join(filter(None, [self._prefix, name]))

    def _name(self, key: str) -> str:
        return key[len(self._prefix) + 1 :] if self._prefix else key

    @override
    def _upload(self, name: str, source: Path) -> None:
        part = max(_PART, -(-source.stat().st_size // _MOST_PARTS))
        options: Any = {"chunk_size": part, "max_concurrency": _PARTS_AT_ONCE, "attributes": _attributes(name)}
        self._put(name, source, options)

    @override
    def _send(self, name: str, content: Readable) -> None:
        blocks = blocks_of(content, _STREAMED_PART)
        first = next(blocks, b"")
        if len(first) < _STREAMED_PART:
            self._put(name, first, {"attributes": _attributes(name), "use_multipart": False})
            return
        options: Any = {"chunk_size": _STREAMED_PART, "max_concurrency": _PARTS_AT_ONCE, "attributes": _attributes(name)}
        self._put(name, chain([first], blocks), options)

    def _put(self, name: str, content: Any, options: Any) -> None:
        import obstore

        try:
            obstore.put(self._bucket, self._key(name), content, **options)
        except FileNotFoundError as error:
            raise StoreUnavailable(f"{self.uri}: there is no such bucket; create it, and what was logged arrives") from error

    @override
    def _size(self, name: str) -> int | None:
        import obstore

        try:
            return interruptible(lambda: obstore.head(self._bucket, self._key(name)))["size"]
        except FileNotFoundError:
            return None

    @override
    def _entries(self, folder: str) -> Iterator[ArtifactEntry]:
        import obstore

        key = self._key(folder)
        found = interruptible(lambda: obstore.list_with_delimiter(self._bucket, key or None))
        folders = {*found["common_prefixes"], key}
        yield from (ArtifactEntry(self._name(prefix), None, True) for prefix in found["common_prefixes"])
        # Consoles and Azure represent a folder by an empty object of its name.
        files = [each for each in found["objects"] if each["path"] not in folders]
        yield from (ArtifactEntry(self._name(each["path"]), each["size"]) for each in files)

    @override
    def _walk(self, folder: str) -> Iterator[str]:
        objects = [*self._objects(folder)]
        folders = {parent for each in objects for parent in _parents(each["path"])}
        for each in objects:
            name = self._name(each["path"])
            # obstore lists the object of an empty folder, "folder/", as "folder", and finds nothing by that name.
            if each["path"] not in folders and (each["size"] or self._size(name) is not None):
                yield name

    def _objects(self, folder: str) -> Iterator[Any]:
        import obstore

        key = self._key(folder)
        pages = obstore.list(self._bucket, key or None, chunk_size=_DELETED_AT_ONCE)
        while page := interruptible(lambda: next(pages, None)):
            yield from (each for each in page if each["path"] != key)

    @override
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

    @override
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
        """Download a large file in ranges, several in parallel, all of the same version."""
        import obstore

        writing = threading.Lock()

        def fetch(start: int) -> None:
            options: Any = {"range": (start, min(start + _RANGE, meta["size"])), **_unchanged(meta)}
            block = obstore.get(self._bucket, key, options=options).bytes()
            with writing:
                file.seek(start)
                file.write(block)

        for_each(fetch, range(0, meta["size"], _RANGE), _PARTS_AT_ONCE)

    @override
    def _remove(self, name: str) -> None:
        import obstore

        keys = [self._key(name)] if name and self._size(name) is not None else []
        keys += [each["path"] for each in self._objects(name)]
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            batch = keys[start : start + _DELETED_AT_ONCE]
            try:
                interruptible(lambda batch=batch: obstore.delete(self._bucket, batch))  # type: ignore[misc]
            except FileNotFoundError:
                continue  # another process deletes them too

    @override
    def _translated(self, path: str) -> AbstractContextManager[None]:
        return translated(self.uri, path, self._remedy)


def _parents(key: str) -> Iterator[str]:
    """Yield the folders above an object, the nearest first, without a trailing slash."""
    while "/" in key:
        key = key.rpartition("/")[0]
        yield key


def _attributes(name: str) -> dict[str, str]:
    return {"Content-Type": media_type(name)}


def media_type(name: str) -> str:
    """Return the media type of a file by its name."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _unchanged(meta: Any) -> dict[str, str]:
    """Return the condition of a request that the object has not changed."""
    return {"if_match": meta["e_tag"]} if meta["e_tag"] else {}
