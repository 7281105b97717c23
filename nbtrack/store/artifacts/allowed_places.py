"""Which places a store may name for artifacts: its own, and those that the user's own settings name.

What stands in a store was written by others. A database that was downloaded, or is shared, could name any folder of
whoever opens it: reading would show it, and cleaning up would delete it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ...errors import InvalidInput, PlaceNotAllowed
from ...settings import Settings, artifact_places, without_password
from .artifact_uri import ArtifactUri
from .local import LocalArtifacts
from .open import open_artifacts
from .paths import PROXIED, local_path, scheme_of
from .protocol import ArtifactStore

__all__ = ["AllowedPlaces"]

_SHOWN = 300
_LOCAL = ("", "file")
_ALIASES = {"s3a": "s3"}
_PROXY = ("mlflow-artifacts", "http", "https")
_AZURE = ("wasb", "wasbs", "abfs", "abfss")
# Azure's own clouds: whoever else was asked would be shown our token.
_AZURE_HOSTS = (".core.windows.net", ".core.usgovcloudapi.net", ".core.chinacloudapi.cn", ".storage.azure.net")


@dataclass(frozen=True, slots=True)
class AllowedPlaces:
    """The places below which a store's artifacts may lie.

    Args:
        own: The folders of the store's own artifacts: the store's folder, and paths from there, none of which may be a link.
        named: Places that settings name, paths and URIs; links on the way to them are the user's own, and are followed.
        server: The tracking server that is connected to: it may name buckets and itself, but no folder of any machine.
    """

    own: tuple[tuple[Path, str], ...] = ()
    named: tuple[str, ...] = ()
    server: str = ""

    @classmethod
    def of(cls, settings: Settings) -> AllowedPlaces:
        """Return what a store's settings, the environment and the configuration allow now."""
        own = settings.own_places
        roots = [root for root in (settings.artifacts,) if root and root not in [str(folder / path) for folder, path in own]]
        return cls(own, (*roots, *artifact_places()), settings.server)

    @classmethod
    def of_server(cls, server: str) -> AllowedPlaces:
        """Return what a tracking server may name."""
        return cls((), artifact_places(), server)

    def open(self, uri: str) -> ArtifactStore:
        """Open the artifacts at a URI that a store names.

        A folder is looked at anew before each use, for a part of it may become a link at any time.

        Raises:
            PlaceNotAllowed: The URI leads elsewhere.
            InvalidInput, AccessDenied: As ``open_artifacts``.
        """
        uri = self._served_before(uri)
        self.check(uri)
        if scheme_of(uri) in _LOCAL:
            return LocalArtifacts(uri, check=lambda: self.check(uri))
        return open_artifacts(uri, server=self.server)

    def _served_before(self, uri: str) -> str:
        """Return the folder of files that a server kept in the store's own place; any other URI as it is."""
        if self.server or not uri.lower().startswith(f"{PROXIED}/") or uri[len(PROXIED) :].startswith("//"):
            return uri
        path = unquote(uri[len(PROXIED) :]).strip("/")
        places = [folder / path for folder in self._folders()]
        return next((str(place) for place in places if "\0" not in path and place.is_dir() and self.allows(str(place))), uri)

    def check(self, uri: str) -> None:
        """Raise PlaceNotAllowed unless a URI lies below an allowed place."""
        if not self.allows(uri):
            shown = without_password(uri)[:_SHOWN]
            raise PlaceNotAllowed(
                f"the store names {shown!r} for artifacts, which is neither its own folder nor a place that your settings name; "
                "if these are yours, add that folder or bucket to NBTRACK_ARTIFACT_PLACES (c.NBTrack.artifact_places)"
            )

    def allows(self, uri: str) -> bool:
        """Tell whether a URI lies below an allowed place, all its links followed."""
        try:
            return self._allows(uri)
        except (InvalidInput, ValueError, OSError):  # no path that this machine could have
            return False

    def _allows(self, uri: str) -> bool:
        scheme = scheme_of(uri)
        if scheme in _LOCAL:
            return any(_is_below(_resolved(uri), root) for root in self._folders())
        place = ArtifactUri.of(uri)
        if any(_lies_in(place, each) for each in self.named):
            return True
        return bool(self.server) and self._is_served(scheme, place.authority)

    def _folders(self) -> list[Path]:
        """Return the allowed folders of this machine, with the links that the user put there followed."""
        named = [_resolved(each) for each in self.named if scheme_of(each) in _LOCAL]
        # What came with the store may be a link in it: only what is above its folder is the user's.
        return [*named, *(Path(os.path.realpath(folder)) / path for folder, path in self.own)]

    def _is_served(self, scheme: str, authority: str) -> bool:
        """Tell whether a tracking server may name a place: a bucket, or itself; a machine by SSH could be this one."""
        if scheme in _PROXY:
            return self._is_server(scheme, authority)
        host = authority.partition("@")[2].lower()
        return scheme != "sftp" and (scheme not in _AZURE or not host or host.endswith(_AZURE_HOSTS))

    def _is_server(self, scheme: str, authority: str) -> bool:
        """Tell whether a URI leads to the very server that is connected to, and not to one that would be told our password."""
        if not authority:
            return scheme == "mlflow-artifacts"
        return authority.lower() == urlsplit(self.server).netloc.rpartition("@")[2].lower()


def _resolved(uri: str) -> Path:
    return Path(os.path.realpath(os.path.abspath(local_path(uri))))  # noqa: PTH100 - as LocalArtifacts takes ".." out


def _is_below(path: Path, root: Path) -> bool:
    """Tell whether a folder lies below a root; the root itself, with everybody's files, is no run's."""
    return path != root and path.is_relative_to(root)


def _lies_in(place: ArtifactUri, allowed: str) -> bool:
    if scheme_of(allowed) in _LOCAL:
        return False
    root = ArtifactUri.of(allowed)
    inside = f"{place.path}/".startswith(f"{root.path}/") if root.path else True
    return (_alias(place.scheme), place.authority) == (_alias(root.scheme), root.authority) and inside


def _alias(scheme: str) -> str:
    return _ALIASES.get(scheme, scheme)
