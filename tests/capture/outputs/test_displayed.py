"""Figures, tables and values that a cell displays become files in their final state."""

import base64
import io

import pytest
from PIL import Image

from nbtrack.capture.base import CaptureGuard
from nbtrack.capture.outputs.displayed import OWN_METADATA, DisplayCapture
from nbtrack.entities.tags import CAPTURE_FAILED


def png(color="red"):
    out = io.BytesIO()
    Image.new("RGB", (2, 2), color).save(out, "png")
    return out.getvalue()


PNG, BLUE = png(), png("blue")


class Publisher:
    """Publishes as ipykernel does: messages through hooks."""

    def __init__(self):
        self.hooks, self.sent = [], []

    def register_hook(self, hook):
        self.hooks.append(hook)

    def unregister_hook(self, hook):
        self.hooks.remove(hook)

    def send(self, kind, **content):
        message = {"header": {"msg_type": kind}, "content": content}
        for hook in self.hooks:
            message = hook(message)
        self.sent.append(message)

    def show(self, data, metadata=None, display_id=None, kind="display_data"):
        data = {mime: base64.b64encode(part).decode() if isinstance(part, bytes) else part for mime, part in data.items()}
        self.send(kind, data=data, metadata=metadata or {}, transient={"display_id": display_id} if display_id else {})


class DisplayHook:
    def __init__(self):
        self.written = []

    def write_format_data(self, data, metadata=None):
        self.written.append(data)


class Shell:
    def __init__(self):
        self.display_pub, self.displayhook = Publisher(), DisplayHook()


@pytest.fixture
def shell_():
    return Shell()


@pytest.fixture
def displays(shell_):
    capture = DisplayCapture(shell_, CaptureGuard())
    capture.start()
    yield capture
    capture.stop()


def files(displays):
    return {file.path: file.data for file in displays.files()}


def test_outputs_are_numbered_by_kind(shell_, displays):
    show = shell_.display_pub.show
    show({"image/png": PNG, "text/plain": "<Figure>"})
    show({"text/html": "<div><table><tr></tr></table></div>", "text/plain": "x"})
    show({"image/svg+xml": "<svg/>"})
    show({"text/html": "<b>x</b>"})
    show({"text/markdown": "# x", "text/plain": "y"})
    show({"application/vnd.vegalite.v5+json": {"a": 1}, "text/plain": "z"})
    show({"text/plain": "only text"})
    show({"image/jpeg": b"jpeg"})
    assert files(displays) == {
        "outputs/figure-1.png": PNG,
        "outputs/table-1.html": b"<div><table><tr></tr></table></div>",
        "outputs/figure-2.svg": b"<svg/>",
        "outputs/display-1.html": b"<b>x</b>",
        "outputs/display-2.md": b"# x",
        "outputs/display-3.json": b'{"a": 1}',
        "outputs/display-4.txt": b"only text",
        "outputs/figure-3.jpg": b"jpeg",
    }


def test_the_message_is_passed_on_unchanged(shell_, displays):
    shell_.display_pub.show({"text/plain": "x"})
    assert shell_.display_pub.sent[0]["content"]["data"] == {"text/plain": "x"}


def test_the_value_of_the_cell_is_a_result_file(shell_, displays):
    shell_.displayhook.write_format_data({"text/plain": "0.93"}, {})
    assert shell_.displayhook.written == [{"text/plain": "0.93"}]
    assert files(displays) == {"outputs/result.txt": b"0.93"}


def test_a_rich_value_is_saved_like_a_display(shell_, displays):
    shell_.displayhook.write_format_data({"image/png": PNG, "text/plain": "x"})
    assert files(displays) == {"outputs/figure-1.png": PNG}


def test_an_updated_display_is_saved_in_its_last_state(shell_, displays):
    show = shell_.display_pub.show
    show({"image/png": PNG}, display_id="a")
    show({"text/plain": "between"})
    for color in ("green", "blue"):
        show({"image/png": png(color)}, display_id="a", kind="update_display_data")
    show({"text/plain": "of another cell"}, display_id="z", kind="update_display_data")
    assert files(displays) == {"outputs/figure-1.png": BLUE, "outputs/display-1.txt": b"between"}


def test_cleared_outputs_are_not_saved(shell_, displays):
    for color in ("red", "green", "blue"):
        shell_.display_pub.send("clear_output", wait=True)
        shell_.display_pub.show({"image/png": png(color)})
    assert files(displays) == {"outputs/figure-1.png": BLUE}
    shell_.display_pub.send("clear_output", wait=False)
    assert files(displays) == {}


def test_clear_with_wait_and_no_further_output_clears_nothing(shell_, displays):
    shell_.display_pub.show({"image/png": PNG})
    shell_.display_pub.send("clear_output", wait=True)
    assert files(displays) == {"outputs/figure-1.png": PNG}


