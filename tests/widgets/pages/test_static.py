"""The static output of a run, a table of runs and a comparison."""

import base64
import datetime
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import nbtrack
from nbtrack.entities.run import Status
from nbtrack.widgets.data import format as written
from nbtrack.widgets.data.metric_names import better, families, split_of
from nbtrack.widgets.pages.bundles import (
    comparison_bundle,
    comparison_html,
    comparison_text,
    run_bundle,
    run_html,
    run_line,
    run_png,
    run_text,
    runs_bundle,
    runs_html,
    runs_text,
)
from nbtrack.widgets.pages.charts import charts_of_run, sparkline
from nbtrack.widgets.pages.contents import ComparisonContent, MetricContent, RunsContent
from nbtrack.widgets.pages.plot import GREY, PALETTE
from nbtrack.widgets.pages.run import STATUS_COLORS
from nbtrack.widgets.pages.whole import of_all

from ..front_end import metric, run

VOID = {"br", "img"}
ALLOWED = {"div", "p", "span", "b", "bdi", "code", "br", "img", "style", "table", "thead", "tbody", "tr", "th", "td"}


class Page(HTMLParser):
    """A page read as a browser reads it: its tags must nest, its text and attributes are kept."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words, self.attributes, self.tables = [], set(), [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attributes]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.words.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    @property
    def text(self):
        return "".join(self.words)

    @property
    def svgs(self):
        uris = [value for tag, key, value in self.attributes if (tag, key) == ("img", "src")]
        return [ElementTree.fromstring(unquote(uri.removeprefix("data:image/svg+xml,"))) for uri in uris]


def assert_self_contained(html):
    page = Page(html)
    assert page.tags <= ALLOWED
    for tag, key, value in page.attributes:
        assert not key.startswith("on")
        assert key in {"class", "style", "title", "src", "alt", "width", "height", "scope", "align", "data-run"}
        assert key != "src" or value.startswith("data:image/svg+xml,")
        assert tag != "img" or key != "alt" or value
    assert "http" not in re.sub(r"xmlns='http://www\.w3\.org/2000/svg'", "", unquote(html))
    for picture in page.svgs:
        assert {element.tag.partition("}")[2] for element in picture.iter()} <= {"svg", "g", "path", "text"}
    return page


# One run


def test_a_run_shows_its_facts_and_metrics():
    page = assert_self_contained(run_html(run(note="A note.", tags={"team": "vision"}, dirty=True, parent="sweep")))
    for words in ("Finished", "baseline", "a1b2c3d4", "1 m 12 s", "in digits", "9f3c2e1 on main + changes", "3 artifacts"):
        assert words in page.text
    for words in ("A note.", "team = vision", "child of sweep", written.moment(1_763_822_222_000)):
        assert words in page.text
    metrics, params = page.tables
    assert metrics[0] == ["metric", "last", "min", "max", "points"]
    assert metrics[1] == ["loss", "0.0043202", "0.0043202 at 49", "1 at 0", "50"]
    assert params == [
        ["param", "value"],
        ["lr", "0.001"],
        ["layers", "[64, 32]"],
        ["name", "adam"],
        ["flag", "True"],
        ["none", "None"],
    ]
    assert len(page.svgs) == 2


def test_the_best_value_is_bold_if_the_name_tells_its_direction():
    html = run_html(run(metrics={"loss": metric([3, 1, 2]), "accuracy": metric([1, 3, 2]), "size": metric([1, 3, 2])}))
    assert re.findall(r"<b>([\d.]+) <", html) == ["1", "3"]


@pytest.mark.parametrize("status", Status)
def test_a_status_is_a_word_with_the_reason_of_its_end(status):
    assert status.value.capitalize() in Page(run_html(run(status=status))).text
    assert "(stopped)" in Page(run_html(run(status=status, ended="stopped"))).text
    assert status.value.capitalize() in run_text(run(status=status))


def test_the_error_of_a_failed_run_is_shown():
    view = run(status=Status.FAILED, error="ValueError: bad shape (3,)")
    assert "ValueError: bad shape (3,)" in Page(run_html(view)).text
    assert "ValueError: bad shape (3,)" in run_text(view)


def test_an_empty_run_says_that_nothing_was_logged():
    empty = run(name="", params={}, metrics={}, duration=None, started=0, experiment="", commit="", artifacts=0)
    page = assert_self_contained(run_html(empty))
    assert "Nothing was logged." in page.text
    assert page.tables == []
    assert "Nothing logged yet." in Page(run_html(run(params={}, metrics={}, status=Status.RUNNING))).text
    assert run_text(empty) == "Finished · a1b2c3d4"
    assert run_png(empty)


ODD = {
    "nan": [np.nan] * 5,
    "inf": [np.inf, np.inf],
    "mixed": [1, np.nan, np.inf, -np.inf, 2, 3],
    "constant": [0.5] * 9,
    "zero": [0.0, 0.0],
    "two": [1, 2],
    "huge": [1.7e308, -1.7e308, 0],
    "tiny": [5e-324, 0.0],
    "close": [1.0, 1.0 + 1e-15],
    "decades": list(10.0 ** -np.arange(12)),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_curve_is_drawn_without_a_numpy_warning(name):
    view = run(metrics={name: metric(ODD[name])})
    page = assert_self_contained(run_html(view))
    assert len(page.svgs) == 1
    assert not re.search("nan|inf", "".join(page.svgs[0].itertext()).replace("all NaN", "").replace("no finite value", ""))
    for element in page.svgs[0].iter():
        assert not any(re.search("nan|inf", value) for value in element.attrib.values())
    assert run_text(view)
    assert run_png(view)


def paths(page):
    return [e.get("d") for e in page.svgs[0].iter() if e.tag.endswith("path") and e.get("fill") == "none"]


def test_nan_breaks_the_line_and_an_infinity_is_marked():
    whole, broken = ([1, 2, 3, 4, 5, 6], [1, 2, np.nan, 4, 5, 6])
    assert paths(Page(run_html(run(metrics={"x": metric(whole)}))))[0].count("M") == 1
    assert paths(Page(run_html(run(metrics={"x": metric(broken)}))))[0].count("M") == 2
    page = Page(run_html(run(metrics={"x": metric([1, 2, np.inf, 4, 5])})))
    assert sum((e.get("d") or "").count("z") for e in page.svgs[0].iter()) == 1


def test_the_number_of_nan_is_shown():
    rows = Page(run_html(run(metrics={"x": metric([1, np.nan, 2]), "y": metric([np.nan] * 3)}))).tables[0]
    assert rows[1:] == [["x", "2", "1 at 0", "2 at 2", "3 (1 NaN)"], ["y", "NaN", "", "", "3 (3 NaN)"]]


def test_one_point_needs_no_chart():
    page = Page(run_html(run(metrics={"test_accuracy": metric([0.93])})))
    assert page.svgs == []
    assert page.tables[0][1] == ["test_accuracy", "0.93", "", "", "1"]


def test_splits_of_one_metric_share_a_chart_and_it_is_labelled():
    names = ["lr", "val_loss", "train/acc", "loss", "val/acc", "test_loss"]
    charts = charts_of_run(run(metrics={name: metric([1, 2]) for name in names}))
    assert [[s.label for s in chart.lines] for chart in charts] == [
        ["loss", "val_loss", "test_loss"],
        ["train/acc", "val/acc"],
        ["lr"],
    ]
    assert len({s.color for s in charts[0].lines}) == 3
    page = Page(run_html(run(metrics={name: metric([1, 2]) for name in names})))
    assert "val_loss 2" in page.text
    assert "Page(" not in page.text


def test_curves_that_were_not_read_count_as_not_drawn():
    metrics = {f"m{i}": MetricContent(metric([1, 2]).summary, None) for i in range(5)}
    assert "not drawn" not in Page(run_html(run(metrics=metrics))).text
    page = Page(run_html(run(metrics={"a": metric([1, 2]), "b": metric([1]), **metrics})))
    assert "and 5 more charts not drawn" in page.text


def test_a_chart_has_a_description():
    alternatives = [value for tag, key, value in Page(run_html(run())).attributes if (tag, key) == ("img", "alt")]
    assert alternatives[0].startswith("loss █")
    assert alternatives[0].endswith("1 to 0.0043202")


# What other people write

EVIL = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</td></table></div>",
    "&lt;b&gt;",
    "a\nb\tc\x00d\x1b[31m",
    "\u202ereversed\u202c \u2067x",
    "שלום עולם",
    "损失 🎉👩‍👩‍👧",
    "x" * 10_000,
    "<" * 10_000,
    "\ud800",
    "$\\frac{1}{2}$ _^{",
    "",
]


@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_user_supplied_strings_cannot_break_the_html(text):
    curve = metric([1, 2, 3])
    view = run(
        id=text,
        name=text,
        experiment=text,
        params={text: text, "p": text},
        metrics={text: curve, "val_" + text: curve},
        tags={text: text},
        note=text,
        commit=text,
        branch=text,
        parent=text,
        error=text,
        ended=text,
    )
    other = run(metrics={text: curve}, params={text: 1})
    for html in (
        run_html(view),
        runs_html(RunsContent((view, other), 2, text)),
        comparison_html(ComparisonContent((view, other))),
    ):
        page = assert_self_contained(html)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", html)
        assert len(html) < 20_000
        assert "alert" not in " ".join(
            value or "" for _, key, value in page.attributes if key not in ("title", "alt", "data-run")
        )
        html.encode()
    for plain in (
        run_text(view),
        runs_text(RunsContent((view, other), 2, text)),
        comparison_text(ComparisonContent((view, other))),
    ):
        assert not re.search("[\u202a-\u202e\x00-\x09\x0b-\x1f]", plain)
        assert len(plain) < 5_000
    assert run_png(view)


@given(st.text(), st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_html_parses_for_any_name(name, value):
    assert_self_contained(run_html(run(name=name, params={name: value}, metrics={name: metric([1, 2])})))


def test_a_long_name_is_cut_and_its_title_has_more():
    page = Page(run_html(run(params={"long " * 30: "v"})))
    assert any(cell.startswith("long long") and cell.endswith("…") for row in page.tables[1] for cell in row)
    assert ("bdi", "title", ("long " * 30).strip()) in page.attributes


# Size


def many(metrics=500, params=1000, points=5000):
    rng = np.random.default_rng(0)
    return run(
        name="é" * 100,
        note="ü🎉" * 500,
        params={f"parameter_number_{i}": "значение" * 20 for i in range(params)},
        metrics={f"group{i % 7}/metric_{i}": metric(rng.normal(size=points).cumsum()) for i in range(metrics)},
    )


@pytest.mark.parametrize(("metrics", "params"), [(500, 1000), (12, 36), (1, 0), (0, 1000)])
def test_a_run_takes_at_most_40_kb_of_a_notebook(metrics, params):
    bundle = run_bundle(many(metrics, params, 500))
    assert set(bundle) == {"text/html", "text/plain", "image/png"}
    assert len(json.dumps(bundle)) <= 40_000
    page = assert_self_contained(bundle["text/html"])
    if metrics == 500:
        assert re.search(r"4\d\d more metrics and 9\d\d more params not shown", page.text)
        assert re.search(r"and 49\d more charts not drawn", page.text)
        assert len(page.svgs) >= 6


def test_tables_and_comparisons_are_bounded():
    runs = tuple(many(100, 200, 50) for _ in range(60))
    for bundle in (runs_bundle(RunsContent(runs, 10_000)), comparison_bundle(ComparisonContent(runs))):
        assert len(json.dumps(bundle["text/html"])) <= 40_000
        assert len(bundle["text/plain"]) < 8_000
        assert_self_contained(bundle["text/html"])
    assert "10,000 runs · first " in Page(runs_html(RunsContent(runs, 10_000))).text
    assert "60 runs compared · first " in Page(comparison_html(ComparisonContent(runs))).text


def test_a_smaller_limit_shows_less():
    assert len(run_html(many(50, 50, 500), 8_000)) <= 8_000
    assert run_html(many(50, 50, 500), 10)


def test_a_bundle_without_a_picture_loads_no_matplotlib():
    code = (
        "import sys, nbtrack.widgets.pages.bundles as s, nbtrack.widgets.pages.contents as v, nbtrack.entities.run as e\n"
        "b = s.run_bundle(v.RunContent('1', 'n', e.Status.FINISHED), picture=False)\n"
        "print(sorted(b), sorted({'matplotlib', 'pandas', 'PIL', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['text/html', 'text/plain'] []\n"


# Colours


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    low, high = sorted([luminance(one), luminance(two)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_colours_have_contrast_on_light_and_dark(ground):
    assert contrast(GREY, ground) >= 4.3
    for color in (*PALETTE, *STATUS_COLORS.values()):
        assert contrast(color, ground) >= 2.9, color


def test_the_png_is_transparent_and_leaves_matplotlib_alone():
    import matplotlib
    import matplotlib.pyplot as plt

    before, figures = dict(matplotlib.rcParams), plt.get_fignums()
    picture = Image.open(io.BytesIO(base64.b64decode(run_bundle(run())["image/png"]))).convert("RGBA")
    assert picture.getpixel((1, 1))[3] == 0
    assert picture.getextrema()[3][1] > 200
    assert plt.get_fignums() == figures
    assert dict(matplotlib.rcParams) == before


# Lists of runs


def trials():
    return (
        run(name="one", params={"lr": 0.1, "seed": 0, "same": "x"}, metrics={"loss": metric([3, 1]), "size": metric([5])}),
        run(name="two", params={"lr": 0.01, "seed": 0, "same": "x"}, metrics={"loss": metric([3, 0.5])}),
        run(
            name="three",
            params={"lr": 0.1, "seed": "0", "same": "x"},
            metrics={"loss": metric([3, np.nan])},
            status=Status.FAILED,
        ),
    )


def test_a_table_shows_what_differs_and_the_best():
    html = runs_html(RunsContent(trials(), 3, "metrics.loss < 4", 1_763_822_222_000 + 7_200_000))
    page = assert_self_contained(html)
    assert "3 runs · metrics.loss < 4" in page.text
    assert page.tables[0][0] == ["run", "status", "duration", "lr", "seed", "loss", "size", "started", "id"]
    assert page.tables[0][1][:7] == ["one", "● Finished", "1 m 12 s", "0.1", "0", "1", "5"]
    assert page.tables[0][3][:7] == ["three", "● Failed", "1 m 12 s", "0.1", "0", "NaN", "–"]
    assert "same in all: same = x" in page.text
    assert "<b>0.5</b>" in html
    assert "<b>1</b>" not in html
    assert ("span", "title", "2 hours ago when this was shown") in page.attributes


def test_a_table_in_text():
    assert runs_text(RunsContent(trials(), 5)).splitlines() == [
        "5 runs · first 3 shown",
        "run    status    id        duration    lr  seed  loss  size",
        "one    Finished  a1b2c3d4  1 m 12 s   0.1     0     1     5",
        "two    Finished  a1b2c3d4  1 m 12 s  0.01     0   0.5",
        "three  Failed    a1b2c3d4  1 m 12 s   0.1     0   NaN",
    ]


def test_tables_of_no_run_and_of_one():
    assert "0 runs" in Page(runs_html(RunsContent((), 0))).text
    assert runs_text(RunsContent((), 0)) == "0 runs"
    page = Page(runs_html(RunsContent((run(),), 1)))
    assert "1 run" in page.text
    assert "same in all" not in page.text
    assert "No runs" in Page(comparison_html(ComparisonContent(()))).text
    assert comparison_text(ComparisonContent(())) == "No runs to compare"


def test_a_table_without_a_limit_has_all_runs():
    runs = tuple(run(name=f"run {i}", params={f"p{j}": i + j for j in range(20)}) for i in range(120))
    rows = Page(runs_html(RunsContent(runs, 120), limit=None)).tables[0]
    assert len(rows) == 121
    assert len(rows[0]) == 3 + 20 + 2 + 2


def hundreds():
    """Three hundred runs; the best of a metric, and what differs in a param, are far behind the first fifty."""
    for i in range(300):
        loss, accuracy = (0.25 if i == 217 else 1 + i), (np.inf if i == 280 else 1 - i / 1000)
        params = {"lr": 0.1, "seed": 7 if i == 250 else 0, "same": "x"}
        yield run(name=f"run {i}", params=params, metrics={"loss": metric([9, loss]), "accuracy": metric([0, accuracy])})


def whole_of(runs):
    params = [(each.name, key, value) for each in runs for key, value in each.params.items()]
    return of_all(len(runs), params, [(each.name, key, m.summary.last) for each in runs for key, m in each.metrics.items()])


def test_the_best_is_that_of_all_runs_and_not_of_those_shown():
    runs = list(hundreds())
    html = runs_html(RunsContent(tuple(runs[:200]), 300, whole=whole_of(runs)))
    page = assert_self_contained(html)
    assert "300 runs · first 50 shown" in page.text
    assert page.tables[0][0][3:6] == ["seed", "loss", "accuracy"], "a param that differs in one that is not shown differs"
    assert "bold is the best of all 300 runs; not shown: loss 0.25 of run 217" in page.text
    assert "<b>1</b>" in html, "the best accuracy is shown: an infinity is none"
    assert "accuracy 1 of" not in page.text
    assert "same in all: lr = 0.1, same = x" in page.text


def test_no_best_value_is_marked_if_not_all_runs_were_read():
    html = runs_html(RunsContent(tuple(hundreds())[:200], 300))
    page = Page(html)
    assert "no best values are marked" in page.text
    assert "same in all" not in page.text
    assert re.findall("<b>[0-9.]+</b>", html) == []


def test_a_comparison_of_many_counts_and_marks_over_all():
    runs = list(hundreds())
    view = ComparisonContent(tuple(runs[:20]), total=300, whole=whole_of(runs))
    html, text = comparison_html(view), comparison_text(view)
    page = Page(html)
    assert "300 runs compared · first 10 shown, bold is the best of all" in page.text
    rows = {row[0]: row[1:] for row in page.tables[0]}
    assert set(rows["≠ seed"]) == {"0"}
    assert re.findall("<b>[0-9.]+</b>", html) == ["<b>1</b>"]
    assert "and 294 more runs not shown" in text
    assert "same in all: lr = 0.1, same = x" in text


def test_the_table_of_a_store_marks_the_best_of_all(tracker):
    for i in range(230):
        with nbtrack.start_run(f"run {i}", params={"lr": 0.1}) as one:
            one.log(loss=0.5 + (i + 1) % 230)
    nbtrack.flush()
    shown = nbtrack.runs()._repr_mimebundle_()
    page = Page(shown["text/html"])
    assert "230 runs · first 50 shown" in page.text
    assert "bold is the best of all 230 runs" in page.text
    assert page.tables[0][1][0] == "run 229"
    assert "<b>0.5</b>" in shown["text/html"]
    last = Page(nbtrack.runs()[1:]._repr_mimebundle_()["text/html"])
    assert "not shown: loss 1.5 of run 0" in last.text, "without the newest, the table is of 229 runs"


# Comparisons


def test_a_comparison_has_a_column_a_run_and_marks_what_differs():
    page = assert_self_contained(comparison_html(ComparisonContent(trials())))
    rows = {row[0]: row[1:] for row in page.tables[0]}
    assert rows[""] == ["●\xa01 one", "●\xa02 two", "●\xa03 three"]
    assert rows["≠ lr"] == ["0.1", "0.01", "0.1"]
    assert rows["≠ seed"] == ["0", "0", "0"]
    assert rows["loss ↓"] == ["1", "0.5", "NaN"]
    assert rows["size"] == ["5", "–", "–"]
    assert "≠ same" not in rows
    assert "same in all: same = x" in page.text
    assert len(page.svgs) == 1
    assert len(paths(page)) == 3 - 1  # the third has one finite value: a dot


def test_a_comparison_in_text():
    assert comparison_text(ComparisonContent(trials()[:2])).splitlines() == [
        "               one       two",
        "status    Finished  Finished",
        "duration  1 m 12 s  1 m 12 s",
        "≠ lr           0.1      0.01",
        "loss             1       0.5",
        "size             5",
        "same in all: seed = 0, same = x",
    ]


# Texts


def test_a_run_in_text():
    assert run_line(run()) == "baseline · Finished · 1 m 12 s · a1b2c3d4"
    lines = run_text(run(note="A note.")).splitlines()
    assert lines[0] == run_line(run())
    assert lines[1] == f"{written.moment(1_763_822_222_000)} · in digits · 9f3c2e1 on main · 3 artifacts"
    assert lines[2] == "A note."
    assert lines[3].split() == ["metric", "last", "min", "max", "points"]
    assert lines[4].startswith("loss ")
    assert lines[4].endswith(" 50  █▆▅▄▃▂▂▂▁▁▁▁▁▁▁▁")
    assert lines[6] == "params: lr = 0.001, layers = [64, 32], name = adam, flag = True, none = None"


def test_columns_line_up_with_wide_letters():
    text = runs_text(RunsContent((run(name="损失"), run(name="ab", params={})), 2))
    assert {written.columns(line.partition("Finished")[0]) for line in text.splitlines()[2:]} == {6}


def test_a_sparkline_shows_the_shape():
    assert sparkline(metric([0, 1, 2, 3, 4, 5, 6, 7]).curve) == "▁▂▃▄▅▆▇█"
    assert sparkline(metric([0, np.nan, 7]).curve) == "▁ █"
    assert sparkline(metric([1, 1]).curve) == "▄▄"
    assert sparkline(metric([np.nan]).curve) == ""
    assert len(sparkline(metric(range(1000)).curve)) == 16


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.33333"),
        (123456.789, "123457"),
        (-1e-5 / 3, "-3.3333e-6"),
        (1.2e-5, "1.2e-5"),
        (12345678.9, "1.2346e7"),
        (1e20, "1e20"),
        (100.5, "100.5"),
        (7.0, "7"),
        (-0.0, "0"),
        (9.999999, "10"),
        (float("nan"), "NaN"),
        (float("inf"), "∞"),
        (float("-inf"), "-∞"),
    ],
)
def test_numbers(value, text):
    assert written.number(value) == text


@given(st.floats(-1e308, 1e308) | st.just(float("nan")))
def test_a_number_keeps_its_first_digits(value):
    text = written.number(value).replace("∞", "inf")
    assert float(text) == pytest.approx(value, rel=1e-4, nan_ok=True)
    assert len(text) <= 12
    assert written.short_number(value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9999, "1 s"),
        (12.34, "12.3 s"),
        (59.96, "1 m"),
        (72, "1 m 12 s"),
        (3600, "1 h"),
        (7505, "2 h 5 m"),
        (266400, "3 d 2 h"),
        (-1, "0 ms"),
    ],
)
def test_durations(seconds, text):
    assert written.duration(seconds) == text


def test_times_and_sizes():
    assert written.moment(0, datetime.UTC) == "1970-01-01 00:00"
    assert [written.ago(0, ms) for ms in (-5, 59_000, 60_000, 7_200_000, 259_200_000)] == [
        "just now",
        "just now",
        "1 minute ago",
        "2 hours ago",
        "3 days ago",
    ]
    assert [written.size(n) for n in (0, 999, 1234, 1_234_567, 5 * 10**9)] == ["0 B", "999 B", "1.23 kB", "1.23 MB", "5 GB"]
    assert [written.short_number(n) for n in (0.25, 9999, 12_000, -1_500_000, 1e-5)] == ["0.25", "9999", "12k", "-1.5M", "1e-5"]


@pytest.mark.parametrize(
    ("name", "base", "split", "direction"),
    [
        ("loss", "loss", "", -1),
        ("val_loss", "loss", "val", -1),
        ("train/loss", "loss", "train", -1),
        ("loss.validation", "loss", "val", -1),
        ("valAccuracy", "accuracy", "val", 1),
        ("test/F1", "f1", "test", 1),
        ("epoch/train/rmse", "epoch_rmse", "train", -1),
        ("train", "train", "", 0),
        ("lr", "lr", "", 0),
        ("损失", "损失", "", 0),
        ("", "", "", 0),
    ],
)
def test_names_tell_split_and_direction(name, base, split, direction):
    assert split_of(name) == (base, split)
    assert better(name) == direction


def test_families_keep_their_order():
    assert families(["b", "val_a", "a", "test_b"]) == [["b", "test_b"], ["val_a", "a"]]
