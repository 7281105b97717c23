// What a chart of compared runs draws: a line a run, or the mean and spread of each group.
import type { Content } from "../chart/chart";
import type { Band, Line } from "../chart/lines";
import { colorOf } from "../chart/palette";
import { grouped, written } from "../data/columns";
import { meanBand, middles, nearest, smooth, span } from "../data/curve";
import type { RunCurve } from "./protocol";
import type { ComparisonState } from "./state";

/** Runs that have one colour: each by itself, or those with the same value of a column. */
export interface Group {
  runs: number[];
  label: string;
  color: string;
}

/** A line; one without a label is not named at the crosshair. */
export interface RunLine extends Line {
  label?: string;
  mean?: Mean;
}

/** Of a mean: how many runs have a value at each place, and how many runs there are. */
interface Mean {
  counts: Float64Array;
  of: number;
}

export interface RunsContent extends Content {
  lines: RunLine[];
  bands: Band[];
}

/** A line's value at the crosshair. */
export interface Value {
  label: string;
  color: string;
  value: number;
  /** Of how many runs it is the mean. */
  remark: string;
}

interface Part {
  lines: RunLine[];
  bands: Band[];
}

/** A curve of fewer points is not smoothed. */
const LEAST_SMOOTHED = 4;
/** From so many curves on, they are not drawn without smoothing too. */
const MANY = 6;

const isReduced = ({ total, y }: RunCurve) => total > y.length;

export function groupsOf(state: ComparisonState): Group[] {
  const { runs, labels, now, ui } = state;
  const column = state.columnOf(ui.group);
  if (!column) return runs.map((run) => ({ runs: [run], label: labels[run]!, color: colorOf(run) }));
  return grouped(runs, column).map((own, i) => ({
    runs: own,
    label: written(column, own[0]!, now) || "none",
    color: colorOf(i),
  }));
}

/** The content of a chart with the curves of a metric. */
export function drawingOf(state: ComparisonState, curves: RunCurve[]): RunsContent {
  const { axis, isLog, zoom, group } = state.ui;
  const isFew = curves.length < MANY;
  const parts = groupsOf(state).map((own) => {
    const mine = curves.filter(({ run }) => own.runs.includes(run));
    return own.runs.length > 1 && group ? meanOf(state, own, mine) : linesOf(state, own, mine, isFew);
  });
  const lines = parts.flatMap((part) => part.lines);
  const bands = parts.flatMap((part) => part.bands);
  const range = zoom ?? span(lines);
  return { lines, bands, range, isLog, axis: axis === "time" || axis === "step" ? axis : "value" };
}

function meanOf(state: ComparisonState, { runs, color, label }: Group, curves: RunCurve[]): Part {
  const isSmooth = state.ui.smooth > 0;
  const own = curves.map((curve) => ({
    x: placesOf(state, curve),
    y: !isSmooth && isReduced(curve) ? middles(curve.y) : smoothed(state, curve),
  }));
  const { mean, n, ...band } = meanBand(own);
  const alpha = runs.some((run) => state.stands(run)) ? 1 : 0.2;
  const line = { x: band.x, y: mean, color, width: 2, alpha, label, mean: { counts: n, of: curves.length } };
  return { lines: [line], bands: [{ ...band, color }] };
}

function linesOf(state: ComparisonState, { color, label }: Group, curves: RunCurve[], isFew: boolean): Part {
  const lines = curves.flatMap((curve): RunLine[] => {
    const { run, y } = curve;
    const x = placesOf(state, curve);
    const width = state.selected.has(run) ? 2.25 : 1.5;
    const line = { x, y: smoothed(state, curve), color, width, alpha: state.stands(run) ? 1 : 0.15, label };
    if (!isFew || !state.ui.smooth || y.length < LEAST_SMOOTHED) return [line];
    return [{ x, y, color, width: 1, alpha: 0.25, faint: true }, line];
  });
  return { lines, bands: [] };
}

const placesOf = ({ ui }: ComparisonState, { x, t }: RunCurve) => (ui.axis === "time" && t ? t : x);

const smoothed = ({ ui }: ComparisonState, curve: RunCurve) =>
  smooth(curve.y, curve.y.length < LEAST_SMOOTHED ? 0 : ui.smooth, isReduced(curve));

/** The values of the lines that stand out at a place, the highest first. */
export function valuesAt(lines: readonly RunLine[], at: number): Value[] {
  const named = lines.filter(({ label, x, alpha }) => label !== undefined && x.length && alpha === 1);
  const values = named.map(({ label = "", x, y, color, mean }) => {
    const i = nearest(x, at);
    return { label, color, value: y[i]!, remark: mean ? remarkOf(mean, i) : "" };
  });
  return values.filter(({ value }) => Number.isFinite(value)).sort((a, b) => b.value - a.value);
}

function remarkOf({ counts, of }: Mean, i: number): string {
  const here = counts[i]!;
  return here < of ? ` mean of ${here} of ${of} runs` : ` mean of ${of}`;
}
