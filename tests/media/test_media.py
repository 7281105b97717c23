"""Objects are saved to files and loaded again."""

import dataclasses
import datetime
import enum
import json
import subprocess
import sys
import types
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nbtrack.errors import InvalidInput, WrongType
from nbtrack.media import (
    dict_bytes,
    figure_bytes,
    image_bytes,
    image_path,
    load,
    table_bytes,
    tables_tag,
    text_bytes,
    thumbnail_bytes,
)


def pixels(image, path="x.png"):
    return np.asarray(load(path, image_bytes(image, path)))


# Images


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3), (4, 6, 4)])
def test_an_array_of_bytes_is_loaded_exactly(shape):
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(pixels(array), array)
    np.testing.assert_array_equal(pixels(array.astype(np.int64)), array)
    np.testing.assert_array_equal(pixels(array / 255), array)
    np.testing.assert_array_equal(pixels(array.astype(float)), array)
    np.testing.assert_array_equal(pixels(Image.fromarray(array)), array)


def test_grey_images_with_a_channel_and_bools_are_saved():
    array = np.array([[0, 255]], dtype=np.uint8)
    np.testing.assert_array_equal(pixels(array[:, :, None]), array)
    np.testing.assert_array_equal(pixels(array > 0), array)
    np.testing.assert_array_equal(pixels(array[:, :, None] > 0), array)


def test_floats_out_of_range_are_scaled_with_a_warning_and_nan_is_black():
    with pytest.warns(UserWarning, match="from -1 to 1 "):
        assert pixels(np.array([[-1.0, 0.0, 1.0, np.nan]])).tolist() == [[0, 128, 255, 0]]
    assert pixels(np.array([[np.nan, 1.0, np.inf]])).tolist() == [[0, 255, 0]]
    with pytest.warns(UserWarning, match="stretched"):
        assert pixels(np.full((1, 2), 300.0)).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(5), r"not \(5,\)"),
        (np.zeros((3, 8, 8)), r"\(3, 8, 8\); its channels are first.*moveaxis"),
        (np.zeros((2, 8, 8, 3)), "batch"),
        (np.zeros((8, 8, 2)), r"\(8, 8, 2\)"),
        (np.zeros((0, 8)), "no pixels"),
        (np.array([[0, 256]]), "0 to 256"),
        (np.array([[-1, 0]]), "-1 to 0"),
    ],
)
def test_an_array_that_is_not_an_image_is_refused_by_shape_or_range(array, words):
    with pytest.raises(InvalidInput, match=words):
        image_bytes(array, "x.png")


@pytest.mark.parametrize("value", [np.zeros((2, 2), complex), np.array([["a"]]), [[1]], "text", object()])
def test_other_objects_are_a_type_error(value):
    with pytest.raises(TypeError):
        image_bytes(value, "x.png")


def test_the_suffix_determines_the_format():
    array = np.zeros((2, 3, 4), np.uint8)
    assert image_bytes(array, "x.PNG").startswith(b"\x89PNG")
    assert load("x.jpg", image_bytes(array, "x.jpg")).size == (3, 2)
    for bad in ("x", "x.txt", "x.psd"):
        with pytest.raises(InvalidInput, match=r"\.png"):
            image_bytes(array, bad)
    with pytest.raises(InvalidInput, match="mode HSV"):
        image_bytes(Image.new("HSV", (1, 1)), "x.png")


def test_an_image_of_a_series_has_mlflows_name():
    assert image_path("dir/x.png", None, None, 5) == "dir/x.png"
    path = image_path(None, "val/dogs", 3, 1700000000000)
    assert path.startswith("images/val~dogs+step+3+timestamp+1700000000000+")
    assert path.endswith(".png")
    assert "+step+0+" in image_path(None, "dogs", None, 1)
    for wrong in [(None, None, None), ("x.png", "dogs", None), ("x.png", None, 3), (None, "dögs", 1), (None, "", 1)]:
        with pytest.raises(InvalidInput):
            image_path(*wrong, 1)


def test_a_thumbnail_is_small_and_keeps_its_shape():
    picture = Image.open(BytesIO(thumbnail_bytes(np.zeros((1000, 10), np.uint8))))
    assert (picture.format, picture.size) == ("WEBP", (2, 256))


def test_mlflows_image_object_is_accepted():
    assert pixels(types.SimpleNamespace(to_pil=lambda: Image.new("L", (2, 1), 7))).tolist() == [[7, 7]]


# Figures


def test_a_matplotlib_figure_is_saved_in_each_format():
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    axes.plot([1, 2])
    assert figure_bytes(figure, "x.png").startswith(b"\x89PNG")
    assert b"<svg" in figure_bytes(figure, "dir/x.SVG")
    assert figure_bytes(axes, "x.pdf").startswith(b"%PDF")
    assert load("x.png", figure_bytes(figure, "x.png", dpi=50)).size == (320, 240)
    with pytest.raises(InvalidInput, match="svg"):
        figure_bytes(figure, "x.docx")
    with pytest.raises(WrongType, match="log_image"):
        figure_bytes(np.zeros((2, 2)), "x.png")


