"""The contract of artifact stores; the tests of a store are a subclass with a fixture ``store``."""

import functools
import hashlib
import io
import os
import threading
import zipfile

import pytest

from nbtrack.errors import ArtifactNotFound, InvalidInput
from nbtrack.store.artifacts.parallel import for_each
from nbtrack.store.artifacts.paths import TEMPORARY
from nbtrack.store.artifacts.protocol import ArtifactEntry

# Larger than a part of an upload and than a range of a download.
LARGE = 17_000_003


def names(folder):
    return sorted(f.name for f in folder.iterdir())


def read(store, path):
    with store.open(path) as file:
        return file.read()


def files_of(store, folder=""):
    """Return every file; a backend may list an emptied folder for a while."""
    return [path for e in store.list(folder) for path in (files_of(store, e.path) if e.is_dir else [e.path])]


@functools.cache
def large():
    """Return content in which no two blocks are equal."""
    return b"".join(hashlib.sha512(str(n).encode()).digest() for n in range(LARGE // 64 + 1))[:LARGE]


class Cut(io.BytesIO):
    """A reader that fails at its end, like a client that closes the connection."""

    def read(self, size=-1):
        if part := super().read(size):
            return part
        raise ConnectionResetError("the client has gone")


# As log_image(key=, step=) of MLflow 2.11 to 3.9 names its files.
OLD_IMAGE = "images/dog%step%23%timestamp%1724213639123%ace60e60-f4da-41ab-a4ab-40f085b26941.png"


class ArtifactsContract:
    @pytest.fixture
    def put(self, store, tmp_path):
        def put(path, content=b"content"):
            source = tmp_path / "source"
            source.write_bytes(content)
            store.put(path, source)

        return put

    def test_a_file_is_stored_listed_and_read(self, store, put):
        put("plots/loss.png", b"12345")
        put("model.bin", b"")
        assert store.list() == [ArtifactEntry("model.bin", 0), ArtifactEntry("plots", None, True)]
        assert store.list("plots") == store.list("plots/") == [ArtifactEntry("plots/loss.png", 5)]
        assert [str(e) for e in store.list("plots")] == ["plots/loss.png"]
        assert store.list("plots")[0].name == "loss.png"
        assert read(store, "plots/loss.png") == b"12345"
        assert read(store, "model.bin") == b""
        assert store.list("nowhere") == store.list("model.bin") == []

    def test_a_store_without_files_is_empty(self, store, tmp_path):
        assert store.list() == []
        with pytest.raises(ArtifactNotFound, match="the run has none"):
            store.open("a")
        assert names(store.download("", tmp_path / "all")) == []
        store.delete("")

    def test_a_second_put_replaces_the_first(self, store, put):
        put("a.txt", b"one")
        put("a.txt", b"two!")
        assert read(store, "a.txt") == b"two!"
        assert store.list() == [ArtifactEntry("a.txt", 4)]

    def test_a_moved_source_is_deleted_and_moving_again_changes_nothing(self, store, tmp_path):
        spool = tmp_path / "spool"
        spool.write_bytes(b"x")
        store.put("a/b.txt", spool, move=True)
        assert not spool.exists()
        store.put("a/b.txt", spool, move=True)
        assert read(store, "a/b.txt") == b"x"

    @pytest.mark.parametrize("move", [False, True])
    def test_a_missing_source_is_named(self, store, tmp_path, move):
        with pytest.raises(InvalidInput, match="nothing-here"):
            store.put("a", tmp_path / "nothing-here", move=move)
        with pytest.raises(InvalidInput, match="log_artifacts"):
            store.put("a", tmp_path, move=False)
        assert store.list() == []

    @pytest.mark.parametrize(
        "name",
        [
            *("with space.txt", "ünï 你好.txt", "100%.txt", "50%25.txt", "a+b&c=d.txt", "who?.txt", "[1]{2}~'!*$,;:@", "..a/b.."),
            *(OLD_IMAGE, "50%10.csv", "a%5cb%23.txt"),
        ],
    )
    def test_a_name_is_stored_unchanged(self, store, put, name, tmp_path):
        if name in self.changed_names:
            pytest.skip("the server on the way decodes names once more")
        put(f"d e/{name}", b"mine")
        folder, _, last = f"d e/{name}".rpartition("/")
        assert store.list(folder) == [ArtifactEntry(f"d e/{name}", 4)]
        assert read(store, f"d e/{name}") == b"mine"
        assert (store.download("d e", tmp_path / "out") / name).read_bytes() == b"mine"
        assert store.download(f"d e/{name}", tmp_path / "out").name == last
        store.delete(f"d e/{name}")
        assert store.list(folder) == []

    @pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "%2e%2e/x", "a#b", "a\\b", "a//b", TEMPORARY + "1"])
    def test_no_path_leads_out_of_the_run(self, store, tmp_path, path):
        source = tmp_path / "source"
        source.write_bytes(b"x")
        for attempt in (
            lambda: store.put(path, source),
            lambda: store.write(path, io.BytesIO()),
            lambda: store.open(path),
            lambda: store.list(path),
            lambda: store.download(path, tmp_path),
            lambda: store.delete(path),
        ):
            with pytest.raises(InvalidInput):
                attempt()

    def test_a_large_file_is_stored_and_read_whole(self, store, put, tmp_path):
        content = large()
        put("big", content)
        assert store.list() == [ArtifactEntry("big", LARGE)]
        assert store.download("big", tmp_path / "out" / "big").read_bytes() == content
        assert names(tmp_path / "out") == ["big"]
        assert read(store, "big") == content

    def test_the_content_of_a_reader_is_written_whole(self, store):
        content = large()
        store.write("d/f", io.BytesIO(content))
        assert read(store, "d/f") == content
        store.write("d/f", io.BytesIO(b"short"))
        store.write("d/empty", io.BytesIO(b""))
        assert store.list("d") == [ArtifactEntry("d/empty", 0), ArtifactEntry("d/f", 5)]

    def test_a_failing_reader_leaves_the_old_file_and_no_temporary_one(self, store, put):
        put("f", b"old")
        for path in ("f", "new"):
            for content in (b"n", large()[:13_000_000]):
                with pytest.raises(Exception, match="the client has gone"):
                    store.write(path, Cut(content))
        assert read(store, "f") == b"old"
        assert [e.path for e in store.list()] == ["f"]

    def test_a_file_is_read_from_any_position(self, store, put):
        content = large()
        put("f", content)
        with store.open("f") as file:
            assert file.read(10) == content[:10]
            file.seek(LARGE - 5)
            assert file.read() == content[-5:]
            assert file.read() == b""
            file.seek(11_345_678)
            assert file.read(1_500_000) == content[11_345_678 : 11_345_678 + 1_500_000]
            assert file.seek(-3, io.SEEK_END) == LARGE - 3
            assert file.seek(-1, io.SEEK_CUR) == file.tell() == LARGE - 4
            assert file.read(2) == content[-4:-2]

    def test_an_archive_can_be_opened_in_place(self, store, put):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("inside.txt", "hello")
        put("a.zip", archive.getvalue())
        with store.open("a.zip") as file, zipfile.ZipFile(file) as opened:
            assert opened.read("inside.txt") == b"hello"

    def test_a_reader_never_sees_a_partial_file(self, store, put):
        put("f", b"a" * 2_000_000)
        torn, stop = [], threading.Event()

        def look():
            while not stop.is_set():
                torn.extend(c[:1] for c in [read(store, "f")] if len(set(c)) != 1 or len(c) != 2_000_000)
                torn.extend(e for e in store.list() if e.path != "f" or e.size != 2_000_000)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            for letter in b"bcdefgh":
                put("f", bytes([letter]) * 2_000_000)
        finally:
            stop.set()
            thread.join()
        assert torn == []

    def test_the_error_for_a_missing_file_lists_what_is_there(self, store, put, tmp_path):
        put("plots/loss.png")
        put("plots/accuracy.png")
        with pytest.raises(ArtifactNotFound, match=r"'plots/los.png' \(did you mean 'loss.png'\?\).*accuracy.png, loss.png"):
            store.open("plots/los.png")
        with pytest.raises(ArtifactNotFound, match=r"there are plots/"):
            store.download("x/y/z", tmp_path / "out")
        with pytest.raises(ArtifactNotFound, match=r"loss\.png"):
            store.download("plots/x", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_folder_is_not_read_as_a_file(self, store, put):
        put("a/b")
        with pytest.raises((InvalidInput, ArtifactNotFound)):
            store.open("a")
        assert store.list("a/b") == []

    def test_downloads_choose_the_target_as_cp_does(self, store, put, tmp_path):
        put("d/sub/f.txt", b"1")
        put("d/g.txt", b"2")
        put("dd", b"3")
        here = tmp_path / "here"
        here.mkdir()
        assert store.download("d/g.txt", here) == here / "g.txt"
        assert store.download("d/g.txt", here / "new" / "name.txt").read_bytes() == b"2"
        assert store.download("d", here) == here / "d"
        assert (here / "d" / "sub" / "f.txt").read_bytes() == b"1"
        everything = store.download("", tmp_path / "all")
        assert sorted(p.relative_to(everything).as_posix() for p in everything.rglob("*")) == [
            "d",
            "d/g.txt",
            "d/sub",
            "d/sub/f.txt",
            "dd",
        ]

    def test_each_downloaded_file_is_checked_before_it_takes_its_name(self, store, put, tmp_path):
        put("d/good", b"1")
        put("d/bad", b"2")
        seen = []

        def check(path, file):
            seen.append(path)
            assert file.read_bytes() in b"12"
            assert not (tmp_path / "out" / path.rpartition("/")[2]).exists()
            if path == "d/bad":
                raise InvalidInput("bad")

        assert store.download("d/good", tmp_path, check=check).name == "good"
        for path in ("d", "d/bad"):
            with pytest.raises(InvalidInput, match="bad"):
                store.download(path, tmp_path / "out", check=check)
        assert {"d/good", "d/bad"} == set(seen)
        assert not (tmp_path / "out" / "bad").exists()

    def test_delete_removes_files_and_folders_and_ignores_missing_ones(self, store, put):
        for path in ("a/b/c", "a/d", "ab", "x"):
            put(path)
        store.delete("a/d")
        store.delete("a/d")
        assert files_of(store) == ["a/b/c", "ab", "x"]
        store.delete("a")
        assert files_of(store) == ["ab", "x"]
        store.delete("")
        assert files_of(store) == []
        store.delete("")

    def test_many_files_are_listed_downloaded_and_deleted(self, store, tmp_path):
        numbers = [f"{n:04}" for n in range(self.many)]
        for_each(lambda n: store.write(f"many/{n}", io.BytesIO(n.encode())), numbers, 8)
        assert [e.path for e in store.list("many")] == [f"many/{n}" for n in numbers]
        fetched = store.download("many", tmp_path / "fetched")
        assert [(fetched / n).read_text() for n in numbers] == numbers
        store.delete("many")
        assert files_of(store) == []

    many = 50
    changed_names = ()

    def test_threads_share_a_store(self, store, tmp_path):
        errors = []

        def work(n):
            try:
                for k in range(3):
                    store.write(f"t{n}/f{k}", io.BytesIO(bytes([n]) * 100_000))
                    assert read(store, f"t{n}/f{k}") == bytes([n]) * 100_000
                assert len(store.list(f"t{n}")) == 3
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=[n]) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
    def test_a_forked_child_uses_the_store_of_its_parent(self, store, put):
        put("parent", b"1")
        assert read(store, "parent") == b"1"
        child = os.fork()
        if child == 0:  # pragma: no cover - is not measured
            try:
                store.write("child", io.BytesIO(read(store, "parent") + b"2"))
                os._exit(0 if [e.path for e in store.list()] == ["child", "parent"] else 2)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert read(store, "child") == b"12"