def test_widgets_and_nbtracks_own_displays_are_left_out(shell_, displays):
    shell_.display_pub.show({"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "Slider()"})
    shell_.display_pub.show({"text/html": "<p>run</p>"}, metadata={OWN_METADATA: {"run": "x"}})
    assert files(displays) == {}


def test_number_and_size_are_bounded(shell_, displays, monkeypatch):
    monkeypatch.setattr("nbtrack.capture.outputs.displayed._MOST_BYTES", 1000)
    shell_.display_pub.show({"text/html": "x" * 900})
    shell_.display_pub.show({"text/html": "y" * 900})
    for _ in range(100):
        shell_.display_pub.show({"text/html": "z"})
    assert [len(data) for data in files(displays).values()] == [900, *[1] * 49]
    assert displays._guard.failures().tags[CAPTURE_FAILED].startswith("displays: left out 52 of 102 outputs (a run takes 50")


def test_long_text_is_cut_in_its_middle(shell_, displays):
    shell_.displayhook.write_format_data({"text/plain": "line\n" * 100_000})
    assert len(files(displays)["outputs/result.txt"]) < 250_000


def test_secrets_in_text_are_redacted(shell_, displays):
    shell_.display_pub.show({"text/html": "<p>hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH</p>"})
    shell_.displayhook.write_format_data({"text/plain": "{'password': 'abc'}"})
    assert files(displays) == {
        "outputs/display-1.html": b"<p>[redacted]</p>",
        "outputs/result.txt": b"{'password': '[redacted]'}",
    }


def test_a_broken_output_affects_neither_the_cell_nor_other_outputs(shell_):
    guard = CaptureGuard()
    displays = DisplayCapture(shell_, guard)
    displays.start()
    shell_.display_pub.send("display_data")
    shell_.display_pub.send("display_data", data={"image/png": "x"}, metadata={})
    shell_.display_pub.show({"text/html": "x"})
    displays.stop()
    assert files(displays) == {"outputs/display-1.html": b"x"}
    assert CAPTURE_FAILED in guard.failures().tags
    assert len(shell_.display_pub.sent) == 3


def test_the_hooks_are_removed(shell_):
    displays = DisplayCapture(shell_, CaptureGuard())
    displays.start()
    displays.stop()
    shell_.display_pub.show({"text/html": "x"})
    shell_.displayhook.write_format_data({"text/plain": "x"})
    assert files(displays) == {}
    assert shell_.display_pub.hooks == []
    assert "write_format_data" not in vars(shell_.displayhook)


def test_displays_are_recorded_in_a_plain_shell(shell):
    got = shell(
        """
from nbtrack.capture.base import CaptureGuard
from nbtrack.capture.outputs.displayed import DisplayCapture
displays = DisplayCapture(shell, CaptureGuard())
displays.start()
shell.run_cell("from IPython.display import display, HTML\\ndisplay(HTML('<b>x</b>'))\\n6 * 7", store_history=True)
shell.run_cell("8;", store_history=True)
displays.stop()
shell.run_cell("display(HTML('late'))\\n9")
print(json.dumps({f.path: f.data.decode() for f in displays.files()}))
"""
    )
    assert got == {"outputs/display-1.html": "<b>x</b>", "outputs/result.txt": "42"}


@pytest.mark.slow
def test_figures_are_recorded_and_shown_in_a_kernel(kernel):
    kernel.run(
        "import pandas as pd, matplotlib.pyplot as plt, base64\n"
        "from IPython.display import display, clear_output\n"
        "from nbtrack.capture.base import CaptureGuard\n"
        "from nbtrack.capture.outputs.displayed import DisplayCapture\n"
        "displays = DisplayCapture(get_ipython(), CaptureGuard())\n"
        "get_ipython().events.register('pre_run_cell', lambda info: displays.start() if 'TRACK' in info.raw_cell else None)\n"
        "get_ipython().events.register('post_run_cell', lambda result: displays.stop())\n"
        "%matplotlib inline"
    )
    cell = ["# TRACK", "plt.plot([1, 2]); plt.show()", "display(pd.DataFrame({'a': [1]}))", "plt.plot([3])"]
    shown = kernel.run("\n".join([*cell, "h = display('x', display_id=True)", "h.update('y')", "1 + 1"]))
    taken = kernel.value("{f.path: base64.b64encode(f.data[:4]).decode() for f in displays.files()}")
    assert sorted(taken) == [
        "outputs/display-1.txt",
        "outputs/figure-1.png",
        "outputs/figure-2.png",
        "outputs/result.txt",
        "outputs/table-1.html",
    ]
    assert base64.b64decode(taken["outputs/figure-1.png"]) == b"\x89PNG"
    assert [kind for kind, _ in shown].count("display_data") == 4
    plain = kernel.run("# plain\nplt.plot([1, 2]); plt.show()\n5")
    assert [kind for kind, _ in plain] == ["display_data", "execute_result"]
    assert kernel.value("len(displays.files())") == 5
