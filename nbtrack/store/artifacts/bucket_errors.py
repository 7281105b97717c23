"""Errors of obstore as errors of this package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import AccessDenied, ArtifactNotFound, InvalidInput, StoreUnavailable

__all__ = ["translated"]

# obstore has no class for the error of a list that is refused; only its message tells the status.
_DENIED = re.compile(r"status code: 40[13]\b")


@contextmanager
def translated(uri: str, path: str, remedy: str) -> Iterator[None]:
    """Translate obstore's errors.

    Args:
        uri: The artifact store.
        path: The artifact that is used.
        remedy: What to do if access is denied.
    """
    from obstore import exceptions

    try:
        yield
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise AccessDenied(f"{uri}: access is denied ({_message(error)}); {remedy}") from error
    except exceptions.PreconditionError as error:
        raise StoreUnavailable(f"artifact {path!r} in {uri} was changed while it was read") from error
    except FileNotFoundError as error:
        raise ArtifactNotFound(f"artifact {path!r} is not in {uri}, or its bucket does not exist") from error
    except exceptions.InvalidPathError as error:
        raise InvalidInput(f"artifact path {path!r} cannot be one in a bucket: {_message(error)}") from error
    except (exceptions.BaseError, OSError) as error:
        if _DENIED.search(str(error)):
            raise AccessDenied(f"{uri}: access is denied ({_message(error)}); {remedy}") from error
        raise StoreUnavailable(f"cannot use artifact {path!r} in {uri}: {_message(error)}") from error


def _message(error: BaseException) -> str:
    return str(error).partition("\n\nDebug source")[0].strip()
