// Columns of a table of runs, as the kernel sends them, for tests.
import type { NumberColumn, StringColumn } from "../src/data/columns";

export const numbers = (group: string, name: string, v: number[], more: Partial<NumberColumn> = {}): NumberColumn => ({
  id: `${group}s.${name}`,
  name,
  group,
  kind: "number",
  v: Float64Array.from(v),
  ...more,
});

export const strings = (group: string, name: string, levels: string[], codes: number[]): StringColumn => ({
  id: group === "run" ? name : `${group}s.${name}`,
  name,
  group,
  kind: "text",
  levels,
  codes: Int32Array.from(codes),
});
