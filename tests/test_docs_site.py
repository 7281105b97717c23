"""The documentation as a site: it builds without a warning, its links lead somewhere, and it asks nobody for anything."""

import re
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest

import nbtrack

from .browser.lab import chromium
from .needs import program

ROOT = Path(__file__).parents[1]
SECTIONS = ["start", "tutorial/index", "howto/index", "reference/index", "explanation/index"]

# The attribute of an element that a browser loads without being asked.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """What a page has and refers to."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if found.get(LOADED.get(tag, "")):
            self.loaded.append(found[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    options = ["-W", "--keep-going", "-q", "-b", "html", "-d", folder / "trees"]
    command = [sys.executable, "-m", "sphinx", *options, ROOT / "docs", folder / "html"]
    built = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert built.returncode == 0, built.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}


def test_every_page_of_docs_is_in_the_site(site):
    sources = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
    assert [name for name in sources if not (site / name).is_file()] == []


@pytest.mark.parametrize("name", ["Run", "Runs", "Comparison", "MetricHistory", "Tracker", "ModelVersion", "RegisteredModel"])
def test_the_reference_has_what_tab_shows(name, pages):
    """Of what is ours: a sequence's own count and index are Python's."""
    kind = getattr(nbtrack, name)
    ours = {member for base in kind.__mro__ if base.__module__.startswith("nbtrack") for member in vars(base)}
    documented = {member for member in ours if not member.startswith("_") and getattr(kind, member).__doc__}
    shown = {place for page in pages.values() for place in page.ids}
    assert documented
    assert [member for member in documented if f"nbtrack.{name}.{member}" not in shown] == []


def test_each_link_inside_the_site_leads_to_a_page_and_a_place_in_it(pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or link == "#":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or (parts.fragment and target in pages and parts.fragment not in pages[target].ids):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_pages_load_nothing_from_elsewhere(site, pages):
    assert [url for page in pages.values() for url in page.loaded if urlsplit(url).scheme not in ("", "data")] == []
    sheets = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""", sheets) == []


@pytest.fixture
def address(site):
    """The site as a web server shows it: from a file, a browser lets no script read other pages."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_browser_asks_no_other_host_and_finds_what_it_searches(site, pages, address):
    asked, errors = [], []
    with chromium(program("chromium", "google-chrome")) as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        for path in pages:
            page.goto(f"{address}/{path.relative_to(site)}")
        page.goto(f"{address}/search.html?q=watermark")
        page.get_by_role("link", name="How far a journal has been applied").first.wait_for()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []


def test_the_five_sections_are_on_top_of_every_page(site):
    head = Page(site / "howto" / "track-a-cell.html").links
    assert [f"../{name}.html" in head or f"{Path(name).name}.html" in head for name in SECTIONS] == [True] * 5
