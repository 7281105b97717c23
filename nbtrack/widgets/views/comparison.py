"""The live comparison of runs: their values, curves, sources, environments and files."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...delivery.connection import Connection
from ...entities.run import MetricSummary, now_ms
from ...errors import NbtrackError
from ...store.protocol.store import Axis
from ..data.columns import table_of
from ..data.curves import Window, against, thinned
from ..data.many_runs import ManyRuns
from ..data.text_diff import side_by_side
from ..view import Export, View
from .files import FileReader

__all__ = ["ComparisonView"]

_STATS = ("min", "max", "mean", "count")
_DOCUMENTS = ("code", "diff", "packages", "environment")
_MOST_IMAGES = 400
_MOST_EXPORTED = 60  # metrics
_POINTS = (800, 400, 200, 60)  # of each exported curve, by level

Answer = tuple[str, dict[str, Any], Any]


class ComparisonView(View):
    """Some runs side by side.

    Args:
        connection: The store's connection.
        runs: The runs; what has been read of them already is shown by the first snapshot.

    Attributes:
        selected: The ids of the runs that are selected in the browser.
    """

    kind: ClassVar[str] = "comparison"
    requests: ClassVar[Mapping[str, str]] = {
        "curves": "read_curves",
        "against": "curves_against",
        "diff": "diff",
        "file": "read_file",
        "select": "select",
    }

    def __init__(self, connection: Connection, runs: ManyRuns) -> None:
        super().__init__()
        self._connection, self._runs, self._is_shown = connection, runs, False
        self.selected: list[str] = []

    def snapshot(self) -> dict[str, Any]:
        """Return the runs' values in columns, their documents and images.

        The first snapshot shows what was read already, later ones read again.
        """
        if self._is_shown:
            self._runs = self._runs.renewed(self._connection.read())
        self._is_shown = True
        return self._content()

    def _content(self) -> dict[str, Any]:
        runs = self._runs
        return {
            "now": now_ms(),
            "ids": runs.ids,
            "columns": table_of(runs).columns,
            "stats": _stats(runs),
            "documents": [sorted(set(runs.documents[run_id]) & set(_DOCUMENTS)) for run_id in runs.ids],
            "images": _images(runs),
            "selected": self.selected,
        }

    def read_curves(
        self, keys: Sequence[str], by: Axis = "step", lo: float = -1e18, hi: float = 1e18, points: int = 800
    ) -> dict[str, Any]:
        """Return metrics of all runs in a range, at the resolution that is drawn."""
        self._connection.read()  # delivers what this process has logged
        places = self._places()
        drawn = self._runs.draw(self._runs.infos, keys, Window(by, lo, hi, points))
        return {"series": [{**each, "run": places[info.id]} for info, own in drawn for each in own if each["total"]]}

    def curves_against(self, x: str, keys: Sequence[str], points: int = 800) -> dict[str, Any]:
        """Return metrics of all runs over another metric."""
        self._connection.read()
        places = self._places()
        found = [
            {**against(own, x, key, points), "run": places[info.id]}
            for info, own in self._runs.histories(list(dict.fromkeys([x, *keys])), self._runs.infos)
            for key in keys
        ]
        return {"series": [each for each in found if each["total"]]}

    def _places(self) -> dict[str, int]:
        return {run_id: place for place, run_id in enumerate(self._runs.ids)}

    def diff(self, what: str, left: int, right: int) -> dict[str, Any]:
        """Return two runs' sources, uncommitted changes, packages or environments side by side."""
        hashes = [self._runs.documents[self._runs.ids[place]].get(what) for place in (left, right)]
        return _diff(what, hashes, self._runs.texts(sha256 for sha256 in hashes if sha256))

    def read_file(self, run: int, path: str) -> dict[str, Any]:
        """Return a file of a run, of at most four million bytes."""
        return FileReader(self._connection, self._runs.ids[run]).read_file(path)

    def export(self, level: int) -> Export:
        """Return the comparison with curves, the differences to the first run, and as many images as there is room for."""
        content = self._content()
        keys = [column["name"] for column in content["columns"] if column["group"] == "metric"]
        answers = self._exported_curves(keys[:_MOST_EXPORTED], _POINTS[level])
        answers += self._exported_diffs(min(len(self._runs.ids), (20, 10, 4, 1)[level]))
        images, missing = self._exported_images(content["images"], (5_000_000, 1_500_000, 200_000, 0)[level])
        notes = [f"Curves have at most {_POINTS[level]} points a run; zooming in shows no more of them."]
        if len(keys) > _MOST_EXPORTED:
            notes.append(f"{len(keys) - _MOST_EXPORTED} metrics have no curves in this page.")
        notes += [f"{missing:,} images are not in this page."] if missing else []
        return Export(content, answers + images, notes)

    def _exported_curves(self, keys: Sequence[str], points: int) -> list[Answer]:
        infos = self._runs.infos
        # Level 0 comes first and has the most points: the other levels thin what it has read.
        found = self._runs.curves(infos, keys, points)
        answers: list[Answer] = []
        for key in keys:
            own = [(place, found[info.id, key]) for place, info in enumerate(infos) if (info.id, key) in found]
            answers.append(("curves", {"keys": [key]}, {"series": [{**thinned(each, points), "run": at} for at, each in own]}))
        return answers

    def _exported_diffs(self, runs: int) -> list[Answer]:
        documents = [self._runs.documents[run_id] for run_id in self._runs.ids[:runs]]
        if runs < 2:
            return []
        texts = self._runs.texts(own[what] for own in documents for what in _DOCUMENTS if what in own)
        return [
            (
                "diff",
                {"what": what, "left": 0, "right": right},
                _diff(what, (documents[0].get(what), documents[right].get(what)), texts),
            )
            for right in range(1, runs)
            for what in _DOCUMENTS
        ]

    def _exported_images(self, images: Sequence[Mapping[str, Any]], room: int) -> tuple[list[Answer], int]:
        sizes = {(run_id, file.path): file.size for run_id, file in self._runs.files}
        wanted = [{"run": run, "path": image["path"]} for image in images for run in image["runs"]]
        answers: list[Answer] = []
        for asked in wanted:
            info = self._runs.infos[asked["run"]]
            size = sizes[info.id, asked["path"]]
            if size > room:
                break
            try:
                found = FileReader(self._connection, info.id).read_known(asked["path"], size, info.artifact_uri)
            except (NbtrackError, OSError):
                continue
            room -= size
            answers.append(("file", asked, found))
        return answers, len(wanted) - len(answers)

    def select(self, ids: Sequence[str]) -> dict[str, Any]:
        """Record which runs are selected."""
        known = set(self._runs.ids)
        self.selected = [run_id for run_id in ids if run_id in known]
        return {}


