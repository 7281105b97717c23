"""The local artifact store, names of artifacts, and copies of files."""

import hashlib
import io
import os
import tracemalloc
from pathlib import Path

import pytest

from nbtrack.errors import ArtifactNotFound, InvalidInput, StoreUnavailable
from nbtrack.store.artifacts.local import LocalArtifacts
from nbtrack.store.artifacts.paths import TEMPORARY, artifact_folder, artifact_path, file_uri, local_path
from nbtrack.store.artifacts.protocol import walk
from nbtrack.store.artifacts.spool import copy_hashed, files_below

from .contract import ArtifactsContract, names, read


@pytest.fixture
def store(tmp_path):
    return LocalArtifacts(tmp_path / "run" / "artifacts")


@pytest.fixture
def put(store, tmp_path):
    def put(path, content=b"content"):
        source = tmp_path / "source"
        source.write_bytes(content)
        store.put(path, source)

    return put


class TestLocal(ArtifactsContract):
    @pytest.fixture
    def store(self, tmp_path):
        return LocalArtifacts(tmp_path / "run" / "artifacts")


# Names

# As log_image(key=, step=) of MLflow 2.11 to 3.9 names its files.
OLD_IMAGES = [
    f"images/dog%step%{step}%timestamp%1724213639123%ace60e60-f4da-41ab-a4ab-40f085b26941{ending}"
    for step in (0, 3, 10, 23, 25, 127, 2523)
    for ending in (".png", "%compressed.webp")
]
ESCAPES = ["50%10.csv", "100%1f.txt", "a%5cb.txt", "a%23b", "a%0Ab", "%ff%fe", "a%2f%2fb"]


@pytest.mark.parametrize(
    "path",
    ["a", "plots/loss.png", "100%.txt", "a b/ü 你.txt", "..a/b..", "...", "ab:c", "x%20y", "50%25.txt", *OLD_IMAGES, *ESCAPES],
)
def test_a_relative_path_is_returned_unchanged(path):
    assert artifact_path(path) == path


REFUSED = """
.. ../x a/../b a/.. a/../../b /etc/passwd //host/x C:/x c:x C:\\x \\\\host\\share ..\\x a\\b
%2e%2e/x %2E%2E%2fx %252e%252e%252fx %25252e%25252e/x ..%2fx a%2f..%2fb %2fetc%2fpasswd %5c..%5cx %00 a%00b
file:///etc/passwd file:/x FILE:///x file:x file%3A///etc a#b . ./a a/. a//b a/ %2f a/%2e/b C%3A/x a%5c..%5cb
%09/etc .%0a./x ..? ? ?x %3f a/..?x %2e%2e%3f %09%2e%2e/x
"""


@pytest.mark.parametrize(
    "path", [*REFUSED.split(), "", "a\0b", "a\nb", "a\x7fb", "a\ud800b", "%" + "25" * 12 + "2e", "n" * 256, TEMPORARY + "1"]
)
def test_a_path_that_leads_elsewhere_is_refused_and_named(path):
    with pytest.raises(InvalidInput) as caught:
        artifact_path(path)
    assert repr(path[:200]) in str(caught.value)
    assert "give" in str(caught.value)


@pytest.mark.parametrize("part", ["nul", "CON.txt", "com1", "a.", "a ", "a?b", "a:b"])
def test_names_that_windows_reserves_are_refused_there(part, monkeypatch):
    assert artifact_path(f"dir/{part}") == f"dir/{part}"
    monkeypatch.setattr("nbtrack.store.artifacts.paths.os.name", "nt")
    with pytest.raises(InvalidInput, match="Windows"):
        artifact_path(f"dir/{part}")


def test_a_folder_may_end_in_a_slash_and_the_root_is_empty():
    assert [artifact_folder(t) for t in ("", ".", "/", "a/b", "a/b/")] == ["", "", "", "a/b", "a/b"]
    with pytest.raises(InvalidInput):
        artifact_folder("a/../b")


