"""Stands in for a browser: records what a view pushes, and sends it requests."""

import json

import numpy as np

from nbtrack.widgets.transport.pack import pack

TYPES = {"f8": np.float64, "f4": np.float32, "i4": np.int32, "u4": np.uint32, "u1": np.uint8}


def unpack(value, block):
    """Decode a packed value, as js/src/data/pack.ts does."""
    if isinstance(value, list):
        return [unpack(each, block) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$a"}:
        at, length, kind = value["$a"]
        return np.frombuffer(block, TYPES[kind], length, at) if length else np.empty(0, TYPES[kind])
    if set(value) == {"$r"}:
        first, by, count = value["$r"]
        return first + by * np.arange(count, dtype=np.float64)
    if set(value) == {"$f"}:
        return float(value["$f"])
    return {key: unpack(each, block) for key, each in value.items()}


def travelled(value):
    """Return a value as it arrives in a browser: through JSON, which must hold all but its arrays."""
    tree, block = pack(value)
    return unpack(json.loads(json.dumps(tree, allow_nan=False)), block)


class Page:
    """The transport of a view that records what a kernel would send."""

    def __init__(self, view):
        self.view, self.events, self.is_closed = view, [], False
        view.transport = self

    def push(self, event, value):
        self.events.append((event, travelled(value)))

    def ask(self, what, /, **args):
        """Send the view a request, as a browser does."""
        return travelled(self.view.answer(what, json.loads(json.dumps(args))))

    def told(self, event):
        return [value for name, value in self.events if name == event]

    def close(self):
        self.is_closed = True


def live_view(runs):
    """Return the view in which a notebook shows runs or a comparison."""
    return runs._live_view(runs._many())


def curves(page):
    """Return the curves of a run, put together from snapshot and frames as js/src/run/metrics.ts does."""
    metrics = {}
    for event, value in page.events:
        if event not in ("snapshot", "frame"):
            continue
        if event == "snapshot":
            metrics = dict(enumerate(value["metrics"]))
        for each in value["metrics"] if event == "frame" else ():
            known = metrics.setdefault(each["i"], {axis: np.empty(0) for axis in "xty"})
            spliced = {axis: np.concatenate([known[axis][: each["from"]], each[axis]]) for axis in "xty"}
            known.update({key: fact for key, fact in each.items() if key not in "xty"} | spliced)
    return {each["key"]: each for each in metrics.values()}
