"""A run's files in a live view: lists, parts, tables, and HTML files that hold them."""

import base64
import gzip
import json
import re

import pandas as pd
import pytest

import nbtrack
from nbtrack.errors import InvalidInput
from nbtrack.tracking.session import session_of
from nbtrack.widgets import html_file
from nbtrack.widgets.views.files import FilesView

from ..page import Page

HOSTILE = "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"


@pytest.fixture
def run(tracker):
    with nbtrack.start_run("with files", params={HOSTILE[:200]: HOSTILE}, note=HOSTILE) as run:
        run.log({"loss": 1.0, "val/loss": 2.0}, step=0)
        run.log({"loss": 0.5, "val/loss": 1.5}, step=1)
        run.log_text("0123456789" * 1000, "notes/long.txt")
        run.log_table(pd.DataFrame({"digit": range(500), "read as": ["x"] * 500}), "misread.csv")
    return nbtrack.get_run(run.id)


@pytest.fixture
def page(run):
    return Page(FilesView(session_of(run).connection, run.id))


def test_files_are_listed_with_their_sizes(page):
    found = page.ask("list")
    assert {each["path"]: each["size"] for each in found["files"]}["notes/long.txt"] == 10_000
    assert found["total"] == 2


def test_a_file_is_read_in_parts(page):
    found = page.ask("file", path="notes/long.txt", start=9_995, most=100)
    assert (found["data"].tobytes(), found["size"], found["mime"]) == (b"56789", 10_000, "text/plain")


@pytest.mark.parametrize("path", ["nothing.txt", "../runs.db", "/etc/passwd", "notes/../../runs.db", ""])
def test_only_the_runs_own_files_are_read(page, path):
    with pytest.raises(InvalidInput, match="no file"):
        page.ask("file", path=path)


def test_a_table_is_read_by_rows(page):
    found = page.ask("table", path="misread.csv", first=490, count=100)
    assert (found["columns"], found["total"]) == (["digit", "read as"], 500)
    assert [row[0] for row in found["rows"]] == [str(i) for i in range(490, 500)]
    with pytest.raises(InvalidInput, match="cannot be shown as a table"):
        page.ask("table", path="notes/long.txt")


def data_of(html):
    """Return what a page of its own holds, but for the bytes of its arrays."""
    (encoded,) = re.findall(r'id="nbtrack-data">([^<]*)<', html)
    whole = gzip.decompress(base64.b64decode(encoded))
    length = int.from_bytes(whole[:4], "little")
    return json.loads(whole[4 : 4 + length])


@pytest.mark.parametrize("what", ["run", "runs", "comparison"])
def test_an_html_file_needs_no_network_and_runs_only_its_own_scripts(run, tmp_path, what):
    with nbtrack.start_run(name="another") as other:
        pass
    made = {"run": run, "runs": nbtrack.runs(), "comparison": nbtrack.compare(run, other)}[what]
    html = made.to_html(tmp_path / f"{what}.html").read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    scripts = html.count("<script")
    assert scripts == html.count("</script>") == policy.count("sha256-") + 1, "the data, and scripts known by their hash"
    assert not re.findall(r'(?:src|href)="(?!data:)', html.partition("<script")[0])
    assert HOSTILE not in html
    assert data_of(html)["kind"] == what


def test_files_that_do_not_fit_are_left_out_with_a_note(run, tmp_path, monkeypatch):
    monkeypatch.setattr(html_file, "LIMIT", 1500)
    html = run.to_html(tmp_path / "run.html").read_text(encoding="utf-8")
    assert "files are not in this page" in html
    monkeypatch.setattr(html_file, "LIMIT", 100)
    with pytest.raises(InvalidInput, match="100 is the limit; choose fewer runs"):
        run.to_html(tmp_path / "run.html")
