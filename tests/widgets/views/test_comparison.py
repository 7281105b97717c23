"""The snapshot of a comparison, and its answers to requests."""

import io

import numpy as np
import pytest

import nbtrack
from nbtrack.entities.events import Batch, DocumentLogged
from nbtrack.errors import InvalidInput
from nbtrack.tracking.tracker import connection_of
from nbtrack.widgets.data.text_diff import side_by_side

from ..page import Page, live_view

CODE = ["epochs = 3\nmodel = make(0.1)\nfit(model)\n", "epochs = 3\nmodel = make(0.01)\nfit(model)\n"]


@pytest.fixture
def runs(tracker):
    pytest.importorskip("PIL")
    for i, code in enumerate(CODE):
        with nbtrack.start_run(f"run {i}", params={"lr": 0.1 / 10**i, "seed": 1}) as run:
            for step in range(4):
                run.log(loss=float(step + i), accuracy=step / 4)
            run.log_image(np.full((4, 4, 3), 60 * i, "uint8"), "sample.png")
        document = DocumentLogged("code", code)
        environment = DocumentLogged("environment", f'{{"python": "3.1{i}", "cpu": {{"cores": 2}}}}')
        connection_of(tracker).read().apply([Batch(run.id, "", 0, (document, environment))])
    return nbtrack.runs(order_by="run_name ASC")


@pytest.fixture
def page(runs):
    return Page(live_view(runs.compare()))


def test_a_snapshot_has_values_statistics_and_images(page):
    found = page.ask("snapshot")
    assert found["stats"]["loss"]["max"].tolist() == [3, 4]
    assert found["stats"]["accuracy"]["mean"].tolist() == [0.375, 0.375]
    assert found["images"] == [{"path": "sample.png", "runs": [0, 1]}]
    assert all({"code", "environment"} <= set(documents) for documents in found["documents"])


def test_curves_of_all_runs_in_a_range(page):
    series = page.ask("curves", keys=["loss"], by="step", lo=1, hi=2)["series"]
    assert [(each["run"], each["y"].tolist()) for each in series] == [(0, [1, 2]), (1, [2, 3])]
    against = page.ask("against", x="accuracy", keys=["loss"])["series"]
    assert [each["x"].tolist() for each in against] == [[0, 0.25, 0.5, 0.75]] * 2


def test_sources_are_side_by_side_with_the_words_that_changed(page):
    found = page.ask("diff", what="code", left=0, right=1)
    assert not found["equal"]
    (changed,) = [row for row in found["rows"] if row[1] != row[3]]
    assert changed[0] == changed[2] == 2
    assert "".join(text for text, is_other in changed[1] if is_other) in "0.1"
    assert "".join(text for text, _ in changed[3]) == "model = make(0.01)"


def test_environments_are_compared_by_their_facts(page):
    rows = page.ask("diff", what="environment", left=0, right=1)["rows"]
    assert ["".join(text for text, _ in row[1]) for row in rows] == ["python: 3.10", "cpu.cores: 2"]


def test_a_diff_of_documents_that_neither_run_has_is_empty(page):
    assert page.ask("diff", what="packages", left=0, right=0)["equal"]
    assert page.ask("diff", what="diff", left=0, right=1)["none"] in (True, False)


def test_images_are_read_by_run(page):
    found = page.ask("file", run=1, path="sample.png")
    assert found["mime"] == "image/png"
    import PIL.Image

    assert PIL.Image.open(io.BytesIO(found["data"].tobytes())).getpixel((0, 0)) == (60, 60, 60)
    with pytest.raises(InvalidInput, match="no file 'secret'"):
        page.ask("file", run=1, path="secret")


def test_a_selection_is_a_value_in_python(runs):
    comparison = runs.compare()
    Page(live_view(comparison)).ask("select", ids=[runs[1].id, "nobody"])
    assert [run.name for run in comparison.selected] == ["run 1"]


def test_an_export_answers_the_requests_of_its_page(page):
    exported = page.view.export(0)
    asked = [(what, args) for what, args, _ in exported.answers]
    assert ("curves", {"keys": ["loss"]}) in asked
    assert ("diff", {"what": "code", "left": 0, "right": 1}) in asked
    assert ("file", {"run": 1, "path": "sample.png"}) in asked
    assert any("2 images are not in this page" in note for note in page.view.export(3).notes)


def test_lines_far_from_a_change_are_counted():
    left = "\n".join(f"line {i}" for i in range(100))
    rows = side_by_side(left, left.replace("line 50", "line fifty"))
    assert [row for row in rows if len(row) == 1] == [[47], [46]]
    (changed,) = [row for row in rows if len(row) == 4 and row[1] != row[3]]
    assert changed[0] == 51


def test_lines_that_are_only_on_one_side():
    assert side_by_side("a\n", "a\nb\n")[-1] == [None, [], 2, [("b", True)]]
    assert side_by_side("a\nb\n", "b\n")[0] == [1, [("a", True)], None, []]
    assert side_by_side("", "") == []
