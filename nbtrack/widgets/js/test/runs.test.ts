// What a table of runs computes, asks and keeps.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Column } from "../src/data/columns";
import type { Source } from "../src/page/source";
import { arrangementOf, isGroup } from "../src/runs/arrangement";
import { isEditable } from "../src/runs/cell_editor";
import { columnItems } from "../src/runs/column_menu";
import { directionOf, firstLayout, layoutOf, moved, resized, sortedBy, sortPlace, widthOf } from "../src/runs/layout";
import { takeNews } from "../src/runs/news";
import type { Layout, RowsNews, RunsProtocol, Snapshot } from "../src/runs/protocol";
import { pathOf, Sparks } from "../src/runs/sparks";
import { RunsState } from "../src/runs/state";
import { numbers, strings } from "./run_columns";

const columnsOf = (): Column[] => [
  strings("run", "name", ["a", "b", "c"], [0, 1, 2]),
  strings("run", "note", [], [-1, -1, -1]),
  strings("param", "opt", ["adam", "sgd"], [0, 1, 0]),
  numbers("param", "seed", [1, 1, 1]),
  numbers("metric", "loss", [0.3, 0.1, 0.2], { better: -1 }),
];

const layoutWith = (change: Partial<Layout>): Layout => ({ ...firstLayout(), ...change });
const names = (columns: readonly Column[]) => columns.map(({ name }) => name);

function arranged(change: Partial<Layout> = {}, { rows = [0, 1, 2], folded = new Set<number>() } = {}) {
  return arrangementOf({ columns: columnsOf(), layout: layoutWith(change), rows, folded, now: 0 });
}

test("pinned columns come first, the others in the person's order, and hidden ones not at all", () => {
  const { columns } = arranged({ order: ["params.seed", "metrics.loss"], hidden: ["note"] });
  assert.deepEqual(names(columns), ["name", "seed", "loss", "opt"]);
});

test("only columns that differ in the rows shown are left, and those that are pinned", () => {
  assert.deepEqual(names(arranged({ differ: true }).columns), ["name", "opt", "loss"]);
  assert.deepEqual(names(arranged({ differ: true }, { rows: [1] }).columns), ["name"]);
});

test("rows are sorted by the columns that there still are", () => {
  const { rows, items } = arranged({
    sort: [
      ["params.gone", 1],
      ["metrics.loss", -1],
    ],
  });
  assert.deepEqual([...Array.from(rows)], [0, 2, 1]);
  assert.deepEqual(items, [0, 2, 1]);
});

test("the best value is that of the rows shown, in the direction chosen", () => {
  assert.equal(arranged().bests.get("metrics.loss"), 0.1);
  assert.equal(arranged({}, { rows: [0, 2] }).bests.get("metrics.loss"), 0.2);
  assert.equal(arranged({ better: { "metrics.loss": 1 } }).bests.get("metrics.loss"), 0.3);
  assert.equal(arranged({ better: { "metrics.loss": 0 } }).bests.get("metrics.loss"), null);
});

test("groups are in the order of their values, and their rows as they are sorted", () => {
  const change: Partial<Layout> = { group: "params.opt", sort: [["metrics.loss", 1]] };
  const { items } = arranged(change);
  assert.deepEqual(
    items.map((item) => (isGroup(item) ? item.label : item)),
    ["adam", 2, 0, "sgd", 1],
  );
  assert.equal(arranged(change, { rows: [0, 1, 2], folded: new Set([0]) }).items.length, 3);
  assert.deepEqual(
    arranged({ group: "note" }).items.map((item) => (isGroup(item) ? item.label : item)),
    ["none", 0, 1, 2],
  );
});

test("a table that nobody has arranged hides a note that no run has", () => {
  assert.ok(layoutOf(columnsOf(), [0, 1, 2]).hidden.includes("note"));
  assert.ok(!layoutOf([strings("run", "note", ["x"], [0, -1])], [0, 1]).hidden.includes("note"));
});

test("a column is sorted alone, or after the others", () => {
  const layout = layoutWith({ sort: [["a", 1]] });
  assert.deepEqual(sortedBy(layout, "b", -1, false), [["b", -1]]);
  const both = sortedBy(layout, "b", -1, true);
  assert.equal(sortPlace(layoutWith({ sort: both }), "b"), 2);
  assert.equal(sortPlace(layout, "a"), 0);
  assert.deepEqual(sortedBy(layout, "a", 0, true), []);
  assert.deepEqual([directionOf(layout, "a"), directionOf(layout, "b")], [1, 0]);
});

