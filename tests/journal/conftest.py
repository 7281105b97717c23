"""A journal to write into, and what a store would make of its batches."""

import numpy as np
import pytest

from nbtrack.entities.events import Progress
from nbtrack.journal.writer import Writer


def collect(journal, limit=1000):
    """Everything in a journal, taken batch by batch as a store would: events, and (step, value) by key."""
    progress, events, points = Progress(), [], {}
    while batch := journal.take(progress, limit):
        assert batch.first_event == progress.events
        events += batch.events
        lanes = dict(progress.lanes)
        for rows in batch.lanes:
            assert rows.first >= lanes.get(rows.lane, 0)
            lanes[rows.lane] = rows.first + rows.count
            for series in rows.series:
                for key, values in zip(series.keys, series.values, strict=True):
                    points.setdefault(key, []).extend(zip(series.steps.tolist(), values.tolist(), strict=True))
        progress = Progress(progress.events + len(batch.events), lanes)
    return events, points


def take_all(writer, limit=1000):
    """The same for a writer in this process, which is told of its progress."""
    events, points = [], {}
    while batch := writer.outbox.take(limit):
        events += batch.events
        lanes = dict(writer.outbox.progress.lanes)
        for rows in batch.lanes:
            lanes[rows.lane] = rows.first + rows.count
            for series in rows.series:
                assert series.steps.dtype == np.int64
                for key, values in zip(series.keys, series.values, strict=True):
                    points.setdefault(key, []).extend(zip(series.steps.tolist(), values.tolist(), strict=True))
        writer.outbox.applied(Progress(writer.outbox.progress.events + len(batch.events), lanes))
    return events, points


@pytest.fixture
def writer(tmp_path):
    writer = Writer(tmp_path / "journal", "a" * 32, owns=True)
    yield writer
    writer.unmap()
