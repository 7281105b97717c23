"""Programs that tests need besides Python: a test without one is skipped, or fails if all tests must run."""

import os
import shutil
import socket

import pytest


def missing(reason):
    """Skip the test, or fail it if all tests must run."""
    if os.environ.get("NBTRACK_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason}, and NBTRACK_REQUIRE_ALL is set")
    pytest.skip(reason)


def program(*names):
    """Return the path of the first of these programs that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or missing(f"{names[0]} is not installed")


def free_ports(count: int) -> list[int]:
    """Return ports on which nothing listens."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
