"""All captures of one tracked cell, from before it runs until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..entities.tags import SOURCE
from .base import Captured, CaptureGuard, OutputFile, merge
from .context import PARTS, capture_surroundings
from .datasets.dataset import capture_datasets
from .notebook import find_notebook, parent_command
from .outputs.displayed import DisplayCapture
from .outputs.streams import StreamCapture
from .outputs.traceback import capture_traceback
from .params.inputs import CellInputs
from .source import ExecutedCells, capture_cell

__all__ = ["CellCapture", "FinishedCell"]


@dataclass(frozen=True, slots=True)
class FinishedCell:
    """What was captured at the end of a cell: facts, and files for its artifacts."""

    facts: Captured
    files: tuple[OutputFile, ...]


class CellCapture:
    """Captures one cell: ``start`` before it runs and ``finish`` when it has ended; neither raises.

    Args:
        shell: IPython's ``InteractiveShell``.
        environ: The kernel's environment, used to find the notebook and to run git; none of it is recorded.
        cells: The record of captured cells, one for all cells of a kernel and store.
        guard: Isolates captures and collects their failures.
        notebook: The notebook's path if the user has set it.
        parts: The enabled ones of ``PARTS``.
        without: Names that are not params of their own, because ``-p`` names them.
    """

    def __init__(
        self,
        shell: Any,
        environ: Mapping[str, str],
        cells: ExecutedCells,
        guard: CaptureGuard,
        *,
        notebook: str | None = None,
        parts: Collection[str] = PARTS,
        without: Collection[str] = (),
    ) -> None:
        self._shell, self._environ, self._cells, self._guard = shell, environ, cells, guard
        self._notebook, self._parts, self._without = notebook, parts, without
        self._streams, self._displays = StreamCapture(guard), DisplayCapture(shell, guard)
        self._inputs: CellInputs | None = None
        self._known: Mapping[str, object] = {}

    def start(self, source: str, cell_id: str | None = None) -> Captured:
        """Capture what is known before the cell runs, and start to record its output.

        Args:
            source: The cell as typed, ``ExecutionInfo.raw_cell``.
            cell_id: The front end's id of the cell.
        """
        history = self._shell.history_manager.input_hist_raw
        found = merge(
            self._part("source", lambda: capture_cell(source, len(history), cell_id)),
            self._part("cells", lambda: self._cells.capture(history, len(history))),
            self._part("params", lambda: self._params(source, history)),
            self._surroundings(),
        )
        found = merge(found, self._part("datasets", lambda: self._datasets(source, found.tags)), self._guard.failures())
        self._listen()
        return found

    def finish(self, error: BaseException | None = None) -> FinishedCell:
        """Stop recording output, and capture the results of the cell.

        Args:
            error: The exception that ended the cell, ``result.error_before_exec or result.error_in_exec``.
        """
        for listener in (self._displays, self._streams):
            self._guard.shield("outputs", listener.stop, None)
        failed = self._part("traceback", lambda: capture_traceback(error)) if error is not None else Captured()
        computed = self._part("params", self._computed)
        none: list[OutputFile] = []
        files = [file for part in (self._streams, self._displays) for file in self._guard.run("outputs", part.files, none)]
        return FinishedCell(merge(computed, failed), tuple(files))

    def _part(self, name: str, capture: Callable[[], Captured]) -> Captured:
        return self._guard.facts(name, capture) if name in self._parts else Captured()

    def _inputs_of(self, source: str) -> CellInputs:
        if self._inputs is None:
            self._inputs = CellInputs(source, self._shell.transform_cell)
        return self._inputs

    def _params(self, source: str, history: list[str]) -> Captured:
        found = self._inputs_of(source).at_start(self._shell.user_ns, history, self._without)
        self._known = found.params
        return found

    def _computed(self) -> Captured:
        return self._inputs.at_end(self._shell.user_ns, self._known, self._without) if self._inputs else Captured()

    def _datasets(self, source: str, tags: Mapping[str, str]) -> Captured:
        inputs = self._inputs_of(source)
        if inputs.unread:
            return Captured(left_out=(inputs.unread,))
        names = inputs.reads(self._shell.user_ns)
        origin = {tag: value for tag, value in tags.items() if tag.startswith(SOURCE)}
        return capture_datasets(self._shell.user_ns, names, tags=origin)

    def _surroundings(self) -> Captured:
        notebook = self._guard.run("notebook", self._find_notebook, None)
        return capture_surroundings(self._guard, self._environ, notebook=notebook, parts=self._parts)

    def _find_notebook(self) -> str | None:
        command, folder = parent_command()
        namespace = self._shell.user_ns
        return find_notebook(namespace, self._environ, explicit=self._notebook, command=command, command_folder=folder)

    def _listen(self) -> None:
        if "streams" in self._parts:
            self._guard.shield("streams", self._streams.start, None)
        if "displays" in self._parts:
            self._guard.shield("displays", self._displays.start, None)
