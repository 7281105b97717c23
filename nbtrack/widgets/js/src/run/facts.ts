// What the head of a run's view says beside its name.
import { count, duration, number } from "../data/format";
import type { Metric } from "./protocol";
import type { RunState } from "./state";

const LONGEST_KEY = 30;

/** How long the run took, how fast it is, its most telling metric, its points, and rows that wait. */
export function facts(state: RunState): string[] {
  const { run, rate, metrics, focus, pending } = state;
  if (!run) return [];
  const telling = metrics.find(({ key }) => focus.includes(key)) ?? metrics.find(({ better }) => better) ?? metrics[0];
  const found = [
    duration((state.until - run.started) / 1000),
    run.status === "RUNNING" && rate != null ? `${number(rate, 3)} steps/s` : "",
    telling ? lastAndBest(telling) : "",
    points(metrics),
    pending.rows > 0 ? `${count(pending.rows)} rows wait` : "",
  ];
  return found.filter(Boolean);
}

function points(metrics: readonly Metric[]): string {
  const all = metrics.reduce((sum, metric) => sum + metric.count, 0);
  const drawn = metrics.reduce((sum, metric) => sum + metric.x.length, 0);
  if (!all) return "";
  if (drawn < all) return `${count(all)} points, ${count(drawn)} drawn`;
  return `${count(all)} ${all === 1 ? "point" : "points"}`;
}

/** A metric's last value, and its best one where that is another. */
export function lastAndBest({ key, last, better, min, minStep, max, maxStep }: Metric): string {
  const label = key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY - 1)}…` : key;
  const [best, step] = better < 0 ? [min, minStep] : better > 0 ? [max, maxStep] : [NaN, NaN];
  const isTold = Number.isFinite(best) && best !== last;
  return `${label} ${number(last, 4)}${isTold ? ` (best ${number(best, 4)} at ${number(step)})` : ""}`;
}
