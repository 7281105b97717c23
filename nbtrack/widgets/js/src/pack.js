// The reading end of nbtrack/widgets/pack.py: JSON with typed arrays in it.

const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, u1: Uint8Array };
const FLOATS = /** @type {Record<string, number>} */ ({ nan: NaN, inf: Infinity, "-inf": -Infinity });

/**
 * Put the arrays back into a value.
 * @param {any} tree
 * @param {readonly DataView[]} buffers
 * @returns {any}
 */
export function unpack(tree, buffers) {
  if (tree === null || typeof tree !== "object") return tree;
  if (Array.isArray(tree)) return tree.map((each) => unpack(each, buffers));
  if ("$a" in tree) return array(buffers[tree.$a[0]], /** @type {keyof typeof TYPES} */ (tree.$a[1]));
  if ("$r" in tree) return Float64Array.from({ length: tree.$r[2] }, (_, i) => tree.$r[0] + i * tree.$r[1]);
  if ("$f" in tree) return FLOATS[tree.$f];
  return Object.fromEntries(Object.entries(tree).map(([key, each]) => [key, unpack(each, buffers)]));
}

/**
 * Copied, since a buffer may begin anywhere within a message, and an array keeps all of it alive.
 * @param {DataView} view
 * @param {keyof typeof TYPES} type
 */
function array(view, type) {
  return new TYPES[type](/** @type {ArrayBuffer} */ (view.buffer).slice(view.byteOffset, view.byteOffset + view.byteLength));
}
