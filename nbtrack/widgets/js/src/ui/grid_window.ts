// What of a grid is in sight, in pixels and places.

export interface Head {
  id: string;
  width: number;
  /** Whether it stays at the left while the others scroll. */
  pinned: boolean;
  label: string;
  sort: string;
}

/** The columns in sight beside those that are pinned; `skipped` pixels of columns are left of the first one. */
export interface Across {
  first: number;
  end: number;
  skipped: number;
  /** The width of all columns. */
  width: number;
}

export interface Down {
  first: number;
  end: number;
}

export const ROW = 26;
const AHEAD = 4;

export function columnsInSight(heads: readonly Head[], left: number, room: number): Across {
  let [x, first, end, skipped, fixed] = [0, -1, 0, 0, 0];
  for (const [i, { pinned, width }] of heads.entries()) {
    if (pinned) {
      fixed += width;
      continue;
    }
    if (first < 0 && x + width > left) [first, skipped] = [i, x];
    if (x < left + room) end = i + 1;
    x += width;
  }
  return { first: first < 0 ? heads.length : first, end, skipped, width: x + fixed };
}

/** The rows in sight, and a few more on either side. */
export function rowsInSight(count: number, top: number, room: number): Down {
  const first = Math.max(0, Math.floor(top / ROW) - AHEAD);
  return { first, end: Math.min(count, Math.ceil((top + room) / ROW) + AHEAD) };
}

/** The columns that are drawn: those pinned, and those in sight. */
export function drawnColumns(heads: readonly Head[], { first, end }: Across): number[] {
  return [...heads.keys()].filter((i) => heads[i]!.pinned || (i >= first && i < end));
}

/** Where to scroll to, so that a stretch is in sight. */
export function scrolledTo(at: number, length: number, scroll: number, room: number): number {
  if (at < scroll) return at;
  return at + length > scroll + room ? at + length - room : scroll;
}
