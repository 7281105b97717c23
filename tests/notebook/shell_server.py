"""Runs cells in IPython shells. Each is a process forked from this one, which has done the slow imports.

A request is a line of JSON on stdin, ``{"folder", "cells", "environ", "config"}``; the answer a line on stdout: for each
cell what it showed, in order, and how it ended.
"""

import atexit
import gc
import importlib
import io
import json
import os
import re
import signal
import sys
from pathlib import Path

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
shown: list[list] = []


class Stream:
    """A stdout or stderr that records what is written."""

    encoding = "utf-8"

    def __init__(self, name):
        self.name = name

    def write(self, text):
        if shown and shown[-1][0] == self.name:
            shown[-1][1] += text
        elif text:
            shown.append([self.name, text])
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


class Values(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        shown.append(["value", dict(format_dict)])

    def finish_displayhook(self):
        pass


class Displays(DisplayPublisher):
    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **kwargs):
        shown.append(["display", {k: v for k, v in data.items() if isinstance(v, str)}])


class Shell(InteractiveShell):
    displayhook_class = Values
    display_pub_class = Displays

    def _showtraceback(self, etype, evalue, stb):
        shown.append(["error", etype.__name__, str(evalue), COLOURS.sub("", self.InteractiveTB.stb2text(stb))])


def make_shell():
    """Return a shell, with everything imported that cells need."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    for module in (
        "nbtrack.magics",
        "nbtrack.notebook.tracked_cell",
        "nbtrack.widgets.pages.read_runs",
        "nbtrack.widgets.pages.read_many",
        "nbtrack.store.sql.store",
        "nbtrack.store.memory",
    ):
        importlib.import_module(module)
    for module in ("matplotlib.backends.backend_agg", "alembic.command", "asyncio"):
        importlib.import_module(module)
    config = {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}, "IPCompleter": {"use_jedi": False}}
    shell = Shell.instance(config=Config(config))
    try:
        raise ValueError
    except ValueError:
        shell.showtraceback()
    gc.freeze()  # else a collection in a forked process would copy all of this
    return shell


def run(shell, request):
    """Run the cells in this process, and return what became of each."""
    os.environ.update(request["environ"])
    os.chdir(request["folder"])
    sys.stdin, sys.stdout, sys.stderr = io.StringIO("typed"), Stream("stdout"), Stream("stderr")
    shell.config.merge(Config(request["config"]))
    answers = []
    for cell in request["cells"]:
        shown.clear()
        result = shell.run_cell(cell, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        name = type(error).__name__ if error else None
        answers.append({"shown": list(shown), "success": result.success, "error": name, "message": str(error)})
    return answers


def serve(shell, answer_to):
    for line in sys.stdin:
        child = os.fork()
        if child:
            if os.waitpid(child, 0)[1]:
                print(json.dumps(None), file=answer_to, flush=True)
            continue
        signal.alarm(60)
        answers = run(shell, json.loads(line))
        atexit._run_exitfuncs()
        print(json.dumps(answers), file=answer_to, flush=True)
        os._exit(0)


if __name__ == "__main__":
    # Output that bypasses sys.stdout must not mix with the answers.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        serve(make_shell(), answers)
