// The metrics of a run, as its view keeps them.
import { spliced } from "../data/curve";
import { count, number } from "../data/format";
import type { Metric, MetricFacts, MetricNews } from "./protocol";

/** Metrics that are drawn in one chart. */
export interface Group {
  title: string;
  metrics: Metric[];
}

const MOST_IN_A_CHART = 6;

/** Takes what is new of a metric. */
export function update(metrics: Metric[], { i, from, x, t, y, ...facts }: MetricNews): void {
  const empty = { x: new Float64Array(), t: new Float64Array(), y: new Float64Array() };
  // The first news of a metric have all that there is to know of it.
  metrics[i] ??= empty as Metric;
  const known = metrics[i];
  const points = { x: spliced(known.x, from, x), t: spliced(known.t, from, t), y: spliced(known.y, from, y) };
  Object.assign(known, facts, points);
}

/** The metrics whose name contains a word, by chart: those of the focus first, then those with a better direction. */
export function grouped(metrics: readonly Metric[], focus: readonly string[], word: string): Group[] {
  const place = ({ key, better }: Metric) => (focus.includes(key) ? focus.indexOf(key) - focus.length : better ? 0 : 1);
  const found = metrics.filter(({ key }) => key.toLowerCase().includes(word.toLowerCase()));
  const charts = new Map<string, Metric[]>();
  for (const metric of found.sort((a, b) => place(a) - place(b))) {
    const own = charts.get(metric.chart);
    if (own) own.push(metric);
    else charts.set(metric.chart, [metric]);
  }
  return [...charts].flatMap(([title, all]) => chunks(all, MOST_IN_A_CHART).map((some) => ({ title, metrics: some })));
}

function chunks<T>(all: T[], length: number): T[][] {
  const starts = Array.from({ length: Math.ceil(all.length / length) }, (_, i) => i * length);
  return starts.map((start) => all.slice(start, start + length));
}

/** What a metric's values that are not finite are like: it diverged only where it ended with one. */
export function oddValues({ count: all, nan, odd, bad, diverged }: MetricFacts): string {
  if (nan === all) return "is NaN throughout";
  if (diverged) return `diverged at step ${number(diverged.step)} (${diverged.value})`;
  const what = nan === odd ? "NaN" : nan ? "NaN or ∞" : "∞";
  return `${count(odd)} ${what}${odd > 1 ? ", the first" : ""} at step ${number(bad?.step ?? NaN)}`;
}