@pytest.mark.parametrize("name", ["plain", "with space", "ünïcode 你好", "100%", "a#b?c", "tab\tname", "%41"])
def test_a_path_equals_that_of_its_uri(tmp_path, name):
    uri = file_uri(tmp_path / name)
    assert uri.startswith("file:///")
    assert uri.isascii()
    assert local_path(uri) == tmp_path / name
    assert LocalArtifacts(uri).root == LocalArtifacts(tmp_path / name).root


def test_the_spellings_of_a_file_uri():
    for uri in ("file:///tmp/a%20b", "file:/tmp/a b", "file://localhost/tmp/a%20b", "FILE:///tmp/a b", "/tmp/a b"):
        assert str(local_path(uri)) == "/tmp/a b"


@pytest.mark.parametrize("uri", ["file://host/x", "file:///x?y", "file:///x#y", "file:///x%00y", "a\0b", "", "file:"])
def test_a_uri_that_is_not_a_local_path_is_refused(uri):
    with pytest.raises(InvalidInput):
        local_path(uri)


# Stored files


def test_a_store_without_files_creates_no_folder(store):
    assert store.list() == []
    assert not store.root.exists()


def test_deleting_everything_leaves_no_folder(store, put):
    put("x")
    store.delete("")
    assert not store.root.exists()


