// What is said of a run's metrics.
import assert from "node:assert/strict";
import { test } from "node:test";
import { oddValues } from "../src/run/metrics";

const extremes = { last: 1, min: 0, minStep: 0, max: 2, maxStep: 1 };
const metric = { count: 100, nan: 0, odd: 0, bad: { step: 20, value: "NaN" }, diverged: null, ...extremes };

test("a metric has diverged only where it ended without a number", () => {
  assert.equal(oddValues({ ...metric, nan: 1, odd: 1 }), "1 NaN at step 20");
  assert.equal(oddValues({ ...metric, nan: 3, odd: 3 }), "3 NaN, the first at step 20");
  assert.equal(oddValues({ ...metric, odd: 1, bad: { step: 50, value: "∞" } }), "1 ∞ at step 50");
  assert.equal(oddValues({ ...metric, nan: 1, odd: 2 }), "2 NaN or ∞, the first at step 20");
  assert.equal(
    oddValues({ ...metric, nan: 40, odd: 40, diverged: { step: 61, value: "NaN" } }),
    "diverged at step 61 (NaN)",
  );
  assert.equal(oddValues({ ...metric, nan: 100, odd: 100, diverged: { step: 0, value: "NaN" } }), "is NaN throughout");
});
