"""A real kernel to run cells in, one at a time, as a notebook does."""

import os
import re
import time
from dataclasses import dataclass, field

from jupyter_client.manager import KernelManager

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Variables that a developer, or another notebook, may have set.
FOREIGN = ("NBTRACK_", "MLFLOW_", "JPY_", "JUPYTER", "GIT_", "IPYTHON")


def plain_environment(home):
    """Return this process's environment without variables that change where a kernel logs."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return environ | {"HOME": str(home), "IPYTHONDIR": str(home / "ipython")}


@dataclass
class Answer:
    """The outcome of a cell: its outputs as the notebook keeps them, and the reply to the request."""

    outputs: list[dict] = field(default_factory=list)
    reply: dict = field(default_factory=dict)

    @property
    def status(self):
        return self.reply["status"]

    def of(self, kind):
        return [output for output in self.outputs if output["output_type"] == kind]

    def text(self, name="stdout"):
        return "".join(output["text"] for output in self.of("stream") if output["name"] == name)

    @property
    def value(self):
        return self.of("execute_result")[0]["data"]["text/plain"] if self.of("execute_result") else None

    @property
    def summary(self):
        """The formats of the summary that a tracked cell ends with."""
        return next(each["data"] for each in self.of("display_data") if "nbt" in each["data"].get("text/html", ""))

    @property
    def traceback(self):
        (error,) = self.of("error")
        return COLOURS.sub("", "\n".join(error["traceback"]))


class Kernel:
    """A kernel whose working directory is ``folder``; with ``python_path``, with the packages found there first."""

    def __init__(self, folder, home, *, python_path=None, load=True, **environ):
        self.folder = folder
        self.manager = KernelManager(kernel_name="python3")
        environ = plain_environment(home) | environ
        if python_path is not None:
            environ["PYTHONPATH"] = str(python_path)
        self.manager.start_kernel(cwd=str(folder), env=environ)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        if load:
            assert self.run("%load_ext nbtrack").status == "ok"

    def start(self, code):
        """Send a cell and return the id of the request."""
        return self.client.execute(code, store_history=True)

    def run(self, code, *, when=None, then=None):
        """Run a cell to its end; call ``then`` once it has written ``when``."""
        return self.finish(self.start(code), when=when, then=then)

    def finish(self, request, *, when=None, then=None):
        answer = Answer()
        for message in self._messages(request):
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                answer.outputs.append({"output_type": message["msg_type"], **message["content"]})
            if when is not None and when in answer.text():
                then()
                when = None
        deadline = time.monotonic() + 60
        while not answer.reply:
            message = self.client.get_shell_msg(timeout=deadline - time.monotonic())
            if message["parent_header"].get("msg_id") == request:
                answer.reply = message["content"]
        return answer

    def _messages(self, request):
        deadline = time.monotonic() + 60
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.0, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") == request:
                yield message

    def interrupt(self):
        self.manager.interrupt_kernel()

    def kill(self):
        """Kill the process, as the operating system does when memory runs out."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()
