// What the table of runs computes from its columns.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  best,
  differs,
  grouped,
  type NumberColumn,
  replace,
  type StringColumn,
  setText,
  sorted,
  statistics,
  written,
} from "../src/data/columns";
import { csv, markdown } from "../src/data/copied";

function numbers(id: string, values: number[], more: Partial<NumberColumn> = {}): NumberColumn {
  const name = id.split(".").at(-1) ?? id;
  return { id, name, group: "param", kind: "number", v: Float64Array.from(values), ...more };
}

function strings(id: string, values: (string | null)[], kind = "text"): StringColumn {
  const levels = [...new Set(values.filter((value) => value !== null))];
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : levels.indexOf(value)));
  return { id, name: id, group: "run", kind, levels, codes };
}

const all = [0, 1, 2, 3];
const lr = numbers("params.lr", [0.1, 0.01, NaN, 0.1]);
const name = strings("name", ["run 10", "run 9", null, 'c, "d"']);

test("what is missing comes last in both directions, and equal rows keep their order", () => {
  assert.deepEqual([...sorted(all, [[lr, 1]])], [1, 0, 3, 2]);
  assert.deepEqual([...sorted(all, [[lr, -1]])], [0, 3, 1, 2]);
  assert.deepEqual(
    [
      ...sorted(all, [
        [lr, -1],
        [name, 1],
      ]),
    ],
    [3, 0, 1, 2],
  );
});

test("numbers in texts sort as numbers", () => assert.deepEqual([...sorted(all, [[name, 1]])], [3, 1, 0, 2]));

test("groups are in the column's order, what is missing in one of its own", () => {
  assert.deepEqual(
    grouped(all, lr).map((rows) => [...rows]),
    [[1], [0, 3], [2]],
  );
});

test("statistics leave out what is not finite", () => {
  const { n, mean, spread } = statistics(Float64Array.of(1, 3, NaN, Infinity), all);
  assert.deepEqual([n, mean, spread], [2, 2, 1]);
});

test("a column differs where two rows do, also in being there", () => {
  assert.ok(differs(lr, all));
  assert.ok(!differs(lr, [0, 3]));
  assert.ok(differs(lr, [0, 2]));
  assert.ok(differs(name, [0, 2]));
  assert.ok(!differs(numbers("x", [NaN, NaN]), [0, 1]));
});

test("the best is the lowest or the highest, and none where all are equal", () => {
  assert.equal(best(lr, all, -1), 0.01);
  assert.equal(best(lr, all, 1), 0.1);
  assert.equal(best(lr, [0, 3], 1), null);
  assert.equal(best(lr, all, 0), null);
  assert.equal(best(numbers("x", [1, Infinity, 3, -Infinity]), all, 1), 3, "an infinity is no best");
});

test("a NaN that was logged is said, a value that is not there is empty", () => {
  const loss = numbers("metrics.loss", [NaN, NaN], { nans: Uint32Array.of(1) });
  assert.deepEqual([written(loss, 0, 0), written(loss, 1, 0)], ["", "NaN"]);
});

test("CSV quotes, keeps numbers in full, and lets no text become a formula", () => {
  const note = strings("note", ["=HYPERLINK(1)", "-1", "two\nlines", "plain"]);
  assert.equal(
    csv([name, lr, note], [0, 3]),
    'name,params.lr,note\nrun 10,0.1,\'=HYPERLINK(1)\n"c, ""d""",0.1,plain\n',
  );
  assert.equal(csv([note], [1, 2]), 'note\n\'-1\n"two\nlines"\n');
  assert.equal(csv([numbers("x", [-1.23456789012345])], [0]), "x\n-1.23456789012345\n");
});

test("Markdown has no cell that breaks out of its table", () => {
  assert.equal(markdown([strings("a|b", ["x | <b>\ny"])], [0]), "| a\\|b |\n| --- |\n| x \\| \\<b\\> y |\n");
});

test("rows are taken anew", () => {
  const status = strings("status", ["RUNNING", "FINISHED"], "status"),
    loss = numbers("metrics.loss", [1, 2], { nans: Uint32Array.of(0) });
  replace(status, [0], strings("status", ["FAILED crashed"], "status"));
  replace(loss, [0], numbers("metrics.loss", [0.5], { nans: new Uint32Array() }));
  assert.deepEqual(written(status, 0, 0), "Failed (crashed)");
  assert.deepEqual([[...loss.v], [...(loss.nans ?? [])]], [[0.5, 2], []]);
});

test("a text is changed, also to one that is new and to none", () => {
  const own = strings("tags.team", ["a", "b"]);
  setText(own, 0, "b");
  setText(own, 1, "c");
  assert.deepEqual([written(own, 0, 0), written(own, 1, 0)], ["b", "c"]);
  setText(own, 0, "");
  assert.equal(written(own, 0, 0), "");
});
