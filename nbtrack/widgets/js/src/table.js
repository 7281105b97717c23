// Pure things about columns of runs: sorting, grouping, what differs, what is best, and texts of cells.
import { ago, duration, moment, number } from "./format.js";
import { statusWord } from "./status.js";

/**
 * `v` holds numbers (NaN: none), or `codes` places in `levels` (-1: none); see widgets/columns.py.
 * @typedef {{id: string, name: string, group: string, kind: string, v?: Float64Array, codes?: Int32Array, levels?: string[], better?: number, nans?: Uint32Array, stat?: string, keys?: Float64Array | null}} Column
 */

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** What orders a column's rows; NaN where there is nothing. @param {Column} c @returns {Float64Array} */
export function sortKeys(c) {
  if (c.v) return c.v;
  if (c.keys) return c.keys;
  const levels = c.levels ?? [], rank = new Float64Array(levels.length);
  levels.map((_, i) => i).sort((a, b) => collator.compare(levels[a], levels[b])).forEach((level, i) => (rank[level] = i));
  return (c.keys = Float64Array.from(/** @type {Int32Array} */ (c.codes), (code) => (code < 0 ? NaN : rank[code])));
}

/**
 * Rows in order of columns, the first one first; what is missing comes last in either direction.
 * @param {ArrayLike<number>} rows @param {[Column, number][]} by a direction is 1 or -1
 */
export function sorted(rows, by) {
  const keys = by.map(([c, direction]) => /** @type {[Float64Array, number]} */ ([sortKeys(c), direction]));
  return Int32Array.from(rows).sort((a, b) => {
    for (const [key, direction] of keys) {
      const x = key[a], y = key[b];
      if (x === y) continue;
      if (x !== x || y !== y) { if (x !== x && y !== y) continue; return x !== x ? 1 : -1; }
      return x < y ? -direction : direction;
    }
    return a - b;
  });
}

/** Rows by what they have in a column, in its order. @param {ArrayLike<number>} rows @param {Column} c */
export function grouped(rows, c) {
  const keys = sortKeys(c), groups = new Map();
  for (const row of sorted(rows, [[c, 1]])) {
    const key = keys[row], own = groups.get(key) ?? [];
    own.push(row);
    groups.set(key, own);
  }
  return [...groups.values()];
}

/** How many values there are, their mean and their spread (standard deviation). @param {Float64Array} v @param {ArrayLike<number>} rows */
export function statistics(v, rows) {
  const values = Array.from(rows, (row) => v[row]).filter(Number.isFinite), n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return { n, mean, spread: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n) };
}

/** Whether a column has more than one value in these rows. @param {Column} c @param {ArrayLike<number>} rows */
export function differs(c, rows) {
  const of = /** @type {ArrayLike<number>} */ (c.v ?? c.codes);
  for (let i = 1; i < rows.length; i++) if (!Object.is(of[rows[i]], of[rows[0]])) return true;
  return false;
}

/** The best finite value in these rows, null where all are the same. @param {Column} c @param {ArrayLike<number>} rows @param {number} better -1 or 1 */
export function best(c, rows, better) {
  let least = Infinity, most = -Infinity;
  for (let i = 0; i < rows.length; i++) {
    const value = /** @type {Float64Array} */ (c.v)[rows[i]];
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return better && least < most ? (better < 0 ? least : most) : null;
}

/** A row's text in a column, empty where there is none. @param {Column} c @param {number} row @param {number} now */
export function text(c, row, now) {
  if (c.levels) {
    const own = c.levels[/** @type {Int32Array} */ (c.codes)[row]] ?? "";
    return c.kind === "status" && own ? statusWord(...split(own)) : own;
  }
  const value = /** @type {Float64Array} */ (c.v)[row];
  if (value !== value) return c.nans?.includes(row) ? "NaN" : "";
  return c.kind === "time" ? ago(value, now) : c.kind === "duration" ? duration(value) : number(value);
}

/** A status and how the run ended. @param {string} own @returns {[string, string]} */
export const split = (own) => /** @type {[string, string]} */ ([...own.split(" "), ""].slice(0, 2));

/** A row's value for a file: numbers in full. @param {Column} c @param {number} row */
function exact(c, row) {
  if (c.levels) return c.levels[/** @type {Int32Array} */ (c.codes)[row]] ?? "";
  const value = /** @type {Float64Array} */ (c.v)[row];
  return value !== value ? (c.nans?.includes(row) ? "NaN" : "") : c.kind === "time" ? new Date(value).toISOString() : String(value);
}

/** @param {Column[]} columns @param {ArrayLike<number>} rows */
export function csv(columns, rows) {
  // A text that a spreadsheet would take for a formula is kept one by an apostrophe.
  const cell = (/** @type {string} */ value, isText = true) => {
    const safe = isText && /^[=+\-@\t\r]/.test(value) ? "'" + value : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.map((c) => cell(c.id)), ...Array.from(rows, (row) => columns.map((c) => cell(exact(c, row), !c.v)))].map((line) => line.join(",")).join("\n") + "\n";
}

/** @param {Column[]} columns @param {ArrayLike<number>} rows */
export function markdown(columns, rows) {
  const cell = (/** @type {string} */ value) => value.replace(/\s+/g, " ").replace(/[\\|<>`*_[\]]/g, "\\$&");
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |\n`;
  const written = (/** @type {Column} */ c, /** @type {number} */ row) => (c.kind === "time" && c.v ? (c.v[row] === c.v[row] ? moment(c.v[row]) : "") : text(c, row, 0));
  return line(columns.map((c) => cell(c.name))) + line(columns.map((c) => (c.v ? "---:" : "---")))
    + Array.from(rows, (row) => line(columns.map((c) => cell(written(c, row))))).join("");
}

/**
 * Take rows of a column anew.
 * @param {Column} c @param {ArrayLike<number>} rows @param {Column} news with a value for each of these rows
 */
export function replace(c, rows, news) {
  c.keys = null;
  if (c.v && news.v) for (let i = 0; i < rows.length; i++) c.v[rows[i]] = news.v[i];
  else if (c.levels) for (let i = 0; i < rows.length; i++) setText(c, rows[i], text({ ...news, kind: "" }, i, 0));
  if (c.nans && news.nans) {
    const own = new Set(c.nans), gone = Array.from(rows);
    gone.forEach((row) => own.delete(row));
    news.nans.forEach((i) => own.add(rows[i]));
    c.nans = Uint32Array.from(own);
  }
}

/** @param {Column} c @param {number} row @param {string} value */
export function setText(c, row, value) {
  const levels = c.levels ?? [], at = levels.indexOf(value);
  c.keys = null;
  /** @type {Int32Array} */ (c.codes)[row] = value ? (at < 0 ? levels.push(value) - 1 : at) : -1;
}
