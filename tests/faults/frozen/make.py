"""Make the journal of the newest format, once: ``python -m tests.faults.frozen.make``.

It is what a process left that was killed in the middle of a run, before anything of it was delivered.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from pathlib import Path

from nbtrack.journal.codec import FORMAT
from nbtrack.journal.owner import Owner
from nbtrack.journal.reader import journals
from nbtrack.journal.records import encode, read_records

from ..child import Child

START = 1_700_000_000_000
POINTS = 300
NAMES = 40

UNFINISHED = f"""
from nbtrack.capture.base import Captured
from nbtrack.entities.events import DocumentLogged
from nbtrack.entities.run import Dataset
captured = Captured(documents=(DocumentLogged("code", "x = 1"),), datasets=(Dataset("digits", "abc"),))
params = {{"lr": 0.1, "layers": [64, 32], "none": None}}
run = nbtrack.connect(os.getcwd()).start_run("unfinished", params=params, tags={{"stage": "draft"}}, note="é", captured=captured)
run._session.connection.flusher.flush = lambda *_, **__: False
run.log_text("hello", "notes/a.txt")
for step in range({POINTS}):
    run.log({{"loss": 1 / (step + 1), "accuracy": step / 4}}, step=step, timestamp={START} + step)
for number in range({NAMES}):
    run.log({{f"metric {{number}}": float(number)}}, step=-number, timestamp={START} + number)
run.set_tag("stage", "final")
print("done", flush=True)
sys.stdin.readline()
"""


def main() -> None:
    target = Path(__file__).with_name(f"journal-{FORMAT}.tar.gz")
    if target.exists():
        sys.exit(f"{target} is there; a released format is never made again")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "runs.db").mkdir()  # so that nothing is delivered
        child = Child(folder, UNFINISHED, before="import os; os.environ['LOGNAME'] = 'ada'")
        child.line()
        child.kill()
        (journal,) = journals(Path(folder, "journal"))
        _forget_machine(journal / "events.jsonl")
        with tarfile.open(target, "w:gz") as archive:
            archive.add(journal, journal.name, filter=_long_ago)
    print(f"made {target}")


def _forget_machine(events: Path) -> None:
    head, started, *others = read_records(events).values.values()
    head["owner"] = started[1]["owner"] = Owner("elsewhere", "boot", "space", 1, "2").to_json()
    others.insert(0, started)
    events.write_bytes(b"".join(map(encode, [head, *others])))


def _long_ago(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime, entry.uname, entry.gname, entry.uid, entry.gid = START // 1000, "", "", 0, 0
    return entry


if __name__ == "__main__":
    main()
