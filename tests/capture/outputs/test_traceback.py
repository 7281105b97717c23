"""The stored traceback begins in the user's code and contains no secrets."""

import IPython
import pytest

from nbtrack.capture.outputs.traceback import exception_text


def caught(function):
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def test_an_error_is_shown_with_its_cause():
    def fail():
        try:
            {}["lr"]
        except KeyError as error:
            raise ValueError("no lr") from error

    lines = exception_text(caught(fail)).splitlines()
    assert "KeyError: 'lr'" in lines
    assert "The above exception was the direct cause of the following exception:" in lines
    assert lines[-1] == "ValueError: no lr"
    assert any('{}["lr"]' in line for line in lines)


def test_secrets_in_the_message_and_the_code_are_redacted():
    def fail():
        connect = "postgresql://me:hunter2@db/x"
        raise ConnectionError(f"cannot reach {connect}")

    assert "hunter2" not in exception_text(caught(fail))


def test_long_messages_are_clipped_in_the_middle():
    text = exception_text(ValueError("first\n" + "x\n" * 500_000 + "last"))
    assert len(text) < 210_000
    assert "first" in text
    assert text.endswith("last\n")


def test_errors_whose_str_raises_are_shown():
    class Mean(Exception):
        def __str__(self):
            raise RuntimeError

    assert "Mean" in exception_text(Mean())
    assert "\ud800" not in exception_text(ValueError("\ud800"))
    assert "KeyboardInterrupt" in exception_text(KeyboardInterrupt())
    group = ExceptionGroup("many", [ValueError("one"), TypeError("two")])
    assert "ValueError: one" in exception_text(group)
    assert "TypeError: two" in exception_text(group)


def test_deep_recursion_is_shown_shortened():
    def down():
        down()

    assert len(exception_text(caught(down))) < 5000


CELL = """
from nbtrack.capture.outputs.traceback import cell_name, exception_text
result = shell.run_cell({cell!r}, store_history=True)
print()
print(json.dumps(exception_text(result.error_before_exec or result.error_in_exec)))
"""


def test_a_cell_has_ipythons_name_and_frames_before_it_are_left_out(shell):
    text = shell(CELL.format(cell="x = 1\ndef f():\n    return 1 / 0\nf()"))
    assert [line for line in text.splitlines() if line.strip(" ~^")] == [
        "Traceback (most recent call last):",
        '  File "Cell In[1]", line 4, in <module>',
        "    f()",
        '  File "Cell In[1]", line 3, in f',
        "    return 1 / 0",
        "ZeroDivisionError: division by zero",
    ]


def test_a_syntax_error_in_the_cell(shell):
    text = shell(CELL.format(cell="x = 1\ny = = 2"))
    assert text.splitlines() == ['  File "Cell In[1]", line 2', "    y = = 2", "        ^", "SyntaxError: invalid syntax"]


def test_a_syntax_error_raised_while_the_cell_runs(shell):
    lines = shell(CELL.format(cell="x = 1\neval('1 +')")).splitlines()
    assert '  File "Cell In[1]", line 2, in <module>' in lines
    assert lines[-1].startswith("SyntaxError")


def test_frames_of_nbtrack_are_left_out(shell):
    cell = "from nbtrack.capture.params.named import named_params\nnamed_params({}, ['x'])"
    lines = shell(CELL.format(cell=cell)).splitlines()
    assert lines[:3] == [
        "Traceback (most recent call last):",
        '  File "Cell In[1]", line 2, in <module>',
        "    named_params({}, ['x'])",
    ]
    assert lines[-1].startswith("nbtrack.errors.InvalidInput: there is no variable 'x'")
    assert not any("capture/named.py" in line for line in lines)


@pytest.mark.parametrize("cell", ["%%time\n1 / 0", "!exit 1\nimport json; json.loads('{')"])
def test_frames_of_libraries_stay(shell, cell):
    if "%%time" in cell and IPython.version_info < (8, 19):
        pytest.skip("its %%time shows the error by itself, and tells nobody of it")
    lines = shell(CELL.format(cell=cell)).splitlines()
    assert lines[1].startswith('  File "Cell In[1]", line ')
    assert sum(line.startswith("  File ") for line in lines) > 1
