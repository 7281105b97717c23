"""A journal cut or damaged at any byte: a torn tail is tolerated, everything else is reported, and nothing crashes."""

import shutil

import pytest

from nbtrack.entities.events import RunEnded, RunStarted, TagsSet
from nbtrack.entities.run import Status
from nbtrack.entities.tags import JOURNAL_DAMAGE
from nbtrack.journal.reader import journals, read_journal
from nbtrack.journal.rows import stamp_of
from nbtrack.journal.writer import Writer

from .conftest import collect

NOW = stamp_of(1_700_000_000_000)
STEPS = 5


def written(home, most):
    """Return a journal with every kind of file, and so many metrics that are logged alone."""
    writer = Writer(home, "a" * 32, owns=True)
    writer.append(RunStarted("Default", "a", 1))
    for step in range(STEPS):
        writer.log({"loss": step + 0.5, "acc": step}, step, NOW)
    for i in range(most):
        writer.log({f"k{i}": 1.0}, i, NOW)
    writer.append(TagsSet({"k": "v"}))
    writer.append(RunEnded(Status.FINISHED, 5))
    writer.unmap()
    (folder,) = journals(home)
    return folder


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """A journal with more metrics than have lanes of their own."""
    return written(tmp_path_factory.mktemp("journal"), 40)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small journal, which is read fast."""
    return written(tmp_path_factory.mktemp("journal"), 2)


@pytest.fixture
def left(journal, small, name):
    """The smaller journal that has a file of this name."""
    return small if (small / name).exists() else journal


def altered(journal, tmp_path, name, data):
    folder = tmp_path / journal.name
    if not folder.exists():
        shutil.copytree(journal, folder)
    (folder / name).write_bytes(data)
    return read_journal(folder)


def expected(journal):
    return collect(read_journal(journal))


def test_a_whole_journal_is_read(journal):
    events, points = expected(journal)
    assert len(events) == 3
    assert points["loss"] == [(step, step + 0.5) for step in range(STEPS)]
    assert len(points) == 42
    assert read_journal(journal).damage == []


@pytest.mark.parametrize(
    "name", ["events.jsonl", "names.jsonl", "lane-0.00000.rows", pytest.param("lane-32.00000.rows", marks=pytest.mark.slow)]
)
def test_a_journal_cut_at_any_byte_has_its_beginning(left, tmp_path, name):
    whole = (left / name).read_bytes()
    used = len(whole.rstrip(b"\0")) + 9
    events, points = expected(left)
    for size in range(min(used, len(whole))):
        found_events, found_points = collect(altered(left, tmp_path, name, whole[:size]))
        assert found_events == events[: len(found_events)]
        for key, values in found_points.items():
            if not key.startswith("unreadable"):
                assert values == points[key][: len(values)]
        if name != "lane-0.00000.rows":
            assert found_points["loss"] == points["loss"]


@pytest.mark.parametrize("name", ["events.jsonl", "names.jsonl", "lane-0.00000.rows"])
def test_damage_at_any_byte_is_reported_or_changes_one_number(left, tmp_path, name):
    whole = bytearray((left / name).read_bytes())
    used = len(bytes(whole).rstrip(b"\0"))
    events, points = expected(left)
    for at in range(used):
        data = bytearray(whole)
        data[at] ^= 0x5A
        found = altered(left, tmp_path, name, bytes(data))
        found_events, found_points = collect(found)
        is_whole = found_events == events and {k: len(v) for k, v in found_points.items()} == {
            k: len(v) for k, v in points.items()
        }
        assert found.damage or is_whole or at == used - 1, f"byte {at} of {name} was lost without a word"


def test_a_damaged_line_keeps_its_number_and_becomes_a_tag(journal, tmp_path):
    lines = (journal / "events.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"v", b"w", 1)
    found = altered(journal, tmp_path, "events.jsonl", b"".join(lines))
    assert [type(event) for event in found.events] == [RunStarted, TagsSet, RunEnded]
    assert found.events[1].tags == {JOURNAL_DAMAGE: "line 3 of events.jsonl"}
    assert found.damage == ["line 3 of events.jsonl"]


def test_a_lane_cut_in_its_middle_is_reported_and_the_rest_is_read(tmp_path):
    writer = Writer(tmp_path, "c" * 32, owns=True)
    for step in range(3000):
        writer.log({"x": step}, step, NOW)
    writer.unmap()
    (folder,) = journals(tmp_path)
    first = folder / "lane-0.00000.rows"
    first.write_bytes(first.read_bytes()[:2000])
    found = read_journal(folder)
    assert found.damage == ["lane-0.00000.rows: cut in the middle of the lane"]
    steps = [step for step, _ in collect(found)[1]["x"]]
    assert steps == sorted(set(steps))
    assert steps[-1] == 2999
    assert len(steps) > 2800


def test_a_journal_without_a_head_has_no_owner_and_loses_nothing(journal, tmp_path):
    found = altered(journal, tmp_path, "events.jsonl", b"")
    assert found.owner is None
    assert collect(found)[1] == expected(journal)[1]


def test_other_files_are_not_journals(tmp_path):
    (tmp_path / "damaged").mkdir()
    (tmp_path / "readme.txt").write_text("x")
    assert journals(tmp_path) == []
    assert journals(tmp_path / "nowhere") == []
