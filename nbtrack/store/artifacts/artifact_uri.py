"""The parts of an artifact URI that is not a local path."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import InvalidInput

__all__ = ["ArtifactUri", "missing_extra"]


_NO_AUTHORITY = re.compile(r"[\x00-\x20\x7f?#\\]")


@dataclass(frozen=True, slots=True)
class ArtifactUri:
    """The parts of a URI, not decoded: the keys of a bucket are not percent-encoded.

    Example:
        >>> ArtifactUri.of("s3://bucket/team/1/artifacts/")
        ArtifactUri(scheme='s3', authority='bucket', path='team/1/artifacts')
    """

    scheme: str
    authority: str
    path: str

    @classmethod
    def of(cls, uri: str) -> ArtifactUri:
        """Parse a URI.

        Raises:
            InvalidInput: It has a query, a fragment, or a part that leads elsewhere.
        """
        scheme, _, rest = uri.partition(":")
        authority, _, path = rest[2:].partition("/") if rest.startswith("//") else ("", "", rest)
        if _NO_AUTHORITY.search(authority):  # could turn the name of a bucket into that of another host
            raise InvalidInput(f"the artifact URI {uri[:300]!r} names no bucket or machine; give the plain address of a folder")
        return cls(scheme.lower(), authority, _clean(path.strip("/"), uri))

    def bucket(self, example: str) -> str:
        """Return the bucket; InvalidInput if there is none."""
        if not self.authority:
            raise InvalidInput(f"artifacts at {self.scheme}: need a bucket; write {example}")
        return self.authority


def _clean(path: str, uri: str) -> str:
    if "?" in path or "#" in path:
        raise InvalidInput(f"the artifact URI {uri!r} has a query or a fragment; give the plain address of a folder")
    if any(part in ("", ".", "..") for part in path.split("/")) and path:
        raise InvalidInput(f"the artifact URI {uri!r} has an empty part, or one that is '.' or '..'; give the folder's own path")
    return path


def missing_extra(error: ModuleNotFoundError, scheme: str, extra: str) -> InvalidInput:
    """Return the error for a scheme whose library is not installed."""
    return InvalidInput(f"artifacts at {scheme}: need {error.name}, which is not installed; pip install 'nbtrack[{extra}]'")
