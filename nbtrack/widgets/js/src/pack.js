// The reading end of nbtrack/widgets/pack.py: JSON, and the bytes of the arrays in it.

const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, u1: Uint8Array };
const FLOATS = /** @type {Record<string, number>} */ ({ nan: NaN, inf: Infinity, "-inf": -Infinity });

/**
 * Put the arrays back into a value.
 * @param {any} tree
 * @param {DataView | undefined} block
 * @returns {any}
 */
export function unpack(tree, block) {
  if (tree === null || typeof tree !== "object") return tree;
  if (Array.isArray(tree)) return tree.map((each) => unpack(each, block));
  if ("$a" in tree) return array(block, tree.$a);
  if ("$r" in tree) return Float64Array.from({ length: tree.$r[2] }, (_, i) => tree.$r[0] + i * tree.$r[1]);
  if ("$f" in tree) return FLOATS[tree.$f];
  return Object.fromEntries(Object.entries(tree).map(([key, each]) => [key, unpack(each, block)]));
}

/**
 * Copied, since an array may begin anywhere within a message, and would keep all of it alive.
 * @param {DataView | undefined} block
 * @param {[at: number, length: number, type: keyof typeof TYPES]} place
 */
function array(block, [at, length, type]) {
  const start = (block?.byteOffset ?? 0) + at;
  return new TYPES[type](/** @type {ArrayBuffer} */ (block?.buffer ?? new ArrayBuffer(0)).slice(start, start + length * TYPES[type].BYTES_PER_ELEMENT));
}
