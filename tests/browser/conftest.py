import itertools
import os

import pytest

from ..ipykernels import VERSIONS, folder_of
from ..needs import program
from .lab import Notebook, Server, chromium

pytest.importorskip("playwright")


def pytest_collection_modifyitems(items):
    """They take long, and a page or a kernel that hangs must not take all the time there is."""
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def browser():
    with chromium(program("chromium", "google-chrome", "chromium-browser")) as found:
        yield found


@pytest.fixture(scope="session")
def lab(request, tmp_path_factory):
    kernels = {version: folder_of(request.config, version) for version in VERSIONS if version != "newest"}
    server = Server("lab", tmp_path_factory.mktemp("lab"), kernels)
    yield server
    server.close()


@pytest.fixture(scope="session")
def notebook_7(tmp_path_factory):
    server = Server("notebook", tmp_path_factory.mktemp("notebook"), {})
    yield server
    server.close()


def new_page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(40_000)
    return context.new_page()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.has_failed = getattr(item, "has_failed", False) or report.failed
    if report.failed:
        report.sections += [(f"what {each.name} shows", each.described()) for each in getattr(item, "notebooks", [])]
    return report


@pytest.fixture(scope="session")
def shared_pages(browser):
    """What holds the page that is used now."""
    pages = []
    yield pages
    for page in pages:
        page.context.close()


@pytest.fixture
def page(browser, shared_pages, request):
    """A page that one notebook after the other is opened in; the one of a test that failed is not used again."""
    if not shared_pages:
        shared_pages.append(new_page(browser))
    yield shared_pages[0]
    if request.node.has_failed:
        shared_pages.pop().context.close()


@pytest.fixture
def own_page(browser):
    page = new_page(browser)
    yield page
    page.context.close()


_numbers = itertools.count()

FIRST = """%load_ext nbtrack
import os, time, math
nbtrack.connect({store!r})
def go_on(): return not os.path.exists({flag!r})
"""


@pytest.fixture
def open_notebook(lab, page, browser, request):
    """Open a notebook whose first cell has loaded nbtrack and connected to a store of its own."""
    opened, pages = [], []
    request.node.notebooks = opened

    def open_(*cells, kernel="newest", server=lab, on=None, store=None):
        if on is None and server is not lab:
            pages.append(new_page(browser))
            on = pages[-1]
        on = on or page
        name = f"n{next(_numbers)}-{os.getpid()}.ipynb"
        store = store or server.root / name.replace(".ipynb", "-store")
        first = FIRST.format(store=str(store), flag=f"{name}.flag")
        notebook = Notebook(on, server, name, [first, *cells], "python3" if kernel == "newest" else kernel)
        notebook.store, notebook.flag = store, server.root / f"{name}.flag"
        opened.append(notebook)
        notebook.run(0)
        return notebook

    yield open_
    for notebook in opened:
        notebook.flag.touch()
        notebook.close()
    for each in pages:
        each.context.close()
