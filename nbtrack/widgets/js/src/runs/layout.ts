// How columns are arranged: what a layout says of a column, and how it changes.
import { type Column, differs, type Rows } from "../data/columns";
import type { Layout } from "./protocol";

const WIDTHS: Record<string, number> = { name: 170, status: 112, started: 108, duration: 100, note: 180 };
const LEAST_WIDTH = 48;
const MOST_WIDTH = 800;
const LETTER = 8;
// A column says how wide it wants to be by its first values alone.
const MEASURED = 50;
const LONGEST = 24;
const FOR_SPARK = 76;

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

/** The layout of a table that nobody has arranged: what is the same in all runs is there on demand. */
export function layoutOf(columns: readonly Column[], rows: Rows): Layout {
  const layout = firstLayout();
  const same = columns.filter((column) => ["experiment", "note"].includes(column.id) && !differs(column, rows));
  layout.hidden.push(...same.map(({ id }) => id));
  return layout;
}

/** Whether a column is sorted: 1 up, -1 down, 0 not at all. */
export const directionOf = ({ sort }: Layout, id: string) => sort.find(([own]) => own === id)?.[1] ?? 0;

export const isPinned = ({ pinned }: Layout, id: string) => pinned.includes(id);

export const betterOf = ({ better }: Layout, column: Column) => better[column.id] ?? column.better ?? 0;

/** The direction that follows when a head is pressed: up, down, not at all. */
export const nextDirection = (direction: number) => (direction > 0 ? -1 : direction < 0 ? 0 : 1);

/** The sorting with a column in it: alone, or after the others. */
export function sortedBy({ sort }: Layout, id: string, direction: number, isMore: boolean): Layout["sort"] {
  const rest = isMore ? sort.filter(([own]) => own !== id) : [];
  return direction ? [...rest, [id, direction]] : rest;
}

/** Which place a column has among those that are sorted by, from 1 on; 0 where it is the only one, or none. */
export function sortPlace({ sort }: Layout, id: string): number {
  return sort.length > 1 ? sort.findIndex(([own]) => own === id) + 1 : 0;
}

export const withId = (ids: readonly string[], id: string) => [...without(ids, id), id];
export const without = (ids: readonly string[], id: string) => ids.filter((own) => own !== id);

export function widthOf({ widths }: Layout, column: Column): number {
  return widths[column.id] ?? WIDTHS[column.id] ?? wantedWidth(column);
}

function wantedWidth({ name, group, v, levels }: Column): number {
  const title = LETTER * name.length;
  if (group === "metric") return Math.min(200, FOR_SPARK + Math.max(66, 7.5 * name.length));
  if (v) return Math.max(72, Math.min(170, title + 44));
  const letters = levels.slice(0, MEASURED).map((level) => Math.min(level.length, LONGEST));
  return Math.max(70, Math.min(200, LETTER * Math.max(name.length, ...letters) + 24));
}

/** The widths with that of a column changed. */
export function resized({ widths }: Layout, id: string, width: number): Layout["widths"] {
  return { ...widths, [id]: Math.round(Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, width))) };
}

/** The order of all columns once one of those shown has moved to another's place. */
export function moved(shown: readonly string[], all: readonly string[], from: number, to: number): string[] {
  const ids = [...shown];
  ids.splice(to, 0, ...ids.splice(from, 1));
  return [...ids, ...all.filter((id) => !shown.includes(id))];
}
