// What the view of a run asks its kernel, and what it is told.
import type { Floats, Range } from "../data/curve";
import type { FilesAsks } from "./files_protocol";

/** Points that are drawn: steps `x`, seconds since the run's start `t`, and values; `x` ascends. */
export interface Points {
  x: Float64Array;
  t: Floats;
  y: Float64Array;
}

/** A value that is not finite, and where it was logged. */
export interface Odd {
  step: number;
  value: string;
}

/** What is known of a metric beside its points. */
export interface MetricFacts {
  /** How many points there are, and how many of them are NaN, and not finite. */
  count: number;
  nan: number;
  odd: number;
  /** The first value that is not finite. */
  bad: Odd | null;
  /** Where it stopped to be finite, if it ended so. */
  diverged: Odd | null;
  last: number;
  min: number;
  minStep: number;
  max: number;
  maxStep: number;
}

export interface Metric extends Points, MetricFacts {
  key: string;
  /** The title of the chart that it is drawn in. */
  chart: string;
  /** -1 where lower is better, 1 where higher is, 0 where that is not known. */
  better: number;
}

/** What is new of a metric: all points from one on, and its name when it comes first. */
export type MetricNews = Partial<Metric> & Points & { i: number; from: number };

export interface Run {
  id: string;
  name: string;
  status: string;
  ended: string;
  /** Milliseconds since the epoch. */
  started: number;
  end: number | null;
  note: string;
  error: string;
  /** The line of the cell at which it failed. */
  line: number | null;
  params: [key: string, value: string][];
  /** How many files it has. */
  files: number;
  canStop: boolean;
  /** When a press of Stop is heard: "always", or in which case. */
  hears: string;
  kernel: string;
}

/** A run that is drawn underneath. */
export interface Baseline {
  name: string;
  role: "pinned" | "previous";
  metrics: (Points & { key: string })[];
}

/** Rows that wait for the store, and why. */
export interface Pending {
  rows: number;
  why: string;
}

interface Moment {
  now: number;
  /** Steps a second. */
  rate: number | null;
  pending: Pending;
}

interface Under {
  under: Baseline[];
  pinned: string | null;
}

/** Points of a metric in a range; `total` is how many there are. */
export interface Stretch extends Points {
  key: string;
  total: number;
}

/** A metric over another one. */
export interface Against {
  key: string;
  x: Float64Array;
  y: Float64Array;
  total: number;
}

export type RunAsks = FilesAsks & {
  range: {
    args: { keys: string[]; by: string; lo: number; hi: number; points: number };
    answer: { series: Stretch[] };
  };
  against: { args: { x: string; keys: string[]; points: number }; answer: { series: Against[] } };
  stop: { args: object; answer: object };
  note: { args: { text: string }; answer: { note: string } };
  pin: { args: { pinned: boolean }; answer: { pinned: string | null } };
};

export type RunProtocol = {
  asks: RunAsks;
  events: {
    snapshot: Moment & Under & { run: Run; metrics: Metric[]; focus: string[] };
    frame: Moment & { metrics: MetricNews[]; run?: Partial<Run> };
    under: Under;
  };
};

/** The points in the range that is zoomed into, and how many points the metrics had when it was asked for. */
export interface Detail {
  range: Range;
  counts: Map<string, number>;
  series: Map<string, Stretch>;
}
