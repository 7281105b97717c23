"""A real shell and a real kernel, each in its own process."""

import json
import os
import subprocess
import sys

import pytest

SHOWN = ("stream", "display_data", "update_display_data", "clear_output", "execute_result", "error")


@pytest.fixture
def shell():
    """Run code beside a fresh ``InteractiveShell`` named ``shell``; the code prints one JSON value at its end."""

    def run(code, folder=None):
        head = "import json\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        head += "shell = InteractiveShell.instance()\nshell.history_manager.enabled = False\n"
        done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, cwd=folder)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout.splitlines()[-1])

    return run


class Kernel:
    """Runs cells as a notebook does."""

    def __init__(self, client):
        self._client = client

    def run(self, code):
        """Execute a cell and return the outputs that a notebook would show, as messages."""
        outputs = []

        def collect(message):
            if message["msg_type"] in SHOWN:
                outputs.append((message["msg_type"], message["content"]))

        self._client.execute_interactive(code, output_hook=collect, timeout=60, allow_stdin=False)
        return outputs

    def value(self, expression):
        """Return a value of the kernel, by way of JSON."""
        shown = self.run(f"import json as _json; print(_json.dumps({expression}))")
        return json.loads("".join(content["text"] for kind, content in shown if kind == "stream"))


@pytest.fixture(scope="module")
def kernel():
    from jupyter_client.manager import start_new_kernel

    # under pytest, by its variable, ipykernel would not watch file descriptors
    environ = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    manager, client = start_new_kernel(kernel_name="python3", env=environ)
    yield Kernel(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
