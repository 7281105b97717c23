// Curves as numbers: smoothing, ranges, nearest points.

export type Floats = Float64Array | Float32Array;

export interface Curve {
  /** Ascending. */
  x: Floats;
  y: Float64Array;
}

export type Range = [low: number, high: number];

/** The mean of curves with its standard deviation; `n` is how many curves have a value at each place. */
export interface MeanBand {
  x: Float64Array;
  mean: Float64Array;
  lo: Float64Array;
  hi: Float64Array;
  n: Float64Array;
}

/**
 * Smooths by an exponential moving average with TensorBoard's correction of the start ("debiased EMA").
 *
 * Values that are not finite are kept and do not enter the mean.
 * @param y The values.
 * @param weight 0 does not smooth, values towards 1 smooth more.
 * @param isReduced Whether the points are the lowest and highest of many; then the mean of two neighbours counts.
 */
export function smooth(y: Float64Array, weight: number, isReduced = false): Float64Array {
  if (!(weight > 0)) return y;
  const values = isReduced ? middles(y) : y;
  let mean = 0;
  let left = 1;
  return values.map((value, i) => {
    if (!Number.isFinite(value)) return y[i]!;
    left *= weight;
    // Written as a step towards the value, so that a constant is unchanged to the last bit.
    mean += ((value - mean) * (1 - weight)) / (1 - left);
    return mean;
  });
}

/** The mean of each two neighbours: the middle of many points of which only the lowest and highest are kept. */
export function middles(y: Float64Array): Float64Array {
  return y.map((value, i) => {
    const before = y[i - 1];
    return before !== undefined && Number.isFinite(before) && Number.isFinite(value) ? (before + value) / 2 : value;
  });
}

/** The first index at which ascending values are not less than `value`. */
export function lowerBound(values: ArrayLike<number>, value: number): number {
  let lo = 0;
  let hi = values.length;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if (values[middle]! < value) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}

/** The index of the point nearest to `at` in ascending `x`, -1 where there is none. */
export function nearest(x: ArrayLike<number>, at: number): number {
  const i = lowerBound(x, at);
  if (i === 0) return x.length ? 0 : -1;
  if (i === x.length) return i - 1;
  return at - x[i - 1]! <= x[i]! - at ? i - 1 : i;
}

/**
 * The indices, first and one after the last, that are drawn between two places.
 *
 * One more point on either side, so that lines reach the edge.
 */
export function visible(x: ArrayLike<number>, lo: number, hi: number): [first: number, end: number] {
  return [Math.max(0, lowerBound(x, lo) - 1), Math.min(x.length, lowerBound(x, hi) + 2)];
}

/** The lowest and highest finite value of curves between two places; a logarithmic axis counts positive ones only. */
export function extent(curves: readonly Curve[], lo: number, hi: number, isLog: boolean): Range | null {
  let least = Infinity;
  let most = -Infinity;
  for (const { x, y } of curves)
    for (let i = lowerBound(x, lo); i < x.length && x[i]! <= hi; i++) {
      const value = y[i]!;
      if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  return least <= most ? [least, most] : null;
}

/** A range with room around it, also around a single value. */
export function roomy(range: Range | null, isLog: boolean): Range {
  if (!range) return isLog ? [0.1, 10] : [0, 1];
  const [least, most] = range;
  if (isLog) return least === most ? [least / 3, most * 3] : roomyLog(least, most);
  // Halved first: the difference of the largest numbers overflows.
  const room = most / 2 - least / 2 > 0 ? (most - least) * 0.06 : Math.abs(least) * 0.1 || 1;
  return [least - room, most + room];
}

function roomyLog(least: number, most: number): Range {
  const room = (most / least) ** 0.05;
  return [least / room, most * room];
}

/** The range of the curves' places; 0 to 1 where there are none. */
export function span(curves: readonly { x: Floats }[]): Range {
  const full = curves.filter(({ x }) => x.length);
  if (!full.length) return [0, 1];
  return [Math.min(...full.map(({ x }) => x[0]!)), Math.max(...full.map(({ x }) => x[x.length - 1]!))];
}

/** The first `from` values of one array, then all of another. */
export function spliced(kept: Floats, from: number, more: ArrayLike<number>): Float64Array {
  const out = new Float64Array(from + more.length);
  out.set(kept.subarray(0, from));
  out.set(more, from);
  return out;
}

/**
 * The mean of curves and its standard deviation at common places.
 *
 * Each curve is read linearly between its points, and does not count outside of them.
 */
export function meanBand(curves: readonly Curve[], places = 400): MeanBand {
  const full = curves.filter(({ x }) => x.length);
  const [from, to] = span(full);
  const n = full.length ? (from === to ? 1 : places) : 0;
  const x = Float64Array.from({ length: n }, (_, i) => (n === 1 ? from : from + ((to - from) * i) / (n - 1)));
  const band = {
    x,
    mean: new Float64Array(n),
    lo: new Float64Array(n),
    hi: new Float64Array(n),
    n: new Float64Array(n),
  };
  x.forEach((at, i) => {
    const values = full.map((curve) => valueAt(curve, at)).filter(Number.isFinite);
    const { mean, spread } = meanAndSpread(values);
    band.n[i] = values.length;
    band.mean[i] = mean;
    band.lo[i] = mean - spread;
    band.hi[i] = mean + spread;
  });
  return band;
}

/** The mean of values and their standard deviation; NaN of none. */
export function meanAndSpread(values: readonly number[]): { mean: number; spread: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, spread: Math.sqrt(variance) };
}

function valueAt({ x, y }: Curve, at: number): number {
  if (!x.length || at < x[0]! || at > x[x.length - 1]!) return NaN;
  const i = lowerBound(x, at);
  if (x[i] === at) return y[i]!;
  const [x0, x1, y0, y1] = [x[i - 1]!, x[i]!, y[i - 1]!, y[i]!];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}
