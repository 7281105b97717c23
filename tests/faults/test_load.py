"""Large numbers of processes, points, metrics, columns and bytes; smaller ones unless much time was asked for."""

import json
from contextlib import closing
from pathlib import Path

import pytest

import nbtrack
from nbtrack.journal.reader import journals
from nbtrack.store.filter import parse, parse_order
from nbtrack.store.open import open_store
from nbtrack.store.protocol.search import Query

from ..widgets.page import Page, live_view
from .child import Child
from .rounds import IS_LONG, done

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

# How far the process has grown, in megabytes: now, and at the most.
MEMORY = """
import json, time
def memory(kind):
    line = next(line for line in open("/proc/self/status") if line.startswith(kind))
    return int(line.split()[1]) / 1024
"""
measured = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured on Linux")


def test_many_processes_write_one_sqlite_store(tmp_path, opened):
    processes, runs, points = (32, 10, 5000) if IS_LONG else (6, 3, 500)
    code = f"""
name = sys.stdin.readline()
for number in range({runs}):
    with nbtrack.start_run(f"{{name}}-{{number}}", params={{"number": number}}) as run:
        for step in range({points}):
            run.log(loss=step / 4, by=float(name))
        run.set_tag("by", name)
print("all delivered" if nbtrack.flush(300) else "not all delivered")
"""
    children = [Child(tmp_path, code) for _ in range(processes)]
    for number, child in enumerate(children):
        child.tell(str(number))
    assert [child.wait() for child in children] == [("all delivered\n", "")] * processes
    store = opened(tmp_path)
    found = store.search_runs(Query()).items
    assert sorted(run.name for run in found) == sorted(f"{name}-{i}" for name in range(processes) for i in range(runs))
    for run in found:
        by = run.name.partition("-")[0]
        assert store.history(run.id, "loss").values.tolist() == [step / 4 for step in range(points)]
        assert store.history(run.id, "by").values.tolist() == [float(by)] * points
        assert ("by", by) in [tag[1:] for tag in store.tags([run.id])]
        assert run.status == "FINISHED"
    assert journals(tmp_path / "journal") == []
    done[f"points from {processes} processes at once in one SQLite store, of them lost: 0, doubled: 0"] += 2 * len(found) * points


