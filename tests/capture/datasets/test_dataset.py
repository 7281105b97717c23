"""Data that a cell reads: digests that change with the data, schemas and profiles, never the data."""

import json
import subprocess
import sys
import tracemalloc
import types

import numpy as np
import pandas as pd
import pytest

from nbtrack.capture.datasets.dataset import capture_datasets, describe


def digest(value):
    return describe("x", value, {}).digest


def frame(**changes):
    made = pd.DataFrame({"a": range(100), "b": np.linspace(0, 1, 100), "c": ["x", "y"] * 50})
    for name, column in changes.items():
        made[name] = column
    return made


def test_a_data_frame_is_described():
    found = describe("train", frame(), {"mlflow.source.name": "nb.ipynb"})
    assert found.name == "train"
    assert len(found.digest) == 8
    assert int(found.digest, 16) >= 0
    assert json.loads(found.profile) == {"num_rows": 100, "num_elements": 300}
    columns = json.loads(found.schema)["mlflow_colspec"]
    assert [(c["name"], c["type"]) for c in columns] == [("a", "long"), ("b", "double"), ("c", "string")]
    assert columns[0]["dtype"] == "int64"
    assert found.source_type == "code"
    assert json.loads(found.source) == {"tags": {"mlflow.source.name": "nb.ipynb"}}


@pytest.mark.slow
def test_equal_data_has_the_same_digest_in_any_process():
    code = "import numpy as np, pandas as pd\nfrom nbtrack.capture.datasets.dataset import describe\n"
    code += (
        "print(describe('x', pd.DataFrame({'a': [1, 2], 'b': ['x', None]}), {}).digest, describe('x', np.arange(5), {}).digest)"
    )
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert other == [digest(pd.DataFrame({"a": [1, 2], "b": ["x", None]})), digest(np.arange(5))]


def changed_frames():
    yield frame(a=range(1, 101))
    yield frame(c="x")
    yield frame().rename(columns={"a": "z"})
    yield frame().astype({"a": "int32"})
    yield frame().iloc[:-1]
    yield frame().iloc[::-1]
    yield frame()[["b", "a", "c"]]
    yield frame().set_axis(range(5, 105))


def test_the_digest_changes_with_values_names_types_rows_and_order():
    digests = [digest(frame()), *map(digest, changed_frames())]
    assert len(set(digests)) == len(digests)
    assert digest(frame()) == digest(frame().copy())


def test_columns_have_mlflows_types():
    columns = {
        "i": np.zeros(1, "int16"),
        "f": np.zeros(1, "float32"),
        "t": pd.to_datetime(["2024-01-01"]),
        "o": [[1]],
        "k": pd.Categorical(["a"]),
        "u": np.zeros(1, "bool"),
    }
    schema = json.loads(describe("x", pd.DataFrame(columns), {}).schema)["mlflow_colspec"]
    assert [c["type"] for c in schema] == ["integer", "float", "datetime", "string", "string", "boolean"]


@pytest.mark.parametrize(
    "value",
    [
        pd.Series([1, 2], name="s"),
        pd.Series([], dtype=float),
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame({1: [{"k": 1}], ("x", "y"): [set()]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": pd.Series(["\ud800"], dtype=object)}),
        pd.DataFrame(
            {"t": pd.date_range("2020", periods=3, tz="Europe/Paris"), "p": pd.period_range("2020", periods=3, freq="M")}
        ),
        pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "x"), (2, "y")])),
        pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "s": pd.arrays.SparseArray([0, 1])}),
        pd.DataFrame({"a": [1]}, index=pd.CategoricalIndex(["k"])),
        pd.Series([1, "x", None, [1]], dtype=object),
        np.ma.array([1, 2], mask=[0, 1]),
        np.zeros((0, 3)),
        np.array(["x", None, {}], dtype=object),
        np.zeros((3, 4, 5))[:, ::2].T,
        np.zeros(3, dtype=[("a", "i4"), ("b", "U5")]),
        np.array(["2024-01-01"], dtype="datetime64[D]"),
    ],
)
def test_any_data_is_described(value):
    found = describe("x", value, {})
    assert len(found.digest) == 8
    assert json.loads(found.profile)["num_rows"] == len(value)
    json.loads(found.schema)


def test_an_array_is_described():
    found = describe("x", np.zeros((10, 3)), {})
    (features,) = json.loads(json.loads(found.schema)["mlflow_tensorspec"]["features"])
    assert features == {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}
    assert json.loads(found.profile) == {"num_rows": 10, "num_elements": 30}


def test_digests_of_arrays_change_with_values_and_shape():
    base = np.arange(12.0).reshape(3, 4)
    other = [base + 1, base.astype("float32"), base.reshape(4, 3), base[::-1]]
    assert len({digest(base), *map(digest, other)}) == 5
    assert digest(base) == digest(np.asfortranarray(base)) == digest(base.copy())


