"""Values that a user may pass to a function by mistake, or on purpose."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import math
import pathlib
import uuid

import numpy as np
from hypothesis import strategies as st

__all__ = ["NASTY", "anything", "short_texts", "texts"]


class Color(enum.Enum):
    RED = 1


class Unshowable:
    """An object whose repr fails."""

    def __repr__(self):
        raise ZeroDivisionError

    def __str__(self):
        return "text"


_endless_list: list = []
_endless_list.append(_endless_list)
_endless_dict: dict = {}
_endless_dict["itself"] = _endless_dict
_deep: object = 1
for _ in range(40):
    _deep = [_deep]

NASTY_TEXTS = [
    "",
    " ",
    "a\0b",
    "half \ud800 a pair",
    "👩\u200d👩\u200d👧 é \u202egnp.exe",
    "line\r\nline\u2028line",
    "'; DROP TABLE runs; -- \" ` %s %(x)s {0} :x ?",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "..%2f..%2fetc",
    "x" * 1_000_000,
    "é" * 600,
    "".join(chr(0x4E00 + 7 * at) for at in range(2900)),
    "((((((((((((((((((((((((((((((((((((((((",
    "nan",
    "\\",
]
NASTY = [
    None,
    True,
    -1,
    10**5000,
    (1 << 63) - 1,
    1 << 63,
    -(1 << 63),
    -(1 << 63) - 1,
    math.nan,
    math.inf,
    -math.inf,
    -0.0,
    5e-324,
    1e308,
    1j,
    b"bytes\xff",
    decimal.Decimal("1.1"),
    decimal.Decimal("NaN"),
    decimal.Decimal("1e400"),
    fractions.Fraction(1, 3),
    np.float32(1.5),
    np.int8(3),
    np.uint64(2**64 - 1),
    np.longdouble(1.5),
    np.bool_(True),
    np.str_("text"),
    np.datetime64("2020-01-01"),
    np.array([1, 2]),
    np.array(3.0),
    np.array([3.0]),
    np.array(None),
    datetime.date(2020, 1, 1),
    datetime.datetime(1, 1, 1),
    datetime.timedelta(days=1),
    pathlib.PurePosixPath("x/y"),
    uuid.UUID(int=1),
    Color.RED,
    Color,
    int,
    object(),
    Unshowable(),
    len,
    {1, 2},
    {1: 2},
    {None: 1},
    {"a\0": "b\0"},
    {"half \ud800": ["\ud800"]},
    {"y" * 1000: 1},
    ["a\0"],
    _endless_list,
    _endless_dict,
    _deep,
    *NASTY_TEXTS,
]

short_texts = st.sampled_from([text for text in NASTY_TEXTS if len(text) < 10_000]) | st.text(st.characters(), max_size=30)
texts = st.sampled_from(NASTY_TEXTS) | st.text(st.characters(), max_size=30)
_simple = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8) | st.binary(max_size=8)
anything = (
    st.sampled_from(NASTY)
    | _simple
    | st.recursive(
        _simple, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | _simple, inner, max_size=3)
    )
)
