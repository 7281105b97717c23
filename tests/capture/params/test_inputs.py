"""Params without a declaration: which names count, when their values are read, and what never becomes a param."""

import ast
import datetime
import enum
import math
import os
import pathlib
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.capture.params.bindings import name_use
from nbtrack.capture.params.inputs import CellInputs, assigned_names, papermill_names, params_from, read_names
from nbtrack.capture.params.parse import parse_cell
from nbtrack.capture.params.simple import NOT_SIMPLE, simple_value


def run(source, namespace=None, history=()):
    """Run a cell as IPython would, and return the params known before it and those known after."""
    namespace = {} if namespace is None else namespace
    inputs = CellInputs(source)
    start = inputs.at_start(namespace, history).params
    exec(compile(ast.parse(source), "cell", "exec"), namespace)
    return start, inputs.at_end(namespace, start).params


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("lr = 0.01", ["lr"]),
        ("a, b = 1, 2", ["a", "b"]),
        ("a = b = 3", ["a", "b"]),
        ("lr: float = 0.1", ["lr"]),
        ("hidden = (64, 32)\nname = 'x'\nopt = {'lr': 1}\nnothing = None\nneg = -1", ["hidden", "name", "opt", "nothing", "neg"]),
        ("lr: float", []),
        ("_private = 1", []),
        ("def f():\n    inner = 1\nclass C:\n    field = 1\nimport math", []),
        # expressions of what was given
        ("width = 2 * base\nname = f'mlp-{width}'", ["width", "name"]),
        ("n = len(x)\nd = x.shape[1]\nm = round(math.sqrt(n))", ["n", "d", "m"]),
        ("lr = args.lr\nepochs = config['epochs']", ["lr", "epochs"]),
        ("if fast:\n    epochs = 2\nelse:\n    epochs = 20", ["epochs"]),
        ("with device:\n    lr = 0.1", ["lr"]),
        ("(n := 5)", ["n"]),
        # what changes, is filled, or comes from a loop
        ("for epoch in range(3):\n    x = 1", []),
        ("step = 0\nfor i in range(3):\n    step += 1", []),
        ("best = 0\nwhile True:\n    best = 5", []),
        ("lr = 0.1\nlr *= 2", []),
        ("losses = []\nhistory = {}", []),
        ("losses = [0.0]\nlosses.append(1)", []),
        ("log = {'loss': [1]}\nlog['loss'].append(2)", []),
        ("table = [1, 2]\ntable[0] = 5", []),
        ("count = 0\ndef f():\n    global count\n    count = 1", []),
        ("[i for i in range(3)]\nx = 1", ["x"]),
        # results
        ("accuracy = model.score(x, y)\nprint(accuracy)", []),
        ("accuracy = model.score(x, y)\nnbtrack.log(accuracy=accuracy)\nbest = accuracy", []),
        ("start = time.time()\nprint(time.time() - start)", []),
        ("best = search.best_score_", []),
        ("losses = [1.0]\nlosses.append(2)\nlowest = min(losses)\nn = len(losses)", []),
        ("lr = rng.uniform()\nmodel = SGD(lr=lr)", ["lr"]),
        ("seed = int(time.time())\nrng = Random(seed)", ["seed"]),
        # the environment is never recorded
        ("import os\nhome = os.environ['HOME']", []),
        ("home = environ['HOME']\nlevel = settings.environ['X']", []),
        ("not python at all", []),
    ],
)
def test_names_that_a_cell_assigns_become_params(source, names):
    assert assigned_names(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("train(lr, epochs)", ["train", "lr", "epochs"]),
        ("x = 1\nprint(x, y)", ["y"]),
        ("x = x + 1", ["x"]),
        ("n += 1", ["n"]),
        ("for x in data:\n    use(x)", ["data", "use"]),
        ("[a * k for a in data if a > low]", ["data", "low", "k"]),
        ("{a: b for a, b in pairs for c in a}", ["pairs"]),
        ("f = lambda a, b=default: a + shift", ["default", "shift"]),
        ("def f(a: int = size):\n    local = a\n    return local + rate\nf()", ["size", "rate"]),
        ("def f():\n    return later\nlater = 1\nf()", []),
        ("class C(Base):\n    k = width\n    def m(self):\n        return self.k + depth", ["Base", "width", "depth"]),
        ("@decorate\ndef f(): pass", ["decorate"]),
        ("with open(path) as f:\n    f.read()", ["path"]),
        ("try:\n    a()\nexcept Error as e:\n    print(e)", ["a", "Error"]),
        (
            "match point:\n    case {'x': x, **rest}:\n        use(x, rest, other)\n    case [a, *b]:\n        a, b",
            ["point", "use", "other"],
        ),
        ("import numpy as np\nnp.zeros(n)", ["n"]),
        ("data['x'] = value\nobj.field = 1", ["value", "data", "obj"]),
        ("table[i] += step", ["step", "table", "i"]),
        ("del gone", []),
        ("await fetch(url)", ["fetch", "url"]),
        ("async for x in source:\n    use(x)", ["source", "use"]),
        ("_hidden + In[1] + shown", ["shown"]),
        ("if (n := size) > 1: n", ["size"]),
        ("%not python", []),
    ],
)
def test_names_that_a_cell_reads_are_found(source, names):
    assert read_names(source) == names


