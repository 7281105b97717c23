// How numbers, times and sizes are written: as nbtrack/widgets/pages/format.py writes them.

/** @param {string} text */
const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/**
 * A number to some significant digits: `0.1235`, `1.2e-5`, `NaN`, `∞`.
 * @param {number} value @param {number} [digits]
 */
export function number(value, digits = 5) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value === 0 ? 0 : value);
  const exponent = Number(value.toExponential(17).split("e")[1]);
  if (exponent < -4 || exponent >= 7) {
    const [mantissa, power] = value.toExponential(digits - 1).split("e");
    return `${trimmed(mantissa)}e${Number(power)}`;
  }
  return trimmed(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

/**
 * A number for an axis, in three digits: `0.25`, `12k`, `1.5M`.
 * @param {number} value
 */
export function shortNumber(value) {
  const size = Math.abs(value);
  for (const [limit, unit, by] of /** @type {[number, string, number][]} */ ([[1e12, "T", 1e12], [1e9, "G", 1e9], [1e6, "M", 1e6], [1e4, "k", 1e3]]))
    if (limit <= size && size < 1e15) return number(value / by, 3) + unit;
  return number(value, 3);
}

/**
 * A length of time in its two largest units: `350 ms`, `1 m 12 s`, `2 h 5 m`.
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds == null || Number.isNaN(seconds)) return "";
  if (seconds < 0.9995) return `${Math.round(Math.max(0, seconds) * 1000)} ms`;
  if (seconds < 59.95) return `${trimmed(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const parts = /** @type {[number, string][]} */ ([[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"], [Math.floor(whole / 60) % 60, "m"], [whole % 60, "s"]]);
  const first = parts.findIndex(([count]) => count);
  return parts.slice(first, first + 2).filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/**
 * How long before `now` a time was: `just now`, `5 minutes ago`.
 * @param {number} time milliseconds @param {number} now milliseconds
 */
export function ago(time, now) {
  const seconds = (now - time) / 1000;
  for (const [length, unit] of /** @type {[number, string][]} */ ([[86400, "day"], [3600, "hour"], [60, "minute"]]))
    if (seconds >= length) {
      const many = Math.floor(seconds / length);
      return `${many} ${unit}${many > 1 ? "s" : ""} ago`;
    }
  return "just now";
}

/**
 * A number of bytes: `512 B`, `1.2 MB`.
 * @param {number} bytes
 */
export function size(bytes) {
  for (const [limit, unit] of /** @type {[number, string][]} */ ([[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]))
    if (bytes >= limit) return `${number(bytes / limit, 3)} ${unit}`;
  return `${bytes} B`;
}

/** @param {number} n a whole number, with commas between thousands */
export const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

/** @param {number} time milliseconds; to the minute, in this machine's zone: `2026-01-31 14:05` */
export function moment(time) {
  const d = new Date(time), two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
}
