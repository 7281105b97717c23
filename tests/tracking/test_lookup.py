"""Finding runs by ids and names; where several match, none is chosen silently."""

import re

import pytest

import nbtrack
from nbtrack.errors import InvalidInput, RunNotFound
from nbtrack.tracking.lookup import called, candidates, newest_of_each, only_one
from nbtrack.tracking.tracker import connection_of


@pytest.fixture
def store(tracker):
    for name in ("same", "same", "other", "o'brien \\ 50%_"):
        with nbtrack.start_run(name):
            pass
    nbtrack.flush()
    return connection_of(tracker).store()


def names(found):
    return [run.name for run in found]


def test_a_name_finds_all_its_runs_newest_first(store):
    found = called(store, "same", None)
    assert names(found) == ["same", "same"]
    assert found[0].start_time >= found[1].start_time
    assert names(called(store, "o'brien \\ 50%_", None)) == ["o'brien \\ 50%_"]
    with pytest.raises(RunNotFound):
        called(store, "other", ())


def test_an_id_and_its_beginning_find_one_run(store):
    run = called(store, "other", None)[0]
    for text in (run.id, run.id[:8], run.id[:4]):
        assert run in called(store, text, None)
    for text in (run.id[:3], "%", "____", "", "\ud800", "\0"):
        with pytest.raises(RunNotFound, match="there is no run with the id or name"):
            called(store, text, None)


def test_deleted_runs_are_found_on_request(store):
    run = called(store, "other", None)[0]
    store.delete_run(run.id)
    with pytest.raises(RunNotFound):
        called(store, "other", None)
    (deleted,) = called(store, "other", None, "all")
    assert candidates([deleted]).endswith(" (deleted)")


def test_several_runs_are_listed_by_id_and_time(store):
    found = called(store, "same", None)
    assert only_one("x", found[:1]) is found[0]
    with pytest.raises(InvalidInput) as error:
        only_one("same", found)
    said = r"'same' can be 2 runs: (\w{8}) of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, (\w{8}) of .*; say which by its id"
    assert re.fullmatch(said, str(error.value)).groups() == (found[0].id[:8], found[1].id[:8])
    assert candidates(found * 10).endswith(" and 15 more")


def test_the_newest_of_each_name_is_taken_and_others_are_listed(store):
    same, other = called(store, "same", None), called(store, "other", None)
    ids, notes = newest_of_each([("same", same), ("other", other)])
    assert ids == [same[0].id, other[0].id]
    assert notes == [f"same: the newest of 2 runs that it can be: {candidates(same)}"]
    for found, said in (
        ([("other", other), ("other", other)], f"other, named twice, is one run, {other[0].id[:8]}; name other runs"),
        ([("other", other), ("abc", other)], f"other and abc are one run, {other[0].id[:8]}; name"),
        ([("same", same), ("same", same)], f"; same can be {candidates(same)}; name"),
    ):
        with pytest.raises(InvalidInput, match=re.escape(said)):
            newest_of_each(found)
