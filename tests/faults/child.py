"""Child processes that tests control line by line."""

from __future__ import annotations

import atexit
import io
import multiprocessing
import os
import subprocess
import sys
import textwrap
import traceback
from multiprocessing.connection import Connection as Pipe

# Processes are forked from one that has loaded everything and has no threads.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.victim", "tests.faults.people"])


class Child:
    """A process that logs; it prints a line when it has done something, and waits for one to go on.

    Args:
        folder: Its working directory, with its store.
        code: What it runs when it is connected.
        before: What it runs before.
    """

    def __init__(self, folder, code, *, before=""):
        self._pipe, theirs = CONTEXT.Pipe()
        arguments = (str(folder), textwrap.dedent(before), textwrap.dedent(code), theirs)
        self.process = CONTEXT.Process(target=_execute, args=arguments)
        self.process.start()
        theirs.close()
        self.out, self.err = "", ""

    def line(self):
        """Return the next line that it prints."""
        while "\n" not in self.out:
            assert self._hear(), self.err
        line, _, self.out = self.out.partition("\n")
        return line

    def _hear(self):
        """Read the next line that it writes; tell whether there was one."""
        try:
            where, text = self._pipe.recv()
        except (EOFError, ConnectionResetError):  # it has ended, without a look at what it was told last
            return False
        setattr(self, where, getattr(self, where) + text)
        return True

    def tell(self, line=""):
        self._pipe.send(line)

    def wait(self):
        """Wait for its end, and return what it wrote."""
        while self._hear():
            pass
        self.process.join(60)
        self._pipe.close()
        return self.out, self.err

    def kill(self):
        self.process.kill()
        self.wait()

    def finish(self):
        """Let it run to its end, and return what it wrote."""
        self.tell()
        self.wait()
        assert self.process.exitcode == 0, self.err
        return self.out, self.err


class _Voice(io.TextIOBase):
    """Passes on what is written, or waits for a line to be read."""

    def __init__(self, pipe: Pipe, where: str) -> None:
        self._pipe, self._where = pipe, where

    def write(self, text: str) -> int:
        self._pipe.send((self._where, text))
        return len(text)

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        return self._pipe.recv()


def _execute(folder: str, before: str, code: str, pipe: Pipe) -> None:
    os.chdir(folder)
    sys.stdin, sys.stdout, sys.stderr = (_Voice(pipe, where) for where in ("in", "out", "err"))
    try:
        exec(before, {})
        import nbtrack

        nbtrack.connect(folder)
        exec(code, {"nbtrack": nbtrack, "os": os, "sys": sys})
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def run_script(folder, code):
    """Run a script in a new interpreter, which may end in any way, and return what it printed."""
    source = f"import nbtrack, os, sys\nnbtrack.connect({str(folder)!r})\n{code}"
    return subprocess.run([sys.executable, "-c", source], cwd=folder, capture_output=True, text=True, check=False).stdout
