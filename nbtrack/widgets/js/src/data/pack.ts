// Reads what the Python module `pack` in nbtrack/widgets writes: JSON, and the bytes of the arrays in it.

const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, u1: Uint8Array };
const FLOATS: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

type Place = [at: number, length: number, type: keyof typeof TYPES];
type Steps = [first: number, by: number, length: number];
/** A value as JSON has it: `$a` is an array in the block, `$r` evenly spaced numbers, `$f` a number without JSON. */
export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

/** Puts the arrays back into a value; its type is what the sender and the receiver have agreed on. */
export function unpack<T>(tree: Tree, block: DataView | undefined): T {
  return unpacked(tree, block) as T;
}

function unpacked(tree: Tree, block: DataView | undefined): unknown {
  if (tree === null || typeof tree !== "object") return tree;
  if (Array.isArray(tree)) return tree.map((each) => unpacked(each, block));
  if ("$a" in tree) return array(block, tree.$a as Place);
  if ("$r" in tree) return steps(tree.$r as Steps);
  if ("$f" in tree) return FLOATS[tree.$f as string];
  return Object.fromEntries(Object.entries(tree).map(([key, each]) => [key, unpacked(each, block)]));
}

const steps = ([first, by, length]: Steps) => Float64Array.from({ length }, (_, i) => first + i * by);

// Copied: an array may begin anywhere within a message, and would keep all of the message alive.
function array(block: DataView | undefined, [at, length, type]: Place) {
  const start = (block?.byteOffset ?? 0) + at;
  const buffer = (block?.buffer ?? new ArrayBuffer(0)) as ArrayBuffer;
  return new TYPES[type](buffer.slice(start, start + length * TYPES[type].BYTES_PER_ELEMENT));
}