def test_read_values_are_taken_before_the_cell_and_computed_ones_after_it():
    source = "lr = 0.1\nwidth = 2 * base\nn = len(data)\nfor i in range(3):\n    total = i\nscore = max(data)"
    start, end = run(source, {"base": 8, "data": [1, 2, 3], "unused": 5})
    assert start == {"lr": 0.1, "base": 8, "data": [1, 2, 3]}
    assert end == {"width": 16, "n": 3, "score": 3}


def test_types_are_kept():
    start, _ = run("a = True\nb = 1\nc = 1.0\nd = '1'\ne = None\nf = [1, 'x']\ng = {'k': (1, 2)}\nh = (1,)")
    assert start == {"a": True, "b": 1, "c": 1.0, "d": "1", "e": None, "f": [1, "x"], "g": {"k": [1, 2]}, "h": [1]}
    assert [type(start[k]) for k in "abc"] == [bool, int, float]


def test_a_name_that_is_read_and_then_assigned_counts_as_assigned():
    start, end = run("lr = lr / 2", {"lr": 1.0})
    assert (start, end) == ({}, {"lr": 0.5})


def test_constants_are_known_although_the_cell_fails():
    inputs = CellInputs("lr = 0.1\nwidth = 2 * lr\nraise ValueError")
    assert inputs.at_start({}).params == {"lr": 0.1}
    assert inputs.at_end({"lr": 0.1}, {"lr": 0.1}).params == {}


def test_names_read_by_functions_of_the_notebook_are_found():
    namespace = {"__name__": "__main__", "lr": 0.1, "depth": 3, "unused": 9, "len": len}
    exec(
        "def build():\n    return [depth for _ in range(depth)]\ndef train():\n    return (lambda: lr)(), build(), len", namespace
    )
    start, _ = run("train()", namespace)
    assert start == {"lr": 0.1, "depth": 3}
    assert set(CellInputs("train()").reads(namespace)) == {"train", "lr", "build", "depth", "len"}


def test_functions_of_libraries_are_not_followed():
    start, _ = run("dumps({})", {"dumps": __import__("json").dumps, "_default_encoder": 1, "cls": 5})
    assert start == {}


def test_other_values_are_not_params():
    namespace = {"model": object(), "module": math, "f": len, "big": list(range(1000)), "text": "x" * 6001, "data": np.zeros(3)}
    start, _ = run("(model, module, f, big, text, data)", namespace)
    assert start == {}


def test_names_in_without_are_skipped():
    inputs = CellInputs("lr = 1\nuse(config, lr, width)")
    assert inputs.at_start({"config": {"a": 1}, "width": 2}, without=["config"]).params == {"lr": 1, "width": 2}


def test_at_most_a_hundred_params_are_recorded():
    source = "\n".join(f"a{i} = {i}" for i in range(150)) + "\nuse(b)\nc = 2 * b"
    start, end = run(source, {"b": 1, "use": id})
    assert len(start) == 100
    assert end == {}
    left_out = CellInputs(source).at_start({"b": 1, "use": id}).left_out
    assert left_out[0] == "a100 (a run takes 100 params by itself)"
    assert len(left_out) == 51


