"""Runs programs that use MLflow's unmodified client, each in a process of its own; the last line that it prints is JSON."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

from ..needs import missing

# Requests are not retried, and a model's requirements are not inferred in another process, which takes a minute.
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


def run_program(program: str, uri: str, *arguments: str, cwd: str | os.PathLike[str]) -> Any:
    """Run a program whose MLflow tracks to ``uri``, and return what its last line says."""
    if importlib.util.find_spec("mlflow") is None:
        missing("mlflow is not installed")
    environ = {**os.environ, **ENVIRONMENT, "MLFLOW_TRACKING_URI": uri}
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.strip().splitlines()[-1])
