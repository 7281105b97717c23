// Columns of runs: sorting, grouping, what differs, what is best, and how a cell is written.
import { meanAndSpread } from "./curve";
import { ago, duration, number } from "./format";
import { splitStatus, statusWord } from "./status";

interface Head {
  id: string;
  name: string;
  /** What the column is of: `run`, `param`, `metric` or `tag`. */
  group: string;
  /** How its values are written: `number`, `text`, `time`, `duration` or `status`. */
  kind: string;
  /** -1 where lower is better, 1 where higher is. */
  better?: number;
  /** Which value of a metric this is, such as `last` or `min`. */
  stat?: string;
}

/** Numbers; NaN is a row without one, unless the row is in `nans`, the rows whose value is NaN. */
export interface NumberColumn extends Head {
  v: Float64Array;
  nans?: Uint32Array;
  levels?: undefined;
  codes?: undefined;
}

/** Strings, each once in `levels`; a row has the place of its own there, -1 for none. */
export interface StringColumn extends Head {
  codes: Int32Array;
  levels: string[];
  /** The order of the rows; computed when it is needed first. */
  keys?: Float64Array | null;
  v?: undefined;
  nans?: undefined;
}

/** A column as the Python module `columns` in nbtrack/widgets sends it. */
export type Column = NumberColumn | StringColumn;
export type Rows = ArrayLike<number>;

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** What orders a column's rows; NaN where there is nothing. */
export function sortKeys(column: Column): Float64Array {
  if (column.v) return column.v;
  column.keys ??= ranks(column);
  return column.keys;
}

function ranks({ codes, levels }: StringColumn): Float64Array {
  const rank = new Float64Array(levels.length);
  const order = [...levels.keys()].sort((a, b) => collator.compare(levels[a]!, levels[b]!));
  order.forEach((level, i) => {
    rank[level] = i;
  });
  return Float64Array.from(codes, (code) => (code < 0 ? NaN : rank[code]!));
}

/** Rows in the order of columns, the first one first; 1 ascends, -1 descends, and what is missing comes last. */
export function sorted(rows: Rows, by: readonly (readonly [Column, number])[]): Int32Array {
  const keys = by.map(([column, direction]) => [sortKeys(column), direction] as const);
  return Int32Array.from(rows).sort((a, b) => {
    for (const [key, direction] of keys) {
      const x = key[a]!;
      const y = key[b]!;
      if (x < y) return -direction;
      if (x > y) return direction;
      const order = Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      if (order) return order;
    }
    return a - b;
  });
}

/** Rows by their value in a column, in its order. */
export function grouped(rows: Rows, column: Column): number[][] {
  const keys = sortKeys(column);
  const groups = new Map<number, number[]>();
  for (const row of sorted(rows, [[column, 1]])) {
    const own = groups.get(keys[row]!);
    if (own) own.push(row);
    else groups.set(keys[row]!, [row]);
  }
  return [...groups.values()];
}

/** The number of finite values in these rows, their mean and their standard deviation. */
export function statistics(v: Float64Array, rows: Rows): { n: number; mean: number; spread: number } {
  const values = Array.from(rows, (row) => v[row]!).filter(Number.isFinite);
  return { n: values.length, ...meanAndSpread(values) };
}

/** Whether a column has more than one value in these rows. */
export function differs(column: Column, rows: Rows): boolean {
  const values = column.v ?? column.codes;
  for (let i = 1; i < rows.length; i++) if (!Object.is(values[rows[i]!], values[rows[0]!])) return true;
  return false;
}

/** The best finite value in these rows, where -1 means the lowest; null where all are the same. */
export function best({ v }: Column, rows: Rows, better: number): number | null {
  if (!v || !better) return null;
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < rows.length; i++) {
    const value = v[rows[i]!]!;
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least >= most) return null;
  return better < 0 ? least : most;
}

/** What a row has in a column of strings, empty where there is nothing. */
export const level = (column: Column, row: number) => column.levels?.[column.codes[row]!] ?? "";

/** How a row is written in a column, empty where there is nothing; `now` is in milliseconds. */
export function written(column: Column, row: number, now: number): string {
  if (!column.v) {
    const own = level(column, row);
    return column.kind === "status" && own ? statusWord(...splitStatus(own)) : own;
  }
  const value = column.v[row]!;
  if (Number.isNaN(value)) return column.nans?.includes(row) ? "NaN" : "";
  if (column.kind === "time") return ago(value, now);
  return column.kind === "duration" ? duration(value) : number(value);
}

/** Replaces rows of a column by those of another, which has a value for each of them. */
export function replace(column: Column, rows: Rows, news: Column): void {
  if (column.v && news.v) replaceNumbers(column, Array.from(rows), news);
  else if (column.codes) for (let i = 0; i < rows.length; i++) setText(column, rows[i]!, level(news, i));
}

function replaceNumbers(column: NumberColumn, rows: number[], news: NumberColumn): void {
  rows.forEach((row, i) => {
    column.v[row] = news.v[i]!;
  });
  if (!column.nans || !news.nans) return;
  const nans = new Set(column.nans);
  for (const row of rows) nans.delete(row);
  for (const i of news.nans) nans.add(rows[i]!);
  column.nans = Uint32Array.from(nans);
}

/** Sets a row's string; the empty one is none. */
export function setText(column: StringColumn, row: number, value: string): void {
  const at = column.levels.indexOf(value);
  column.keys = null;
  column.codes[row] = !value ? -1 : at < 0 ? column.levels.push(value) - 1 : at;
}