def test_secrets_are_redacted():
    start, _ = run("api_key = 'abc'\nuri = 'postgresql://me:pw@db/x'", {})
    assert start == {"api_key": "[redacted]", "uri": "postgresql://[redacted]@db/x"}


def test_environment_variables_are_never_recorded():
    namespace = {"env": dict(os.environ), "environ": os.environ, "use": id}
    assert run("use(env); use(environ)", namespace)[0] == {}


def test_parameters_of_papermill_are_params():
    history = ["", "a = 1", "# Parameters\nlr = 0.5\nname = 'x'\n", "use(lr)"]
    assert papermill_names(history) == ["lr", "name"]
    start, _ = run("pass", {"lr": 0.5, "name": "x", "a": 1}, history)
    assert start == {"lr": 0.5, "name": "x"}
    assert run("lr = 0.7", {"lr": 0.5, "name": "x"}, history)[0] == {"lr": 0.7, "name": "x"}
    assert papermill_names(["", "a = 1"]) == []


class Optimizer(enum.Enum):
    ADAM = "adam"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (pathlib.PurePosixPath("/data/x"), "/data/x"),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (datetime.timedelta(seconds=90), "0:01:30"),
        (Optimizer.ADAM, "ADAM"),
        ({"b", "a"}, ["a", "b"]),
        ({1: "x"}, {"1": "x"}),
        (10**30, 10**30),
        (float("inf"), float("inf")),
        ([[1, [2]]], [[1, [2]]]),
    ],
)
def test_simple_values_are_converted(value, expected):
    got = simple_value(value)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    "value",
    [
        object(), print, math, int, b"x", 1j, np.zeros(2), np.array(1), np.complex64(1), "a\0b", "\ud800", list(range(65)),
        [object()], {"a": object()}, {(1, 2): 3}, [[[[[[1]]]]]], np.datetime64("2024"), range(3), iter([]), set(range(100)),
    ],
)  # fmt: skip
def test_other_values_are_not_simple(value):
    assert simple_value(value) is NOT_SIMPLE


def test_a_list_that_contains_itself_is_not_simple():
    loop = []
    loop.append(loop)
    assert simple_value(loop) is NOT_SIMPLE


def test_missing_names_are_ignored():
    assert params_from({"a": 1}, ["a", "b", "a"]).params == {"a": 1}


class Odd:
    """Raises on every access."""

    def __repr__(self):
        raise RuntimeError("not bound to a session")

    __str__ = __len__ = __iter__ = __getattr__ = __eq__ = __repr__

    def __hash__(self):
        return 1

    @property
    def __class__(self):
        raise RuntimeError("settings are not configured")


class OddPath(pathlib.PurePosixPath):
    def __str__(self):
        raise RuntimeError("no path")


class OddDict(dict):
    def items(self):
        raise RuntimeError("no items")


def test_an_object_that_raises_affects_no_other_param():
    namespace = {"lr": 0.1, "odd": Odd(), "users": {Odd()}, "all": [Odd()], "path": OddPath("x"), "d": OddDict(a=1), "n": 3}
    captured = CellInputs(f"use({', '.join(namespace)})").at_start(namespace)
    assert captured.params == {"lr": 0.1, "n": 3}
    assert captured.left_out == ("path (RuntimeError: no path)", "d (RuntimeError: no items)")


class Text(str):
    """A string that claims to be another."""

    def __str__(self):
        return "other"

    __repr__ = __str__


LARGE = {
    "text": ("x" * 50_000_000, "a string of 50,000,000 characters"),
    "data": (b"x" * 50_000_000, "a bytes of 50,000,000 bytes"),
    "table": (dict.fromkeys(range(10**6)), "more than 64 values"),
    "numbers": (list(range(10**6)), "more than 64 values"),
    "names": (set(range(10**6)), "more than 64 values"),
    "nested": ([[[[[[1]]]]]], "nested more than 4 deep"),
    "texts": (["y" * 3000] * 3, "strings of more than 6,000 characters together"),
    "digits": (10**5000, "a number of more than 4,000 digits"),
    "environ": ({"PATH": "/bin", "HOME": "/root"}, "environment variables are never recorded"),
}


