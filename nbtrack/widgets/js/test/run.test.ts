// What the view of a run says and draws.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Source } from "../src/page/source";
import { contentOf, remarks, shownValue } from "../src/run/drawing";
import { facts, lastAndBest } from "../src/run/facts";
import type { Metric, Run, RunProtocol } from "../src/run/protocol";
import { RunState } from "../src/run/state";

const f = (...values: number[]) => Float64Array.from(values);
const RUN = { id: "r", name: "wider", status: "RUNNING", started: 1000, end: null, canStop: true } as Run;

function metric(key: string, y: number[], more: Partial<Metric> = {}): Metric {
  const x = Float64Array.from(y.keys());
  const [min, max] = [Math.min(...y), Math.max(...y)];
  const extremes = { min, max, minStep: y.indexOf(min), maxStep: y.indexOf(max), last: y.at(-1) ?? NaN };
  const odd = { nan: 0, odd: 0, bad: null, diverged: null };
  return { key, chart: key, better: -1, count: y.length, ...odd, ...extremes, x, t: x, y: f(...y), ...more };
}

type Asked = (what: string, args?: object) => Promise<unknown>;

/** The state of a run with these metrics, and what its kernel pushes. */
function opened(metrics: Metric[], ask: Asked = () => new Promise(() => {})) {
  const handlers = new Map<string, (value: never) => void>();
  const on = (event: string, handler: (value: never) => void) => {
    handlers.set(event, handler);
    return () => {};
  };
  const onGone = (handler: () => void) => on("gone", handler);
  const source = { key: "k", kind: "run", isOffline: false, ask, on, onGone, close() {} };
  const state = new RunState(source as unknown as Source<RunProtocol>);
  const push = (event: string, value: object) => handlers.get(event)?.(value as never);
  const moment = { now: Date.now(), rate: 20, pending: { rows: 0, why: "" } };
  push("snapshot", { ...moment, run: { ...RUN }, metrics, under: [], pinned: null, focus: [] });
  return { state, push, moment };
}

test("a metric's best value is said where its last one is another", () => {
  assert.equal(lastAndBest(metric("loss", [3, 1, 2])), "loss 2 (best 1 at 1)");
  assert.equal(lastAndBest(metric("loss", [3, 2, 1])), "loss 1");
  assert.equal(lastAndBest(metric("acc", [0.5, 0.9, 0.7], { better: 1 })), "acc 0.7 (best 0.9 at 1)");
  assert.equal(lastAndBest(metric("lr", [1, 2], { better: 0 })), "lr 2");
});

test("the head says speed and points of a run that goes on", () => {
  const { state, push, moment } = opened([metric("loss", [3, 1], { count: 2000 })]);
  assert.deepEqual(facts(state).slice(1), ["20 steps/s", "loss 1", "2,000 points, 2 drawn"]);
  push("frame", {
    ...moment,
    rate: null,
    pending: { rows: 7, why: "refused" },
    metrics: [],
    run: { status: "FINISHED", end: 3500 },
  });
  assert.deepEqual(facts(state), ["2.5 s", "loss 1", "2,000 points, 2 drawn", "7 rows wait"]);
  assert.equal(state.run?.canStop, false);
});

test("a smoothed curve is drawn over what it is, and a hidden metric not at all", () => {
  const group = { title: "loss", metrics: [metric("train/loss", [4, 3, 2, 1]), metric("val/loss", [5, 4, 3, 2])] };
  const { state } = opened(group.metrics);
  assert.deepEqual(
    contentOf(state, group).lines.map(({ width }) => width),
    [1, 1.75, 1, 1.75],
  );
  state.choose({ smooth: 0, hidden: new Set(["val/loss"]) });
  const { lines, range } = contentOf(state, group);
  assert.deepEqual(
    lines.map(({ y }) => [...y]),
    [[4, 3, 2, 1]],
  );
  assert.deepEqual(range, [0, 3]);
});

test("values at the crosshair, what cannot be drawn, and where the crosshair is are said", () => {
  const odd = metric("loss", [4, -1, 2], { odd: 1, nan: 0, bad: { step: 7, value: "∞" } });
  const { state } = opened([odd]);
  const group = { title: "loss", metrics: [odd] };
  assert.equal(shownValue(state, odd, null), "2");
  assert.equal(shownValue(state, odd, 0.4), "4");
  assert.equal(remarks(state, group, null), "1 ∞ at step 7");
  state.choose({ isLog: true });
  assert.equal(remarks(state, group, 1.2), "step 1 · 1 ∞ at step 7 · values ≤ 0 are not on a logarithmic axis");
});

test("a metric over another one is asked for once, and its failure is said", async () => {
  const asked: object[] = [];
  const loss = metric("loss", [3, 2, 1]);
  const { state } = opened([loss], async (what, args) => {
    asked.push({ what, ...args });
    if ((args as { x: string }).x === "none") throw new Error("no metric of this name");
    return { series: [{ key: "loss", x: f(10, 20), y: f(3, 1), total: 2 }] };
  });
  state.setAxis("=lr");
  assert.equal(state.curveOf(loss), null);
  assert.equal(state.curveOf(loss), null);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(asked, [{ what: "against", x: "lr", keys: ["loss"], points: 1500 }]);
  assert.deepEqual([...(state.curveOf(loss)?.x ?? [])], [10, 20]);
  state.setAxis("=none");
  state.curveOf(loss);
  await new Promise((done) => setImmediate(done));
  assert.equal(state.axisProblem, "no metric of this name");
});

test("a stop that fails is said, and can be pressed again", async () => {
  const { state } = opened([], async () => {
    throw new Error("this run is not running in this kernel");
  });
  const stopped = state.stop();
  assert.equal(state.isStopping, true);
  await stopped;
  assert.match(state.problem, /not running in this kernel/);
  assert.equal(state.isStopping, false);
});

test("a run whose kernel is gone stands still, and cannot be stopped", () => {
  const { state, push } = opened([]);
  push("gone", {});
  const { until } = state;
  assert.equal(state.canAsk, false);
  assert.equal(state.run?.canStop, false);
  assert.equal(state.until, until);
});
