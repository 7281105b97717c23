// Places on an axis for the values of a column: numbers on a line, texts in their order.
import { duration, shortNumber } from "./format.js";
import { sortKeys } from "./table.js";
import { decades, round } from "./ticks.js";

/**
 * @param {import("./table.js").Column} c
 * @param {boolean} [isLog]
 * @returns {{at: (row: number) => number, ticks: [number, string][], isLog: boolean}} places are between 0 and 1, NaN for none
 */
export function scale(c, isLog = false) {
  const keys = sortKeys(c), finite = Array.from(keys).filter((k) => Number.isFinite(k) && (!isLog || k > 0));
  let least = Math.min(...finite), most = Math.max(...finite);
  if (!finite.length) [least, most] = [0, 1];
  const of = isLog ? Math.log10 : (/** @type {number} */ x) => x;
  const at = (/** @type {number} */ key) => (least === most ? 0.5 : (of(key) - of(least)) / (of(most) - of(least)));
  const written = (/** @type {number} */ value) => (c.kind === "duration" ? duration(value) : shortNumber(value));
  /** @type {[number, string][]} */ let ticks;
  if (c.levels) {
    const named = new Map(Array.from(keys, (key, row) => [key, c.levels?.[/** @type {Int32Array} */ (c.codes)[row]] ?? ""]));
    ticks = [...new Set(finite)].sort((a, b) => a - b).map((key) => [at(key), named.get(key) ?? ""]);
  } else if (least === most) ticks = [[0.5, written(least)]];
  else ticks = (isLog ? decades(least, most) : round(least, most)).map((value) => [at(value), written(value)]);
  return { at: (row) => (Number.isFinite(keys[row]) ? at(keys[row]) : NaN), ticks, isLog };
}

/** Whether values span so much that a logarithmic axis tells more. @param {import("./table.js").Column} c */
export function spansDecades(c) {
  if (!c.v || c.kind !== "number") return false;
  const finite = Array.from(c.v).filter(Number.isFinite), least = Math.min(...finite);
  return least > 0 && Math.max(...finite) / least >= 100;
}

/** A colour between blue and yellow, seen by everybody; grey for none. @param {number} place */
export function shade(place) {
  if (!(place >= 0)) return "#888";
  const stops = [[68, 86, 200], [32, 148, 168], [76, 184, 108], [228, 178, 40]], x = Math.min(0.999, Math.max(0, place)) * 3, i = Math.floor(x);
  return `rgb(${stops[i].map((from, j) => Math.round(from + (stops[i + 1][j] - from) * (x - i))).join()})`;
}

/** An element of a drawing. @param {string} tag @param {Record<string, any>} props @param {...any} children */
export function s(tag, props, ...children) {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) if (value != null && value !== false) key.startsWith("on") ? el.addEventListener(key.slice(2), value) : el.setAttribute(key, value);
  for (const child of children.flat()) if (child) el.append(child);
  return el;
}
