// The metrics of a run, as its view keeps them.
import { spliced } from "./curve.js";
import { count, number } from "./format.js";

/**
 * Take what is new of a metric.
 * @param {any[]} metrics @param {any} news
 */
export function update(metrics, news) {
  const { i, from, x, t, y, ...facts } = news;
  const known = metrics[i] ?? (metrics[i] = { x: new Float64Array(), t: new Float64Array(), y: new Float64Array() });
  Object.assign(known, facts, { x: spliced(known.x, from, x), t: spliced(known.t, from, t), y: spliced(known.y, from, y) });
}

/**
 * Metrics that are drawn together, by the chart they belong to; those asked for first, then what tells more.
 * @param {any[]} metrics @param {string[]} focus @param {string} search
 * @returns {{title: string, metrics: any[]}[]}
 */
export function grouped(metrics, focus, search) {
  const charts = new Map();
  const place = (/** @type {any} */ m) => (focus.includes(m.key) ? focus.indexOf(m.key) - 1e6 : m.better ? 0 : 1);
  const found = metrics.filter((m) => m.key.toLowerCase().includes(search.toLowerCase()));
  for (const metric of found.sort((a, b) => place(a) - place(b))) {
    const own = charts.get(metric.chart) ?? { title: metric.chart, metrics: [] };
    charts.set(metric.chart, own);
    own.metrics.push(metric);
  }
  return [...charts.values()].flatMap(({ title, metrics: all }) =>
    Array.from({ length: Math.ceil(all.length / 6) }, (_, i) => ({ title, metrics: all.slice(6 * i, 6 * i + 6) })));
}

/**
 * What is said of a metric's values that are not finite: that it diverged only where it ended so.
 * @param {any} m
 */
export function oddValues(m) {
  if (m.nan === m.count) return "is NaN throughout";
  if (m.diverged) return `diverged at step ${number(m.diverged.step)} (${m.diverged.value})`;
  const what = m.nan === m.odd ? "NaN" : m.nan ? "NaN or ∞" : "∞";
  return `${count(m.odd)} ${what}${m.odd > 1 ? ", the first" : ""} at step ${number(m.bad.step)}`;
}
