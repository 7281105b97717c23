"""The live view of a run in a cell's output, and the static output that replaces it."""

from __future__ import annotations

import re
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..entities.tags import CELL_ID, ENDED, NOTE, RESERVED
from ..kernel import frontend
from .data.format import value_text
from .open_views import open_view, widget_bundle
from .pages.markup import display_html, escaped
from .shown import ShownRun, shown_session

if TYPE_CHECKING:
    from .views.run import RunView

__all__ = ["bundle", "saved_bundle", "show", "show_end", "view_of"]

# Marks displays of nbtrack, which are not captured among what a cell shows.
_METADATA = {"nbtrack": "run"}
_CELL_LINE = re.compile(r'File "Cell In ?\[\d+\]", line (\d+)')

_views: weakref.WeakValueDictionary[str, RunView] = weakref.WeakValueDictionary()


def view_of(run: ShownRun, focus: Sequence[str] = ()) -> RunView:
    """Return the open view of a run, or a new one, which follows a run of this process."""
    from .views.run import RunView

    known = _views.get(run.id)
    if known is not None and known.transport is not None:
        return known
    session = shown_session(run)
    stopper = session.stopper if session.is_open else None
    cell_id = session.recorder.own_tags.get(CELL_ID, "")
    view = RunView(session.connection, lambda: facts(run), lambda: _counts(run), stopper=stopper, focus=focus, cell_id=cell_id)
    if session.is_open:
        view.follow()
        session.when_ended.append(view.ended)
    else:
        view.load()
    _views[run.id] = view
    return view


def _counts(run: ShownRun) -> dict[str, int]:
    return {key: history.count for key, history in run.metrics.items()}


def show(run: ShownRun, focus: Sequence[str] = ()) -> bool:
    """Open a live view of a run in the output of this cell; return False in a headless execution."""
    if frontend.is_headless():
        return False
    from IPython.display import display

    view = open_view(view_of(run, focus))
    still = {"text/html": _still_running(run), "text/plain": f"run {run.name} ({run.id}) was running when this was saved"}
    shown = still if frontend.hydrates() else {"text/plain": still["text/plain"], **widget_bundle(view)}
    display(shown, raw=True, display_id=_display_id(run), metadata=_METADATA)
    shown_session(run).when_ended.insert(0, lambda: show_end(run))
    view.look_back()
    return True


def show_end(run: ShownRun) -> None:
    """Replace the output of a run's live view by its static output, in whose slot the view goes on."""
    from IPython.display import display

    display(saved_bundle(run), raw=True, display_id=_display_id(run), update=True, metadata=_METADATA)


def bundle(run: ShownRun) -> dict[str, Any]:
    """Return the static output of a run, and open a live view in its slot unless execution is headless."""
    if not frontend.is_headless():
        open_view(view_of(run))
    return saved_bundle(run)


def saved_bundle(run: ShownRun) -> dict[str, Any]:
    """Return what stays of a run in a saved notebook."""
    from .pages.read_runs import run_bundle

    with shown_session(run).at_once():
        return run_bundle(run)


def _display_id(run: ShownRun) -> str:
    return f"nbtrack-{run.id}"


def _still_running(run: ShownRun) -> str:
    """Return the static HTML of an open run, for a notebook that is saved now and opened without its kernel."""
    text = f"run <b>{escaped(run.name)}</b> was running when this was saved"
    return display_html(
        run.id, f"<p>{text}; <code>nbtrack.get_run(&quot;{escaped(run.id)}&quot;)</code> shows what became of it.</p>"
    )


def facts(run: ShownRun) -> dict[str, Any]:
    """Return the facts of a run that a live view shows; for an open run of this process without asking the store."""
    session = shown_session(run)
    tags = session.recorder.own_tags if session.is_open else run.tags
    params = session.recorder.known_params() if session.is_open else run.params
    trace = run.traceback if run.status.name == "FAILED" else None
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status.value,
        "ended": tags.get(ENDED, ""),
        "experiment": run.experiment,
        "started": round(run.start_time.timestamp() * 1000),
        "end": round(run.end_time.timestamp() * 1000) if run.end_time else None,
        "note": tags.get(NOTE, ""),
        "error": (trace or "").strip().rpartition("\n")[2],
        "line": _line_in_cell(trace),
        "params": [[key, value_text(value)] for key, value in params.items()],
        "tags": {key: value for key, value in tags.items() if not key.startswith(RESERVED)},
        "files": 0 if session.is_open else session.artifact_count(),
    }


def _line_in_cell(traceback: str | None) -> int | None:
    """Return the number of the line in the cell whose code failed."""
    found = _CELL_LINE.findall(traceback or "")
    return int(found[0]) if found else None
