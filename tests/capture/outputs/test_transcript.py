"""A transcript holds what a terminal would show."""

import io
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tqdm import tqdm

from nbtrack.capture.outputs.transcript import Transcript


def shown(*writes, **options):
    transcript = Transcript(**options)
    for text in writes:
        transcript.write(text)
    return transcript.text()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("plain\ntext\n", "plain\ntext\n"),
        ("", ""),
        ("10%\r20%\r100%\n", "100%\n"),
        ("long line\rab", "abng line"),
        ("crlf\r\nnext", "crlf\nnext"),
        ("ab\x08c", "ac"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;5;208mx\x1b[m", "x"),
        ("abc\r\x1b[Kd", "d"),
        ("abc\x1b[1Kd", "   d"),
        ("abc\x1b[2K\rd", "d"),
        ("one\ntwo\n\x1b[2AONE\n\x1b[1BTHREE", "ONE\ntwo\nTHREE"),
        ("abc\x1b[2Dx", "axc"),
        ("a\x1b[3Cb", "a   b"),
        ("abc\x1b[1Gx", "xbc"),
        ("a\nb\nc\x1b[2A\x1b[J", "a"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("\x1b(Bx", "x"),
        ("end\x1b", "end"),
        ("a\x1b\x1bMb", "ab"),
        ("\x1b[99Ax", "x"),
    ],
)
def test_control_characters_take_effect(written, expected):
    assert shown(written) == expected


@given(st.text(alphabet="ab\n\r\x08\x1b[]0123;ABCDGHJKm\x07", max_size=60), st.lists(st.integers(0, 60)))
def test_the_result_does_not_depend_on_how_writes_are_split(text, cuts):
    edges = sorted({0, len(text), *(c for c in cuts if c < len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    transcript = Transcript()
    for piece in pieces:
        transcript.write(piece)
        transcript.text()  # works in what is there
    assert transcript.text() == shown(text)


@given(st.text(st.characters(exclude_characters="\r\x08\x1b"), max_size=200))
def test_text_without_control_characters_is_unchanged(text):
    assert shown(text) == text


def test_a_progress_bar_is_one_line():
    out = io.StringIO()
    for _ in tqdm(range(500), file=out, mininterval=0, ascii=True):
        pass
    lines = shown("before\n", out.getvalue(), "after\n").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("100%|##########| 500/500")


def test_nested_progress_bars_are_one_line_each():
    out = io.StringIO()
    for _ in tqdm(range(3), file=out, mininterval=0, desc="outer", ascii=True):
        for _ in tqdm(range(4), file=out, mininterval=0, desc="inner", leave=False, position=1, ascii=True):
            pass
    lines = [line for line in shown(out.getvalue()).splitlines() if line.strip()]
    assert len(lines) == 1
    assert lines[0].startswith("outer: 100%")


def test_long_output_keeps_its_head_and_its_tail():
    text = shown(*(f"line {i}\n" for i in range(100_000)), limit=10_000)
    lines = text.splitlines()
    assert lines[0] == "line 0"
    assert lines[-1] == "line 99999"
    assert sum("characters left out" in line for line in lines) == 1
    assert len(text) < 11_000
    left_out = int(next(line for line in lines if "left out" in line).split()[1])
    note = next(line for line in lines if "left out" in line)
    assert left_out + len(text) - len(note) - 1 == sum(len(f"line {i}\n") for i in range(100_000))


def test_an_endless_line_is_bounded():
    text = shown(*["x" * 100_000] * 100, limit=3_000_000)
    assert len(text) < 4_100_000


def test_long_running_progress_bars_take_constant_memory():
    transcript = Transcript(limit=1000)
    transcript.write("start\n")
    for i in range(100_000):
        transcript.write(f"\r{i:6d} it")
    transcript.write("\nend\n")
    assert transcript.text() == "start\n 99999 it\nend\n"


def test_writes_of_several_threads_are_all_recorded():
    transcript = Transcript()

    def write(name):
        for i in range(20_000):
            transcript.write(f"{name}{i}\n")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = transcript.text().splitlines()
    assert sorted(lines) == sorted(f"{name}{i}" for name in "abc" for i in range(20_000))


@pytest.mark.parametrize("ending", ["", "\n", "\r"])
def test_very_long_lines_are_bounded_too(ending):
    transcript = Transcript(limit=3_000_000)
    for _ in range(60):
        transcript.write("x" * 600_000 + ending)
    assert len(transcript.text()) < 6_000_000
