// Stretches of axes that select the runs that go through them.
import type { Range } from "../data/curve";
import type { Scale } from "../data/scale";

/** Stretches by the ids of columns, as places between 0 and 1. */
export type Brushes = Record<string, Range>;

const STEP = 0.1;
const FIRST: Range = [0.4, 0.6];
/** What rounding may put beside an edge. */
const NEAR = 1e-9;

/** A stretch after a key: up and down move it, or with shift grow and shrink it; null for a key that does not. */
export function pressed(key: string, isShifted: boolean, [lo, hi]: Range = FIRST): Range | null {
  const by = key === "ArrowUp" ? STEP : key === "ArrowDown" ? -STEP : 0;
  if (!by) return null;
  if (isShifted) return [Math.max(0, lo - by / 2), Math.min(1, Math.max(lo, hi + by / 2))];
  const move = Math.max(-lo, Math.min(1 - hi, by));
  return [lo + move, hi + move];
}

/** The runs that go through all stretches; none where there is no stretch. */
export function through(runs: readonly number[], stretches: readonly (readonly [Scale, Range])[]): number[] {
  if (!stretches.length) return [];
  return runs.filter((run) =>
    stretches.every(([scale, [lo, hi]]) => scale.at(run) >= lo - NEAR && scale.at(run) <= hi + NEAR),
  );
}

export function without(brushes: Brushes, id: string): Brushes {
  const { [id]: _, ...rest } = brushes;
  return rest;
}