test("a column moves among those shown, and the hidden ones stay behind them", () => {
  assert.deepEqual(moved(["a", "c", "d"], ["a", "b", "c", "d"], 2, 0), ["d", "a", "c", "b"]);
});

test("a width is the person's within bounds, and else what a column wants", () => {
  const column = numbers("param", "a-name-of-30-letters-in-a-param", [1]);
  assert.equal(widthOf(firstLayout(), column), 170);
  const widths = resized(firstLayout(), column.id, 20);
  assert.equal(widthOf(layoutWith({ widths }), column), 48);
  assert.equal(widthOf(firstLayout(), strings("tag", "t", ["x".repeat(99)], [0])), 200);
  assert.deepEqual(
    columnsOf().map((own) => widthOf(firstLayout(), own)),
    [170, 180, 70, 76, 142],
  );
});

test("names, notes and tags can be edited, and nothing else", () => {
  assert.deepEqual(names(columnsOf().filter(isEditable)), ["name", "note"]);
  assert.ok(isEditable(strings("tag", "team", ["a"], [0])));
});

test("news replace rows, add columns, and leave a statistic as it was asked for", () => {
  const columns = columnsOf();
  columns[4]!.stat = "min";
  const news = {
    now: 1,
    rows: [2],
    columns: [
      strings("run", "name", ["new"], [0]),
      numbers("metric", "loss", [9]),
      numbers("metric", "acc", [Number.NaN], { nans: Uint32Array.of(0) }),
    ],
  };
  takeNews(columns, news, 3);
  assert.deepEqual(columns[0]!.levels, ["a", "b", "c", "new"]);
  assert.equal(columns[4]!.v![2], 0.2);
  assert.deepEqual(columns[5]!.v, Float64Array.of(Number.NaN, Number.NaN, Number.NaN));
  assert.deepEqual(columns[5]!.nans, Uint32Array.of(2), "only the row that has it");
});

test("small curves are kept by row and key, and forgotten with the row's news", () => {
  const sparks = new Sparks();
  const points = Float32Array.of(0, 1, 0, 0.5, 1);
  sparks.keep([4, 12], ["loss", "acc"], { lengths: [2, 0, 3, 0], x: points, y: points });
  assert.deepEqual(sparks.of(12, "loss")?.x, Float32Array.of(0, 0.5, 1));
  assert.equal(pathOf(sparks.of(4, "loss")), "M1.0 15.0L39.0 2.0");
  assert.equal(pathOf(sparks.of(4, "acc")), "");
  sparks.forget([1, 4]);
  assert.equal(sparks.of(4, "loss"), undefined);
  assert.ok(sparks.of(12, "loss"));
  assert.equal(pathOf(undefined), "");
});

interface Asked {
  what: string;
  args: object;
}

/** The state of a table of three runs, and what it has asked. */
function opened({ answer = {}, isOffline = false }: { answer?: object | Error; isOffline?: boolean } = {}) {
  const asked: Asked[] = [];
  const handlers: Record<string, (value: never) => void> = {};
  let gone = () => {};
  const ask = async (what: string, args: object) => {
    asked.push({ what, args: structuredClone(args) });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const on = (event: string, handler: (value: never) => void) => {
    handlers[event] = handler;
  };
  const onGone = (handler: () => void) => {
    gone = handler;
  };
  const source = { key: "k", kind: "runs", isOffline, ask, on, onGone, close() {} };
  const state = new RunsState(source as unknown as Source<RunsProtocol>);
  const push = (event: "snapshot" | "rows", value: Snapshot | RowsNews) => handlers[event]?.(value as never);
  const more = { deleted: [], layout: null, selected: ["two"] };
  push("snapshot", { now: 0, ids: ["one", "two", "three"], columns: columnsOf(), ...more });
  state.arrange();
  return { state, asked, push, gone: () => gone() };
}

test("a snapshot brings the selection, and a layout with what it does not say", () => {
  const { state, push } = opened();
  assert.deepEqual([...state.selected], [1]);
  push("snapshot", { now: 0, ids: ["one"], columns: [], deleted: [0], layout: { group: "x" }, selected: [] });
  assert.deepEqual(state.layout, layoutWith({ group: "x" }));
  assert.deepEqual([...state.deleted], [0]);
});

test("a range is selected from the run pressed before, and the kernel is told", () => {
  const { state, asked } = opened();
  state.selectNone();
  state.toggle(0, false);
  state.toggle(2, true);
  assert.deepEqual(asked.at(-1), { what: "select", args: { ids: ["one", "two", "three"] } });
  state.toggle(1, false);
  assert.deepEqual(state.selectedIds, ["one", "three"]);
});

test("what was drawn stays what places refer to, until it is drawn anew", () => {
  const { state } = opened();
  state.lay({ sort: [["metrics.loss", 1]] });
  assert.deepEqual(state.shown.items, [0, 1, 2]);
  assert.deepEqual(state.arrange().items, [1, 2, 0]);
  assert.equal(state.arrange(), state.shown, "computed once");
});

test("a layout is saved once when nothing more changes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { state, asked } = opened();
  state.move(0, 1);
  state.group("params.opt");
  t.mock.timers.tick(600);
  assert.deepEqual(
    asked.map(({ what }) => what),
    ["layout"],
  );
  assert.equal(state.layout.group, "params.opt");
});

