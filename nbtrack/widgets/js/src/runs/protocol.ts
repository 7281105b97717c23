// What a table of runs asks its kernel, and what it is told.
import type { Snapshot as Compared } from "../comparison/protocol";
import type { Column } from "../data/columns";

/** How the person has arranged the columns, by their ids; a tag of the experiment keeps it for the next table. */
export interface Layout {
  order: string[];
  hidden: string[];
  pinned: string[];
  widths: Record<string, number>;
  /** The first column first; 1 ascends, -1 descends. */
  sort: [id: string, direction: number][];
  /** The column whose equal values make a group, or none. */
  group: string;
  /** Whether only columns that differ are shown. */
  differ: boolean;
  /** Metrics that are better lower (-1), higher (1), or neither (0). */
  better: Record<string, number>;
}

/** Small curves, all points one after the other: each key of the first row, then of the next. */
export interface SparkCurves {
  lengths: ArrayLike<number>;
  x: Float32Array;
  y: Float32Array;
}

export interface SparkArgs {
  rows: number[];
  keys: string[];
}

/** All there is to show; a run is known by its row, its place among the ids. */
export interface Snapshot {
  now: number;
  ids: string[];
  columns: Column[];
  deleted: Iterable<number>;
  /** Null where nobody has arranged the columns yet. */
  layout: Partial<Layout> | null;
  /** The ids of the selected runs. */
  selected: string[];
  sparks?: (SparkCurves & SparkArgs)[];
}

/** The columns of some rows, which have changed. */
export interface RowsNews {
  now: number;
  rows: ArrayLike<number>;
  columns: Column[];
}

export type Statistic = "last" | "min" | "max" | "mean";

export type RunsProtocol = {
  asks: {
    filter: { args: { text: string }; answer: { rows: ArrayLike<number> } };
    sparks: { args: SparkArgs; answer: SparkCurves };
    stat: { args: { key: string; stat: Statistic }; answer: { v: Float64Array } };
    edit: { args: { row: number; column: string; text: string }; answer: object };
    delete: { args: { ids: string[] }; answer: object };
    restore: { args: { ids: string[] }; answer: object };
    select: { args: { ids: string[] }; answer: object };
    layout: { args: { layout: Layout }; answer: object };
    compare: { args: { ids: string[] }; answer: Compared };
    /** Passes a request to the comparison below the table. */
    child: { args: { what: string; args: object }; answer: unknown };
  };
  events: { snapshot: Snapshot; rows: RowsNews };
};
