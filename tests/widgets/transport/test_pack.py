"""The encoding of values for the browser; js/test/golden.test.ts decodes the same golden file."""

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
def test_packed_values_equal_the_golden_file(case):
    tree, block = pack(built(case["value"]))
    assert tree == case["tree"]
    assert base64.b64encode(block).decode() == case["block"]
    json.dumps(tree, allow_nan=False)


def test_only_evenly_spaced_whole_numbers_are_packed_as_a_range():
    uneven = np.array([0, 1, 2, 9, 4, 5, 6, 7.0])
    for each in (uneven, np.arange(8) / 2, np.arange(8) + 2.0**60, np.full(8, np.nan), np.r_[np.arange(7.0), np.inf]):
        assert pack(each) == ({"$a": [0, 8, "f8"]}, each.tobytes())


def test_arrays_of_other_types_are_converted_to_typed_arrays():
    tree, block = pack([np.array([1, 2**31]), np.array([True, False]), np.float32(0.5), np.int64(7), b"ab"])
    assert tree == [{"$a": [0, 2, "f8"]}, {"$a": [16, 2, "u1"]}, 0.5, 7, {"$a": [18, 2, "u1"]}]
    assert np.frombuffer(block[:16], "<f8").tolist() == [1.0, 2.0**31]


def test_small_steps_travel_as_32_bits():
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
