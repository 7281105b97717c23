"""A failing capture leaves only a tag and affects nothing else."""

import pytest

from nbtrack.capture.base import Captured, CaptureGuard, NotRecordable, WrongKind, clip_middle, failure, merge, read_each
from nbtrack.entities.events import DocumentLogged
from nbtrack.entities.run import Dataset
from nbtrack.entities.tags import CAPTURE_FAILED


def test_captures_are_merged():
    one = Captured({"a": "1"}, {"x": 1}, (DocumentLogged("code", "c"),), (Dataset("d", "1"),))
    two = Captured({"a": "2", "b": "3"}, {"y": 2}, (DocumentLogged("diff", "d"),))
    assert merge(one, two) == Captured(
        {"a": "2", "b": "3"}, {"x": 1, "y": 2}, (DocumentLogged("code", "c"), DocumentLogged("diff", "d")), (Dataset("d", "1"),)
    )
    assert merge() == Captured()


def test_reports_of_failures_are_joined():
    joined = merge(failure("git", "gone"), Captured({"a": "1"}), failure("params", "odd"))
    assert joined.tags == {CAPTURE_FAILED: "git: gone; params: odd", "a": "1"}


class Mean(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


@pytest.mark.parametrize("error", [ValueError("wrong\nhere"), Mean(), RecursionError()])
def test_an_exception_of_a_capture_is_contained_and_reported(error):
    def fail():
        raise error

    guard = CaptureGuard()
    assert guard.run("git", fail, "nothing") == "nothing"
    assert guard.run("params", lambda: 5, 0) == 5
    told = guard.failures().tags[CAPTURE_FAILED]
    assert told.startswith("git: ")
    assert type(error).__name__ in told
    assert "\n" not in told


def test_an_interrupt_is_not_caught():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CaptureGuard().run("git", interrupt, None)


def test_secrets_in_a_failure_are_redacted():
    assert "hunter2" not in failure("git", "cannot read postgresql://me:hunter2@db/x").tags[CAPTURE_FAILED]


def test_no_failures_give_no_tag():
    assert CaptureGuard().failures() == Captured()


def test_zero_seconds_disable_captures_and_are_reported():
    guard = CaptureGuard(seconds=0.0)
    assert guard.run("datasets", lambda: 1, 0) == 0
    assert guard.failures().tags[CAPTURE_FAILED].startswith("datasets: left out")
    assert guard.shield("stdout", lambda: 1, 0) == 1


def test_captures_do_not_share_a_time_limit(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    guard = CaptureGuard(seconds=1.0)
    for name in ("params", "git", "environment"):
        assert guard.run(name, lambda: now.__setitem__(0, now[0] + 60) or "done", "") == "done"
    assert guard.failures() == Captured()


def test_values_left_out_before_and_after_the_cell_are_reported():
    guard = CaptureGuard()
    guard.facts("params", lambda: Captured(left_out=("big (more than 64 values)",)))
    guard.facts("datasets", lambda: Captured(left_out=tuple(f"x{i}" for i in range(9))))
    guard.facts("params", lambda: Captured(left_out=("late (a number of more than 4,000 digits)",)))
    said = "params: left out big (more than 64 values), late (a number of more than 4,000 digits)"
    assert guard.failures().tags[CAPTURE_FAILED] == f"{said}; datasets: left out x0, x1, x2, x3, x4 and 4 more"


def test_a_value_that_fails_does_not_affect_the_others():
    def read(name, value):
        if value == 0:
            raise WrongKind
        if value < 0:
            raise NotRecordable("less than nothing")
        return 1 / (value - 2)

    found, left_out = read_each({"a": 1, "none": 0, "b": -5, "c": 2, "d": 3}.items(), read)
    assert found == {"a": -1.0, "d": 1.0}
    assert left_out == ("b (less than nothing)", "c (ZeroDivisionError: division by zero)")


def test_a_reason_is_short_and_redacted():
    def read(name, value):
        raise value

    _, left_out = read_each([("a", Mean()), ("b", ValueError("password=hunter2abc " + "x" * 10**7))], read)
    assert all(len(each) < 150 for each in left_out)
    assert "hunter2" not in str(left_out)


def test_long_texts_are_clipped_by_whole_lines_in_the_middle():
    text = "".join(f"line {i}\n" for i in range(1000))
    clipped = clip_middle(text, 300).splitlines()
    assert clipped[0] == "line 0"
    assert clipped[-1] == "line 999"
    assert sum("left out" in line for line in clipped) == 1
    assert all(line.startswith("line ") or "left out" in line for line in clipped)
    assert len("\n".join(clipped)) < 350
    assert clip_middle("short", 300) == "short"
    assert len(clip_middle("x" * 10_000, 300)) < 350