def test_large_data_is_sampled_from_end_to_end():
    large = np.zeros(1_000_000)
    before = digest(large)
    large[-1] = 1
    assert digest(large) != before
    rows = pd.DataFrame({"a": np.zeros(1_000_000)})
    before = digest(rows)
    rows.loc[0, "a"] = 1
    assert digest(rows) != before


def test_few_elements_of_a_memory_mapped_array_are_read(tmp_path):
    array = np.memmap(tmp_path / "x", dtype="float64", mode="w+", shape=(100_000,))
    before = digest(array[10:])
    array[20] = 1  # between the elements that are looked at
    assert digest(array[10:]) == before
    array[10] = 1
    assert digest(array[10:]) != before


@pytest.mark.parametrize("value", [5, "x", [1, 2], {"a": 1}, None, np.float64(1), np.array(3), pd, pd.DataFrame, object()])
def test_other_objects_are_not_datasets(value):
    assert describe("x", value, {}) is None


def test_names_that_hold_data_are_selected():
    namespace = {"df": frame(), "x": np.zeros(3), "lr": 0.1}
    captured = capture_datasets(namespace, ["lr", "x", "df", "gone"])
    assert [d.name for d in captured.datasets] == ["x", "df"]


def test_twenty_datasets_are_recorded_and_others_reported():
    namespace = {f"x{i}": np.zeros(3) for i in range(30)}
    captured = capture_datasets(namespace, namespace)
    assert [d.name for d in captured.datasets] == [f"x{i}" for i in range(20)]
    assert captured.left_out[0] == "x20 (a run takes 20 datasets by itself)"
    assert len(captured.left_out) == 10


def test_large_frames_are_recorded_every_time():
    namespace = {f"df{i}": pd.DataFrame({"a": np.arange(300_000.0), "b": ["text"] * 300_000}) for i in range(6)}
    first = capture_datasets(namespace, namespace)
    assert [d.name for d in first.datasets] == list(namespace)
    assert capture_datasets(namespace, namespace) == first


class Odd:
    """Raises on every access."""

    def __str__(self):
        raise KeyError("odd")

    __repr__ = __len__ = __hash__ = __eq__ = __getattr__ = __iter__ = __str__

    @property
    def __class__(self):
        raise RuntimeError("settings are not configured")


class OddFrame(pd.DataFrame):
    @property
    def dtypes(self):
        raise RuntimeError("not this one\nwith password=hunter2abc")


class OddArray(np.ndarray):
    def __array_finalize__(self, other):
        pass

    def __getitem__(self, index):
        raise RuntimeError("not this way")

    tobytes = ravel = __getitem__


def test_an_object_that_raises_is_left_out_alone():
    # One by one: pandas 2.1 would ask the objects themselves whether they are sequences.
    values = np.empty(2, dtype=object)
    values[0], values[1] = Odd(), Odd()
    cells = pd.DataFrame({"o": pd.Series(values, dtype=object)})
    namespace = {
        "x": np.zeros(3),
        "odd": Odd(),
        "frame": OddFrame({"a": [1]}),
        "cells": cells,
        "array": np.ones(3).view(OddArray),
    }
    captured = capture_datasets(namespace, [*namespace, "y"])
    assert [d.name for d in captured.datasets] == ["x", "cells", "array"]
    assert captured.datasets[2].digest == digest(np.ones(3))
    assert captured.left_out == (
        "frame (RuntimeError: not this one with password=[redacted])",
        f"the contents of cells (values of type {__name__}.Odd)",
    )


LARGE = [
    pd.DataFrame({"t": ["x" * 3_000_000 + str(i) for i in range(100)]}),
    pd.DataFrame({"t": pd.Series(["x" * 3_000_000 + str(i) for i in range(100)], dtype=object)}),
    pd.DataFrame({"l": [list(range(100_000))] * 10_000}),
    pd.Series(pd.Categorical.from_codes([0, 1], [str(i) for i in range(300_000)])),
    pd.DataFrame({"a": [1]}, index=["x" * 50_000_000]),
    pd.DataFrame(np.zeros((1, 50_000))),
    np.array([["y"] * 10**6] * 3, dtype=object),
    np.array(["z" * 1_000_000] * 50),
]


@pytest.mark.parametrize("data", LARGE, ids=range(len(LARGE)))
def test_reading_large_contents_takes_bounded_memory(data):
    """By the memory that it takes, for time is another one on a busy machine."""
    describe("x", data, {})
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        assert describe("x", data, {}).digest == digest(data)
        assert tracemalloc.get_traced_memory()[1] - before < 40_000_000
    finally:
        tracemalloc.stop()


