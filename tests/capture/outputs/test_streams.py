"""stdout and stderr are recorded, and what the user sees stays the same."""

import io
import sys
from contextlib import contextmanager

import pytest

from nbtrack.capture.base import CaptureGuard
from nbtrack.capture.outputs.streams import StreamCapture
from nbtrack.entities.tags import CAPTURE_FAILED


@contextmanager
def plain_streams():
    """Put plain streams in the place of pytest's."""
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    try:
        yield sys.stdout
    finally:
        sys.stdout, sys.stderr = kept


def files(streams):
    return {file.path: file.data.decode() for file in streams.files()}


def test_both_streams_are_recorded_and_shown():
    streams = StreamCapture(CaptureGuard())
    with plain_streams() as out:
        print("before")
        streams.start()
        print("hello", "world")
        sys.stderr.writelines(["a\n", "b\n"])
        streams.stop()
        print("after")
    assert files(streams) == {"outputs/stdout.txt": "hello world\n", "outputs/stderr.txt": "a\nb\n"}
    assert out.getvalue() == "before\nhello world\nafter\n"


def test_the_streams_are_restored():
    streams = StreamCapture(CaptureGuard())
    with plain_streams() as out:
        streams.start()
        assert sys.stdout is not out
        streams.stop()
        assert sys.stdout is out
    assert files(streams) == {}


def test_a_later_wrapper_of_the_stream_stays_in_place():
    streams = StreamCapture(CaptureGuard())
    with plain_streams() as out:
        streams.start()
        ours = sys.stdout
        sys.stdout = theirs = io.StringIO()
        streams.stop()
        assert sys.stdout is theirs
        ours.write("late")  # kept by a log handler, say
    assert out.getvalue() == "late"
    assert files(streams) == {}


def test_the_wrapped_stream_keeps_its_attributes():
    streams = StreamCapture(CaptureGuard())
    with plain_streams():
        streams.start()
        assert sys.stdout.getvalue() == ""
        assert sys.stdout.write("abc") == 3
        assert not sys.stdout.isatty()
        sys.stdout.flush()
        streams.stop()


def test_an_error_while_recording_does_not_reach_the_writer(monkeypatch):
    guard = CaptureGuard()
    streams = StreamCapture(guard)
    monkeypatch.setattr("nbtrack.capture.outputs.transcript.Transcript.write", lambda *_: 1 / 0)
    with plain_streams() as out:
        streams.start()
        print("still shown")
        streams.stop()
    assert out.getvalue() == "still shown\n"
    assert "ZeroDivisionError" in guard.failures().tags[CAPTURE_FAILED]


def test_an_error_of_the_stream_itself_reaches_the_writer():
    streams = StreamCapture(CaptureGuard())
    with plain_streams() as out:
        streams.start()
        out.close()
        with pytest.raises(ValueError, match="closed file"):
            print("x")
        streams.stop()


def test_secrets_are_redacted_and_lone_surrogates_replaced():
    streams = StreamCapture(CaptureGuard())
    with plain_streams():
        streams.start()
        print("API_KEY=abc123", "\ud800")
        streams.stop()
    assert files(streams) == {"outputs/stdout.txt": "API_KEY=[redacted] ?\n"}


def test_a_process_without_streams(monkeypatch):
    streams = StreamCapture(CaptureGuard())
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        patch.setattr(sys, "stderr", None)
        streams.start()
        streams.stop()
    assert streams.files() == []


@pytest.mark.slow
def test_threads_subprocesses_and_libraries_are_recorded_in_a_kernel(kernel):
    kernel.run(
        "import os, sys, threading, subprocess, logging\n"
        "from nbtrack.capture.base import CaptureGuard\n"
        "from nbtrack.capture.outputs.streams import StreamCapture\n"
        "streams = StreamCapture(CaptureGuard())"
    )
    shown = kernel.run(
        "streams.start()\n"
        "print('printed')\n"
        "t = threading.Thread(target=print, args=('from a thread',)); t.start(); t.join()\n"
        "logging.warning('warned')\n"
        "_ = os.system('echo from a subprocess')\n"
        "_ = os.write(1, b'from C\\n')\n"
        "import time; end = time.time() + 30\n"
        "while time.time() < end and b'from C' not in b''.join(f.data for f in streams.files()):\n"
        "    time.sleep(0.01)  # ipykernel reads the pipe in a thread\n"
        "streams.stop()"
    )
    text = "".join(content["text"] for kind, content in shown if content.get("name") == "stdout")
    taken = kernel.value("{f.path: f.data.decode() for f in streams.files()}")
    for line in ("printed", "from a thread", "from a subprocess", "from C"):
        assert line in text.splitlines()
        assert line in taken["outputs/stdout.txt"].splitlines()
    assert "warned" in taken["outputs/stderr.txt"]
    assert kernel.value("[sys.stdout.echo, sys.stderr.echo]") == [None, None]
