"""The writer's end of a journal: one process logging into one run."""

from __future__ import annotations

import os
import secrets
import struct
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ..entities.events import ArtifactLogged, Batch, DocumentLogged, DocumentNamed, Event, LaneRows, Progress, RunEnded
from ..errors import InvalidInput
from ..system.reentrant import Section
from .alive import hold, release
from .batches import deliverable, lane_rows
from .codec import FORMAT, to_json
from .folder import EVENTS, make_folder, remove_folder, renamed
from .keys import as_number, bad_step, check_key
from .lane import Lane
from .owner import this_process
from .records import RecordFile, check_sayable, is_sayable
from .rows import MIXED, Rows

__all__ = ["NO_WRITER", "NoWriter", "Writer"]

_MAX_LANES = 32
_STEP_AND_STAMP = struct.Struct("<qq")

_writers: weakref.WeakSet[Writer] = weakref.WeakSet()


class NoWriter:
    """Stands for the writer before the first row."""

    def write(self, metrics: dict[str, float], step: int, stamp: int) -> None:
        """Raise KeyError: the general way will find a writer."""
        raise KeyError


NO_WRITER = NoWriter()


class Writer:
    """Takes down what is logged, and hands it to the flusher in batches.

    Threads: every method may be called from any thread. A forked child's writers begin anew, in folders of
    their own. Durability: what ``append`` or ``write`` was given is in the page cache when they return;
    where no file can be made or written it is in memory, ``is_volatile`` says so, nothing is raised, and ``save`` tries again.

    Args:
        home: The folder of journals; None keeps everything in memory.
        run_id: The run.
        owns: Whether the run ends with this process: its journal speaks for the run's life.
        on_full: Called when much is waiting.
        is_gone: Asked whether a file that is missing was deleted; where its folder was renamed, this calls ``move``.
    """

    def __init__(
        self,
        home: Path | None,
        run_id: str,
        *,
        owns: bool,
        on_full: Callable[[], None] = lambda: None,
        is_gone: Callable[[Path], bool] = lambda path: not path.exists(),
    ) -> None:
        self.run_id, self.owns = run_id, owns
        self._home, self._on_full, self._is_gone = home, on_full, is_gone
        self._begin()
        _writers.add(self)

    def _begin(self) -> None:
        """Start with an empty journal, at birth and in a forked child."""
        self.id = secrets.token_hex(6)
        self.is_finished = self.is_sealed = self._is_gathering = self._is_relogging = False
        self.trouble = ""  # why something could not be written
        self.write: Callable[[dict[str, float], int, int], None] = NO_WRITER.write
        self._section = Section()
        self._folder: Path | None = None
        self._records: RecordFile | None = None
        self._names: RecordFile | None = None
        self._events: list[Event] = []
        self._recorded = self._named = 0
        self._progress = Progress()
        self._lanes: list[Lane] = []
        self._lane_by_keys: dict[tuple[str, ...], Lane] = {}
        self._lane_of_names: dict[tuple[str, ...], Lane] = {}  # by the names in order
        self._mixed: dict[str, int] = {}
        self._mixed_names: list[str] = []
        self._texts: dict[str, str] = {}
        self._held: dict[str, bytes] = {}
        self._elsewhere: dict[str, Path] = {}  # files for which there was no journal to keep them in
        self.lost_files: dict[int, str] = {}  # files that went with a journal which somebody deleted, by their event's number

    @property
    def home(self) -> Path | None:
        """The folder of journals; None where everything is kept in memory."""
        return self._home

    # Writing

    def append(self, event: Event) -> None:
        """Take down an event.

        Raises:
            TypeError, ValueError: It has something in it that JSON cannot say; it was not taken down.
        """
        if self._section.is_interrupted():
            check_sayable(to_json(event))
            self._section.later(lambda: self._append(event))
            return
        self._append(event)
        if self.trouble and self._is_missing():
            self.save()  # now, for the process may be killed before the next pass

    def _append(self, event: Event) -> None:
        with self._section:
            self._events.append(event)
            if not self._is_gathering:
                self._record()

    def go_on(self, *events: Event) -> bool:
        """Take down how a run that others closed goes on, unless its end is here already; tell whether it does."""
        with self._section:
            if self.is_sealed or any(isinstance(event, RunEnded) for event in self._events):
                return False
            self._events += events
            self._record()
            return True

    def refer(self, event: DocumentNamed, text: str) -> None:
        """Take down an event that names a text, and keep the text for a store that turns out to lack it."""
        self._texts[event.sha256] = text
        self.append(event)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write the events of the block at once, at its end."""
        self._is_gathering = True
        try:
            yield
        finally:
            with self._section:
                self._is_gathering = False
                self._record()

    def log(self, metrics: Mapping[str, float], step: int, stamp: int) -> None:
        """Take down a row by the general way; ``write``, for the keys of the last call, is the fast one.

        Raises:
            WrongType: A value is not a number, or the step not an integer; nothing was logged.
            InvalidInput: A key is not a name, or the step out of range; nothing was logged.
        """
        lane = self._lane_by_keys.get(tuple(metrics))
        if lane is None:
            if self._section.is_interrupted():
                self._log_later(metrics, step, stamp)
                return
            lane = self._open_lane(tuple(metrics))
        self._log(lane, metrics, step, stamp)
        if lane.is_alone and self._is_missing():
            self.save()

    def _log(self, lane: Lane, metrics: Mapping[str, float], step: int, stamp: int) -> None:
        # ``struct`` hides why a value is none, so values are made numbers here.
        numbers = {key: as_number(key, value) for key, value in metrics.items()}
        try:
            if lane.keys is MIXED:
                for key, number in numbers.items():
                    self._fill(lane, (self._mixed[key], number), step, stamp)
                return
            self._fill(lane, tuple(numbers[key] for key in lane.keys), step, stamp)
        except (struct.error, TypeError, ValueError) as error:
            raise bad_step(step) from error
        if not self.is_sealed:
            self.write = lane.write

    def _log_later(self, metrics: Mapping[str, float], step: int, stamp: int) -> None:
        """Log a row when what this call has interrupted is done; what is wrong with it is said now."""
        _check_keys(tuple(metrics))
        numbers = {key: as_number(key, value) for key, value in metrics.items()}
        try:
            _STEP_AND_STAMP.pack(step, stamp)
        except (struct.error, TypeError, ValueError) as error:
            raise bad_step(step) from error
        self._section.later(lambda: self._log(self._open_lane(tuple(numbers)), numbers, step, stamp))

    def _fill(self, lane: Lane, values: tuple[float, ...], step: int, stamp: int) -> None:
        while True:
            try:
                return lane.fill(values, step, stamp)
            except StopIteration:
                if self._section.is_interrupted() and not self._is_relogging:
                    return self._section.later(lambda: self._fill(lane, values, step, stamp))
                with self._section:
                    is_new = lane.make_room()
                if is_new:
                    self._on_full()

    # Files

    def spool(self) -> Path | None:
        """Return the folder for files on their way to the artifact store; None where it cannot be made, now at least."""
        if self._section.is_interrupted() and self._folder is None:
            return None
        with self._section:
            return self._spool()

    def _spool(self) -> Path | None:
        folder = self._opened()
        try:
            if folder is not None:
                (folder / "spool").mkdir(exist_ok=True)
        except OSError:
            return None
        return None if folder is None else folder / "spool"

    def hold(self, name: str, data: bytes) -> None:
        """Keep a file in memory for which there was no space."""
        self._held[name] = data

    def held_bytes(self) -> int:
        """Return how many bytes of files are held in memory."""
        return sum(map(len, self._held.values()))

    def file(self, name: str) -> Path:
        """Return the path of a spooled file; one that is held in memory is written first.

        Raises:
            OSError: There is still no space for it.
        """
        if name in self._elsewhere:
            return self._elsewhere[name]
        spool = self.spool()
        if spool is None and self._folder is not None and name not in self._held:
            return self._folder / "spool" / name  # its folder was just renamed
        path = (spool or Path(tempfile.gettempdir())) / name
        if name in self._held:
            path.unlink(missing_ok=True)
            with path.open("xb") as file:  # what somebody put there meanwhile is not written through
                file.write(self._held[name])
            del self._held[name]
            if spool is None:
                self._elsewhere[name] = path
        return path

    # Memory alone

    @property
    def is_volatile(self) -> bool:
        """Whether something is, or would be, in memory alone that neither a file nor the store has."""
        with self._section:
            if self._home is None or (self._events and self.is_delivered()):
                return False
            if self._is_gathering or not self._events:
                return self._opened() is None
            events = len(self._events) - max(self._recorded, self._progress.events)
            return bool(events > 0 or self._named < len(self._mixed) or self._held or self.rows_in_memory())

    def rows_in_memory(self) -> int:
        """Return how many rows are in memory alone."""
        return sum(lane.in_memory(self._progress.lanes.get(lane.number, 0)) for lane in tuple(self._lanes))

    def save(self) -> None:
        """Try once more to write what is in memory alone, also where somebody has deleted the journal."""
        is_gone = self._is_deleted()  # outside of the section, for it looks at other writers too
        with self._section:
            if is_gone and self._is_missing():
                self._leave_home()
            if self.is_volatile and not self.is_sealed:
                self.trouble = ""
                self._record()
                try:
                    for lane in self._lanes:
                        lane.save(self._progress.lanes.get(lane.number, 0))
                    for name in tuple(self._held) if self._spool() is not None else ():
                        self.file(name)
                except OSError as error:
                    self._note(error)

    def _is_missing(self) -> bool:
        """Tell whether the journal is not where it was."""
        folder = self._folder
        return folder is not None and not (folder / EVENTS).exists()

    def _is_deleted(self) -> bool:
        """Tell whether somebody has deleted the journal, and not just renamed a folder above it."""
        folder = self._folder
        return folder is not None and self._is_missing() and self._is_gone(folder / EVENTS)

    def move(self, old: Path, new: Path) -> None:
        """Go on where a folder was renamed: its files are found by their names."""
        with self._section:
            self._home = self._home and renamed(self._home, old, new)
            self._folder = self._folder and renamed(self._folder, old, new)
            for records in (self._records, self._names):
                if records is not None:
                    records.path = renamed(records.path, old, new)
            for lane in self._lanes:
                lane.move(old, new)

    def _leave_home(self) -> None:
        """Take it that the journal's folder is gone."""
        self._close_records()
        waiting = list(enumerate(self._events))[self._progress.events :]
        files = {number: event for number, event in waiting if isinstance(event, ArtifactLogged)}
        kept = self._held.keys() | self._elsewhere.keys()
        self.lost_files |= {number: event.path for number, event in files.items() if event.spool not in kept}
        if self._folder is not None:
            remove_folder(self._folder)  # what was made in it meanwhile
        self._folder = None
        self._recorded = self._named = 0
        for lane in self._lanes:
            lane.leave_files()

    def _note(self, error: OSError) -> None:
        self.trouble = error.strerror or str(error)

    # Reading

    def is_delivered(self) -> bool:
        """Tell whether the store has everything."""
        return self._progress.events >= len(self._events) and self.pending_rows() == 0

    def pending_rows(self) -> int:
        """Return how many rows are not in the store yet."""
        return sum(lane.taken - self._progress.lanes.get(lane.number, 0) for lane in tuple(self._lanes))

    @property
    def is_unknown(self) -> bool:
        """Whether the store has yet to hear that the run starts."""
        return self.owns and self._progress.events == 0 and bool(self._events)

    def take(self, limit: int) -> Batch | None:
        """Return what the store does not have, about ``limit`` points at most; None where it has everything."""
        first = self._progress.events
        waiting = self._events[first:]
        goals = {lane.number: lane.taken for lane in tuple(self._lanes)}
        lanes = tuple(self._rows(limit, self._progress.lanes))
        reached = {**self._progress.lanes, **{rows.lane: rows.first + rows.count for rows in lanes}}
        is_complete = all(reached.get(lane, 0) >= goal for lane, goal in goals.items())
        events = tuple(deliverable(waiting, is_complete=is_complete))
        return Batch(self.run_id, self.id, first, events, lanes) if events or lanes else None

    def peek(self, seen: Mapping[int, int], limit: int) -> Iterator[LaneRows]:
        """Yield about ``limit`` points after those of each lane that were seen, to look at; the store has some of them, perhaps.

        Only for the flusher's thread: no other may look while space is given back.
        """
        return self._rows(limit, {**self._progress.lanes, **seen})

    def _rows(self, limit: int, after: Mapping[int, int]) -> Iterator[LaneRows]:
        lanes = tuple(self._lanes)
        for left, lane in zip(range(len(lanes), 0, -1), lanes, strict=True):
            # Each lane has its share, and what those before it have left of theirs.
            rows = lane.take(after.get(lane.number, 0), -(-limit // (left * len(lane.keys))))
            if rows is not None:
                limit = max(0, limit - rows.count * len(lane.keys))
                yield lane_rows(lane.number, lane.keys, rows, self._mixed_names)

    def applied(self, progress: Progress) -> None:
        """Note how far the store has come, and give back the space of what it has."""
        with self._section:
            self._progress = progress
            for lane in self._lanes:
                self._again(lane, lane.forget(progress.lanes.get(lane.number, 0)))

    def start_over(self, known: Progress) -> int:
        """Deliver from here on what a store lacks that is another than before, and knows so much of this writer.

        Returns:
            How many rows it will lack, for their space was given back.
        """
        with self._section:
            for text in self._texts.values():
                self.append(DocumentLogged("", text))
            self._texts.clear()
            lanes = {lane.number: max(known.lanes.get(lane.number, 0), lane.first) for lane in self._lanes}
            self._progress = Progress(known.events, lanes)
            return sum(first - known.lanes.get(number, 0) for number, first in lanes.items())

    def _again(self, lane: Lane, late: Iterable[Rows]) -> None:
        """Log rows anew that were given up and came after all."""
        self._is_relogging = True
        try:
            for rows in late:
                for column in range(len(rows.steps)):
                    values = tuple(rows.values[:, column].tolist())
                    self._fill(lane, values, int(rows.steps[column]), int(rows.timestamps[column]) * 1_000_000 + 1)
        finally:
            self._is_relogging = False

    def relog_late(self) -> bool:
        """Look once more for rows that were given up; tell whether there were any."""
        with self._section:
            before = self.pending_rows()
            for lane in self._lanes:
                self._again(lane, lane.late())
            return self.pending_rows() > before

    # The end

    def finish(self) -> None:
        """Note that the run, or this process's part in it, is over; the flusher lets go of the writer by and by."""
        self.is_finished = True

    def seal(self) -> None:
        """Take no more rows: a call that comes now is told, by KeyError, to look for another writer."""
        with self._section:
            self.is_sealed = True
            self.write = NO_WRITER.write

    def close(self) -> None:
        """Give back memory and files; the journal stays on disk."""
        with self._section:
            self.seal()
            for lane in self._lanes:
                lane.close()
            self._close_records()

    def _close_records(self) -> None:
        self._records = self._names = None

    def discard(self) -> Path | None:
        """Close the journal, and delete it if the store has everything.

        Returns:
            The folder where something came between the last delivery and now, and waits there; None where nothing did.
        """
        self.close()
        if self.is_delivered():
            self._remove()
            return None
        return self._folder

    def _remove(self) -> None:
        if self._folder is not None:
            remove_folder(self._folder)
        if self._home is not None:
            release(self._home, self.id)

    def touch(self) -> None:
        """Give a sign of life to those who cannot see this process."""
        if self._folder is not None:
            with suppress(OSError):
                os.utime(self._folder / EVENTS)

    def _opened(self) -> Path | None:
        """Return the journal's folder, made on first use; None where that failed."""
        if self._folder is None and self._home is not None and not self.is_sealed:
            try:
                self._folder = self._make_folder(self._home)
            except OSError as error:
                self._note(error)
        return self._folder

    def _make_folder(self, home: Path) -> Path:
        folder, owner, lock = home / f"{self.run_id}.{self.id}", this_process().to_json(), hold(home, self.id)
        head = {"format": FORMAT, "run": self.run_id, "writer": self.id, "owns": self.owns, "owner": owner, "lock": lock}
        self._records = make_folder(folder, head)
        return folder

    def _record(self) -> None:
        """Write the events and names that are not in a file yet, in order, for a line's number is its event's."""
        folder = self._opened()
        if folder is None or self._records is None:
            return
        try:
            if self._recorded < len(self._events):
                self._records.append(*map(to_json, self._events[self._recorded :]))
                self._recorded = len(self._events)
            if self._named < len(self._mixed_names):
                self._names = self._names or RecordFile(folder / "names.jsonl")
                self._names.append(*self._mixed_names[self._named :])
                self._named = len(self._mixed_names)
        except OSError as error:
            self._note(error)
        except (TypeError, ValueError, RecursionError):
            self._drop_unsayable()
            raise

    def _drop_unsayable(self) -> None:
        """Take back the events that JSON cannot say, so that they are not in the way of all that comes after."""
        start = max(self._recorded, self._progress.events)
        self._events[start:] = [event for event in self._events[start:] if is_sayable(to_json(event))]

    # Lanes

    def _open_lane(self, keys: tuple[str, ...]) -> Lane:
        """Return the lane for keys seen for the first time in this order."""
        _check_keys(keys)
        with self._section:
            lane = self._lane_of_names.get(tuple(sorted(keys)))
            if lane is None:
                lane = self._mixed_lane(keys) if len(self._lanes) >= _MAX_LANES else self._new_lane(keys)
            if lane.keys is not MIXED or len(self._lane_by_keys) < 100 * _MAX_LANES:
                self._lane_by_keys[keys] = lane
            return lane

    def _new_lane(self, keys: tuple[str, ...]) -> Lane:
        self._record()
        lane = Lane(len(self._lanes), keys, self._place)
        self._lanes.append(lane)
        self._lane_of_names[tuple(sorted(keys))] = lane
        return lane

    def _mixed_lane(self, keys: tuple[str, ...]) -> Lane:
        """Return the lane of rows that carry the number of their metric's name, and number these names."""
        lane = self._lanes[-1] if self._lanes[-1].keys is MIXED else self._new_lane(MIXED)
        new = [key for key in keys if key not in self._mixed]
        # The names first: the number of one that is read is looked up in them.
        self._mixed_names += new
        self._mixed.update(zip(new, range(len(self._mixed), len(self._mixed_names)), strict=True))
        if new:
            self._record()
        return lane

    def _place(self, name: str) -> Path | None:
        return None if self._folder is None else self._folder / name


def _check_keys(keys: tuple[str, ...]) -> None:
    for key in keys:
        check_key(key)
    if not keys:
        raise InvalidInput("log was given no metrics: name at least one, as in log(loss=0.5)")


def _after_fork() -> None:
    for writer in tuple(_writers):
        writer.owns = False
        writer._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