def test_the_profile_marks_digests_of_samples():
    for small in (frame(), np.zeros(1000), pd.Series(range(1000))):
        assert "digest" not in json.loads(describe("x", small, {}).profile)
    for large in (
        pd.DataFrame({"a": np.zeros(300_000)}),
        np.zeros(100_000),
        pd.Series(["a"] * 20_000),
        pd.DataFrame([range(300)]),
    ):
        assert json.loads(describe("x", large, {}).profile)["digest"] == "sample"


def test_no_cell_of_a_frame_is_recorded():
    secret = pd.DataFrame({"user": ["ada"], "password": ["hunter2abc"], "sk-abcdefghij1234567890abcd": [1]}, index=["hunter2abc"])
    captured = capture_datasets({"df": secret}, ["df"])
    assert "hunter2abc" not in repr(captured)
    assert "sk-abcdef" not in repr(captured), "a column's name may be a key too"
    assert '"password"' in captured.datasets[0].schema


def test_few_rows_of_a_memory_mapped_frame_are_read(tmp_path):
    array = np.memmap(tmp_path / "x", dtype="float64", mode="w+", shape=(100_000, 2))
    mapped = pd.DataFrame(array, copy=False)
    assert np.shares_memory(mapped, array)
    before = digest(mapped)
    array[20] = 1  # between the rows that are looked at
    assert digest(mapped) == before


def test_wide_frames_have_bounded_schemas():
    found = describe("x", pd.DataFrame(np.zeros((2, 3000))), {})
    assert len(json.loads(found.schema)["mlflow_colspec"]) == 1000
    assert json.loads(found.profile)["num_elements"] == 6000


def test_polars_frames_and_series_are_described():
    polars = pytest.importorskip("polars")
    data = polars.DataFrame({"a": [1, 2], "b": ["x", None], "l": [[1], [2]]})
    found = describe("x", data, {})
    assert [c["type"] for c in json.loads(found.schema)["mlflow_colspec"]] == ["long", "string", "string"]
    assert json.loads(found.profile) == {"num_rows": 2, "num_elements": 6}
    assert digest(data) != digest(data.with_columns(a=polars.Series([1, 3])))
    assert json.loads(describe("x", data["a"], {}).profile) == {"num_rows": 2, "num_elements": 2}


class Tensor:
    """As much of torch's tensor as is asked of one."""

    def __init__(self, array):
        self._array = array
        self.shape, self.ndim, self.dtype = array.shape, array.ndim, "torch.float32"

    def numel(self):
        return self._array.size

    def detach(self):
        return self

    def __getitem__(self, index):
        return self._array[index]

    def tolist(self):
        return self._array.tolist()


def test_tensors_are_described(monkeypatch):
    torch = types.SimpleNamespace(Tensor=Tensor, from_numpy=lambda array: array)
    monkeypatch.setitem(sys.modules, "torch", torch)
    found = describe("x", Tensor(np.zeros((4, 2), "float32")), {})
    (features,) = json.loads(json.loads(found.schema)["mlflow_tensorspec"]["features"])
    assert features["tensor-spec"] == {"dtype": "float32", "shape": [-1, 2]}
    assert digest(Tensor(np.zeros((4, 2)))) != digest(Tensor(np.ones((4, 2))))
    assert digest(Tensor(np.zeros((0, 2)))) == digest(Tensor(np.zeros((0, 2))))
    assert describe("x", Tensor(np.zeros(())), {}) is None


@pytest.mark.slow
def test_nested_polars_data_is_described():
    polars = pytest.importorskip("polars")
    data = polars.DataFrame({"l": [[1], [2, 3]], "s": [{"a": 1}, {"a": 2}], "o": polars.Series([{1}, {2}], dtype=polars.Object)})
    other = data.with_columns(l=polars.Series([[1], [2, 4]]))
    assert digest(data) != digest(other)
    long = polars.DataFrame({"l": [list(range(1_000_000))], "t": ["x" * 50_000_000]})
    assert digest(long) == digest(long.clone())


def test_a_mask_changes_the_digest():
    assert digest(np.ma.array([1, 2], mask=[0, 1])) != digest(np.ma.array([1, 2], mask=[1, 0]))


@pytest.mark.slow
def test_digests_do_not_depend_on_the_hash_seed():
    code = "import pandas as pd\nfrom nbtrack.capture.datasets.dataset import describe\n"
    code += "frame = pd.DataFrame({'s': [set('abc'), frozenset('xyz')], frozenset('pqr'): [object(), 1]})\n"
    code += "print(describe('x', frame, {}))"
    texts = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONHASHSEED": str(seed)}).stdout
        for seed in range(3)
    }
    assert len(texts) == 1


def test_no_library_is_imported():
    code = "import sys\nfrom nbtrack.capture.datasets.dataset import describe\ndescribe('x', [1], {})\n"
    code += "print([m for m in ('pandas', 'numpy', 'polars', 'torch') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
