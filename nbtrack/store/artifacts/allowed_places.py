"""The places that a store may name for artifacts: its own folder, and those that the user's settings name.

The content of a store may come from others. A downloaded or shared database could name any folder of whoever opens it: reading
would reveal its files, and cleaning up would delete them.
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
# Azure's own clouds: any other host would receive the user's token.
_AZURE_HOSTS = (".core.windows.net", ".core.usgovcloudapi.net", ".core.chinacloudapi.cn", ".storage.azure.net")


@dataclass(frozen=True, slots=True)
class AllowedPlaces:
    """The places below which a store's artifacts may be.

    Attributes:
        own: The store's own folders, as the store's folder and a path from there in which no part may be a link.
        named: Paths and URIs that settings name; links on the way to them are the user's own and are followed.
        server: The connected tracking server, which may name buckets and itself, but no folder of any machine.
    """

    own: tuple[tuple[Path, str], ...] = ()
    named: tuple[str, ...] = ()
    server: str = ""

    @classmethod
    def of(cls, settings: Settings) -> AllowedPlaces:
        """Return the places that a store's settings, the environment and the configuration allow now."""
        own = settings.own_places
        roots = [root for root in (settings.artifacts,) if root and root not in [str(folder / path) for folder, path in own]]
        return cls(own, (*roots, *artifact_places()), settings.server)

    @classmethod
    def of_server(cls, server: str) -> AllowedPlaces:
        """Return the places that a tracking server may name."""
        return cls((), artifact_places(), server)

    def open(self, uri: str) -> ArtifactStore:
        """Open the artifacts at a URI that a store names.

        Raises:
            PlaceNotAllowed: The URI is not below an allowed place.
            InvalidInput, AccessDenied: As in ``open_artifacts``.
        """
        uri = self._formerly_served(uri)
        self.check(uri)
        if scheme_of(uri) in _LOCAL:
            # Checked again before each use: a part of the path may have become a link since.
            return LocalArtifacts(uri, check=lambda: self.check(uri))
        return open_artifacts(uri, server=self.server)

    def _formerly_served(self, uri: str) -> str:
        """Return the folder in the store's own place of a URI that a server had given out; any other URI unchanged."""
        if self.server or not uri.lower().startswith(f"{PROXIED}/") or uri[len(PROXIED) :].startswith("//"):
            return uri
        path = unquote(uri[len(PROXIED) :]).strip("/")
        places = [folder / path for folder in self._folders()]
        return next((str(place) for place in places if "\0" not in path and place.is_dir() and self.allows(str(place))), uri)

    def check(self, uri: str) -> None:
        """Raise PlaceNotAllowed unless a URI is below an allowed place."""
        if not self.allows(uri):
            shown = without_password(uri)[:_SHOWN]
            raise PlaceNotAllowed(
                f"the store names {shown!r} for artifacts, which is neither its own folder nor a place that your settings name; "
                "if these are yours, add that folder or bucket to NBTRACK_ARTIFACT_PLACES (c.NBTrack.artifact_places)"
            )

    def allows(self, uri: str) -> bool:
        """Tell whether a URI is below an allowed place once its links are resolved."""
        try:
            return self._allows(uri)
        except (InvalidInput, ValueError, OSError):  # not a path of this machine
            return False

    def _allows(self, uri: str) -> bool:
        scheme = scheme_of(uri)
        if scheme in _LOCAL:
            path = _resolved(uri)
            # The root itself contains the files of all runs, so no run may have it.
            return any(path != root and path.is_relative_to(root) for root in self._folders())
        place = ArtifactUri.of(uri)
        if any(_is_inside(place, each) for each in self.named):
            return True
        return bool(self.server) and self._is_served(scheme, place.authority)

    def _folders(self) -> list[Path]:
        """Return the allowed folders of this machine, with the user's own links resolved."""
        named = [_resolved(each) for each in self.named if scheme_of(each) in _LOCAL]
        # Links below the store's folder may have come with the store; only those above it are surely the user's.
        return [*named, *(Path(os.path.realpath(folder)) / path for folder, path in self.own)]

    def _is_served(self, scheme: str, authority: str) -> bool:
        """Tell whether a tracking server may name a place: a bucket or itself."""
        if scheme in _PROXY:
            return self._is_server(scheme, authority)
        host = authority.partition("@")[2].lower()
        # A machine that is reached by SSH could be this one.
        return scheme != "sftp" and (scheme not in _AZURE or not host or host.endswith(_AZURE_HOSTS))

    def _is_server(self, scheme: str, authority: str) -> bool:
        """Tell whether a URI leads to the connected server; any other would receive its password."""
        if not authority:
            return scheme == "mlflow-artifacts"
        return authority.lower() == urlsplit(self.server).netloc.rpartition("@")[2].lower()


def _resolved(uri: str) -> Path:
    return Path(os.path.realpath(os.path.abspath(local_path(uri))))  # noqa: PTH100 - removes ".." without following links, as LocalArtifacts does


def _is_inside(place: ArtifactUri, allowed: str) -> bool:
    if scheme_of(allowed) in _LOCAL:
        return False
    root = ArtifactUri.of(allowed)
    inside = f"{place.path}/".startswith(f"{root.path}/") if root.path else True
    return (_alias(place.scheme), place.authority) == (_alias(root.scheme), root.authority) and inside


def _alias(scheme: str) -> str:
    return _ALIASES.get(scheme, scheme)
