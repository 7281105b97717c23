// How numbers, times and sizes are written: as the Python module `format` in nbtrack/widgets writes them.

type Units = readonly (readonly [limit: number, unit: string])[];

const SHORT: Units = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const LENGTHS: Units = [
  [86400, "d"],
  [3600, "h"],
  [60, "m"],
  [1, "s"],
];
const AGO: Units = [
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
];
const BYTES: Units = [
  [1e9, "GB"],
  [1e6, "MB"],
  [1e3, "kB"],
];

const trimmed = (digits: string) => (digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits);

/** A number to some significant digits: `0.1235`, `1.2e-5`, `NaN`, `∞`. */
export function number(value: number, digits = 5): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  // `|| 0` turns -0 into 0.
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value || 0);
  const exponent = Number(value.toExponential(17).split("e")[1]);
  if (exponent >= -4 && exponent < 7) return trimmed(value.toFixed(Math.max(0, digits - 1 - exponent)));
  const [mantissa = "", power] = value.toExponential(digits - 1).split("e");
  return `${trimmed(mantissa)}e${Number(power)}`;
}

/** A number for an axis, in three digits: `0.25`, `12k`, `1.5M`. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (!(size >= 1e4 && size < 1e15)) return number(value, 3);
  const [limit, unit] = SHORT.find(([least]) => least <= size)!;
  return number(value / limit, 3) + unit;
}

/** A length of time in its two largest units: `350 ms`, `1 m 12 s`, `2 h 5 m`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || Number.isNaN(seconds)) return "";
  if (seconds < 0.9995) return `${Math.round(Math.max(0, seconds) * 1000)} ms`;
  if (seconds < 59.95) return `${trimmed(seconds.toFixed(1))} s`;
  let left = Math.round(seconds);
  const parts = LENGTHS.map(([length, unit]) => {
    const many = Math.floor(left / length);
    left -= many * length;
    return [many, unit] as const;
  });
  const first = parts.findIndex(([many]) => many);
  const largest = parts.slice(first, first + 2).filter(([many]) => many);
  return largest.map(([many, unit]) => `${many} ${unit}`).join(" ");
}

/** How long before `now` a time was, both in milliseconds: `just now`, `5 minutes ago`. */
export function ago(time: number, now: number): string {
  const seconds = (now - time) / 1000;
  const [length, unit] = AGO.find(([least]) => seconds >= least) ?? [];
  if (!length) return "just now";
  const many = Math.floor(seconds / length);
  return `${many} ${unit}${many > 1 ? "s" : ""} ago`;
}

/** A number of bytes: `512 B`, `1.2 MB`. */
export function size(bytes: number): string {
  const [limit, unit] = BYTES.find(([least]) => bytes >= least) ?? [];
  return limit ? `${number(bytes / limit, 3)} ${unit}` : `${bytes} B`;
}

/** A whole number with commas between thousands. */
export const count = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

/** A time in milliseconds to the minute, in this machine's zone: `2026-01-31 14:05`. */
export function moment(time: number): string {
  const d = new Date(time);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${day} ${two(d.getHours())}:${two(d.getMinutes())}`;
}