def test_a_plotly_figure_is_saved_by_its_own_methods(monkeypatch):
    module = types.ModuleType("plotly.basedatatypes")

    class BaseFigure:
        def to_html(self, **options):
            return json.dumps(options)

        def to_json(self):
            return "{}"

        def to_image(self, format):
            raise ValueError("needs kaleido")

    module.BaseFigure = BaseFigure
    monkeypatch.setitem(sys.modules, "plotly.basedatatypes", module)
    assert figure_bytes(BaseFigure(), "x.html") == b'{"include_plotlyjs": "cdn"}'
    assert figure_bytes(BaseFigure(), "x.json") == b"{}"
    with pytest.raises(InvalidInput, match="kaleido"):
        figure_bytes(BaseFigure(), "x.png")
    with pytest.raises(InvalidInput, match="html"):
        figure_bytes(BaseFigure(), "x.csv")


# Tables

FRAME = pd.DataFrame({"a": [1, 2], "b": [0.1 + 0.2, np.nan], "c": ["x", None]})


@pytest.mark.parametrize("path", ["t.json", "t.csv", "t.tsv", "t.parquet"])
def test_a_table_is_loaded_as_it_was_saved(path):
    back = load(path, table_bytes(FRAME, path))
    assert list(back.dtypes) == list(FRAME.dtypes)
    # What is missing is None in one and NaN in the other, which pandas 2 warns of.
    pd.testing.assert_frame_equal(*(frame.astype(object).where(frame.notna(), None) for frame in (back, FRAME)))


def test_json_tables_have_mlflows_format():
    assert json.loads(table_bytes(FRAME, "t.json")) == json.loads(
        FRAME.to_json(orient="split", index=False, double_precision=15)
    ) | {"data": [[1, 0.1 + 0.2, "x"], [2, None, None]]}


