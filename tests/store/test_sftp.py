"""Artifacts on another machine, by SSH."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from nbtrack.errors import StoreUnavailable
from nbtrack.store.artifacts.open import open_artifacts

from ..disks import fill, mounted
from .artifacts_contract import ArtifactsContract

pytestmark = pytest.mark.slow


@pytest.fixture
def ssh(sftp_place, monkeypatch):
    """Give the address of an SSH server, without a folder."""
    for name, value in sftp_place.environ.items():
        monkeypatch.setenv(name, value)
    return f"sftp://{urlsplit(sftp_place.root).netloc}"


class TestSftp(ArtifactsContract):
    @pytest.fixture
    def uri(self, ssh, sftp_place):
        return f"{sftp_place.root}/team a/{uuid4().hex}/artifacts"

    @pytest.fixture
    def store(self, uri):
        return open_artifacts(uri)


@pytest.fixture
def disk(tmp_path):
    with mounted(tmp_path / "disk", "4m") as folder:
        yield folder


@pytest.mark.parametrize("size", [1, 32 << 10, 900_000, 3_000_000, 3_300_000])
def test_a_full_disk_refuses_a_file_and_keeps_the_version_before(ssh, disk, tmp_path, size):
    store, source = open_artifacts(f"{ssh}{disk}"), tmp_path / "source"
    source.write_bytes(b"before")
    store.put("model.bin", source)
    source.write_bytes(b"\1" * size)
    give_back = fill(disk)
    with pytest.raises(StoreUnavailable, match=r"model\.bin"):
        store.put("model.bin", source, move=True)
    assert source.stat().st_size == size
    assert [entry.path for entry in store.list() if entry.name != "ballast"] == ["model.bin"]
    with store.open("model.bin") as kept:
        assert kept.read() == b"before"
    give_back()
    store.put("model.bin", source, move=True)
    assert (disk / "model.bin").read_bytes() == b"\1" * size


def test_a_disk_that_fills_up_in_the_middle_refuses_the_file(ssh, disk, tmp_path):
    store, source = open_artifacts(f"{ssh}{disk}"), tmp_path / "source"
    source.write_bytes(b"\1" * 5_000_000)
    with pytest.raises(StoreUnavailable, match=r"model\.bin"):
        store.put("model.bin", source, move=True)
    assert source.exists()
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("size", [0, 1, 32767, 32768, 32769, 65 * 32768, 10_000_001])
def test_files_of_every_size_arrive_whole(ssh, tmp_path, size):
    store, source = open_artifacts(f"{ssh}{tmp_path}/there"), tmp_path / "source"
    source.write_bytes(bytes(range(256)) * (size // 256) + b"\7" * (size % 256))
    store.put("a/file", source)
    assert (tmp_path / "there" / "a" / "file").read_bytes() == source.read_bytes()
