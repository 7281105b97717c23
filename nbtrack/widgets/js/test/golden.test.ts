// The golden files that tests/widgets reads too, from the other end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as format from "../src/data/format";
import { type Tree, unpack } from "../src/data/pack";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Packed {
  name: string;
  value: Json;
  tree: Tree;
  block: string;
}

const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, u1: Uint8Array };
const FLOATS: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

// These run from build/, which is as deep as test/.
const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../tests/widgets/golden/${name}`, import.meta.url), "utf8"));

/** What the golden file's value is when it is unpacked. */
function built(value: Json): unknown {
  if (Array.isArray(value)) return value.map(built);
  if (value === null || typeof value !== "object") return value;
  if ("array" in value) return TYPES[value.type as keyof typeof TYPES].from(value.array as number[]);
  if ("float" in value) return FLOATS[value.float as string];
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, built(each)]));
}

/** A block at an odd place within a larger one, as messages have them. */
function view(base64: string): DataView {
  const bytes = Buffer.from(base64, "base64");
  const whole = new Uint8Array(bytes.length + 3);
  whole.set(bytes, 3);
  return new DataView(whole.buffer, 3, bytes.length);
}

for (const { name, value, tree, block } of golden("packed.json") as Packed[])
  test(`unpacks ${name}`, () => assert.deepEqual(unpack(tree, block ? view(block) : undefined), built(value)));

const functions = format as unknown as Record<string, (...args: number[]) => string>;
for (const [name, cases] of Object.entries(golden("format.json") as Record<string, (number | string)[][]>))
  test(`${name} writes as Python does`, () => {
    for (const each of cases) {
      const args = each.slice(0, -1).map(Number);
      assert.equal(functions[name]?.(...args), each.at(-1), `${name}(${args})`);
    }
  });
