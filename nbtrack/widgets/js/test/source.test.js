import assert from "node:assert/strict";
import { test } from "node:test";
import { modelSource } from "../src/source.js";

/** A model that keeps what is sent, and whose kernel says what `hear` is given. @param {Record<string, any>} state */
function fake(state) {
  /** @type {Map<string, Set<(...args: any[]) => void>>} */
  const handlers = new Map();
  const of = (/** @type {string} */ event) => handlers.get(event) ?? handlers.set(event, new Set()).get(event) ?? new Set();
  return {
    sent: /** @type {any[]} */ ([]),
    get: (/** @type {string} */ key) => state[key],
    send(/** @type {any} */ message) { this.sent.push(message); },
    on: (/** @type {string} */ event, /** @type {any} */ handler) => void of(event).add(handler),
    off: (/** @type {string} */ event, /** @type {any} */ handler) => void of(event).delete(handler),
    set(/** @type {string} */ key, /** @type {any} */ value) { state[key] = value; of(`change:${key}`).forEach((handler) => handler()); },
    hear: (/** @type {any} */ message) => of("msg:custom").forEach((handler) => handler(message, [])),
    widget_manager: /** @type {any} */ (null),
  };
}

test("a snapshot that is on its way is not asked for", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const model = fake({ key: "k", kind: "runs", coming: true }), source = modelSource(/** @type {any} */ (model)), seen = /** @type {any[]} */ ([]);
  source.on("snapshot", (value) => seen.push(value));
  source.start();
  t.mock.timers.tick(10_000);
  assert.deepEqual(model.sent, []);
  model.hear({ k: "push", seq: 0, event: "snapshot", value: { rows: 3 } });
  model.set("coming", false);
  assert.deepEqual(seen, [{ rows: 3 }]);
  assert.deepEqual(model.sent, []);
  source.close();
});

test("one that is not is asked for, once a page has waited a moment, or none came", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const reloaded = fake({ key: "k", kind: "runs", coming: false }), failed = fake({ key: "k", kind: "runs", coming: true });
  const sources = [reloaded, failed].map((model) => modelSource(/** @type {any} */ (model)));
  sources.forEach((source) => source.start());
  t.mock.timers.tick(1000);
  assert.deepEqual(reloaded.sent.map((message) => message.what), ["snapshot"]);
  assert.deepEqual(failed.sent, []);
  failed.set("coming", false);
  assert.deepEqual(failed.sent.map((message) => message.what), ["snapshot"]);
  sources.forEach((source) => source.close());
});
