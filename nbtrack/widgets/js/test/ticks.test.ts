import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, decades, round } from "../src/data/ticks";

test("round numbers lie in the range, and are no more than asked for by much", () => {
  assert.deepEqual(round(0, 1, 4), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(round(-0.3, 0.31, 3), [-0.2, 0, 0.2]);
  assert.deepEqual(round(0, 10_000, 5), [0, 2000, 4000, 6000, 8000, 10_000]);
  assert.deepEqual(round(1e-9, 1.2e-9, 2), [1e-9, 1.1e-9, 1.2e-9]);
  for (const [lo, hi] of [
    [0.1, 0.11],
    [-5e8, 1e12],
    [999, 1001],
    [1e-300, 2e-300],
  ] as const) {
    const found = round(lo, hi, 5);
    assert.ok(
      found.length > 1 && found.length < 8 && found.every((each) => each >= lo && each <= hi),
      `${lo} ${hi}: ${found}`,
    );
  }
});

test("a range of nothing has no places", () => assert.deepEqual(round(1, 1), []));

test("time is divided as clocks divide it", () => {
  assert.deepEqual(clock(0, 100, 4), [0, 30, 60, 90]);
  assert.deepEqual(clock(0, 7300, 4), [0, 1800, 3600, 5400, 7200]);
  assert.deepEqual(clock(0, 1, 4), [0, 0.2, 0.4, 0.6, 0.8, 1]);
});

test("a logarithmic axis has powers of ten, and numbers between where they are few", () => {
  assert.deepEqual(decades(0.001, 1000), [0.001, 0.01, 0.1, 1, 10, 100, 1000]);
  assert.deepEqual(decades(0.9, 6), [1, 2, 5]);
  assert.deepEqual(decades(0.5, 20), [0.5, 1, 2, 5, 10, 20]);
  assert.ok(decades(1.1, 1.4).length > 1);
});
