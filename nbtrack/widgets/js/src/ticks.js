// Pure: round places on an axis.

const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
// A step may be this much shorter than asked for: rather one place more than one place alone.
const NEAR = 0.7;

/** Round numbers in a range, some `n` of them. @param {number} least @param {number} most @param {number} [n] */
export function round(least, most, n = 4) {
  const rough = (most - least) / n, power = 10 ** Math.floor(Math.log10(rough));
  return multiples(least, most, /** @type {number} */ ([1, 2, 5, 10].find((by) => by * power >= NEAR * rough)) * power);
}

/** Seconds as a clock divides them: by minutes, quarters, hours. @param {number} least @param {number} most @param {number} n */
export function clock(least, most, n) {
  const rough = (most - least) / n, step = CLOCK.find((own) => own >= NEAR * rough);
  return step && rough > 0.5 ? multiples(least, most, step) : round(least, most, n);
}

/** Powers of ten in a range, and where they are few some numbers between. @param {number} least @param {number} most @param {number} [n] */
export function decades(least, most, n = 7) {
  const from = Math.ceil(Math.log10(least) - 1e-9), to = Math.floor(Math.log10(most) + 1e-9), by = Math.ceil((to - from + 1) / n);
  const powers = Array.from({ length: Math.max(0, Math.floor((to - from) / by) + 1) }, (_, i) => 10 ** (from + i * by));
  if (powers.length > 2) return powers;
  const between = [from - 1, ...powers.map((_, i) => from + i)].flatMap((power) => [1, 2, 5].map((own) => own * 10 ** power)).filter((own) => own >= least && own <= most);
  return between.length > 1 ? between : round(least, most, n);
}

/** @param {number} least @param {number} most @param {number} step */
function multiples(least, most, step) {
  const first = Math.ceil(least / step), length = Math.floor(most / step) - first + 1;
  return length > 0 ? Array.from({ length }, (_, i) => Number(((first + i) * step).toPrecision(12))) : [];
}
