// What of the runs is shown: rows sorted and grouped, and columns in their order.
import { best, type Column, differs, grouped, type Rows, sorted, written } from "../data/columns";
import { betterOf, isPinned } from "./layout";
import type { Layout } from "./protocol";

/** Rows with the same value in the column that groups them. */
export interface Group {
  place: number;
  label: string;
  rows: number[];
}

/** A line of the table: the row of a run, or a group. */
export type Item = number | Group;

export interface Arrangement {
  /** The rows that the filter leaves, as they are sorted. */
  rows: Rows;
  columns: Column[];
  items: Item[];
  /** The best value of each metric, by the column's id. */
  bests: Map<string, number | null>;
  /** The column that groups the rows. */
  group: Column | undefined;
}

export interface Arranged {
  columns: readonly Column[];
  layout: Layout;
  /** The rows of all runs, or of those that the filter leaves. */
  rows: Rows;
  folded: ReadonlySet<number>;
  now: number;
}

export const NOTHING: Arrangement = { rows: [], columns: [], items: [], bests: new Map(), group: undefined };

export const isGroup = (item: Item): item is Group => typeof item !== "number";

export function arrangementOf({ columns, layout, rows: all, folded, now }: Arranged): Arrangement {
  const rows = sorted(all, sortingOf(columns, layout));
  const shown = shownColumns(columns, layout, rows);
  const metrics = shown.filter(({ group }) => group === "metric");
  const bests = new Map(metrics.map((column) => [column.id, best(column, rows, betterOf(layout, column))]));
  const group = columns.find(({ id }) => id === layout.group);
  const items = group ? groupsOf(rows, group, now).flatMap((own) => unfolded(own, folded)) : Array.from(rows);
  return { rows, columns: shown, items, bests, group };
}

function sortingOf(columns: readonly Column[], { sort }: Layout): [Column, number][] {
  return sort.flatMap(([id, direction]) => {
    const column = columns.find((own) => own.id === id);
    return column ? [[column, direction] as [Column, number]] : [];
  });
}

function shownColumns(columns: readonly Column[], layout: Layout, rows: Rows): Column[] {
  const places = new Map(layout.order.map((id, i) => [id, i]));
  const placeOf = ({ id }: Column) => places.get(id) ?? layout.order.length;
  const pinned = ({ id }: Column) => Number(isPinned(layout, id));
  const isShown = (column: Column) =>
    !layout.hidden.includes(column.id) && (!layout.differ || pinned(column) || differs(column, rows));
  return columns.filter(isShown).sort((a, b) => pinned(b) - pinned(a) || placeOf(a) - placeOf(b));
}

/** Groups in the order of their values, each with its rows as they are sorted. */
function groupsOf(rows: Rows, column: Column, now: number): Group[] {
  const places = new Map(Array.from(rows, (row, i) => [row, i]));
  return grouped(rows, column).map((own, place) => {
    own.sort((a, b) => places.get(a)! - places.get(b)!);
    return { place, label: written(column, own[0]!, now) || "none", rows: own };
  });
}

const unfolded = (group: Group, folded: ReadonlySet<number>): Item[] =>
  folded.has(group.place) ? [group] : [group, ...group.rows];
