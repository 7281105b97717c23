// How a person has laid the table of runs out, as the kernel keeps it.
import type { Column } from "../data/columns";

export interface Layout {
  /** The ids of columns; those that are not in it come last. */
  order: string[];
  hidden: string[];
  pinned: string[];
  /** In pixels, of the columns whose width was changed. */
  widths: Record<string, number>;
  /** 1 ascends, -1 descends; the first column counts most. */
  sort: [id: string, direction: number][];
  /** The column by which runs are grouped, empty for none. */
  group: string;
  /** Whether only the columns that differ are shown. */
  differ: boolean;
  /** The metrics of which was said which way is better: -1 for low, 1 for high, 0 for neither. */
  better: Record<string, number>;
}

const WIDTHS: Record<string, number> = { name: 170, status: 112, started: 108, duration: 100, note: 180 };
/** Pixels of a letter. */
const LETTER = 8;
/** So many strings of a column, and so many letters of each, count for its width. */
const MOST_LEVELS = 50;
const MOST_LETTERS = 24;

export const firstLayout = (): Layout => ({
  order: [],
  hidden: ["user", "commit", "id"],
  pinned: ["name"],
  widths: {},
  sort: [],
  group: "",
  differ: false,
  better: {},
});

const between = (least: number, most: number, value: number) => Math.max(least, Math.min(most, value));

export const widthOf = (layout: Layout, column: Column): number =>
  layout.widths[column.id] ?? WIDTHS[column.id] ?? fitting(column);

/** A width in which a column's name and most of its values have room. */
function fitting({ group, name, v, levels }: Column): number {
  // A metric has a small curve beside its value.
  if (group === "metric") return Math.min(200, 76 + Math.max(66, 7.5 * name.length));
  if (v) return between(72, 170, LETTER * name.length + 44);
  const lengths = levels.slice(0, MOST_LEVELS).map(({ length }) => Math.min(length, MOST_LETTERS));
  return between(70, 200, LETTER * Math.max(name.length, ...lengths) + 24);
}

/** 1 where a column's values ascend, -1 where they descend, 0 where it does not sort. */
export const directionOf = (layout: Layout, column: Column): number =>
  layout.sort.find(([id]) => id === column.id)?.[1] ?? 0;

export const betterOf = (layout: Layout, column: Column): number => layout.better[column.id] ?? column.better ?? 0;
