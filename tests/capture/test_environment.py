"""The environment document and the list of packages."""

import importlib.metadata
import json
import os
import platform
import re
import socket
import sys
from pathlib import Path

import pytest

from nbtrack.capture.environment import capture_environment
from nbtrack.capture.packages import installed_packages, packages_text


def documents():
    return {d.kind: d.text for d in capture_environment(sys.path).documents}


def test_the_environment_describes_python_and_the_machine():
    facts = json.loads(documents()["environment"])
    assert facts["python"] == {"implementation": platform.python_implementation(), "version": platform.python_version()}
    assert facts["machine"]["cpus"] == os.cpu_count()
    assert facts["machine"]["memory_bytes"] > 1_000_000
    assert facts["kernel"]["ipython"] == importlib.metadata.version("ipython")


def test_user_host_and_environment_variables_are_not_recorded(monkeypatch):
    monkeypatch.setenv("SOME_VARIABLE", "some-value-of-it")
    text = "".join(documents().values())
    for private in ("some-value-of-it", socket.gethostname() + "\n", f"{Path.home()}{os.sep}", sys.prefix):
        assert private not in text


def test_the_document_is_the_same_every_time():
    assert documents() == documents()


def test_the_packages_equal_those_of_importlib_metadata():
    path = [p for p in sys.path if Path(p).is_absolute()]
    expected = {}
    for found in importlib.metadata.distributions(path=path):
        expected.setdefault(re.sub(r"[-_.]+", "-", found.name).lower(), found.version)
    assert {p.name: p.version for p in installed_packages(path).values()} == expected


@pytest.fixture
def folder(tmp_path):
    def make(name, **files):
        (tmp_path / name).mkdir(parents=True)
        for file, text in files.items():
            (tmp_path / name / file.replace("__", ".").replace("DASH", "-")).write_text(text)
        return tmp_path

    make("Some_Package.Name-1.2.3.dist-info")
    make("old-0.9-py3.11.egg-info")
    return make


def test_names_are_normalised_and_sorted(folder, tmp_path):
    assert packages_text([str(tmp_path)]) == "old==0.9\nsome-package-name==1.2.3\n"


def test_installs_from_a_repository_and_editable_ones_are_marked(folder, tmp_path):
    vcs = {"url": "https://me:s3cret@host/lib.git", "vcs_info": {"vcs": "git", "commit_id": "abc123"}}
    folder("lib-1.0.dist-info", direct_url__json=json.dumps(vcs))
    folder("mine-2.0.dist-info", direct_url__json=json.dumps({"url": "file:///home/me/mine", "dir_info": {"editable": True}}))
    folder("wheel_file-3.0.dist-info", direct_url__json=json.dumps({"url": "file:///x.whl", "archive_info": {}}))
    folder("dev.egg-info", PKGDASHINFO="Metadata-Version: 2.1\nName: dev\nVersion: 0.1.dev0\n")
    assert packages_text([str(tmp_path)]).splitlines() == [
        "dev==0.1.dev0  # editable",
        "lib==1.0  # git+https://host/lib.git@abc123",
        "mine==2.0  # editable",
        "old==0.9",
        "some-package-name==1.2.3",
        "wheel-file==3.0",
    ]


def test_of_two_installs_the_first_on_the_path_counts(tmp_path):
    for place, version in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / place / f"lib-{version}.dist-info").mkdir(parents=True)
    assert packages_text([str(tmp_path / "b"), str(tmp_path / "a")]) == "lib==2.0\n"


def test_a_newly_installed_package_is_found(folder, tmp_path):
    installed_packages([str(tmp_path)])
    folder("new-1.0.dist-info")
    os.utime(tmp_path, ns=(1, 10**18))
    assert "new" in installed_packages([str(tmp_path)])


def test_path_entries_that_are_not_folders_are_ignored(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"PK")
    assert packages_text([str(tmp_path / "x.zip"), str(tmp_path / "gone"), "", "relative"]) == ""
