// What is done to curves before they are drawn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lowerBound, meanBand, middles, nearest, smooth, spliced } from "../src/data/curve";
import { grouped, update } from "../src/run/metrics";
import type { Metric } from "../src/run/protocol";

const f = (...values: number[]) => Float64Array.from(values);

test("smoothing corrects its start: the first value is itself", () => {
  const [first = NaN, second = NaN] = smooth(f(1, 2), 0.5);
  assert.equal(first, 1);
  assert.ok(Math.abs(second - (0.5 * 0.5 * 1 + 0.5 * 2) / 0.75) < 1e-12);
});

test("smoothing leaves a constant as it is, to the last bit", () => {
  assert.ok(smooth(new Float64Array(1000).fill(3.5), 0.6).every((value) => value === 3.5));
});

test("smoothing ignores what is not finite, and keeps it", () => {
  const out = smooth(f(1, NaN, 1, Infinity, 1), 0.9);
  assert.deepEqual([...out], [1, NaN, 1, Infinity, 1]);
});

test("no smoothing is the curve itself", () => {
  const y = f(1, 2, 3);
  assert.equal(smooth(y, 0), y);
});

test("a frame replaces a curve's end", () => {
  assert.deepEqual([...spliced(f(1, 2, 3), 2, f(9, 10))], [1, 2, 9, 10]);
  const metrics: Metric[] = [];
  update(metrics, { i: 0, from: 0, key: "loss", count: 2, x: f(0, 1), t: f(0, 1), y: f(5, 4) });
  update(metrics, { i: 0, from: 1, count: 3, x: f(1, 2), t: f(1, 2), y: f(4, 3) });
  assert.deepEqual(
    [metrics[0]?.key, metrics[0]?.count, [...(metrics[0]?.x ?? [])], [...(metrics[0]?.y ?? [])]],
    ["loss", 3, [0, 1, 2], [5, 4, 3]],
  );
});

test("places are found by halving", () => {
  assert.deepEqual(
    [0, 1, 1.5, 3, 4].map((value) => lowerBound(f(1, 2, 3), value)),
    [0, 0, 1, 2, 3],
  );
  assert.deepEqual(
    [-5, 1.4, 1.6, 9].map((value) => nearest(f(1, 2, 3), value)),
    [0, 0, 1, 2],
  );
});

test("metrics of one base share a chart, the focus comes first, and a chart has six at most", () => {
  const metric = (key: string, chart = key, better = 0) => ({ key, chart, better }) as Metric;
  const all = [metric("lr"), metric("train/loss", "loss", -1), metric("val/loss", "loss", -1)];
  assert.deepEqual(
    grouped(all, [], "").map(({ title, metrics }) => [title, metrics.length]),
    [
      ["loss", 2],
      ["lr", 1],
    ],
  );
  assert.deepEqual(grouped(all, ["lr"], "")[0]?.title, "lr");
  assert.deepEqual(
    grouped(all, [], "VAL").map(({ metrics }) => metrics[0]?.key),
    ["val/loss"],
  );
  const many = Array.from({ length: 8 }, (_, i) => metric(`${i}/loss`, "loss"));
  assert.deepEqual(
    grouped(many, [], "").map(({ metrics }) => metrics.length),
    [6, 2],
  );
});

test("a mean says of how many curves it is", () => {
  const curve = (x: number[], y: number[]) => ({
    x: Float64Array.from(x),
    y: Float64Array.from(y),
  });
  const band = meanBand([curve([0, 2], [1, 1]), curve([0, 1], [3, 3]), curve([0, 2], [NaN, NaN])], 3);
  assert.deepEqual([...band.mean], [2, 2, 1]);
  assert.deepEqual([...band.n], [2, 2, 1]);
});

test("a mean of curves of which the lowest and highest are there is not one of their edges", () => {
  assert.deepEqual([...middles(f(0, 2, 0, NaN, 4, 6))], [0, 1, 1, NaN, 4, 5]);
});
