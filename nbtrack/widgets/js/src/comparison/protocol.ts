// What a comparison asks its kernel, and what it is told.
import type { Column } from "../data/columns";
import type { Curve, Floats } from "../data/curve";

/** The statistics of a metric, a value a run; NaN where a run does not have it. */
export interface Statistics {
  min: Float64Array;
  max: Float64Array;
  mean: Float64Array;
  count: Float64Array;
}

/** What of two runs is shown side by side. */
export type Document = "code" | "diff" | "packages" | "environment";

/** An image, and the runs that have one of this path. */
export interface Image {
  path: string;
  runs: number[];
}

/** All there is to show; a run is known by its place among the ids. */
export interface Snapshot {
  now: number;
  ids: string[];
  columns: Column[];
  stats: Record<string, Statistics>;
  /** The documents that each run has. */
  documents: Document[][];
  images: Image[];
  /** The ids of the selected runs. */
  selected: string[];
}

/** The points of a run's metric; `total` is how many there are of which these are drawn. */
export interface RunCurve extends Curve {
  key: string;
  run: number;
  /** Seconds since the run's start; not over another metric. */
  t?: Floats;
  total: number;
}

export type Piece = [text: string, isChanged: boolean];
/** A line of both documents, or how many equal lines are left out. */
export type Row =
  | [equal: number]
  | [leftNumber: number | null, left: Piece[], rightNumber: number | null, right: Piece[]];

export interface Difference {
  rows: Row[];
  equal: boolean;
}

export interface CurvesArgs {
  keys: string[];
  by?: string;
  lo?: number;
  hi?: number;
}

export type ComparisonProtocol = {
  asks: {
    curves: { args: CurvesArgs; answer: { series: RunCurve[] } };
    against: { args: { x: string; keys: string[] }; answer: { series: RunCurve[] } };
    diff: { args: { what: Document; left: number; right: number }; answer: Difference };
    file: { args: { run: number; path: string }; answer: { data: Uint8Array<ArrayBuffer>; mime: string } };
    select: { args: { ids: string[] }; answer: object };
  };
  events: { snapshot: Snapshot };
};