test("a filter with a mistake leaves what was shown, and says why", async () => {
  const { state } = opened({ answer: new Error("no such metric") });
  state.ui.filter = "metrics.x < 1";
  await state.filter();
  assert.equal(state.filtered, null);
  assert.equal(state.ui.error, "no such metric");
});

test("a filter leaves its rows, and an empty one all", async () => {
  const { state, asked } = opened({ answer: { rows: Uint32Array.of(2) } });
  state.ui.filter = "params.opt = 'adam'";
  await state.filter();
  assert.deepEqual(state.arrange().items, [2]);
  state.ui.filter = " ";
  await state.filter();
  assert.deepEqual(state.arrange().items, [0, 1, 2]);
  assert.equal(asked.length, 1);
});

test("the selected runs are deleted, and only those are restored", async () => {
  const { state, asked } = opened();
  await state.change("delete");
  assert.deepEqual([...state.deleted], [1]);
  state.selectAll();
  await state.change("restore");
  assert.deepEqual(asked.at(-1), { what: "restore", args: { ids: ["two"] } });
  assert.equal(state.deleted.size, 0);
});

test("an edit holds once the kernel has it", async () => {
  const { state } = opened();
  await state.edit(0, state.columns[0]!, "renamed");
  assert.equal(state.columns[0]!.levels?.at(-1), "renamed");
  const refused = opened({ answer: new Error("a run needs a name") }).state;
  await refused.edit(0, refused.columns[0]!, "");
  assert.equal(refused.columns[0]!.codes?.[0], 0);
  assert.equal(refused.ui.error, "a run needs a name");
});

test("small curves are asked for once, and only for rows that miss one", async () => {
  const curves = { lengths: [0, 0], x: new Float32Array(), y: new Float32Array() };
  const { state, asked, push } = opened({ answer: curves });
  await state.readSparks([0, 1], ["loss"]);
  await state.readSparks([0, 1], ["loss"]);
  assert.equal(asked.length, 1);
  push("rows", { now: 1, rows: [1], columns: [] });
  await state.readSparks([0, 1], ["loss"]);
  assert.deepEqual(asked.at(-1), { what: "sparks", args: { rows: [1], keys: ["loss"] } });
});

test("without a kernel nothing is asked", async () => {
  const { state, asked, gone } = opened();
  gone();
  state.selectNone();
  state.lay({ differ: true });
  await state.readSparks([0], ["loss"]);
  assert.deepEqual(asked, []);
});

const labels = (state: RunsState, i: number) => columnItems(state, i).map(([label]) => label);

test("a column's menu has what makes sense for it", () => {
  const { state, gone } = opened();
  const [name, loss] = [0, state.shown.columns.findIndex((column) => column.name === "loss")];
  assert.ok(!labels(state, name).includes("Move left"));
  assert.ok(labels(state, name).includes("Unpin"));
  assert.ok(!labels(state, name).includes("Lower is better"));
  assert.ok(!labels(state, loss).includes("Show last"), "it is shown");
  assert.ok(labels(state, loss).includes("Show max"));
  assert.ok(!labels(state, loss).includes("Sort by this too"));
  gone();
  assert.ok(!labels(state, loss).includes("Show max"));
});

test("a menu's items change the layout", () => {
  const { state } = opened({ isOffline: true });
  const press = (i: number, label: string) => columnItems(state, i).find(([own]) => own === label)?.[1]();
  press(1, "Hide");
  press(0, "Unpin");
  press(0, "Sort descending");
  assert.ok(state.layout.hidden.includes("params.opt"));
  assert.deepEqual(state.layout.pinned, []);
  assert.deepEqual(state.layout.sort, [["name", -1]]);
  press(0, "Group by this");
  assert.equal(state.layout.group, "name");
  press(0, "Do not group");
  assert.equal(state.layout.group, "");
});
