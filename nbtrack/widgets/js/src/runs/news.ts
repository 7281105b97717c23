// Rows of open runs, whose values change while they are shown.
import { type Column, replace } from "../data/columns";
import type { RowsNews } from "./protocol";

/** Takes news into the columns of a number of runs, and adds the columns that are new. */
export function takeNews(columns: Column[], { rows, columns: news }: RowsNews, runs: number): void {
  const known = new Map(columns.map((column) => [column.id, column]));
  for (const own of news) {
    const column = known.get(own.id) ?? empty(own, runs);
    if (!known.has(own.id)) columns.push(column);
    // Only the last value is pushed; another statistic stays as it was asked for.
    if (!column.stat || column.stat === "last") replace(column, rows, own);
  }
}

/** A column like another one, in which no run has a value. */
function empty(like: Column, runs: number): Column {
  if (!like.v) return { ...like, codes: new Int32Array(runs).fill(-1), levels: [] };
  const v = new Float64Array(runs).fill(Number.NaN);
  return like.nans ? { ...like, v, nans: new Uint32Array() } : { ...like, v };
}
