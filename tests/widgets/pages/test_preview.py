"""Previews of artifacts show data as text, never as markup, and are bounded."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest

from nbtrack.media import image_bytes, table_bytes
from nbtrack.widgets.pages.preview import preview

EVIL = "<script>alert(1)</script>"


def show(path, data, size=None):
    bundle = preview(path, io.BytesIO(data), len(data) if size is None else size)
    assert bundle["text/plain"].startswith(path)
    assert "<script" not in bundle.get("text/html", "")
    return bundle


@pytest.mark.parametrize(
    ("suffix", "kind"), [("png", "image/png"), ("jpg", "image/jpeg"), ("gif", "image/gif"), ("webp", "image/webp")]
)
def test_an_image_is_an_img_and_a_small_one_also_itself(suffix, kind):
    data = image_bytes(np.zeros((4, 4), np.uint8), f"x.{suffix}")
    bundle = show(f"dir/x.{suffix}", data)
    assert f'src="data:{kind};base64,{base64.b64encode(data).decode()}"' in bundle["text/html"]
    assert "dir/x" in bundle["text/html"]
    if kind in ("image/png", "image/jpeg"):
        assert base64.b64decode(bundle[kind]) == data
    assert "image/png" not in show("x.png", b"p" * 300_000)


def test_an_svg_is_an_image_so_that_no_script_in_it_runs():
    html = show("x.svg", f"<svg>{EVIL}</svg>".encode())["text/html"]
    assert 'src="data:image/svg+xml;base64,' in html
    assert "<svg" not in html


def test_a_video_and_a_sound_have_a_player_up_to_a_size():
    assert '<video controls src="data:video/mp4;base64,' in show("v.mp4", b"1234")["text/html"]
    assert '<audio controls src="data:audio/wav;base64,' in show("s.WAV", b"1234")["text/html"]
    large = show("v.mp4", b"", 2_000_000_000)
    assert "too large" in large["text/html"]
    assert "2 GB" in large["text/plain"]


@pytest.mark.parametrize("path", ["t.json", "t.csv", "t.tsv", "t.parquet"])
def test_a_table_shows_its_first_rows_escaped(path):
    data = table_bytes(pd.DataFrame({EVIL: [EVIL] * 30, "n": [*range(29), None]}), path)
    html = show(path, data)["text/html"]
    assert html.count("<tr") == 21
    assert "&lt;script&gt;" in html
    assert "2 columns" in html
    assert ("30 rows" in html) == path.endswith(("json", "parquet"))
    assert len(html) < 20_000


def test_a_wide_table_shows_its_first_columns():
    html = show("t.csv", table_bytes(pd.DataFrame([range(500)]), "t.csv"))["text/html"]
    assert html.count("<td") + html.count('scope="row"') == 12
    assert "1 row, 500 columns" in html


def test_ragged_and_empty_csv():
    assert "1 row, 3 columns" in show("t.csv", b"a,b,c\n1\n")["text/html"]
    assert "text/html" not in show("t.csv", b"")
    assert show("t.csv", b"a\n\xff\x00\n")["text/html"]


def test_text_and_json_are_escaped_and_cut():
    assert "&lt;script&gt;alert(1)" in show("x.html", EVIL.encode())["text/html"]
    assert "&lt;script&gt;" in show("x.json", json.dumps({"a": EVIL}).encode())["text/html"]
    assert "not json" in show("x.json", b"not json")["text/html"]
    long = show("x.log", b"a" * 1_000_000)["text/html"]
    assert len(long) < 8_000
    assert "…" in long
    assert show("x.json", b"[1]", 10**10)["text/html"]


def test_a_name_with_markup_is_escaped():
    for suffix in ("png", "mp4", "txt", "csv"):
        assert "<i>" not in show(f"<i>.{suffix}", b"a")["text/html"]
        assert "<i>" not in show(f"<i>.{suffix}", b"a", 10**10)["text/html"]


def test_a_binary_file_is_named_in_a_line():
    assert show("model.pkl", b"\x80\x04\x00") == {"text/plain": "model.pkl (3 B)"}
    assert "text/html" not in show("t.parquet", b"nonsense")
