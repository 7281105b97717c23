"""Journals with anything in them: what can be read arrives, the rest is reported, journals beside them arrive completely."""

from __future__ import annotations

import json
import shutil
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.delivery.connection import Connection
from nbtrack.entities.events import RunEnded, RunStarted, TagsSet
from nbtrack.entities.run import Status
from nbtrack.journal.reader import journals
from nbtrack.journal.rows import stamp_of
from nbtrack.journal.writer import Writer
from nbtrack.settings import resolve

from .anything import short_texts
from .examples import fuzz

BAD, GOOD = "b" * 32, "a" * 32
NOW = stamp_of(1_700_000_000_000)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | short_texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(short_texts, inner, max_size=3),
    max_leaves=8,
)
KINDS = [
    "started",
    "params",
    "tags",
    "untagged",
    "ended",
    "document",
    "named",
    "artifact",
    "dataset",
    "made",
    "measured",
    "updated",
]
FIELDS = [
    "experiment",
    "name",
    "start_time",
    "params",
    "tags",
    "keys",
    "status",
    "end_time",
    "kind",
    "text",
    "path",
    "size",
    "sha256",
    "model_id",
]
events = st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), _json, max_size=5)).map(list)


def line(value):
    """A line of a journal with any content and a valid checksum."""
    body = json.dumps(value).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def segment(head, rows):
    """The file of a lane with any header and a valid checksum."""
    body = json.dumps(head).encode("ascii")
    body += b" " * (-(16 + len(body)) % 8)
    return struct.pack("<8sII", b"NBTLANE1", len(body), zlib.crc32(body)) + body + rows


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The journals of two dead processes."""
    home = tmp_path_factory.mktemp("left")
    for run_id in (GOOD, BAD):
        writer = Writer(home, run_id, owns=True)
        writer.append(RunStarted("Default", "left", 1))
        for step in range(5):
            writer.log({"loss": step + 0.5}, step, NOW)
        writer.append(TagsSet({"k": "v"}))
        writer.append(RunEnded(Status.FINISHED, 5))
        writer.unmap()
        events = next(iter(journals(home, run_id))) / "events.jsonl"
        head, _, rest = events.read_bytes().partition(b"\n")
        head = json.loads(head.partition(b" ")[2])
        events.write_bytes(line({**head, "owner": json.dumps({**json.loads(head["owner"]), "started": "1"})}) + rest)
    return home


@pytest.fixture
def recovered(left, tmp_path_factory):
    """Change one journal in its folder, and check that the other one arrives."""

    def recover(change):
        folder = tmp_path_factory.mktemp("store")
        connection = Connection(resolve(folder, environ={}))
        shutil.copytree(left, connection.settings.journal)
        (bad,) = journals(connection.settings.journal, BAD)
        change(bad)
        try:
            store = connection.read()
            assert connection.flusher.flush(5), connection.flusher.problem
            assert store.history(GOOD, "loss").values.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
            assert store.get_run(GOOD).status is Status.FINISHED
            assert journals(connection.settings.journal, GOOD) == []
        finally:
            connection.close(10)

    return recover


def test_unchanged_journals_arrive_completely(recovered):
    recovered(lambda _: None)


@fuzz(20)
@given(st.lists(events | _json, max_size=4), st.none() | _json)
def test_lines_with_any_content_do_not_stop_recovery(recovered, lines, head):
    def change(bad):
        path = bad / "events.jsonl"
        first = path.read_bytes().partition(b"\n")[0] + b"\n"
        path.write_bytes((first if head is None else line(head)) + b"".join(map(line, lines)))

    recovered(change)


@fuzz(15)
@given(
    st.lists(st.integers() | st.lists(short_texts, max_size=3) | _json, min_size=4, max_size=4) | _json,
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=12),
)
def test_rows_under_any_header_do_not_stop_recovery(recovered, head, numbers):
    rows = np.array(numbers, "<i8").tobytes()
    recovered(lambda bad: (bad / "lane-0.00000.rows").write_bytes(segment(head, rows)))


@fuzz(15)
@given(
    st.sampled_from(["events.jsonl", "names.jsonl", "lane-0.00000.rows", "lane-99999999999999999999.1.rows"]),
    st.binary(max_size=300),
)
def test_files_with_any_bytes_do_not_stop_recovery(recovered, name, content):
    recovered(lambda bad: (bad / name).write_bytes(content))


@pytest.mark.parametrize("name", ["events.jsonl", "names.jsonl", "lane-0.00000.rows", "spool"])
@pytest.mark.parametrize("what", ["folder", "nowhere", "itself", "file"])
def test_something_else_in_place_of_a_file_does_not_stop_recovery(recovered, name, what):
    def change(bad):
        path = bad / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if what == "folder":
            (path / "more").mkdir(parents=True)
        elif what == "file":
            path.write_bytes(b"x" * 100)
        else:
            path.symlink_to("nowhere" if what == "nowhere" else name)

    recovered(change)


def test_a_deeply_nested_line_does_not_stop_recovery(recovered):
    def change(bad):
        body = b'["params",{"params":' + b"[" * 100_000 + b"]" * 100_000 + b"}]"
        with (bad / "events.jsonl").open("ab") as file:
            file.write(b"%08x %s\n" % (zlib.crc32(body), body))

    recovered(change)
