// Which rows and columns the table of runs shows, and in which order.
import { best, type Column, differs, grouped, type Rows, sorted, written } from "../data/columns";
import { betterOf, type Layout } from "./layout";

export interface Group {
  /** Its place among the groups. */
  g: number;
  rows: number[];
  label: string;
}

/** What a line of the table is of: a run, by its row, or a group of runs. */
export type Item = number | Group;

export interface Arrangement {
  rows: Int32Array;
  columns: Column[];
  items: Item[];
  /** The best value of each metric, by column. */
  bests: Map<string, number | null>;
}

/** What there is to arrange. */
export interface Table {
  columns: Column[];
  /** The rows that a filter has left, else all. */
  rows: Rows;
  now: number;
  /** The places of groups whose runs are not shown. */
  folded: ReadonlySet<number>;
}

/** Behind all columns that have a place. */
const LAST = 1e6;

export function arranged(table: Table, layout: Layout): Arrangement {
  const of = (id: string) => table.columns.find((column) => column.id === id);
  const by = layout.sort.flatMap(([id, direction]) => {
    const column = of(id);
    return column ? [[column, direction] as const] : [];
  });
  const rows = sorted(table.rows, by);
  const columns = shownColumns(table.columns, rows, layout);
  const metrics = columns.filter(({ group }) => group === "metric");
  const bests = new Map(metrics.map((column) => [column.id, best(column, rows, betterOf(layout, column))]));
  const group = of(layout.group);
  return { rows, columns, bests, items: group ? groupsOf(table, rows, group) : Array.from(rows) };
}

/** The columns that are not hidden, those pinned first. */
function shownColumns(columns: readonly Column[], rows: Rows, { hidden, pinned, order, differ }: Layout): Column[] {
  const places = new Map(order.map((id, i) => [id, i]));
  const placeOf = ({ id }: Column) => places.get(id) ?? LAST;
  const isPinned = ({ id }: Column) => pinned.includes(id);
  const shown = columns.filter(
    (column) => !hidden.includes(column.id) && (!differ || isPinned(column) || differs(column, rows)),
  );
  return shown.sort((a, b) => Number(isPinned(b)) - Number(isPinned(a)) || placeOf(a) - placeOf(b));
}

/** Groups, each before its runs, which stay in the order of the table. */
function groupsOf({ now, folded }: Table, rows: Int32Array, column: Column): Item[] {
  const places = new Map(Array.from(rows, (row, i) => [row, i]));
  return grouped(rows, column).flatMap((own, g): Item[] => {
    const inside = own.sort((a, b) => places.get(a)! - places.get(b)!);
    const label = written(column, inside[0]!, now) || "none";
    return [{ g, rows: inside, label }, ...(folded.has(g) ? [] : inside)];
  });
}
