"""Artifacts whose names cannot be file names here are reported, and all others are downloaded."""

from __future__ import annotations

import contextlib

import pytest

import nbtrack
from nbtrack import cli
from nbtrack.delivery.connection import Connection
from nbtrack.errors import InvalidInput
from nbtrack.store.artifacts.protocol import ArtifactEntry
from nbtrack.store.artifacts.remote_base import RemoteArtifacts

FILES = {"a.txt": b"1", "../thesis.tex": b"2", "d/b.txt": b"3", "d/./c.txt": b"4", "nul\0.txt": b"5"}
BAD = ["../thesis.tex", "d/./c.txt", "nul\0.txt"]


class Elsewhere(RemoteArtifacts):
    """A bucket with keys that another program wrote."""

    def _translated(self, path):
        return contextlib.nullcontext()

    def _entries(self, folder):
        for name, content in FILES.items():
            if not folder or name.startswith(f"{folder}/"):
                yield ArtifactEntry(name, len(content))

    def _size(self, name):
        return len(FILES[name]) if name in FILES else None

    def _fetch(self, name, target):
        target.write_bytes(FILES[name])

    def _upload(self, name, source):
        raise AssertionError

    def _remove(self, name):
        raise AssertionError


def check(folder):
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == ["a.txt", "d/b.txt"]


def test_a_download_skips_and_reports_invalid_names(tmp_path):
    with pytest.raises(InvalidInput) as raised:
        Elsewhere("s3://bucket").download("", tmp_path / "in" / "out")
    assert all(repr(name) in str(raised.value) for name in BAD)
    check(tmp_path / "in" / "out")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["out"]


def test_an_export_reports_invalid_names_and_continues(tmp_path, tracker, monkeypatch, capsys):
    runs = []
    for _ in range(2):
        with nbtrack.start_run() as run:
            runs.append(run.id)
    assert nbtrack.flush()
    monkeypatch.setattr(Connection, "artifacts", lambda connection, uri: Elsewhere("s3://bucket"))
    out = tmp_path / "export"
    assert cli.main(["export", str(out), "--store", tracker.uri]) == 1
    output = capsys.readouterr()
    assert "2 runs in" in output.out
    for run_id in runs:
        assert f"run {run_id}: s3://bucket has files that cannot be files here: '../thesis.tex'" in output.err
        check(out / run_id / "artifacts")
