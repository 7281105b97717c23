"""Encoded columns: they decode bit for bit, are small, and damage is an error."""

from __future__ import annotations

import sys
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbtrack.errors import StoreError
from nbtrack.store.chunks import decode_into, encode

COLUMNS = st.one_of(
    hnp.arrays(np.int64, st.integers(0, 300)),
    hnp.arrays(np.int64, st.integers(0, 300), elements=st.integers(-5, 5)),
    hnp.arrays(np.uint64, st.integers(0, 300)).map(lambda bits: bits.view(np.float64)),
    hnp.arrays(np.float64, st.integers(0, 300), elements=st.floats(allow_subnormal=True)),
)


def decoded(data, like):
    column = np.empty_like(like)
    decode_into(data, column)
    return column


@given(COLUMNS)
def test_every_bit_comes_back(column):
    assert decoded(encode(column), column).tobytes() == column.tobytes()


@given(COLUMNS)
def test_a_chunk_is_never_much_larger_than_its_numbers(column):
    assert len(encode(column)) <= column.nbytes + 1


def test_a_column_may_be_a_view():
    table = np.arange(1000.0).reshape(100, 10)
    assert decoded(encode(table[:, 3]), table[:, 3].copy()).tolist() == table[:, 3].tolist()


def test_a_chunk_decodes_into_a_part_of_an_array():
    column = np.zeros(100)
    decode_into(encode(np.arange(50.0)), column[25:75])
    assert column[25:75].tolist() == list(range(50))
    assert not column[:25].any()
    assert not column[75:].any()


COUNT = np.arange(100_000)


@pytest.mark.parametrize(
    "column, most",
    [
        (COUNT, 0.01),
        (1_700_000_000_000 + COUNT // 3, 0.2),
        (np.full(100_000, 1e-3), 0.01),
        (COUNT * 1e-6, 0.1),
        (1 / (COUNT + 1), 1),
        ((COUNT * 7919 % 1000) / 1000, 0.3),
        (np.random.default_rng(0).standard_normal(100_000), 7.2),
        (np.random.default_rng(0).standard_normal(100_000).astype(np.float32).astype(np.float64), 3.6),
    ],
    ids=["steps", "times", "constant", "linear", "loss", "periodic", "noise", "float32"],
)
def test_bytes_per_number(column, most):
    assert len(encode(column)) / len(column) <= most


@pytest.mark.parametrize("column", [np.arange(3), np.arange(1000), np.arange(3.0), np.random.default_rng(0).random(1000)])
def test_a_damaged_chunk_raises_an_error_or_decodes_to_numbers(column):
    data = encode(column)
    for at in range(0, len(data), max(1, len(data) // 200)):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]):
            with suppress(StoreError):
                decoded(damaged, column)


@pytest.mark.parametrize("data", [b"", b"x", b"r", b"r1234567", b"pco!", encode(np.arange(99)), encode(np.arange(101))])
def test_a_chunk_of_another_length_is_an_error(data):
    with pytest.raises(StoreError, match="chunk"):
        decode_into(data, np.empty(100, np.int64))


def test_a_chunk_of_another_type_is_an_error():
    with pytest.raises(StoreError, match="chunk"):
        decode_into(encode(np.arange(100)), np.empty(100))


@pytest.mark.skipif(sys.byteorder != "little", reason="numbers are kept little-endian")
def test_the_format_of_small_chunks_is_the_numbers_themselves():
    assert encode(np.array([1, -1])) == b"r" + (1).to_bytes(8, "little") + b"\xff" * 8
    assert encode(np.array([])) == b"r"
    assert encode(np.arange(1000))[:4] == b"pco!"
