// What a chart of a run draws, and what is said at its edge.
import type { Content } from "../chart/chart";
import type { Line } from "../chart/lines";
import { colorOf } from "../chart/palette";
import { nearest, type Range, smooth, span } from "../data/curve";
import { count, number } from "../data/format";
import { type Group, oddValues } from "./metrics";
import type { Baseline, Metric } from "./protocol";
import type { RunState } from "./state";

/** A curve of fewer points is not smoothed. */
const LEAST_SMOOTHED = 4;
const DASHES = { pinned: [6, 3], previous: [2, 3] };
const LONGEST_KEY = 24;

/** What hides the runs of a role: no metric has such a name. */
export const roleId = (role: string) => `\0${role}`;

/** Runs underneath that have a metric of this chart. */
export const underOf = ({ under }: RunState, { metrics }: Group) =>
  under.filter((run) => run.metrics.some(({ key }) => metrics.some((own) => own.key === key)));

export function contentOf(state: RunState, group: Group): Content {
  const { axis, isLog, zoom } = state.ui;
  const shown = group.metrics.filter(({ key }) => !state.ui.hidden.has(key));
  const color = (key: string) => colorOf(group.metrics.findIndex((metric) => metric.key === key));
  // The steps of other runs are not steps of another metric.
  const under = axis.startsWith("=") ? [] : state.under.flatMap((run) => linesUnder(state, run, shown, color));
  const lines = [...under, ...shown.flatMap((metric) => linesOf(state, metric, color(metric.key)))];
  return { lines, range: zoom ?? rangeOf(lines), isLog, axis: axis === "time" || axis === "step" ? axis : "value" };
}

function linesUnder({ ui }: RunState, run: Baseline, shown: Metric[], color: (key: string) => string): Line[] {
  if (ui.hidden.has(roleId(run.role))) return [];
  const metrics = run.metrics.filter(({ key }) => shown.some((own) => own.key === key));
  return metrics.map(({ key, x, t, y }) => ({
    x: ui.axis === "time" ? t : x,
    y: smooth(y, ui.smooth),
    color: color(key),
    width: 1.25,
    dash: DASHES[run.role],
    alpha: 0.6,
    faint: true,
  }));
}

/** A metric as it is smoothed, over what it is. */
function linesOf(state: RunState, metric: Metric, color: string): Line[] {
  const curve = state.curveOf(metric);
  if (!curve) return [];
  const { x, y } = curve;
  const weight = y.length < LEAST_SMOOTHED ? 0 : state.ui.smooth;
  const line = { x, y: smooth(y, weight, (curve.total ?? metric.count) > y.length), color, width: 1.75 };
  return weight > 0 ? [{ x, y, color, width: 1, alpha: 0.28 }, line] : [line];
}

function rangeOf(lines: Line[]): Range {
  const own = lines.filter(({ x, faint }) => x.length && !faint);
  return span(own.length ? own : lines);
}

/** A metric's value at the crosshair, else its latest. */
export function shownValue(state: RunState, metric: Metric, at: number | null): string {
  if (at == null) return metric.count ? number(metric.last, 4) : "";
  const curve = state.curveOf(metric);
  const i = curve ? nearest(curve.x, at) : -1;
  return curve && i >= 0 ? number(curve.y[i]!, 4) : "";
}

/** Where the crosshair is, which values cannot be drawn, and how many points of a range are. */
export function remarks(state: RunState, { metrics }: Group, at: number | null): string {
  const odd = metrics
    .filter((metric) => metric.odd)
    .map((metric) => `${metrics.length > 1 ? `${metric.key.slice(0, LONGEST_KEY)} ` : ""}${oddValues(metric)}`);
  const isCut = state.ui.isLog && metrics.some(({ min }) => min <= 0);
  const all = [
    at == null ? "" : place(state.ui.axis, at),
    ...odd,
    pointsIn(state, metrics),
    isCut ? "values ≤ 0 are not on a logarithmic axis" : "",
  ];
  return all.filter(Boolean).join(" · ");
}

function place(axis: string, at: number): string {
  if (axis === "time") return `${number(at, 4)} s`;
  return axis === "step" ? `step ${number(Math.round(at))}` : `${axis.slice(1, 20)} ${number(at)}`;
}

function pointsIn({ ui, detail }: RunState, metrics: Metric[]): string {
  if (!ui.zoom || !detail) return "";
  const series = metrics.flatMap(({ key }) => detail.series.get(key) ?? []);
  const total = series.reduce((sum, each) => sum + each.total, 0);
  const drawn = series.reduce((sum, each) => sum + each.x.length, 0);
  if (!total) return "";
  return drawn < total ? `${count(drawn)} of ${count(total)} points` : `${count(total)} points`;
}
