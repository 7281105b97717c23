"""A journal to write to, and what a store would make of its batches."""

import numpy as np
import pytest

from nbtrack.entities.events import Progress
from nbtrack.journal.writer import Writer


def collect(journal, limit=1000):
    """Return everything in a journal, taken batch by batch as a store does: events, and (step, value) by key."""
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
    """Return the same for a writer in this process, and acknowledge it."""
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