def test_a_move_between_file_systems_copies_and_removes(store, tmp_path, monkeypatch):
    spool = tmp_path / "spool"
    spool.write_bytes(b"x" * 3_000_000)
    real = type(spool).replace

    def replace(self, target):
        if self == spool:
            raise OSError(18, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(type(spool), "replace", replace)
    store.put("big", spool, move=True)
    assert not spool.exists()
    assert store.list()[0].size == 3_000_000


def test_a_failed_copy_leaves_the_old_file_and_no_temporary_one(store, put, monkeypatch, tmp_path):
    put("f", b"old")

    def full(reader, writer, length):
        writer.write(b"ne")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nbtrack.store.artifacts.spool.shutil.copyfileobj", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        put("f", b"new")
    assert read(store, "f") == b"old"
    assert names(store.root) == ["f"]


def test_an_unfinished_file_of_a_killed_process_is_not_listed(store, put, tmp_path):
    put("d/f")
    (store.root / "d" / (TEMPORARY + "1")).write_bytes(b"half")
    assert [e.path for e in store.list("d")] == ["d/f"]
    assert names(store.download("d", tmp_path / "out")) == ["f"]


def test_a_file_and_a_folder_do_not_replace_each_other(store, put):
    put("a/b")
    with pytest.raises(InvalidInput, match="is a folder"):
        put("a")
    with pytest.raises(InvalidInput, match="is a folder"):
        store.open("a")
    with pytest.raises(InvalidInput, match="through a file"):
        put("a/b/c")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_unavailable(store, put):  # pragma: no cover - CI may be root
    put("a")
    store.root.chmod(0o500)
    with pytest.raises(StoreUnavailable):
        put("b")


def test_only_the_beginning_of_a_long_list_is_shown(store, put):
    for n in range(20):
        put(f"many/{n:02}")
    with pytest.raises(ArtifactNotFound, match="and 12 more"):
        store.open("many/x")


def test_links_out_of_the_folder_are_not_followed(store, put, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    put("inside")
    (store.root / "door").symlink_to(outside)
    (store.root / "file").symlink_to(outside / "secret")
    (store.root / "dangling").symlink_to(store.root / "nothing")
    (store.root / "alias").symlink_to("inside")
    assert [e.path for e in store.list()] == ["alias", "inside"]
    assert read(store, "alias") == b"content"
    for attempt in (
        lambda: store.open("door/secret"),
        lambda: store.open("file"),
        lambda: store.list("door"),
        lambda: store.download("door", tmp_path / "out"),
        lambda: store.download("", tmp_path / "out"),
        lambda: store.delete("door/secret"),
        lambda: put("door/new"),
    ):
        with pytest.raises(InvalidInput, match="symbolic link"):
            attempt()
    put("file", b"mine")
    store.delete("door")
    assert (outside / "secret").read_text() == "s"
    assert names(outside) == ["secret"]
    assert read(store, "file") == b"mine"


def test_links_to_folders_are_not_listed(store, put, tmp_path):
    for name in ("a/one", "b/two"):
        put(name)
    for folder, other in (("a", "b"), ("b", "a"), ("a", ".."), ("b", "../..")):
        (store.root / folder / f"to-{other.replace('/', '-')}").symlink_to(Path("..") / other)
    assert [record.path for record in walk(store)] == ["a/one", "b/two"]
    assert read(store, "a/to-b/two") == b"content"


def test_a_download_does_not_read_folders_outside(store, put, tmp_path):
    put("a/one")
    (tmp_path / "outside" / "closed").mkdir(parents=True)
    (store.root / "a" / "way").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidInput, match="symbolic link"):
        store.download("", tmp_path / "out")


def test_a_pipe_among_the_files_does_not_block(store, put, tmp_path):
    put("a")
    os.mkfifo(store.root / "pipe")
    assert [entry.path for entry in store.list()] == ["a"]
    for attempt in (lambda: store.open("pipe"), lambda: store.download("pipe", tmp_path / "out")):
        with pytest.raises(InvalidInput, match="pipe"):
            attempt()
    store.download("", tmp_path / "all")
    assert names(tmp_path / "all") == ["a"]


def test_the_root_itself_may_be_a_link(tmp_path, put, store):
    put("a")
    (tmp_path / "link").symlink_to(store.root)
    assert read(LocalArtifacts(tmp_path / "link"), "a") == b"content"


# Copies


@pytest.mark.parametrize("kind", ["path", "bytes", "bytearray", "memoryview", "file"])
def test_a_hashed_copy_returns_size_and_sha256(tmp_path, kind):
    content = os.urandom(1_500_000)
    source = tmp_path / "s"
    source.write_bytes(content)
    given = {
        "path": source,
        "bytes": content,
        "bytearray": bytearray(content),
        "memoryview": memoryview(content),
        "file": io.BytesIO(content),
    }[kind]
    size, digest = copy_hashed(given, tmp_path / "deep" / "t")
    assert (size, digest) == (len(content), hashlib.sha256(content).hexdigest())
    assert (tmp_path / "deep" / "t").read_bytes() == content
    assert names(tmp_path / "deep") == ["t"]


def test_a_copy_of_a_large_file_uses_little_memory(tmp_path, store):
    source = tmp_path / "s"
    with source.open("wb") as file:
        file.truncate(50_000_000)
    tracemalloc.start()
    try:
        copy_hashed(source, tmp_path / "t")
        store.put("big", source)
        store.download("big", tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_copy_requires_a_file(tmp_path):
    with pytest.raises(InvalidInput, match="not there"):
        copy_hashed(tmp_path / "no", tmp_path / "t")
    with pytest.raises(InvalidInput, match="is a folder"):
        copy_hashed(tmp_path, tmp_path / "t")


def test_files_below_a_folder_are_sorted_and_circular_links_end(tmp_path):
    for name in ("b/2", "b/1", "a", "c/d/e"):
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / name).write_text(name)
    (tmp_path / "f" / "c" / "loop").symlink_to(tmp_path / "f")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x").write_text("x")
    (tmp_path / "f" / "link").symlink_to(tmp_path / "elsewhere")
    found = dict(files_below(tmp_path / "f"))
    assert list(found) == ["a", "b/1", "b/2", "c/d/e", "link/x"]
    assert found["b/1"].read_text() == "b/1"
    with pytest.raises(InvalidInput, match="no folder"):
        next(files_below(tmp_path / "none"))
