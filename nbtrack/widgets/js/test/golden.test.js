// The golden files that tests/widgets/test_pack.py reads too.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as format from "../src/format.js";
import { unpack } from "../src/pack.js";

const golden = (name) => JSON.parse(readFileSync(new URL(`../../../../tests/widgets/golden/${name}`, import.meta.url), "utf8"));
const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, u1: Uint8Array };

/** Turn the golden file's value into what is unpacked. */
function built(value) {
  if (Array.isArray(value)) return value.map(built);
  if (value === null || typeof value !== "object") return value;
  if ("array" in value) return TYPES[value.type].from(value.array);
  if ("float" in value) return { nan: NaN, inf: Infinity, "-inf": -Infinity }[value.float];
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, built(each)]));
}

/** A block at an odd place within a larger one, as messages bring them. */
function view(base64) {
  const bytes = Buffer.from(base64, "base64"), whole = new Uint8Array(bytes.length + 3);
  whole.set(bytes, 3);
  return new DataView(whole.buffer, 3, bytes.length);
}

for (const { name, value, tree, block } of golden("packed.json"))
  test(`unpacks ${name}`, () => assert.deepEqual(unpack(tree, block ? view(block) : undefined), built(value)));

for (const [name, cases] of Object.entries(golden("format.json")))
  test(`${name} writes as Python does`, () => {
    for (const each of cases) {
      const args = each.slice(0, -1).map((arg) => (typeof arg === "string" ? Number(arg) : arg));
      assert.equal(format[name](...args), each.at(-1), `${name}(${args})`);
    }
  });