@pytest.mark.parametrize(
    "data", [{"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], {"a": np.array([1, 2]), "b": ("x", "y")}]
)
def test_columns_and_rows_give_the_same_table(data):
    pd.testing.assert_frame_equal(load("t.json", table_bytes(data, "t.json")), pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))


def test_single_values_give_one_row_and_other_frames_are_converted():
    assert load("t.json", table_bytes({"a": 1, "b": "x y"}, "t.json")).to_dict("records") == [{"a": 1, "b": "x y"}]
    assert load("t.csv", table_bytes(types.SimpleNamespace(to_pandas=lambda: FRAME), "t.csv")).shape == (2, 3)


@pytest.mark.parametrize("path", ["t.json", "t.csv", "t.parquet"])
def test_a_second_table_is_appended_and_columns_are_united(path):
    first = table_bytes({"a": ["007", "1e5"], "b": [1, 2]}, path)
    both = load(path, table_bytes({"c": [3.5], "a": ["x"]}, path, first))
    assert both.columns.tolist() == ["a", "b", "c"]
    assert both["a"].astype(str).tolist() == ["007", "1e5", "x"]
    assert both["c"].tolist()[2] == 3.5
    assert both["c"].isna().tolist() == [True, True, False]
    assert both["b"].isna().tolist() == [False, False, True]


def test_appending_to_a_file_that_is_not_a_table_is_refused():
    for before in (b"{}", b"[1]", b"no json", b'{"columns": ["a"], "data": [[1, 2]]}'):
        with pytest.raises(InvalidInput, match="is not a table"):
            table_bytes(FRAME, "t.json", before)
    with pytest.raises(InvalidInput, match="Parquet"):
        table_bytes(FRAME, "t.parquet", b"nonsense")


def test_a_named_index_is_saved():
    assert load("t.json", table_bytes(FRAME.set_index("a"), "t.json")).columns.tolist() == ["a", "b", "c"]
    assert load("t.json", table_bytes(FRAME.set_index(np.array([5, 6])), "t.json")).columns.tolist() == ["a", "b", "c"]


def test_cells_of_many_types_are_saved_and_others_refused():
    frame = pd.DataFrame(
        {
            "time": [pd.Timestamp("2026-01-02T03:04:05Z"), pd.NaT],
            "took": [pd.Timedelta("1s"), pd.NaT],
            "list": [[1, np.nan], {"a": np.float32(0.5)}],
            "inf": [np.inf, 1.0],
            "cat": pd.Categorical(["u", None]),
        }
    )
    assert json.loads(table_bytes(frame, "t.json"))["data"] == [
        ["2026-01-02T03:04:05+00:00", "0 days 00:00:01", [1, None], None, "u"],
        [None, None, {"a": 0.5}, 1.0, None],
    ]
    with pytest.raises(WrongType, match=r"column 'x'\[1\] is a object"):
        table_bytes({"x": [1, object()]}, "t.json")
    with pytest.raises(WrongType, match=r"t\.parquet"):
        table_bytes({"x": [1, "a", {}]}, "t.parquet")


def test_column_names_that_are_not_strings_are_converted():
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    assert load("t.json", table_bytes(frame, "t.json")).columns.tolist() == ["a.x", "a.y"]
    assert load("t.parquet", table_bytes(frame, "t.parquet")).columns.tolist() == ["a.x", "a.y"]
    assert load("t.json", table_bytes({1: [2]}, "t.json")).columns.tolist() == ["1"]


def test_values_that_are_not_tables_are_refused():
    for value in (5, "text", [1, 2], object()):
        with pytest.raises(WrongType, match="DataFrame"):
            table_bytes(value, "t.json")
    with pytest.raises(InvalidInput, match=r"\{'a': 1, 'b': 2\}"):
        table_bytes({"a": [1], "b": [1, 2]}, "t.json")
    with pytest.raises(InvalidInput, match=r"\.json, \.csv"):
        table_bytes(FRAME, "t.xlsx")


@pytest.mark.parametrize("path", ["t.json", "t.csv", "t.parquet"])
def test_an_empty_table_is_loaded_empty(path):
    assert len(load(path, table_bytes(pd.DataFrame({"a": []}), path))) == 0
    assert len(load("t.csv", b"")) == 0


def test_mlflows_tag_lists_each_table_once():
    once = tables_tag(None, "a.json")
    assert json.loads(once) == [{"path": "a.json", "type": "table"}]
    assert tables_tag(once, "a.json") == once
    assert len(json.loads(tables_tag(once, "b.json"))) == 2


# Texts and dicts


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Config:
    rate: float
    path: Path


def test_a_dict_of_common_config_values_is_saved():
    value = {
        "n": np.int64(3),
        "x": np.float32(0.5),
        "m": np.eye(2),
        "set": {2, 1},
        "when": datetime.date(2026, 1, 2),
        "config": Config(0.1, Path("a/b")),
        "colour": Colour.RED,
        1: None,
        np.int64(2): True,
        "took": datetime.timedelta(seconds=2),
    }
    assert load("d.json", dict_bytes(value, "d.json")) == {
        "n": 3,
        "x": 0.5,
        "m": [[1.0, 0.0], [0.0, 1.0]],
        "set": [1, 2],
        "when": "2026-01-02",
        "config": {"rate": 0.1, "path": "a/b"},
        "colour": "red",
        "1": None,
        "2": True,
        "took": "0:00:02",
    }


def test_the_suffix_selects_yaml():
    assert load("d.yaml", dict_bytes({"b": [1, "é"], "a": None}, "d.yml")) == {"a": None, "b": [1, "é"]}
    with pytest.raises(InvalidInput, match="not YAML"):
        load("d.yaml", b"{")


def test_yaml_without_the_package_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(InvalidInput, match="pip install pyyaml"):
        dict_bytes({}, "d.yaml")


def test_non_finite_numbers_are_loaded():
    back = load("d.json", dict_bytes({"a": float("nan"), "b": float("-inf")}, "d"))
    assert back["b"] == float("-inf")
    assert back["a"] != back["a"]


def test_a_value_that_json_cannot_hold_is_named_by_its_path():
    with pytest.raises(WrongType, match=r"model\.layers\[1\] is a object"):
        dict_bytes({"model": {"layers": [1, object()]}}, "d.json")
    with pytest.raises(WrongType, match=r"the key \(1, 2\)"):
        dict_bytes({(1, 2): 3}, "d.json")
    endless: list = []
    endless.append(endless)
    with pytest.raises(WrongType, match="contains itself"):
        dict_bytes(endless, "d.json")


def test_text_with_any_characters_is_saved():
    assert load("t.txt", text_bytes("é\n你")) == "é\n你"
    assert text_bytes("\ud800") == b"\\ud800"
    with pytest.raises(WrongType, match="int"):
        text_bytes(5)


# Reading back


def test_arrays_are_loaded_and_pickles_are_not():
    one, many, evil = BytesIO(), BytesIO(), BytesIO()
    np.save(one, np.arange(3))
    np.savez(many, a=np.arange(2), b=np.ones(1))
    np.save(evil, np.array([print]), allow_pickle=True)
    assert load("x.npy", one.getvalue()).tolist() == [0, 1, 2]
    assert {k: v.tolist() for k, v in load("x.npz", many.getvalue()).items()} == {"a": [0, 1], "b": [1.0]}
    with pytest.raises(InvalidInput, match="unpickling"):
        load("x.npy", evil.getvalue())
    assert load("model.pkl", b"\x80\x04.") == b"\x80\x04."


@pytest.mark.parametrize("path", ["x.png", "x.json", "x.npy", "x.npz", "x.parquet", "x.txt"])
def test_a_file_that_is_not_what_its_name_says_is_named(path):
    with pytest.raises(InvalidInput, match=path.replace(".", r"\.")):
        load(path, b"\xff\xfe nonsense \xff")


def test_other_json_is_loaded_as_it_is():
    assert load("x.json", b'{"columns": ["a"], "data": {}}') == {"columns": ["a"], "data": {}}
    assert load("x.JSON", b"[1]") == [1]
    assert load("x", b"raw") == b"raw"


def test_importing_media_imports_no_heavy_library():
    code = (
        "import sys, nbtrack.media; print(sorted({'pandas', 'numpy', 'PIL', 'matplotlib', 'yaml', 'plotly'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
