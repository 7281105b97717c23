"""Versions of ipykernel besides the installed one, each in a folder of its own."""

import subprocess
import sys

from .needs import missing

# One for each way to read messages while a cell runs: in the main thread, and in the earlier and later kinds of a thread.
VERSIONS = ["newest", "7.3.0", "7.1.0", "7.0.1", "6.31.0"]


def folder_of(config, version):
    """Return the folder of a version, cached between test runs; None for the installed one."""
    if version == "newest":
        return None
    path = config.cache.mkdir(f"ipykernel-{version}")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(path), f"ipykernel=={version}"]
    if not (path / "ipykernel").exists() and subprocess.run(command, capture_output=True, check=False).returncode:
        missing(f"ipykernel {version} cannot be installed here")
    return path
