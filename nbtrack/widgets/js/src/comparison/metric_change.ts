// How a metric of a run compares with that of another, and with that of all.
import { best, type NumberColumn } from "../data/columns";
import { number } from "../data/format";
import type { Statistics } from "./protocol";

export interface Change {
  /** The difference with its sign. */
  text: string;
  /** Null where it is not known which way is better. */
  isBetter: boolean | null;
}

/** The difference of a run's value to that of a reference, null where there is none. */
export function changeOf({ v, better }: NumberColumn, run: number, reference: number): Change | null {
  const by = v[run]! - v[reference]!;
  if (!Number.isFinite(by) || !by) return null;
  return { text: `${by > 0 ? "+" : "−"}${number(Math.abs(by), 3)}`, isBetter: better ? by * better > 0 : null };
}

/** The best value of all runs. */
export const bestOf = (column: NumberColumn): number | null => best(column, [...column.v.keys()], column.better ?? 0);

/** Whether a run has more than one value, so that its lowest and highest tell something. */
export const hasRange = (stats: Statistics | undefined): stats is Statistics => !!stats?.count.some((n) => n > 1);
