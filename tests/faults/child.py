"""A process that does what a test tells it to, one thing after the other."""

import os
import subprocess
import sys
import textwrap


class Child:
    """A process that logs; it says a line when it has done something, and waits for one to go on."""

    def __init__(self, folder, code, *, before="", **environment):
        source = f"{before}\nimport nbtrack, os, sys\nnbtrack.connect({str(folder)!r})\n" + textwrap.dedent(code)
        self.process = subprocess.Popen(
            [sys.executable, "-c", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, **environment},
        )

    def line(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return line.strip()

    def tell(self, line=""):
        print(line, file=self.process.stdin, flush=True)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def finish(self):
        out, err = self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0, err
        return out, err
