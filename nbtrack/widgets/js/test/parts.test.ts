// Trees of files, what of a grid is in sight, and colours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shade } from "../src/chart/palette";
import { maps } from "../src/chart/scales";
import { steps, tree } from "../src/run/file_tree";
import { columnsInSight, drawnColumns, rowsInSight, scrolledTo } from "../src/ui/grid_window";

const head = (width: number, pinned = false) => ({ id: "", label: "", sort: "none", width, pinned });

test("files are a tree: folders first, each as large as what is in it", () => {
  const top = tree([
    { path: "b.txt", size: 1 },
    { path: "plots/z.png", size: 20 },
    { path: "plots/deep/a.png", size: 300 },
  ]);
  assert.deepEqual(
    top.map(({ path, size }) => [path, size]),
    [
      ["plots", 320],
      ["b.txt", 1],
    ],
  );
  assert.deepEqual(
    top[0]?.children?.map(({ path }) => path),
    ["plots/deep", "plots/z.png"],
  );
});

test("images of one name are in the order of their steps", () => {
  const paths = ["sample_step_10.png", "sample_step_9.png", "other_step_1.png", "loss.png"];
  assert.deepEqual(
    steps(paths, "sample_step_9.png").map(({ step }) => step),
    [9, 10],
  );
  assert.deepEqual(steps(paths, "loss.png"), []);
});

test("a grid draws the pinned columns and those in sight", () => {
  const heads = [head(100, true), head(50), head(50), head(50), head(50)];
  const across = columnsInSight(heads, 60, 80);
  assert.deepEqual(across, { first: 2, end: 4, skipped: 50, width: 300 });
  assert.deepEqual(drawnColumns(heads, across), [0, 2, 3]);
  assert.deepEqual(columnsInSight([], 0, 100), { first: 0, end: 0, skipped: 0, width: 0 });
});

test("a grid draws the rows in sight and a few more", () => {
  assert.deepEqual(rowsInSight(1000, 0, 260), { first: 0, end: 14 });
  assert.deepEqual(rowsInSight(1000, 2600, 260), { first: 96, end: 114 });
  assert.deepEqual(rowsInSight(5, 0, 260), { first: 0, end: 5 });
});

test("it scrolls only as far as a cell needs", () => {
  assert.equal(scrolledTo(100, 20, 0, 200), 0);
  assert.equal(scrolledTo(100, 20, 150, 200), 100);
  assert.equal(scrolledTo(300, 20, 0, 200), 120);
});

test("values have their places on linear and logarithmic axes", () => {
  const written = { x: String, y: String };
  const box = { left: 10, top: 0, width: 100, height: 50 };
  const linear = maps({ x: [0, 10], y: [0, 10], isLog: false, isTime: false, written }, box);
  assert.deepEqual([linear.x(5), linear.y(10), linear.y(0)], [60, 0, 50]);
  const log = maps({ x: [0, 10], y: [1, 100], isLog: true, isTime: false, written }, box);
  assert.deepEqual([log.y(1), log.y(10), log.y(100)], [50, 25, 0]);
});

test("shades go from blue to yellow, and nothing is grey", () => {
  assert.deepEqual([shade(0), shade(NaN)], ["rgb(68,86,200)", "#888"]);
  assert.match(shade(1), /^rgb\(22[78],17\d,4\d\)$/);
});
