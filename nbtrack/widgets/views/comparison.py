"""Runs side by side in the notebook: their values, curves, sources, environments and files."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np

from ...delivery.connection import Connection
from ...entities.run import RunInfo, now_ms
from ...errors import NbtrackError
from ...store.protocol.store import Axis, Store
from ..data import curves
from ..data.columns import read_table
from ..data.text_diff import side_by_side
from ..view import Export, View
from .files import FileReader

__all__ = ["ComparisonView"]

_STATS = ("min", "max", "mean", "count")
_DOCUMENTS = ("code", "diff", "packages", "environment")
_MOST_IMAGES = 400
# Most of reading a curve is the decoding of its points, which gives up the interpreter's lock.
_AT_ONCE = 4

Answer = tuple[str, dict[str, Any], Any]


class ComparisonView(View):
    """Some runs, and what can be asked of them together.

    Attributes:
        selected: The ids of the runs that are selected in the page.
    """

    kind: ClassVar[str] = "comparison"
    requests: ClassVar[Mapping[str, str]] = {
        "curves": "read_curves",
        "against": "curves_against",
        "diff": "diff",
        "file": "read_file",
        "select": "select",
    }

    def __init__(self, connection: Connection, infos: Sequence[RunInfo]) -> None:
        super().__init__()
        self._connection, self._infos = connection, tuple(infos)
        self.selected: list[str] = []

    def snapshot(self) -> dict[str, Any]:
        """Return the runs' values in columns, what can be compared besides, and the images that they have."""
        store = self._connection.read()
        ids = [info.id for info in self._infos]
        return {
            "now": now_ms(),
            "ids": ids,
            "columns": read_table(store, self._infos).columns,
            "stats": _stats(store, ids),
            "documents": [sorted(set(store.documents(run_id)) & set(_DOCUMENTS)) for run_id in ids],
            "images": _images(store, ids),
            "selected": self.selected,
        }

    def read_curves(
        self, keys: Sequence[str], by: Axis = "step", lo: float = -1e18, hi: float = 1e18, points: int = 800
    ) -> dict[str, Any]:
        """Return metrics of all runs in a range, at the resolution that is drawn."""
        store = self._connection.read()

        def read(info: RunInfo) -> list[dict[str, Any]]:
            return curves.stretches(store, info.id, keys, by, lo, hi, points, info.start_time)

        with ThreadPoolExecutor(_AT_ONCE, "nbtrack-curves") as pool:
            found = list(pool.map(read, self._infos))
        return {"series": [{**each, "run": place} for place, all_ in enumerate(found) for each in all_ if each["total"]]}

    def curves_against(self, x: str, keys: Sequence[str], points: int = 800) -> dict[str, Any]:
        """Return metrics of all runs over another metric."""
        store = self._connection.read()
        found = [
            {**curves.against(store, info.id, x, key, points), "run": place}
            for place, info in enumerate(self._infos)
            for key in keys
        ]
        return {"series": [each for each in found if each["total"]]}

    def diff(self, what: str, left: int, right: int) -> dict[str, Any]:
        """Return two runs' sources, uncommitted changes, packages or environments side by side."""
        store = self._connection.read()
        texts = [self._document(store, self._infos[place].id, what) for place in (left, right)]
        return {"rows": side_by_side(*texts), "equal": texts[0] == texts[1], "none": not any(texts)}

    @staticmethod
    def _document(store: Store, run_id: str, what: str) -> str:
        sha256 = store.documents(run_id).get(what)
        text = "" if sha256 is None else store.read_document(sha256) or ""
        return text if what != "environment" else _in_lines(text)

    def read_file(self, run: int, path: str) -> dict[str, Any]:
        """Return a file of a run, of at most four million bytes."""
        return FileReader(self._connection, self._infos[run].id).read_file(path)

    def export(self, level: int) -> Export:
        """Return the comparison with curves, differences to the first run and images, as far as there is room."""
        snapshot = self.snapshot()
        keys = [column["name"] for column in snapshot["columns"] if column["group"] == "metric"]
        points = (800, 400, 200, 60)[level]
        answers: list[Answer] = [("curves", {"keys": [key]}, self.read_curves([key], points=points)) for key in keys[:60]]
        for right in range(1, min(len(self._infos), (20, 10, 4, 1)[level])):
            for what in _DOCUMENTS:
                asked: dict[str, Any] = {"what": what, "left": 0, "right": right}
                answers.append(("diff", asked, self.diff(**asked)))
        images, missing = self._exported_images(snapshot["images"], (5_000_000, 1_500_000, 200_000, 0)[level])
        notes = [f"Curves have at most {points} points a run; zooming in shows no more of them."]
        notes += [f"{len(keys) - 60} metrics have no curves in this page."] if len(keys) > 60 else []
        notes += [f"{missing:,} images are not in this page."] if missing else []
        return Export(snapshot, answers + images, notes)

    def _exported_images(self, images: Sequence[Mapping[str, Any]], room: int) -> tuple[list[Answer], int]:
        answers: list[Answer] = []
        wanted = [{"run": run, "path": image["path"]} for image in images for run in image["runs"]]
        for asked in wanted:
            try:
                found = self.read_file(**asked)
            except (NbtrackError, OSError):
                continue
            room -= found["size"]
            if room < 0:
                break
            answers.append(("file", asked, found))
        return answers, len(wanted) - len(answers)

    def select(self, ids: Sequence[str]) -> dict[str, Any]:
        """Take down which runs are selected."""
        known = {info.id for info in self._infos}
        self.selected = [run_id for run_id in ids if run_id in known]
        return {}


def _stats(store: Store, ids: Sequence[str]) -> dict[str, Any]:
    """Return the statistics of each metric, a value a run."""
    places = {run_id: place for place, run_id in enumerate(ids)}
    found: dict[str, dict[str, Any]] = {}
    for run_id, key, *values in store.metrics(ids, list(_STATS)):
        own = found.setdefault(key, {stat: np.full(len(ids), np.nan) for stat in _STATS})
        for stat, value in zip(_STATS, values, strict=True):
            own[stat][places[run_id]] = value
    return found


def _images(store: Store, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the images that runs have, by path, and which runs have them: those of most runs first."""
    having: dict[str, list[int]] = {}
    for place, run_id in enumerate(ids):
        for file in store.artifacts(run_id):
            if (mimetypes.guess_type(file.path)[0] or "").startswith("image/"):
                having.setdefault(file.path, []).append(place)
    shown = sorted(having.items(), key=lambda item: (-len(item[1]), item[0]))[:_MOST_IMAGES]
    return [{"path": path, "runs": places} for path, places in shown]


def _in_lines(text: str) -> str:
    """Return what an environment says as lines of ``name: value``."""
    import json

    try:
        return "\n".join(_flat(json.loads(text))) if text else ""
    except ValueError:
        return text


def _flat(value: Any, name: str = "") -> Iterable[str]:
    if not isinstance(value, Mapping):
        yield f"{name}: {value}"
        return
    for key, each in value.items():
        yield from _flat(each, f"{name}.{key}" if name else str(key))
