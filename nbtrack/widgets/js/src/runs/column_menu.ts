// What can be done with a column: the items of its menu.
import type { Column } from "../data/columns";
import { isPinned, resized, sortedBy, widthOf, withId, without } from "./layout";
import type { Statistic } from "./protocol";
import type { RunsState } from "./state";

type Item = [label: string, act: () => void];

const STATISTICS: Statistic[] = ["last", "min", "max", "mean"];
const STEP = 1.4;

/** The items for the column at a place among those that are shown. */
export function columnItems(state: RunsState, i: number): Item[] {
  const column = state.shown.columns[i];
  if (!column) return [];
  return [
    ...sortItems(state, column),
    ...partItems(state, column),
    ...placeItems(state, column, i),
    ...(column.group === "metric" ? metricItems(state, column) : []),
  ];
}

function sortItems(state: RunsState, { id }: Column): Item[] {
  const sort = (direction: number, isMore = false) =>
    state.lay({ sort: sortedBy(state.layout, id, direction, isMore) });
  const items: Item[] = [
    ["Sort ascending", () => sort(1)],
    ["Sort descending", () => sort(-1)],
  ];
  return state.layout.sort.length ? [...items, ["Sort by this too", () => sort(1, true)]] : items;
}

function partItems(state: RunsState, { id }: Column): Item[] {
  const { group, pinned } = state.layout;
  return [
    group === id ? ["Do not group", () => state.group("")] : ["Group by this", () => state.group(id)],
    isPinned(state.layout, id)
      ? ["Unpin", () => state.lay({ pinned: without(pinned, id) })]
      : ["Pin", () => state.lay({ pinned: withId(pinned, id) })],
  ];
}

function placeItems(state: RunsState, column: Column, i: number): Item[] {
  const { layout, shown } = state;
  const { id } = column;
  const resize = (factor: number) => state.lay({ widths: resized(layout, id, widthOf(layout, column) * factor) });
  const items: (Item | false)[] = [
    i > 0 && ["Move left", () => state.move(i, i - 1)],
    i < shown.columns.length - 1 && ["Move right", () => state.move(i, i + 1)],
    ["Wider", () => resize(STEP)],
    ["Narrower", () => resize(1 / STEP)],
    shown.columns.length > 1 && ["Hide", () => state.lay({ hidden: withId(layout.hidden, id) })],
  ];
  return items.filter((item) => item !== false);
}

function metricItems(state: RunsState, column: Column): Item[] {
  const { layout } = state;
  const better = (to: number) => () => state.lay({ better: { ...layout.better, [column.id]: to } });
  const others = state.canAsk ? STATISTICS.filter((stat) => stat !== (column.stat ?? "last")) : [];
  return [
    ["Lower is better", better(-1)],
    ["Higher is better", better(1)],
    ["Mark no best", better(0)],
    ...others.map((stat): Item => [`Show ${stat}`, () => state.showStatistic(column, stat)]),
  ];
}
