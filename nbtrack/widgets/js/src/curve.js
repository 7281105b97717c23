// Pure things about curves: smoothing, ranges, nearest points.

/** @typedef {{x: Float64Array, y: Float64Array}} Curve */

/**
 * Exponential moving average, corrected for its start, as TensorBoard smooths ("debiased EMA"): a value that is not finite
 * stays what it is and is passed over.
 * @param {Float64Array} y @param {number} weight 0 is none, towards 1 is more
 * @param {boolean} [isReduced] whether these are the lowest and highest of many: then the mean of two neighbours counts
 * @returns {Float64Array}
 */
export function smooth(y, weight, isReduced = false) {
  if (!(weight > 0)) return y;
  const out = new Float64Array(y.length);
  const values = isReduced ? middles(y) : y;
  let mean = 0, left = 1;
  for (let i = 0; i < y.length; i++) {
    const value = values[i];
    if (Number.isFinite(value)) {
      // As a step towards the value, so that a constant stays what it is to the last bit.
      left *= weight;
      mean += ((value - mean) * (1 - weight)) / (1 - left);
      out[i] = mean;
    } else out[i] = value;
  }
  return out;
}

/**
 * Of the lowest and highest of many the mean of two neighbours: what the many have in the middle.
 * @param {Float64Array} y
 */
export function middles(y) {
  return y.map((value, i) => (i > 0 && Number.isFinite(y[i - 1]) && Number.isFinite(value) ? (y[i - 1] + value) / 2 : value));
}

/**
 * The first index at which ascending values are not less than `value`.
 * @param {ArrayLike<number>} values @param {number} value
 */
export function lowerBound(values, value) {
  let lo = 0, hi = values.length;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if (values[middle] < value) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/**
 * The index of the point nearest to `at`, -1 where there is none.
 * @param {ArrayLike<number>} x ascending @param {number} at
 */
export function nearest(x, at) {
  const i = lowerBound(x, at);
  if (i === 0) return x.length ? 0 : -1;
  if (i === x.length) return i - 1;
  return at - x[i - 1] <= x[i] - at ? i - 1 : i;
}

/**
 * The part of a curve that is drawn between two places: one point more on either side, so that lines reach the edge.
 * @param {ArrayLike<number>} x @param {number} lo @param {number} hi
 * @returns {[number, number]} first index, and the one after the last
 */
export function visible(x, lo, hi) {
  return [Math.max(0, lowerBound(x, lo) - 1), Math.min(x.length, lowerBound(x, hi) + 2)];
}

/**
 * The lowest and the highest finite value of curves between two places; only positive ones for a logarithmic axis.
 * @param {Curve[]} curves @param {number} lo @param {number} hi @param {boolean} log
 * @returns {[number, number] | null}
 */
export function extent(curves, lo, hi, log) {
  let least = Infinity, most = -Infinity;
  for (const { x, y } of curves)
    for (let i = lowerBound(x, lo); i < x.length && x[i] <= hi; i++) {
      const value = y[i];
      if (!Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  return least <= most ? [least, most] : null;
}

/**
 * A range with room around it, also for a single value.
 * @param {[number, number] | null} range @param {boolean} log
 * @returns {[number, number]}
 */
export function roomy(range, log) {
  if (!range) return log ? [0.1, 10] : [0, 1];
  const [least, most] = range;
  if (log) return least === most ? [least / 3, most * 3] : [least / (most / least) ** 0.05, most * (most / least) ** 0.05];
  const room = most / 2 - least / 2 > 0 ? (most - least) * 0.06 : Math.abs(least) * 0.1 || 1;
  return [least - room, most + room];
}

/**
 * Joined arrays: the first `from` values of one, then all of another.
 * @param {Float64Array} kept @param {number} from @param {Float64Array} more
 */
export function spliced(kept, from, more) {
  const out = new Float64Array(from + more.length);
  out.set(kept.subarray(0, from));
  out.set(more, from);
  return out;
}

/**
 * The mean of curves and its spread (standard deviation) at common places, each curve read linearly between its points;
 * a place outside of a curve counts without it.
 * @param {Curve[]} curves @param {number} [places]
 * @returns {{x: Float64Array, mean: Float64Array, lo: Float64Array, hi: Float64Array, n: Float64Array}} n: how many curves have a value there
 */
export function meanBand(curves, places = 400) {
  const ends = curves.filter(({ x }) => x.length).map(({ x }) => [x[0], x[x.length - 1]]);
  const from = Math.min(...ends.map(([lo]) => lo)), to = Math.max(...ends.map(([, hi]) => hi));
  const n = ends.length ? (from === to ? 1 : places) : 0;
  const out = { x: new Float64Array(n), mean: new Float64Array(n), lo: new Float64Array(n), hi: new Float64Array(n), n: new Float64Array(n) };
  for (let i = 0; i < n; i++) {
    const at = n === 1 ? from : from + ((to - from) * i) / (n - 1);
    const values = curves.map((curve) => valueAt(curve, at)).filter(Number.isFinite);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    out.x[i] = at;
    out.n[i] = values.length;
    out.mean[i] = mean;
    out.lo[i] = mean - spread;
    out.hi[i] = mean + spread;
  }
  return out;
}

/** @param {Curve} curve @param {number} at */
function valueAt({ x, y }, at) {
  if (!x.length || at < x[0] || at > x[x.length - 1]) return NaN;
  const i = lowerBound(x, at);
  if (x[i] === at) return y[i];
  return y[i - 1] + ((y[i] - y[i - 1]) * (at - x[i - 1])) / (x[i] - x[i - 1]);
}
