"""Reading many runs takes no more requests than reading one."""

import matplotlib as mpl
import pytest

import nbtrack
from nbtrack.entities.events import Batch, DocumentLogged
from nbtrack.kernel import frontend
from nbtrack.store.http import HttpClient
from nbtrack.store.sql.store import SqlStore
from nbtrack.tracking.tracker import connection_of
from nbtrack.widgets.open_views import close_views

from ..served import serving

MOST = 6
SIZES = (1, 10, 60)
READS = {
    "compare": lambda ids, path: nbtrack.compare(*ids),
    "comparison as text": lambda ids, path: repr(nbtrack.compare(*ids)),
    "comparison in a cell": lambda ids, path: nbtrack.compare(*ids)._repr_mimebundle_(),
    "comparison.metrics": lambda ids, path: nbtrack.compare(*ids).metrics,
    "table as text": lambda ids, path: repr(nbtrack.runs()),
    "table in a cell": lambda ids, path: nbtrack.runs()._repr_mimebundle_(),
    "table.to_html": lambda ids, path: nbtrack.runs().to_html(path),
    "df": lambda ids, path: nbtrack.runs().df(),
    "history": lambda ids, path: nbtrack.runs().history("loss"),
    "plot": lambda ids, path: nbtrack.runs().plot("loss"),
    "plot by a param": lambda ids, path: nbtrack.runs().plot("loss", by="params.lr"),
}


def logged(uri, count):
    """Log runs with metrics and documents, and return their ids."""
    tracker, ids = nbtrack.connect(uri), []
    for number in range(count):
        with nbtrack.start_run(f"run {number}", params={"lr": 0.1 * (number % 3), "seed": number}) as run:
            for step in range(20):
                run.log(loss=1 / (step + 1 + number), accuracy=step / 20)
        ids.append(run.id)
    nbtrack.flush()
    documents = (DocumentLogged("code", "x = 1"), DocumentLogged("packages", "numpy==2.0"))
    connection_of(tracker).store().apply([Batch(run_id, "", 0, documents) for run_id in ids])
    return ids


@pytest.fixture(scope="module", params=["SQLite", "server"])
def stores(request, tmp_path_factory):
    """Give the name of a kind of store, the URI of one for each number of runs, and the ids of these."""
    folder = tmp_path_factory.mktemp("stores")
    with serving(str(folder)) as address:
        uris = [f"sqlite:///{folder}/local{size}.db" if request.param == "SQLite" else f"{address}/s{size}" for size in SIZES]
        yield request.param, {uri: logged(uri, size) for uri, size in zip(uris, SIZES, strict=True)}


@pytest.fixture
def count(stores, tmp_path, monkeypatch):
    """Return what counts the requests of a read, or on SQLite the calls of the store, for each number of runs."""
    owner, name = (SqlStore, "_read") if stores[0] == "SQLite" else (HttpClient, "request")
    asked, real = [], getattr(owner, name)

    def counted(self, *args, **named):
        asked.append(args[:2])
        return real(self, *args, **named)

    def requests(read):
        found = []
        for uri, ids in stores[1].items():
            nbtrack.connect(uri)
            nbtrack.runs()
            del asked[:]
            read(ids, tmp_path / "written.html")
            found.append([*asked])
        return found

    monkeypatch.setattr(owner, name, counted)
    mpl.use("agg")
    return requests


@pytest.mark.parametrize("name", READS)
def test_many_runs_take_as_many_requests_as_one(count, name):
    one, *more = count(READS[name])
    assert 0 < len(one) <= MOST, one
    assert [len(requests) for requests in more] == [len(one)] * len(more), more


def test_a_comparison_is_exported_in_as_many_requests_as_one_run(count):
    comparisons = {}

    def compare(ids, path):
        comparisons[len(ids)] = nbtrack.compare(*ids)

    count(compare)
    one, *more = count(lambda ids, path: comparisons[len(ids)].to_html(path))
    assert 0 < len(one) <= MOST
    # One run has no difference to the first, so no texts are read.
    assert [len(requests) for requests in more] == [len(one) + 1] * len(more)
    assert len(more[0]) <= MOST, more[0]


@pytest.mark.parametrize("name", ["comparison in a cell", "table in a cell"])
def test_a_live_view_shares_what_the_static_page_has_read(count, name, monkeypatch):
    monkeypatch.setattr(frontend, "is_headless", lambda: False)
    one, *more = count(READS[name])
    close_views()
    assert 0 < len(one) <= MOST, one
    assert [len(requests) for requests in more] == [len(one)] * len(more), more
