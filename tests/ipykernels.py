"""Other versions of ipykernel than the one that is installed, each in a folder of its own."""

import subprocess
import sys

from .needs import missing

# One of each way of reading messages while a cell runs: the main thread, and a thread in its first and later forms.
VERSIONS = ["newest", "7.3.0", "7.1.0", "7.0.1", "6.31.0"]


def folder_of(config, version):
    """Return the folder of a version, kept from one test run to the next; None for the one that is installed."""
    if version == "newest":
        return None
    path = config.cache.mkdir(f"ipykernel-{version}")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(path), f"ipykernel=={version}"]
    if not (path / "ipykernel").exists() and subprocess.run(command, capture_output=True, check=False).returncode:
        missing(f"ipykernel {version} cannot be installed here")
    return path
