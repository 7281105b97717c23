"""Data that a cell reads: digests that change with the data, schemas and profiles, never the data."""

import json
import subprocess
import sys
import types

import numpy as np
import pandas as pd
import pytest

from nbtrack.capture.datasets import capture_datasets, describe


def digest(value):
    return describe("x", value, {}).digest


def frame(**changes):
    made = pd.DataFrame({"a": range(100), "b": np.linspace(0, 1, 100), "c": ["x", "y"] * 50})
    for name, column in changes.items():
        made[name] = column
    return made


def test_a_data_frame():
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


def test_equal_data_has_the_same_digest_in_any_process():
    code = "import numpy as np, pandas as pd\nfrom nbtrack.capture.datasets import describe\n"
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


def test_types_of_columns_in_mlflows_words():
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
        pd.DataFrame({"a": ["\ud800"]}, dtype=object),
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


def test_an_array():
    found = describe("x", np.zeros((10, 3)), {})
    (features,) = json.loads(json.loads(found.schema)["mlflow_tensorspec"]["features"])
    assert features == {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}
    assert json.loads(found.profile) == {"num_rows": 10, "num_elements": 30}


def test_digests_of_arrays():
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


def test_of_an_array_on_disk_few_elements_are_read(tmp_path):
    array = np.memmap(tmp_path / "x", dtype="float64", mode="w+", shape=(100_000,))
    before = digest(array[10:])
    array[20] = 1  # between the elements that are looked at
    assert digest(array[10:]) == before
    array[10] = 1
    assert digest(array[10:]) != before


@pytest.mark.parametrize("value", [5, "x", [1, 2], {"a": 1}, None, np.float64(1), np.array(3), pd, pd.DataFrame, object()])
def test_what_is_no_data(value):
    assert describe("x", value, {}) is None


def test_the_names_that_hold_data():
    namespace = {"df": frame(), "x": np.zeros(3), "lr": 0.1}
    captured = capture_datasets(namespace, ["lr", "x", "df", "gone"])
    assert [d.name for d in captured.datasets] == ["x", "df"]


def test_at_most_twenty_and_none_when_the_time_is_up():
    namespace = {f"x{i}": np.zeros(3) for i in range(30)}
    assert len(capture_datasets(namespace, namespace, seconds=60).datasets) == 20
    assert capture_datasets(namespace, namespace, seconds=0).datasets == ()


def test_wide_frames_have_bounded_schemas():
    found = describe("x", pd.DataFrame(np.zeros((2, 3000))), {})
    assert len(json.loads(found.schema)["mlflow_colspec"]) == 1000
    assert json.loads(found.profile)["num_elements"] == 6000


def test_polars():
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


def test_tensors(monkeypatch):
    torch = types.SimpleNamespace(Tensor=Tensor, from_numpy=lambda array: array)
    monkeypatch.setitem(sys.modules, "torch", torch)
    found = describe("x", Tensor(np.zeros((4, 2), "float32")), {})
    (features,) = json.loads(json.loads(found.schema)["mlflow_tensorspec"]["features"])
    assert features["tensor-spec"] == {"dtype": "float32", "shape": [-1, 2]}
    assert digest(Tensor(np.zeros((4, 2)))) != digest(Tensor(np.ones((4, 2))))
    assert digest(Tensor(np.zeros((0, 2)))) == digest(Tensor(np.zeros((0, 2))))
    assert describe("x", Tensor(np.zeros(())), {}) is None


def test_no_library_is_loaded():
    code = "import sys\nfrom nbtrack.capture.datasets import describe\ndescribe('x', [1], {})\n"
    code += "print([m for m in ('pandas', 'numpy', 'polars', 'torch') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
