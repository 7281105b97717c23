// What a comparison of runs asks, computes and draws.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axesOf, firstAxes, plane, telling } from "../src/comparison/axes";
import { pressed, through, without } from "../src/comparison/brushes";
import { drawingOf, groupsOf, valuesAt } from "../src/comparison/curve_drawing";
import { labelsOf } from "../src/comparison/labels";
import { bestOf, changeOf, hasRange } from "../src/comparison/metric_change";
import { atY as heightOf, lineOf, placeAt, spaced } from "../src/comparison/parallel_lines";
import { areaOf, atX, atY, isDrag, pointsOf, runAt, runsIn } from "../src/comparison/points";
import type { ComparisonProtocol, RunCurve, Snapshot } from "../src/comparison/protocol";
import { ComparisonState } from "../src/comparison/state";
import { scale } from "../src/data/scale";
import type { Source } from "../src/page/source";
import { numbers, strings } from "./run_columns";

const f = (...values: number[]) => Float64Array.from(values);

const LR = numbers("param", "lr", [0.1, 0.01, 0.1]);
const SEED = numbers("param", "seed", [1, 1, 1]);
const OPT = strings("param", "opt", ["adam", "sgd"], [0, 1, 0]);
const LOSS = numbers("metric", "loss", [0.3, 0.1, Number.NaN], { better: -1 });
const NAME = strings("run", "name", ["a", "b", "c"], [0, 1, 2]);
const COLUMNS = [NAME, SEED, LR, OPT, LOSS];

interface Asked {
  what: string;
  args: unknown;
}

const curve = (key: string, run: number, y: number[]): RunCurve => ({
  key,
  run,
  x: Float64Array.from(y.keys()),
  t: Float64Array.from(y, (_, i) => i / 10),
  y: f(...y),
  total: y.length,
});

