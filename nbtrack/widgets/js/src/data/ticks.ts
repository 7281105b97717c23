// Round places on an axis.

const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
// A step may be this much shorter than asked for: one place too many is better than a single one.
const NEAR = 0.7;

/** Round numbers in a range, about `n` of them. */
export function round(least: number, most: number, n = 4): number[] {
  const rough = (most - least) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const by = [1, 2, 5, 10].find((each) => each * power >= NEAR * rough) ?? NaN;
  return multiples(least, most, by * power);
}

/** Seconds as a clock divides them: by minutes, quarters, hours. */
export function clock(least: number, most: number, n: number): number[] {
  const rough = (most - least) / n;
  const step = CLOCK.find((each) => each >= NEAR * rough);
  return step && rough > 0.5 ? multiples(least, most, step) : round(least, most, n);
}

/** Powers of ten in a range, and numbers between them where they are few. */
export function decades(least: number, most: number, n = 7): number[] {
  const from = Math.ceil(Math.log10(least) - 1e-9);
  const to = Math.floor(Math.log10(most) + 1e-9);
  const by = Math.ceil((to - from + 1) / n);
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  if (length > 2) return Array.from({ length }, (_, i) => 10 ** (from + i * by));
  const between = [from - 1, ...Array.from({ length }, (_, i) => from + i)]
    .flatMap((power) => [1, 2, 5].map((each) => each * 10 ** power))
    .filter((each) => each >= least && each <= most);
  return between.length > 1 ? between : round(least, most, n);
}

function multiples(least: number, most: number, step: number): number[] {
  const first = Math.ceil(least / step);
  const length = Math.floor(most / step) - first + 1;
  // Rounded to 12 digits: 3 * 0.1 is to be written as 0.3.
  return length > 0 ? Array.from({ length }, (_, i) => Number(((first + i) * step).toPrecision(12))) : [];
}
