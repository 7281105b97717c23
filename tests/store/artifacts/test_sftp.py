"""Artifacts on a machine reached by SSH."""

import multiprocessing
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from nbtrack.errors import AccessDenied, InvalidInput, StoreUnavailable
from nbtrack.store.artifacts.open import open_artifacts

from ...disks import fill, mounted
from .contract import ArtifactsContract

pytestmark = pytest.mark.slow


@pytest.fixture
def ssh(sftp_place, monkeypatch):
    """The URI of an SSH server, without a folder."""
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
def test_a_full_disk_refuses_a_file_and_keeps_the_old_one(ssh, disk, tmp_path, size):
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


def test_a_folder_may_be_a_link(ssh, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.txt").write_text("hello")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert [entry.path for entry in open_artifacts(f"{ssh}{tmp_path}/link").list()] == ["a.txt"]


class TestConfiguration:
    """Every configuration with which ``ssh host`` works without a prompt works for artifacts."""

    @pytest.fixture
    def home(self, sftp_place, tmp_path, monkeypatch):
        """A home without a configuration of ``ssh``, and the lines that describe the tests' server."""
        home = tmp_path / "home"
        (home / ".ssh").mkdir(parents=True, mode=0o700)
        monkeypatch.setenv("HOME", str(home))
        place, keys = urlsplit(sftp_place.root), Path(sftp_place.environ["HOME"])
        lines = [f"HostName {place.hostname}", f"Port {place.port}", f"User {place.username}"]

        # A name of its own: a process keeps its connections by name.
        def configure(*more, host="", without=()):
            kept = {"IdentityFile": keys / "user", "UserKnownHostsFile": keys / "known"}
            settings = [f"{name} {value}" for name, value in kept.items() if name not in without]
            text = f"Host {host or configure.name}\n" + "".join(f"  {line}\n" for line in [*more, *lines, *settings])
            (home / ".ssh" / "config").write_text(text)
            return text

        configure.name, configure.keys, configure.home = f"team-{uuid4().hex}", keys, home
        return configure

    def check(self, tmp_path, name):
        source = tmp_path / "source"
        source.write_text("hello")
        store = open_artifacts(f"sftp://{name}{tmp_path}/there")
        store.put("a.txt", source)
        assert (tmp_path / "there" / "a.txt").read_text() == "hello"

    def test_a_missing_first_key(self, home, tmp_path):
        home("IdentityFile ~/.ssh/of_another_machine")
        self.check(tmp_path, home.name)

    def test_another_name_in_known_hosts(self, home, tmp_path):
        known = (home.keys / "known").read_text().split(maxsplit=1)[1]
        (tmp_path / "known").write_text(f"cluster {known}")
        home("HostKeyAlias cluster", f"UserKnownHostsFile {tmp_path}/known", without=["UserKnownHostsFile"])
        self.check(tmp_path, home.name)

    def test_a_known_hosts_of_the_whole_machine(self, home, tmp_path):
        home(f"GlobalKnownHostsFile {home.keys}/known", without=["UserKnownHostsFile"])
        self.check(tmp_path, home.name)

    def test_accept_new(self, home, tmp_path):
        home("StrictHostKeyChecking accept-new", f"UserKnownHostsFile {tmp_path}/known", without=["UserKnownHostsFile"])
        self.check(tmp_path, home.name)
        assert (tmp_path / "known").read_text()

    def test_a_configuration_in_another_file(self, home, tmp_path):
        text = home()
        (tmp_path / "more").write_text(text)
        (home.home / ".ssh" / "config").write_text(f"Include {tmp_path}/more\n")
        self.check(tmp_path, home.name)

    def test_a_jump_over_another_machine(self, home, tmp_path):
        first = home(host="gate")
        inner = home(f"ProxyCommand ssh -F {home.home}/.ssh/config -W %h:%p gate")
        (home.home / ".ssh" / "config").write_text(f"{first}\n{inner}")
        self.check(tmp_path, home.name)

    def test_an_unknown_host_key_is_refused_in_one_line(self, home, tmp_path):
        home(f"UserKnownHostsFile {tmp_path}/none", without=["UserKnownHostsFile"])
        with pytest.raises(AccessDenied, match=r"Host key verification failed.*known_hosts"):
            self.check(tmp_path, home.name)

    def test_a_key_that_is_not_authorized(self, home, tmp_path):
        home(f"IdentityFile {home.keys}/stranger", "IdentitiesOnly yes", without=["IdentityFile"])
        with pytest.raises(AccessDenied, match="Permission denied"):
            self.check(tmp_path, home.name)

    def test_an_unreachable_machine(self, home, tmp_path):
        with pytest.raises(StoreUnavailable, match=r"team-\w+ cannot be reached by SSH: .*(resolve|not known)"):
            self.check(tmp_path, home.name)

    @pytest.mark.parametrize("name", ["-oProxyCommand=touch", "a;b", "$(x)"])
    def test_an_invalid_name(self, home, tmp_path, name):
        with pytest.raises(InvalidInput):
            self.check(tmp_path, name)

    def test_without_the_ssh_program_paramiko_connects(self, home, tmp_path, monkeypatch):
        home("IdentityFile ~/.ssh/of_another_machine")
        monkeypatch.setenv("PATH", str(tmp_path))
        self.check(tmp_path, home.name)


def test_a_forked_child_does_not_use_its_parents_connection(ssh, tmp_path):
    store, source = open_artifacts(f"{ssh}{tmp_path}/there"), tmp_path / "source"
    source.write_text("hello")
    store.put("before", source)
    child = multiprocessing.get_context("fork").Process(target=store.put, args=("of the child", source))
    child.start()
    child.join(60)
    store.put("after", source)
    assert child.exitcode == 0
    assert sorted(each.name for each in (tmp_path / "there").iterdir()) == ["after", "before", "of the child"]


def test_doctor_checks_the_machine(ssh, sftp_place, tmp_path):
    program = [Path(sys.executable).with_name("nbtrack"), "doctor", "--store", "memory:", "--artifacts"]
    tried = [f"{sftp_place.root}", "sftp://127.0.0.1:9/folder"]
    found = [subprocess.run([*program, place], capture_output=True, text=True, cwd=tmp_path, check=False) for place in tried]
    assert [each.returncode for each in found] == [0, 1]
    assert "Connection refused" in found[1].stdout
    assert "Traceback" not in found[1].stderr
