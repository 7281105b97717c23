"""A tracked cell behaves as it would untracked: the same body is run both ways, in separate shells."""

import re

import pytest

# Bodies of cells, by what is special about them; each is run in a shell after ``setup``.
SETUP = """
import asyncio, sys
def fail():
    raise ValueError("too bad")
"""
BODIES = {
    "a value": "x = 3\nx * 2",
    "no value": "x = 3",
    "a value not shown": "3 * 2;",
    "a value not shown, with a comment": "3 * 2;  # so",
    "print and value": "print('a')\nprint('b', file=sys.stderr)\n'c'",
    "several values": "for i in range(3):\n    i\ni",
    "display": "from IPython.display import display\ndisplay(1, 2)\n3",
    "html": "from IPython.display import HTML\nHTML('<b>x</b>')",
    "exception": "x = 1\n\n1 / 0\nprint('never')",
    "exception in a function of the cell": "def f():\n    x = 1\n    return 1 / 0\n\nf()",
    "exception in a function of an earlier cell": "x = 1\nfail()",
    "exception from another": "try:\n    fail()\nexcept ValueError as e:\n    raise KeyError('other') from e",
    "exception group": "raise ExceptionGroup('all', [ValueError(1), KeyError(2)])",
    "interrupt": "print('a')\nraise KeyboardInterrupt",
    "exit": "sys.exit(3)",
    "value that cannot be shown": "class A:\n    def __repr__(self):\n        return 1 / 0\nA()",
    "await": "await asyncio.sleep(0)\n'awaited'",
    "await that fails": "await asyncio.sleep(0)\nfail()",
    "async for": "async def g():\n    yield 1\nasync for x in g():\n    print(x)",
    "line magic": "%pwd",
    "line magic assigned": "x = 1\nhere = %pwd\nlen(here) > 0",
    "line magic inside a block": "for i in range(2):\n    %who_ls int",
    "unknown line magic": "x = 1\n%no_such_magic",
    "shell command": "!echo hello",
    "shell command assigned": "out = !echo hello\nout",
    "shell command with a variable": "x = 'hello'\n!echo {x}",
    "time": "%%time\nprint('a')\n3",
    "time of what fails": "%%time\nx = 1\nfail()",
    "time after a blank line": "\n%%time\n3",
    "capture": "%%capture out\nprint('a')",
    "captured and shown": "%%capture out\nprint('a')\n1 / 0",
    "bash": "%%bash\necho hello",
    "bash that fails": "%%bash\nexit 3",
    "writefile": "%%writefile /dev/null\nhello",
    "unknown cell magic": "%%no_such_magic\nx",
    "syntax error": "x = 1\nfor:\n    pass",
    "syntax error found late": "x = 1\nreturn x",
    "indentation error": "if True:\nx = 1",
    "unclosed string": "x = '''abc\n",
    "unclosed bracket": "x = (1,\n",
    "invalid escape": "x = 1\n'\\d'",
    "help": "len?",
    "only comments": "# nothing\n# more",
    "only blank lines": "\n\n\n",
    "nothing": "",
    "blank lines and comments first": "\n\n# a comment\n\n1 / 0",
    "trailing blank lines": "3\n\n\n",
    "indented": "    x = 1\n    x + 1",
    "continuation": "x = 1 + \\\n  2\nx",
    "decorators and classes": "class A:\n    @property\n    def b(self):\n        return 1 / 0\nA().b",
    "a string that looks like a magic": "'''\n%%track\n%%time\n'''",
    "future import": "from __future__ import annotations\ndef f(x: no_such): pass\nf.__annotations__",
    "cell within the cell": "ip = get_ipython()\nr = ip.run_cell('print(1)\\n2')\nr.result",
    "failing cell within the cell": "r = get_ipython().run_cell('1 / 0')\nr.success",
    "globals": "sorted(n for n in globals() if n in ('x', 'fail', 'asyncio'))",
    "last values": "3\n_",
    "history": "len(In), In[2][:7]",
    "warning": "import warnings\nwarnings.warn('careful')",
    "logging": "import logging\nlogging.warning('careful')",
    "input": "input('?')",
    "source of a function": "import inspect\ndef f():\n    return 1\ninspect.getsource(f)",
    "delete": "x = 1\ndel x\nx",
    "windows lines": "x = 1\r\nx + 1",
}

# What differs between any two executions: addresses, times, names of temporary files.
VARYING = re.compile(r"0x[0-9a-f]+|[\d.e+]+ ?[mµμun]?s\b|/tmp/\S+|\d{4,}")
QUIET = {"NBTrack": {"show": False, "uri": "memory:"}}
STATUS = "print(*(run.status for run in nbtrack.runs()))"


def as_comment(body):
    """Return the untracked cell to compare with: a comment in place of ``%%track``, where a comment may stand."""
    return body if body.startswith(("%%", "\n%%", "    ")) else "#%%track\n" + body


def seen(cell):
    """Return what a user sees of a cell."""
    return VARYING.sub("…", str([cell.shown, cell.success, cell.error, cell.message]))


@pytest.mark.parametrize("name", BODIES)
def test_a_tracked_cell_looks_like_an_untracked_one(shell_server, tmp_path, name):
    plain, tracked = as_comment(BODIES[name]), "%%track\n" + BODIES[name]
    *_, expected = shell_server.run(tmp_path, "pass", SETUP, plain)
    *_, found, status = shell_server.run(tmp_path, "%load_ext nbtrack", SETUP, tracked, STATUS, config=QUIET)
    assert seen(found) == seen(expected)
    assert status.stdout.strip() == {None: "FINISHED", "KeyboardInterrupt": "KILLED"}.get(expected.error, "FAILED")


def test_bodies_have_the_outcomes_they_stand_for(shell_server, tmp_path):
    """The comparison above means something only if the untracked cell does what its name says."""
    *_, cell = shell_server.run(tmp_path, "pass", SETUP, as_comment(BODIES["exception"]))
    (error,) = cell.of("error")
    assert error[1] == "ZeroDivisionError"
    assert "----> 4 1 / 0" in error[3]
    *_, cell = shell_server.run(tmp_path, "pass", SETUP, BODIES["await"])
    assert cell.value == "'awaited'"
