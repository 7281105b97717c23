// The heads, rows and cells of the table, drawn into elements of the grid.
import { type Column, level, statistics, written } from "../data/columns";
import { count, duration, moment, number } from "../data/format";
import { splitStatus } from "../data/status";
import { h } from "../ui/dom";
import { clip } from "../ui/name";
import { statusBadge } from "../ui/status";
import { type Group, type Item, isGroup } from "./arrangement";
import { directionOf, sortPlace } from "./layout";
import { pathOf, type Spark } from "./sparks";
import type { RunsState } from "./state";

const KINDS = ["param", "metric", "tag"];
const MOST_SHOWN = 120;
const MOST_IN_TITLE = 400;
/** A longer value has all of it in its tooltip. */
const FITS = 24;

const isNumber = ({ v, kind }: Column) => v && kind === "number";

export function drawHead({ layout }: RunsState, column: Column, el: HTMLElement, openMenu: () => void): void {
  const { id, name, group, stat } = column;
  const direction = directionOf(layout, id);
  const arrow = direction && (direction > 0 ? " ▲" : " ▼") + (sortPlace(layout, id) || "");
  const press = (e: Event) => {
    e.stopPropagation();
    openMenu();
  };
  el.append(
    h(
      "span",
      { class: "nbt-label", title: stat ? `${id} ${stat}` : id },
      h("span", { class: "nbt-dim nbt-kind" }, KINDS.includes(group) && group),
      h("bdi", null, clip(name, 60)),
      stat && stat !== "last" && h("span", { class: "nbt-dim" }, ` ${stat}`),
      arrow || "",
    ),
    h("button", { tabindex: "-1", "aria-label": `menu of ${clip(name, 40)}`, onclick: press }, "⋮"),
  );
  if (isNumber(column)) el.classList.add("nbt-right");
}

export function drawRow(state: RunsState, item: Item, el: HTMLElement): void {
  if (isGroup(item)) el.classList.add("nbt-group");
  else {
    el.setAttribute("aria-selected", String(state.selected.has(item)));
    el.classList.toggle("nbt-deleted", state.deleted.has(item));
  }
}

export function drawCell(state: RunsState, item: Item, column: Column, isFirst: boolean, el: HTMLElement): void {
  if (!isGroup(item)) drawRunCell(state, item, column, isFirst, el);
  else if (isFirst) drawGroup(state, item, el);
  else if (column.v && column.kind !== "time") drawStatistics(column, column.v, item, el);
}

function drawRunCell(state: RunsState, row: number, column: Column, isFirst: boolean, el: HTMLElement): void {
  if (isFirst) el.append(h("span", { class: "nbt-box", "aria-hidden": "true" }, state.selected.has(row) ? "☑" : "☐"));
  if (column.kind === "status") el.append(statusBadge(...splitStatus(level(column, row))));
  else drawValue(state, row, column, el);
  if (isFirst && state.deleted.has(row)) el.append(h("span", { class: "nbt-dim" }, " deleted"));
}

function drawValue({ now, shown, sparks }: RunsState, row: number, column: Column, el: HTMLElement): void {
  const { v, group, kind, id, name } = column;
  const value = written(column, row, now);
  if (group === "metric") el.append(drawSpark(sparks.of(row, name)));
  if (isNumber(column)) el.classList.add("nbt-right");
  if (!value) el.append(h("span", { class: "nbt-dim" }, "–"));
  else if (v && shown.bests.get(id) === v[row]) el.append(drawBest(value, shown.rows.length));
  else el.append(h("bdi", null, clip(value, MOST_SHOWN)));
  if (value.length > FITS) el.title = clip(value, MOST_IN_TITLE);
  if (kind === "time" && v) el.title = moment(v[row]!);
}

function drawBest(value: string, runs: number): HTMLElement {
  const star = h("span", { title: `best of ${count(runs)} runs`, "aria-label": "best" }, " ★");
  return h("bdi", { class: "nbt-best" }, clip(value, MOST_SHOWN), star);
}

function drawSpark(spark: Spark | undefined): HTMLElement {
  const box = h("span", { class: "nbt-spark", "aria-hidden": "true" });
  const path = pathOf(spark);
  // As a string, which costs less than elements made one by one; the path has numbers only.
  if (path) box.innerHTML = `<svg width="40" height="16" fill="none" stroke="currentColor"><path d="${path}"/></svg>`;
  return box;
}

function drawGroup({ ui, shown }: RunsState, group: Group, el: HTMLElement): void {
  const title = clip(`${shown.group?.name}: ${group.label}`, 60);
  el.append(
    h("span", { "aria-hidden": "true" }, ui.folded.has(group.place) ? "▸ " : "▾ "),
    h("b", null, h("bdi", null, title)),
    h("span", { class: "nbt-dim" }, ` ${group.rows.length}`),
  );
}

function drawStatistics({ kind }: Column, v: Float64Array, { rows }: Group, el: HTMLElement): void {
  const { n, mean, spread } = statistics(v, rows);
  const write = (value: number, digits: number) => (kind === "duration" ? duration(value) : number(value, digits));
  el.classList.add("nbt-right");
  if (!n) return;
  const of = n < rows.length ? ` of ${n}` : "";
  el.append(write(mean, 4), h("span", { class: "nbt-dim" }, ` ± ${write(spread, 2)}${of}`));
  el.title = `mean ${write(mean, 6)}, standard deviation ${write(spread, 3)}, of ${n}`;
}
