"""The parts of an artifact URI that is no path of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import InvalidInput

__all__ = ["ArtifactUri", "missing_extra"]


_NO_AUTHORITY = re.compile(r"[\x00-\x20\x7f?#\\]")


@dataclass(frozen=True, slots=True)
class ArtifactUri:
    """A URI's parts as they stand there: nothing is decoded, for a key in a bucket has no encoding.

    Example:
        >>> ArtifactUri.of("s3://bucket/team/1/artifacts/")
        ArtifactUri(scheme='s3', authority='bucket', path='team/1/artifacts')
    """

    scheme: str
    authority: str
    path: str

    @classmethod
    def of(cls, uri: str) -> ArtifactUri:
        """Take a URI apart.

        Raises:
            InvalidInput: It has a query, a fragment, or a part that leads elsewhere.
        """
        scheme, _, rest = uri.partition(":")
        authority, _, path = rest[2:].partition("/") if rest.startswith("//") else ("", "", rest)
        if _NO_AUTHORITY.search(authority):  # which could make of a bucket's name another machine's
            raise InvalidInput(f"the artifact URI {uri[:300]!r} names no bucket or machine; give the plain address of a folder")
        return cls(scheme.lower(), authority, _clean(path.strip("/"), uri))

    def bucket(self, example: str) -> str:
        """Return the bucket that it names; InvalidInput."""
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
    """Return the error for artifacts whose library is not installed."""
    return InvalidInput(f"artifacts at {scheme}: need {error.name}, which is not installed; pip install 'nbtrack[{extra}]'")
