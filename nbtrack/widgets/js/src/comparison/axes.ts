// Which columns make an axis, and which of them are drawn first.
import { type Column, differs } from "../data/columns";
import { type Scale, scale, spansDecades } from "../data/scale";

/** The most axes of parallel coordinates. */
export const MOST_AXES = 10;
const FIRST_PARAMS = 6;
const FIRST_METRICS = 3;

const hasValue = ({ v, codes }: Column) => (v ? v.some((value) => !Number.isNaN(value)) : codes.some((at) => at >= 0));

/** The columns that make an axis: params, metrics and the duration, where a run has a value. */
export const axesOf = (columns: readonly Column[]): Column[] =>
  columns.filter(
    (column) => (["param", "metric"].includes(column.group) || column.id === "duration") && hasValue(column),
  );

/** The metric that tells most: one that is better high or low, and that most runs have. */
export function telling(columns: readonly Column[]): Column | undefined {
  const worth = ({ v, better }: Column) => (v?.filter(Number.isFinite).length ?? 0) * (better ? 10 : 1);
  return columns.filter(({ group }) => group === "metric").sort((a, b) => worth(b) - worth(a))[0];
}

/** The columns of a scatter plot: those of these ids, else a param that differs and the metric that tells most. */
export function plane(axes: readonly Column[], runs: number[], x: string, y: string): (Column | undefined)[] {
  const of = (id: string) => axes.find((column) => column.id === id);
  const param = axes.find((column) => column.group === "param" && differs(column, runs));
  return [x ? of(x) : (param ?? axes[0]), y ? of(y) : (telling(axes) ?? axes[1] ?? axes[0])];
}

/** The ids of the axes that parallel coordinates begin with. */
export function firstAxes(candidates: readonly Column[]): string[] {
  const of = (group: string, most: number) => candidates.filter((column) => column.group === group).slice(0, most);
  return [...of("param", FIRST_PARAMS), ...of("metric", FIRST_METRICS)].map(({ id }) => id);
}

/** A column's axis, logarithmic where that shows more. */
export const scaleOf = (column: Column): Scale => scale(column, spansDecades(column));
