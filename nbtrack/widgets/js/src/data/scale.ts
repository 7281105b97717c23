// Places on an axis for the values of a column: numbers on a line, strings in their order.
import { type Column, level, sortKeys } from "./columns";
import { duration, shortNumber } from "./format";
import { decades, round } from "./ticks";

export type Tick = [place: number, label: string];

/** Places are between 0 and 1. */
export interface Scale {
  /** The place of a row, NaN for none. */
  at(row: number): number;
  ticks: Tick[];
  isLog: boolean;
}

/** The axis of a column; a logarithmic one has no place for what is not positive. */
export function scale(column: Column, isLog = false): Scale {
  const keys = sortKeys(column);
  const finite = Array.from(keys).filter((key) => Number.isFinite(key) && (!isLog || key > 0));
  const [least, most] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
  const of = isLog ? Math.log10 : (key: number) => key;
  const place = (key: number) => (least === most ? 0.5 : (of(key) - of(least)) / (of(most) - of(least)));
  const ticks = column.levels
    ? named(column, keys, finite).map(([key, label]): Tick => [place(key), label])
    : numbers(column, least, most, isLog).map(([key, label]): Tick => [place(key), label]);
  return { at: (row) => (Number.isFinite(keys[row]) ? place(keys[row]!) : NaN), ticks, isLog };
}

function named(column: Column, keys: Float64Array, finite: number[]): Tick[] {
  const names = new Map(Array.from(keys, (key, row) => [key, level(column, row)]));
  return [...new Set(finite)].sort((a, b) => a - b).map((key) => [key, names.get(key) ?? ""]);
}

function numbers(column: Column, least: number, most: number, isLog: boolean): Tick[] {
  const places = least === most ? [least] : (isLog ? decades : round)(least, most);
  return places.map((value) => [value, column.kind === "duration" ? duration(value) : shortNumber(value)]);
}

/** Whether a column's numbers span so much that a logarithmic axis shows more. */
export function spansDecades(column: Column): boolean {
  if (!column.v || column.kind !== "number") return false;
  const finite = Array.from(column.v).filter(Number.isFinite);
  const least = Math.min(...finite);
  return least > 0 && Math.max(...finite) / least >= 100;
}
