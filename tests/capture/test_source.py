"""The cell's source, and the cells before it, each returned once."""

import json
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from nbtrack.capture.source import CELL_ID, EXECUTION_COUNT, ExecutedCells, capture_cell


def digest(text):
    return sha256(text.encode()).hexdigest()


def entries(captured):
    return json.loads(captured.documents[-1].text)


def sent(captured):
    return [d.text for d in captured.documents if d.kind == ""]


def test_a_cell_is_captured_with_count_and_id():
    captured = capture_cell("%%track\nx = 1", 7, "abc-1")
    assert captured.tags == {EXECUTION_COUNT: "7", CELL_ID: "abc-1"}
    assert [(d.kind, d.text) for d in captured.documents] == [("code", "%%track\nx = 1")]


def test_a_front_end_without_cell_ids():
    assert CELL_ID not in capture_cell("x", 1, None).tags


def test_secrets_in_a_cell_are_redacted():
    assert capture_cell('token = "abc"', 1, None).documents[0].text == 'token = "[redacted]"'


def test_lone_surrogates_are_replaced():
    assert capture_cell("x = '\ud800'", 1, None).documents[0].text == "x = '?'"


def test_the_cells_before_are_listed_and_not_this_one():
    captured = ExecutedCells().capture(["", "a = 1", "b = 2", "c = 3"], 3)
    assert entries(captured) == [
        {"execution_count": 1, "sha256": digest("a = 1")},
        {"execution_count": 2, "sha256": digest("b = 2")},
    ]
    assert sent(captured) == ["a = 1", "b = 2"]


def test_a_source_is_returned_once():
    cells = ExecutedCells()
    cells.capture(["", "a", "b", "a"], 4)
    again = cells.capture(["", "a", "b", "a", "b", "c"], 6)
    assert sent(again) == ["c"]
    assert [e["sha256"] for e in entries(again)] == [digest(t) for t in "ababc"]


def test_a_reset_history_starts_again():
    cells = ExecutedCells()
    cells.capture(["", "a", "b", "c"], 4)
    assert [e["sha256"] for e in entries(cells.capture(["", "d"], 2))] == [digest("d")]
    assert [e["sha256"] for e in entries(cells.capture(["", "x", "y"], 3))] == [digest("x"), digest("y")]


def test_the_first_cell_has_none_before_it():
    assert entries(ExecutedCells().capture([""], 1)) == []
    assert entries(ExecutedCells().capture([], 1)) == []


def test_the_hash_is_of_the_source_as_stored():
    captured = ExecutedCells().capture(["", 'password = "abc"'], 2)
    assert entries(captured)[0]["sha256"] == digest(sent(captured)[0]) == digest('password = "[redacted]"')


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c = 1", ""]), max_size=4), max_size=6))
def test_growing_histories_give_the_same_as_a_new_capture(steps):
    cells, history, known = ExecutedCells(), [""], set()
    for step in steps:
        history += step
        captured = cells.capture(history, len(history))
        assert entries(captured) == entries(ExecutedCells().capture(history, len(history)))
        assert known.isdisjoint(sent(captured))
        known.update(sent(captured))
        assert {digest(t) for t in known} == {e["sha256"] for e in entries(captured)}


def test_only_the_last_thousand_cells_are_listed():
    cells, history = ExecutedCells(), [f"x = {number}" for number in range(2500)]
    for count in (900, 1500, 2500):
        listed = json.loads(cells.capture(history, count).documents[-1].text)
        assert [each["execution_count"] for each in listed] == list(range(max(0, count - 1000), count))
    assert cells.capture(history, 2500).left_out == ("the first 1500 cells of the kernel (a run lists 1,000)",)
