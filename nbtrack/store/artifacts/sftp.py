"""Artifacts in a folder of a machine reached by SSH: ``sftp://user@host/folder``."""

from __future__ import annotations

import errno
import posixpath
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from ...errors import AccessDenied, ArtifactNotFound, InvalidInput, StoreUnavailable
from .artifact_uri import ArtifactUri, missing_extra
from .paths import TEMPORARY
from .protocol import ArtifactEntry, Readable
from .remote_base import RemoteArtifacts
from .sftp_writes import write_confirmed
from .spool import copy_file
from .ssh import Connections, connections_to
from .ssh_host import Host

if TYPE_CHECKING:
    import paramiko

__all__ = ["SftpArtifacts", "open_sftp"]

_BLOCK = 1 << 20
_PREFETCHED = 64  # requests of 32 kB that are under way during a download


def open_sftp(uri: str) -> SftpArtifacts:
    """Open the artifacts below a folder of another machine.

    Raises:
        InvalidInput: The URI names no machine, or the extra is not installed.
    """
    try:
        return SftpArtifacts(uri)
    except ModuleNotFoundError as error:
        raise missing_extra(error, "sftp", "sftp") from error


class SftpArtifacts(RemoteArtifacts):
    """The files of one run below a folder of another machine; links in it are ignored.

    Args:
        uri: The folder, ``sftp://user@host:port/folder``.
    """

    def __init__(self, uri: str) -> None:
        place = ArtifactUri.of(uri)
        host = Host.of(place.authority, uri)
        super().__init__(host.hidden(uri))
        self._root, self._host = f"/{place.path}", host
        connections_to(host)  # raises now if the library is missing

    @property
    def _connections(self) -> Connections:
        return connections_to(self._host)

    def _at(self, name: str) -> str:
        return posixpath.join(self._root, name) if name else self._root

    @override
    def _upload(self, name: str, source: Path) -> None:
        with source.open("rb") as content:
            self._send(name, content)

    @override
    def _send(self, name: str, content: Readable) -> None:
        target = self._at(name)
        place = posixpath.join(posixpath.dirname(target), TEMPORARY + secrets.token_hex(8))
        with self._connections.client() as client:
            try:
                _write(client, place, content)
                client.posix_rename(place, target)
            except OSError as error:
                raise _reason(client, target) or error from error
            finally:
                with suppress(OSError):
                    client.remove(place)

    @override
    def _size(self, name: str) -> int | None:
        with self._connections.client() as client:
            found = _status(client, self._at(name))
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode or 0) else None

    @override
    def _entries(self, folder: str) -> Iterator[ArtifactEntry]:
        with self._connections.client() as client:
            found = _status(client, self._at(folder)) if folder else _target(client, self._root)
            if found is None or not stat.S_ISDIR(found.st_mode or 0):
                return
            listed = client.listdir_attr(self._at(folder))
        for each in listed:
            path, mode = posixpath.join(folder, each.filename), each.st_mode or 0
            if stat.S_ISDIR(mode):
                yield ArtifactEntry(path, None, True)
            elif stat.S_ISREG(mode) and not each.filename.startswith(TEMPORARY):
                yield ArtifactEntry(path, each.st_size or 0)

    @override
    def _fetch(self, name: str, target: Path) -> None:
        if self._size(name) is None:
            raise FileNotFoundError(name)
        with self._connections.client() as client, client.open(self._at(name), "rb", _BLOCK) as content:
            content.prefetch(max_concurrent_requests=_PREFETCHED)
            copy_file(content, target)

    @override
    def _remove(self, name: str) -> None:
        with self._connections.client() as client:
            _remove(client, self._at(name))

    @override
    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        import paramiko

        try:
            yield
        except (paramiko.AuthenticationException, paramiko.PasswordRequiredException) as error:
            raise AccessDenied(f"{self.uri}: {self._host.name} denies access ({error}); {self._host.remedy}") from error
        except IsADirectoryError as error:
            raise InvalidInput(f"artifact path {path!r} is a folder; give the path of a file") from error
        except NotADirectoryError as error:
            raise InvalidInput(f"artifact path {path!r} goes through a file; choose another path") from error
        except FileNotFoundError as error:
            raise ArtifactNotFound(f"artifact {path!r} was deleted while it was read") from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise StoreUnavailable(f"cannot use artifact {path!r} in {self.uri}: {error or type(error).__name__}") from error


def _write(client: paramiko.SFTPClient, place: str, content: Readable) -> None:
    """Write a new file and create missing folders; OSError unless all of it arrived."""
    try:
        file = client.open(place, "wbx")
    except FileNotFoundError:
        _make_folders(client, posixpath.dirname(place))
        file = client.open(place, "wbx")
    with file:
        size = write_confirmed(client, file, content)
    if (found := client.stat(place).st_size) != size:
        raise OSError(errno.EIO, f"{found} of {size} bytes arrived")


def _make_folders(client: paramiko.SFTPClient, folder: str) -> None:
    if _status(client, folder) is not None:
        return
    _make_folders(client, posixpath.dirname(folder))
    try:
        client.mkdir(folder)
    except OSError:  # another process creates it too
        if _status(client, folder) is None:
            raise


def _reason(client: paramiko.SFTPClient, target: str) -> OSError | None:
    """Return why no file can be at a path, if that is so: SFTP reports a failure without a reason."""
    with suppress(OSError):
        if stat.S_ISDIR(client.lstat(target).st_mode or 0):
            return IsADirectoryError(target)
    folder = posixpath.dirname(target)
    while folder != "/":
        found = _status(client, folder)
        if found is not None and not stat.S_ISDIR(client.stat(folder).st_mode or 0):
            return NotADirectoryError(target)
        folder = posixpath.dirname(folder)
    return None


def _status(client: paramiko.SFTPClient, path: str) -> paramiko.SFTPAttributes | None:
    try:
        return client.lstat(path)
    except FileNotFoundError:
        return None


def _target(client: paramiko.SFTPClient, root: str) -> paramiko.SFTPAttributes | None:
    """Return the attributes of the run's own folder, which may be the user's link, unlike anything inside."""
    try:
        return client.stat(root)
    except FileNotFoundError:
        return None


def _remove(client: paramiko.SFTPClient, path: str) -> None:
    """Delete a file, or a folder with everything in it; a link itself, not its target."""
    found = _status(client, path)
    if found is None:
        return
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(found.st_mode or 0):
            client.remove(path)
            return
        for each in client.listdir(path):
            _remove(client, posixpath.join(path, each))
        client.rmdir(path)