def _stats(runs: ManyRuns) -> dict[str, Any]:
    """Return the statistics of each metric, a value a run."""
    found: dict[str, dict[str, Any]] = {}
    for place, run_id in enumerate(runs.ids):
        for key, values in runs.metrics[run_id].items():
            own = found.setdefault(key, {stat: np.full(len(runs.ids), np.nan) for stat in _STATS})
            summary = MetricSummary(*values)
            for stat in _STATS:
                own[stat][place] = getattr(summary, stat)
    return found


def _images(runs: ManyRuns) -> list[dict[str, Any]]:
    """Return the images that runs have, by path, and which runs have them: those of most runs first."""
    places = {run_id: place for place, run_id in enumerate(runs.ids)}
    having: dict[str, list[int]] = {}
    for run_id, file in runs.files:
        if (mimetypes.guess_type(file.path)[0] or "").startswith("image/"):
            having.setdefault(file.path, []).append(places[run_id])
    shown = sorted(having.items(), key=lambda item: (-len(item[1]), item[0]))[:_MOST_IMAGES]
    return [{"path": path, "runs": own} for path, own in shown]


def _diff(what: str, hashes: Sequence[str | None], texts: Mapping[str, str]) -> dict[str, Any]:
    left, right = (_document(what, texts.get(sha256, "") if sha256 else "") for sha256 in hashes)
    return {"rows": side_by_side(left, right), "equal": left == right, "none": not left and not right}


def _document(what: str, text: str) -> str:
    """Return a document as lines; an environment, which is JSON, as lines of ``name: value``."""
    if what != "environment" or not text:
        return text
    try:
        return "\n".join(_flat(json.loads(text)))
    except ValueError:
        return text


def _flat(value: Any, name: str = "") -> Iterable[str]:
    if not isinstance(value, Mapping):
        yield f"{name}: {value}"
        return
    for key, each in value.items():
        yield from _flat(each, f"{name}.{key}" if name else str(key))
