"""Values on their way to a browser; js/test/golden.test.ts reads the same golden file from the other end."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from nbtrack.widgets.data import format as written
from nbtrack.widgets.transport.pack import pack

GOLDEN = Path(__file__).parents[1] / "golden"
TYPES = {"f8": np.float64, "f4": np.float32, "i4": np.int32, "u4": np.uint32, "u1": np.uint8}
PACKED = json.loads((GOLDEN / "packed.json").read_text(encoding="utf-8"))
FORMAT = json.loads((GOLDEN / "format.json").read_text(encoding="utf-8"))


def built(value):
    """Turn the golden file's value into what is packed."""
    if isinstance(value, list):
        return [built(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.array(value["array"], TYPES[value["type"]])
    return float(value["float"]) if "float" in value else {key: built(each) for key, each in value.items()}


@pytest.mark.parametrize("case", PACKED, ids=[case["name"] for case in PACKED])
def test_packs_as_the_golden_file_says(case):
    tree, block = pack(built(case["value"]))
    assert tree == case["tree"]
    assert base64.b64encode(block).decode() == case["block"]
    json.dumps(tree, allow_nan=False)


def test_only_whole_numbers_at_even_distances_are_written_as_such():
    uneven = np.array([0, 1, 2, 9, 4, 5, 6, 7.0])
    for each in (uneven, np.arange(8) / 2, np.arange(8) + 2.0**60, np.full(8, np.nan), np.r_[np.arange(7.0), np.inf]):
        assert pack(each) == ({"$a": [0, 8, "f8"]}, each.tobytes())


def test_types_a_browser_has_no_arrays_for_become_those_it_has():
    tree, block = pack([np.array([1, 2**31]), np.array([True, False]), np.float32(0.5), np.int64(7), b"ab"])
    assert tree == [{"$a": [0, 2, "f8"]}, {"$a": [16, 2, "u1"]}, 0.5, 7, {"$a": [18, 2, "u1"]}]
    assert np.frombuffer(block[:16], "<f8").tolist() == [1.0, 2.0**31]


def test_steps_take_half_of_the_room_where_they_fit():
    steps = np.array([-(2**31), 5, 2**31 - 1])
    assert pack(steps) == ({"$a": [0, 3, "i4"]}, steps.astype("<i4").tobytes())
    assert pack(np.arange(9)) == ({"$r": [0, 1, 9]}, b"")


def test_big_endian_arrays_travel_little_endian():
    _, block = pack(np.array([1.5], ">f8"))
    assert block == np.array([1.5], "<f8").tobytes()


FUNCTIONS = {
    "number": written.number,
    "shortNumber": written.short_number,
    "duration": written.duration,
    "ago": written.ago,
    "size": written.size,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_are_written_as_the_page_writes_them(name):
    for *arguments, expected in FORMAT[name]:
        read = [float(a) if isinstance(a, str) else a for a in arguments]
        assert FUNCTIONS[name](*read) == expected
