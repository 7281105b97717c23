"""The Python, packages and machine of a run; no user names, host names, paths or environment variables."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ..entities.events import DocumentLogged
from .base import Captured
from .packages import installed_packages, packages_text

__all__ = ["capture_environment", "machine"]


def capture_environment(path: Sequence[str]) -> Captured:
    """Capture the documents ``environment`` (JSON) and ``packages`` (lines ``name==version``).

    Args:
        path: Where packages are found: ``sys.path``.
    """
    facts = {"python": _python(), "machine": machine(), "kernel": _kernel(path)}
    text = json.dumps(facts, indent=1, sort_keys=True)
    return Captured(documents=(DocumentLogged("environment", text), DocumentLogged("packages", packages_text(path))))


def _python() -> dict[str, str]:
    return {"implementation": platform.python_implementation(), "version": platform.python_version()}


def _kernel(path: Sequence[str]) -> dict[str, str]:
    packages = installed_packages(path)
    return {name: packages[name].version for name in ("ipykernel", "ipython") if name in packages}


@lru_cache(maxsize=1)
def machine() -> dict[str, object]:
    """Return system, processor, CPUs, bytes of memory and GPUs, as far as they are known without starting a program."""
    facts = {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "processor": _first(Path("/proc/cpuinfo"), r"^model name\s*: (.+)$"),
        "cpus": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)) if sys.platform == "linux" else None,
        "memory_bytes": _memory(),
        "gpus": _gpus(),
    }
    return {key: value for key, value in facts.items() if value}


def _memory() -> int | None:
    kilobytes = _first(Path("/proc/meminfo"), r"^MemTotal:\s*(\d+) kB$")
    if kilobytes:
        return int(kilobytes) * 1024
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows


def _gpus() -> list[str]:
    """Return the names of NVIDIA GPUs from the driver's files; ``nvidia-smi`` would take a second."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    return [model for file in files if (model := _first(file, r"^Model:\s*(.+)$"))]


def _first(file: Path, pattern: str) -> str | None:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            found = re.search(pattern, lines.read(20_000), re.MULTILINE)
    except OSError:
        return None
    return found[1].strip() if found else None