def test_values_that_are_too_large_are_reported():
    namespace = {name: value for name, (value, _) in LARGE.items()} | {"lr": 0.1}
    captured = CellInputs(f"use({', '.join(namespace)})").at_start(namespace)
    assert captured.params == {"lr": 0.1}
    assert captured.left_out == tuple(f"{name} ({reason})" for name, (_, reason) in LARGE.items())


def test_reading_a_value_that_is_too_large_takes_no_memory():
    namespace = {name: value for name, (value, _) in LARGE.items()}
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        params_from(namespace, namespace)
        assert tracemalloc.get_traced_memory()[1] - before < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("source", ["x = '" + "y" * 2_000_000 + "'", f"x = [{'1, ' * 60_000}]"], ids=["characters", "nodes"])
def test_a_cell_that_is_too_large_is_reported(source):
    asked = []
    inputs = CellInputs(f"lr = 0.1\n{source}", lambda text: asked.append(text) or text)
    captured = inputs.at_start({"lr": 1})
    assert captured.params == {}
    assert captured.left_out == (inputs.unread,)
    assert "is too large to be read" in inputs.unread
    assert asked == []
    assert CellInputs("lr = 0.1").unread == ""


def test_ipython_transforms_only_cells_that_are_not_python():
    asked = []

    def transform(text):
        asked.append(text)
        return text.replace("%magic", "pass")

    assert CellInputs("lr = 0.1\nx = lr % 2", transform).at_start({}).params == {"lr": 0.1}
    assert asked == []
    assert CellInputs("lr = 0.2\n%magic", transform).at_start({}).params == {"lr": 0.2}
    assert len(asked) == 1


def test_subclasses_of_simple_types_are_converted():
    got = params_from({"s": Text("mine")}, ["s"]).params["s"]
    assert (got, type(got)) == ("mine", str)


def test_line_magics_are_transformed_and_other_cell_magics_are_not_parsed():
    def transform(text):
        return text.replace("!ls", "get_ipython().system('ls')").replace(
            "%matplotlib inline", "get_ipython().run_line_magic('a', 'b')"
        )

    inputs = CellInputs("%%track --name x\n%%time\n%matplotlib inline\nlr = 0.1\n!ls\n", transform)
    assert inputs.at_start({}).params == {"lr": 0.1}
    assert CellInputs("%%track\n%%bash\nlr=0.1", transform).at_start({}).params == {}


def test_parsing_shows_no_warnings_and_keeps_the_users():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        assert parse_cell(r"x = '\d'") is not None
        assert warnings.filters == before


names = st.sampled_from(
    ["a", "b", "c", "print", "x.y", "f(a)", "[i for i in a]", "lambda: b", "a[b]", "(c := a)", "1", "{'k': 2}"]
)
statements = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(["a", "b", "c", "a, b", "a[0]", "a.b"]), names),
    st.builds("for a in {}: b = {}".format, names, names),
    st.builds("def f(a={}): return {}".format, names, names),
    st.builds("if {}: c = {}".format, names, names),
    st.builds("class C: a = {}".format, names),
    st.builds("import {}".format, st.sampled_from(["a", "b.c", "c as a"])),
    st.builds("a += {}".format, names),
    st.builds("del {}".format, st.sampled_from(["a", "b"])),
    names,
)


@given(st.lists(statements, max_size=6))
def test_the_first_missing_name_is_among_those_read(lines):
    """Of straight code, the first name that Python cannot find is one of those said to be read."""
    source = "\n".join(lines)
    reads = name_use(ast.parse(source)).reads
    try:
        exec(compile(source, "cell", "exec"), {})
    except Exception as error:
        missing = error.name if isinstance(error, NameError) else None
    else:
        missing = None
    assert missing is None or missing in reads or f"del {missing}" in source


@given(st.text(alphabet="ab =:\n()[]{}'\"%!#,.+*lambdefors0", max_size=80))
def test_any_cell_can_be_parsed(source):
    CellInputs(source).at_start({"a": 1, "b": [2]})


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)


@given(st.recursive(scalars, st.lists, max_leaves=10))
def test_a_literal_is_known_before_the_cell_runs(value):
    simple = simple_value(value)
    assert run(f"x = {value!r}") == ({} if simple is NOT_SIMPLE or value == [] else {"x": simple}, {})
