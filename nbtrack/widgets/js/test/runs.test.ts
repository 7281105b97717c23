// What the table of runs shows, and in which order.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NumberColumn, StringColumn } from "../src/data/columns";
import { arranged, type Table } from "../src/runs/arrangement";
import { betterOf, directionOf, firstLayout, type Layout, widthOf } from "../src/runs/layout";
import { pathOf, Sparks } from "../src/runs/sparks";

const numbers = (id: string, group: string, values: number[], better = 0): NumberColumn => ({
  id,
  name: id.split(".").pop()!,
  group,
  kind: "number",
  better,
  v: Float64Array.from(values),
});

const strings = (id: string, group: string, levels: string[], codes: number[]): StringColumn => ({
  id,
  name: id.split(".").pop()!,
  group,
  kind: "text",
  levels,
  codes: Int32Array.from(codes),
});

const LOSS = numbers("metrics.loss", "metric", [0.3, 0.1, 0.2, Number.NaN], -1);
const SEED = numbers("params.seed", "param", [1, 1, 1, 1]);
const OPT = strings("params.opt", "param", ["sgd", "adam"], [0, 1, 0, -1]);
const NAME = strings("name", "run", ["a", "b", "c", "d"], [0, 1, 2, 3]);
const USER = strings("user", "run", ["me"], [0, 0, 0, 0]);

function shown(layout: Partial<Layout>, table: Partial<Table> = {}) {
  const columns = [USER, SEED, LOSS, OPT, NAME];
  return arranged(
    { columns, rows: [0, 1, 2, 3], now: 0, folded: new Set(), ...table },
    { ...firstLayout(), ...layout },
  );
}

const ids = (columns: readonly { id: string }[]) => columns.map(({ id }) => id);

test("pinned columns come first, then those that have a place, and hidden ones are left out", () => {
  assert.deepEqual(ids(shown({}).columns), ["name", "params.seed", "metrics.loss", "params.opt"]);
  const order = ["params.opt", "metrics.loss"];
  assert.deepEqual(ids(shown({ order }).columns), ["name", "params.opt", "metrics.loss", "params.seed"]);
});

test("columns that are the same in all shown runs are left out on demand", () => {
  assert.deepEqual(ids(shown({ differ: true }).columns), ["name", "metrics.loss", "params.opt"]);
  assert.deepEqual(ids(shown({ differ: true }, { rows: [0] }).columns), ["name"]);
});

test("runs are sorted by columns that are there, and what is missing comes last", () => {
  const { rows, items } = shown({
    sort: [
      ["gone", 1],
      ["metrics.loss", 1],
    ],
  });
  assert.deepEqual([...rows], [1, 2, 0, 3]);
  assert.deepEqual(items, [1, 2, 0, 3]);
});

test("the best value is that of the runs that a filter has left, by what is better", () => {
  assert.equal(shown({}).bests.get("metrics.loss"), 0.1);
  assert.equal(shown({}, { rows: [0, 2] }).bests.get("metrics.loss"), 0.2);
  assert.equal(shown({ better: { "metrics.loss": 1 } }).bests.get("metrics.loss"), 0.3);
  assert.equal(shown({ better: { "metrics.loss": 0 } }).bests.get("metrics.loss"), null);
});

test("groups hold their runs in the order of the table, and folded ones hide them", () => {
  const layout: Partial<Layout> = { group: "params.opt", sort: [["metrics.loss", 1]] };
  const { items } = shown(layout, { folded: new Set([0]) });
  assert.deepEqual(items, [
    { g: 0, rows: [1], label: "adam" },
    { g: 1, rows: [2, 0], label: "sgd" },
    2,
    0,
    { g: 2, rows: [3], label: "none" },
    3,
  ]);
});

test("a column is as wide as was set, else as its name and values need", () => {
  const layout = firstLayout();
  assert.equal(widthOf({ ...layout, widths: { name: 33 } }, NAME), 33);
  assert.equal(widthOf(layout, NAME), 170);
  assert.equal(widthOf(layout, LOSS), 142);
  assert.equal(widthOf(layout, SEED), 76);
  assert.equal(widthOf(layout, OPT), 70);
  assert.equal(widthOf(layout, strings("params.long", "param", ["x".repeat(99)], [0])), 200);
});

test("how a column sorts and what is better in it are as was set", () => {
  const layout: Layout = { ...firstLayout(), sort: [["metrics.loss", -1]], better: { "params.seed": 1 } };
  assert.deepEqual([directionOf(layout, LOSS), directionOf(layout, SEED)], [-1, 0]);
  assert.deepEqual([betterOf(layout, LOSS), betterOf(layout, SEED), betterOf(layout, OPT)], [-1, 1, 0]);
});

test("small curves are taken apart by run and metric, and forgotten by run", () => {
  const sparks = new Sparks();
  const places = Float32Array.of(0, 1, 0, 0.5, 1);
  sparks.add([7, 9], ["loss", "acc"], { lengths: Int32Array.of(2, 0, 3, 0), x: places, y: places });
  assert.equal(pathOf(sparks.of(7, "loss")!), "M1.0 15.0L39.0 2.0");
  assert.equal(pathOf(sparks.of(7, "acc")!), "");
  assert.equal(sparks.of(9, "loss")?.x.length, 3);
  sparks.drop([9]);
  assert.equal(sparks.of(9, "loss"), undefined);
  assert.ok(sparks.of(7, "loss"));
});