/** The state of a comparison of three runs, and what it has asked. */
function opened({ isOffline = false, series = [] as RunCurve[] } = {}) {
  const asked: Asked[] = [];
  let push: (value: Snapshot) => void = () => {};
  let gone = () => {};
  const ask = async (what: string, args: { keys?: string[] }) => {
    asked.push({ what, args });
    return { series: series.filter(({ key }) => args.keys?.includes(key)) };
  };
  const on = (_: string, handler: typeof push) => {
    push = handler;
  };
  const onGone = (handler: () => void) => {
    gone = handler;
  };
  const source = { key: "k", kind: "comparison", isOffline, ask, on, onGone, close() {} };
  const state = new ComparisonState(source as unknown as Source<ComparisonProtocol>);
  const none = { stats: {}, documents: [[], [], []], images: [], selected: [] };
  push({ ...none, now: 0, ids: ["one", "two", "three"], columns: COLUMNS });
  return { state, asked, push, gone: () => gone() };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

test("runs of one name are told apart by their ids", () => {
  assert.deepEqual(labelsOf(["abcdefgh", "ijklmnop", "q"], ["x", "x", "y"]), ["x (abcdef)", "x (ijklmn)", "y"]);
});

test("selecting tells the kernel, and lets the selected runs stand out", () => {
  const { state, asked, gone } = opened();
  assert.ok(state.stands(0));
  state.toggle(2);
  state.toggle(1);
  assert.deepEqual(asked.at(-1), { what: "select", args: { ids: ["two", "three"] } });
  assert.deepEqual([state.stands(0), state.stands(1)], [false, true]);
  gone();
  state.select([]);
  assert.equal(asked.length, 2);
  assert.ok(state.stands(0));
});

test("a right run that is not there becomes the last one", () => {
  const { state, push } = opened();
  push({ now: 0, ids: ["one"], columns: COLUMNS, stats: {}, documents: [[]], images: [], selected: ["one"] });
  assert.equal(state.ui.right, 0);
  assert.deepEqual([...state.selected], [0]);
});

test("curves are asked for once: the first metric, then the others together", async () => {
  const { state, asked } = opened({ series: [curve("b", 1, [1, 2])] });
  for (const key of ["a", "b", "c", "a"]) assert.equal(state.curves.of(key, state.ui), null);
  await soon();
  assert.deepEqual(
    asked.map(({ args }) => args),
    [{ keys: ["a"] }, { keys: ["b", "c"] }],
  );
  assert.equal(state.curves.of("b", state.ui)?.[0]?.run, 1);
  state.ui.axis = "time";
  assert.equal(state.curves.of("b", state.ui)?.length, 1);
  await soon();
  assert.equal(asked.length, 2, "steps and times come together");
});

test("a range is asked for by its axis, the zoomed metric first, and the whole curve is shown meanwhile", async () => {
  const { state, asked } = opened({ series: [curve("b", 1, [1, 2])] });
  state.curves.of("b", state.ui);
  await soon();
  Object.assign(state.ui, { axis: "time", zoom: [2, 3] });
  state.curves.zoomed = "b";
  state.curves.of("a", state.ui);
  assert.equal(state.curves.of("b", state.ui)?.length, 1);
  await soon();
  assert.deepEqual(asked[1]?.args, { keys: ["b"], by: "time", lo: 2, hi: 3 });
  assert.deepEqual(asked[2]?.args, { keys: ["a"], by: "time", lo: 2, hi: 3 });
});

test("curves over another metric are asked for as such", async () => {
  const { state, asked } = opened();
  state.ui.axis = "=loss";
  state.curves.of("a", state.ui);
  await soon();
  assert.deepEqual(asked, [{ what: "against", args: { x: "loss", keys: ["a"] } }]);
});

test("a saved page asks for each metric by itself, and for no range", async () => {
  const { state, asked } = opened({ isOffline: true });
  for (const key of ["a", "b", "c"]) state.curves.of(key, state.ui);
  state.ui.zoom = [1, 2];
  state.curves.of("a", state.ui);
  await soon();
  assert.deepEqual(
    asked.map(({ args }) => args),
    [{ keys: ["a"] }, { keys: ["b"] }, { keys: ["c"] }],
  );
});

test("each run is a line of its own; those that are not selected are faint", () => {
  const { state } = opened();
  Object.assign(state.ui, { smooth: 0 });
  state.select([1]);
  const { lines, bands, range } = drawingOf(state, [curve("loss", 0, [3, 2, 1]), curve("loss", 1, [6, 5, 4])]);
  assert.deepEqual(
    lines.map(({ label, alpha, width }) => [label, alpha, width]),
    [
      ["a", 0.15, 1.5],
      ["b", 1, 2.25],
    ],
  );
  assert.deepEqual([bands, range], [[], [0, 2]]);
  assert.deepEqual(
    valuesAt(lines, 1).map(({ label, value }) => [label, value]),
    [["b", 5]],
  );
});

test("few curves are drawn with and without smoothing", () => {
  const { state } = opened();
  const { lines } = drawingOf(state, [curve("loss", 0, [4, 3, 2, 1])]);
  assert.deepEqual(
    lines.map(({ label, faint }) => [label, faint]),
    [
      [undefined, true],
      ["a", undefined],
    ],
  );
});

test("grouped runs are a mean with its spread, which says of how many runs it is", () => {
  const { state } = opened();
  Object.assign(state.ui, { group: "params.opt", smooth: 0 });
  assert.deepEqual(
    groupsOf(state).map(({ label, runs }) => [label, runs]),
    [
      ["adam", [0, 2]],
      ["sgd", [1]],
    ],
  );
  const curves = [curve("loss", 0, [2, 2, 2]), curve("loss", 2, [4, 4]), curve("loss", 1, [1, 1, 1])];
  const { lines, bands } = drawingOf(state, curves);
  assert.equal(bands.length, 1);
  assert.deepEqual(valuesAt(lines, 0)[0], {
    label: "adam",
    color: lines[0]?.color,
    value: 3,
    remark: " mean of 2",
  });
  assert.equal(valuesAt(lines, 2)[0]?.remark, " mean of 1 of 2 runs");
});

test("the axes of a scatter plot are a param that differs and the metric that tells most", () => {
  const runs = [0, 1, 2];
  const axes = axesOf([...COLUMNS, numbers("metric", "nothing", [Number.NaN, Number.NaN, Number.NaN])]);
  assert.deepEqual(
    axes.map(({ id }) => id),
    ["params.seed", "params.lr", "params.opt", "metrics.loss"],
  );
  assert.deepEqual(plane(axes, runs, "", ""), [LR, LOSS]);
  assert.deepEqual(plane(axes, runs, "params.opt", "params.seed"), [OPT, SEED]);
  assert.equal(telling([numbers("metric", "steps", [1, 2, 3]), LOSS]), LOSS);
  assert.deepEqual(firstAxes(axes), ["params.seed", "params.lr", "params.opt", "metrics.loss"]);
});

test("a rectangle selects the points in it, a press the nearest one", () => {
  const points = pointsOf([0, 1, 2], scale(LR), scale(LOSS), 600);
  assert.deepEqual(
    points.map(({ run }) => run),
    [0, 1],
    "a run without a value has no point",
  );
  const [left, right] = [atX(0, 600), atX(1, 600)];
  assert.deepEqual(runsIn(points, areaOf([right + 1, atY(1) - 1], [right - 20, 200])), [0]);
  assert.equal(runAt(points, [left + 3, atY(0) - 3]), 1);
  assert.equal(runAt(points, [300, 100]), undefined);
  assert.deepEqual([isDrag([0, 0], [2, 2]), isDrag([0, 0], [5, 0])], [false, true]);
});

test("keys move a stretch of an axis, and with shift they grow and shrink it", () => {
  assert.deepEqual(
    pressed("ArrowUp", false, [0.75, 0.95])?.map((place) => Math.round(place * 100)),
    [80, 100],
  );
  assert.deepEqual(pressed("ArrowDown", false, [0, 0.2]), [0, 0.2]);
  assert.deepEqual(pressed("ArrowUp", true, [0.5, 0.5]), [0.45, 0.55]);
  assert.equal(pressed("Enter", false, [0, 1]), null);
});

test("the runs that go through all stretches are selected", () => {
  assert.deepEqual(through([0, 1, 2], [[scale(LR), [0.9, 1]]]), [0, 2]);
  assert.deepEqual(
    through(
      [0, 1, 2],
      [
        [scale(LR), [0.9, 1]],
        [scale(LOSS), [0, 1]],
      ],
    ),
    [0],
  );
  assert.deepEqual(through([0, 1, 2], []), []);
  assert.deepEqual(without({ a: [0, 1], b: [0, 1] }, "a"), { b: [0, 1] });
});

test("a run's line goes across the axes on which it has a value", () => {
  const scales = [scale(LR), scale(LOSS)];
  assert.equal(lineOf(scales, 0, 320), "M60.0 34.0L260.0 34.0");
  assert.equal(lineOf(scales, 2, 320), "M60.0 34.0");
  assert.equal(placeAt(heightOf(0.25)), 0.25);
  assert.equal(placeAt(-50), 1);
  assert.equal(spaced(Array.from({ length: 30 }, (_, i) => [i, ""])).length, 8);
});

test("a difference to another run says whether it is better", () => {
  assert.deepEqual(changeOf(LOSS, 1, 0), { text: "−0.2", isBetter: true });
  assert.deepEqual(changeOf(LR, 1, 0), { text: "−0.09", isBetter: null });
  assert.equal(changeOf(LOSS, 0, 0), null);
  assert.equal(changeOf(LOSS, 2, 0), null);
  assert.equal(bestOf(LOSS), 0.1);
});

test("a metric has a range where a run has more than one value", () => {
  const stats = { min: f(1), max: f(2), mean: f(1.5), count: f(2) };
  assert.ok(hasRange(stats));
  assert.ok(!hasRange({ ...stats, count: f(1) }));
  assert.ok(!hasRange(undefined));
});