@measured
def test_a_long_run_takes_no_more_memory_than_a_short_one(tmp_path, opened):
    steps = 25_000_000 if IS_LONG else 100_000
    code = f"""
with nbtrack.start_run("long") as run:
    run.log(a=0.0, b=0.0, c=0.0, d=0.0)
    run.flush()
    before = memory("VmRSS")
    for step in range(1, {steps}):
        run.log({{"a": step * 0.5, "b": 1.0 / step, "c": float(step % 1000), "d": 0.25}})
    during = memory("VmHWM") - before
assert nbtrack.flush(600)
print(json.dumps([run.id, during]))
"""
    child = Child(tmp_path, MEMORY + code)
    out, err = child.finish()
    assert err == ""
    run_id, growth = json.loads(out)
    assert growth < 1500, f"{growth} MB more, the mapped files of what is still to be delivered included"
    store = opened(tmp_path)
    assert {row[1]: row[2] for row in store.metrics([run_id], ("count",))} == dict.fromkeys("abcd", steps)
    bytes_a_point = (tmp_path / "runs.db").stat().st_size / (4 * steps)
    assert bytes_a_point < 4
    read = f"""
before = memory("VmRSS")
run = nbtrack.get_run({run_id!r})
from tests.widgets.page import Page
from nbtrack.widgets.run_output import view_of
page = Page(view_of(run))
whole = {{each["key"]: each for each in page.ask("snapshot")["metrics"]}}
part = page.ask("range", keys=["a", "c"], by="step", lo={steps // 2}, hi={steps // 2 + 1000}, points=2000)["series"]
print(json.dumps({{
    "memory": memory("VmHWM") - before,
    "drawn": [len(whole[key]["y"]) for key in "abcd"],
    "counts": [whole[key]["count"] for key in "abcd"],
    "last": float(whole["a"]["y"][-1]),
    "part": [each["y"].tolist() for each in part],
}}))
"""
    out, err = Child(tmp_path, MEMORY + read).finish()
    seen = json.loads(out)
    assert seen["memory"] < 300 + 40 * steps / 1e6, "more than a metric's own columns take, and a copy of one"
    assert seen["counts"] == [steps] * 4
    assert max(seen["drawn"]) <= 2001
    assert seen["last"] == (steps - 1) * 0.5
    middle = range(steps // 2, steps // 2 + 1001)
    assert seen["part"] == [[step * 0.5 for step in middle], [float(step % 1000) for step in middle]]
    grown = f"{growth:.0f} MB logging, {seen['memory']:.0f} MB drawing"
    done[f"points in one run: memory grew by {grown}, {bytes_a_point:.2f} bytes each"] += 4 * steps


def test_ten_thousand_metrics_in_one_run_are_fast(tracker):
    count = 10_000
    with nbtrack.start_run("wide") as run:
        for step in range(3):
            run.log({f"together/{i}": step + i / 4 for i in range(count // 2)})
        for i in range(count // 2):
            run.log({f"alone/{i}": i / 4}, step=7)
    assert len(run.metrics) == count
    assert run.metrics["together/77"].values.tolist() == [77 / 4, 1 + 77 / 4, 2 + 77 / 4]
    assert run.metrics["alone/4999"].values.tolist() == [4999 / 4]
    assert run.status == "FINISHED"
    frame = nbtrack.runs().df()
    assert sum(name.startswith("metrics.") for name in frame.columns) == count


def test_a_table_of_five_thousand_columns_is_fast(tracker):
    columns, count = 2500, 20 if IS_LONG else 4
    for number in range(count):
        params = {f"p{i}": i + number for i in range(columns)}
        with nbtrack.start_run(f"run {number:02}", params=params) as run:
            run.log({f"m{i}": i + number / 4 for i in range(columns)})
    runs = nbtrack.runs(order_by="run_name ASC")
    frame = runs.df()
    assert frame.shape[0] == count
    assert frame["metrics.m2499"].tolist() == [2499 + number / 4 for number in range(count)]
    assert frame["params.p2499"].tolist() == [2499 + number for number in range(count)]
    page = Page(live_view(runs))
    found = {column["id"]: column for column in page.ask("snapshot")["columns"]}
    assert len([name for name in found if name.startswith(("metrics.", "params."))]) == 2 * columns
    assert found["metrics.m0"]["v"].tolist() == [number / 4 for number in range(count)]
    assert page.ask("filter", text="metrics.m2499 > 2499.5")["rows"].tolist() == list(range(3, count))
    assert len(runs._repr_mimebundle_()["text/html"]) < 1_000_000


@measured
def test_a_large_file_takes_no_memory(tmp_path, opened):
    size = 5 << 30 if IS_LONG else 200 << 20
    code = f"""
with open("large.bin", "wb") as file:
    file.write(b"begin")
    file.truncate({size} - 3)
    file.seek(0, 2)
    file.write(b"end")
with nbtrack.start_run() as run:
    run.log_text("first", "first.txt")
    run.flush()
    before = memory("VmRSS")
    run.log_artifact("large.bin")
os.unlink("large.bin")
print(json.dumps([run.id, memory("VmHWM") - before]))
"""
    out, err = Child(tmp_path, MEMORY + code).finish()
    assert err == ""
    run_id, growth = json.loads(out)
    assert growth < 50, f"{growth} MB more"
    found = {record.path: record.size for record in opened(tmp_path).artifacts(run_id)}
    assert found == {"first.txt": 5, "large.bin": size}
    stored = tmp_path / "artifacts" / "0" / run_id / "artifacts" / "large.bin"
    with stored.open("rb") as file:
        assert file.read(5) == b"begin"
        file.seek(-3, 2)
        assert file.read() == b"end"
    stored.unlink()
    done[f"bytes in one file: memory grew by {growth:.0f} MB"] += size


# Made in the server: by way of the store a million runs take an hour.
BULK = """
SET search_path = {schema};
INSERT INTO runs (id, experiment_id, name, status, start_time, end_time, artifact_uri, "user", stage, owner, heartbeat)
SELECT to_char(i, 'FM00000000'), 0, 'run ' || i, 'FINISHED', 1000 + i, 2000 + i, 'artifacts/0/' || i, 'me', 'active', '', 0
FROM generate_series(0, {count} - 1) i;
INSERT INTO tags (run_key, key, value) SELECT key, 'mlflow.runName', name FROM runs;
INSERT INTO params (run_key, key, text, number, json)
SELECT key, 'seed', i::text, i, i::text FROM (SELECT key, id::int i FROM runs) r;
INSERT INTO metrics (run_key, key, first, first_step, first_timestamp, last, last_step, last_timestamp,
                     min, min_step, max, max_step, total, count, nan_count)
SELECT key, 'loss', v, 0, 1, v, 0, 1, v, 0, v, 0, v, 1, 0 FROM (SELECT key, id::float8 / {count} v FROM runs) r;
"""


def test_a_million_runs_in_postgresql_are_searched_and_paged(postgres_server, new_postgres_url):
    url, count = new_postgres_url(), 1_000_000 if IS_LONG else 20_000
    with closing(open_store(url, artifact_root="artifacts")) as store:
        postgres_server.execute(BULK.format(schema=url.rpartition("%3D")[2], count=count))
        postgres_server.execute("VACUUM ANALYZE")

        def found(condition=None, order=None, **more):
            page = store.search_runs(Query(("0",), parse(condition), parse_order(order), **more))
            return [int(run.id) for run in page.items], page.more

        assert found(limit=100) == ([*range(count - 1, count - 101, -1)], True)
        for offset in (count // 2, count - 100, count - 50):
            last = min(count, offset + 100)
            assert found(None, "start_time ASC", limit=100, offset=offset) == ([*range(offset, last)], last < count)
        assert found("metrics.loss < 0.0005", "metrics.loss DESC") == ([*range(count * 5 // 10_000 - 1, -1, -1)], False)
        assert found(None, "metrics.loss ASC", limit=7) == ([*range(7)], True)
        assert found("params.seed = '4242'") == ([4242], False)
        assert found("params.seed > 99 and params.seed < 200", "params.seed ASC", limit=50, offset=50) == (
            [*range(150, 200)],
            False,
        )
        assert found("tags.mlflow.runName LIKE 'run 1999_'", "start_time ASC", limit=20)[0] == [*range(19990, 20000)]
    done["runs searched and paged"] += count
