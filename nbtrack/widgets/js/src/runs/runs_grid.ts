// The table's grid: what it shows of the runs, and what a person does in it.
import { type Column, level } from "../data/columns";
import { Grid, type Head, type Model } from "../ui/grid";
import { menu } from "../ui/menu";
import { isGroup } from "./arrangement";
import { editCell, isEditable } from "./cell_editor";
import { drawCell, drawHead, drawRow } from "./cells";
import { columnItems } from "./column_menu";
import { directionOf, isPinned, nextDirection, resized, sortedBy, widthOf } from "./layout";
import type { RunsState } from "./state";

/** The pause before small curves are asked for, in which other cells may come into sight. */
const SPARKS_PAUSE = 120;

export class RunsGrid implements Model {
  readonly label = "runs: arrows move, space selects, Enter sorts or edits, M opens a column's menu";
  readonly #state: RunsState;
  readonly #grid: Grid;
  #asking: ReturnType<typeof setTimeout> | undefined;

  constructor(parent: HTMLElement, state: RunsState) {
    this.#state = state;
    this.#grid = new Grid(parent, this);
    this.update();
  }

  update(): void {
    this.#grid.el.hidden = !this.#state.ids.length;
    this.#grid.update();
  }

  destroy(): void {
    clearTimeout(this.#asking);
    this.#grid.destroy();
  }

  // What the grid shows

  heads(): Head[] {
    const { shown, layout } = this.#state;
    return shown.columns.map((column) => {
      const { id, name: label } = column;
      const direction = directionOf(layout, id);
      const sort = direction > 0 ? "ascending" : direction < 0 ? "descending" : "none";
      return { id, width: widthOf(layout, column), pinned: isPinned(layout, id), label, sort };
    });
  }

  count(): number {
    return this.#state.shown.items.length;
  }

  head(i: number, el: HTMLElement): void {
    drawHead(this.#state, this.#state.shown.columns[i]!, el, () => this.#openMenu(i));
  }

  row(i: number, el: HTMLElement): void {
    drawRow(this.#state, this.#state.shown.items[i]!, el);
  }

  cell(i: number, column: number, el: HTMLElement): void {
    const { items, columns } = this.#state.shown;
    drawCell(this.#state, items[i]!, columns[column]!, column === 0, el);
  }

  seen(): void {
    clearTimeout(this.#asking);
    if (this.#state.canAsk) this.#asking = setTimeout(() => this.#readSparks(), SPARKS_PAUSE);
  }

  /** Reads the small curves of the cells in sight. */
  #readSparks(): Promise<void> {
    const { shown, layout } = this.#state;
    const { top, bottom, from, to } = this.#grid.sight;
    const metrics = shown.columns.filter(
      ({ group, id }, i) => group === "metric" && (isPinned(layout, id) || (i >= from && i < to)),
    );
    const rows = shown.items.slice(top, bottom).filter((item): item is number => !isGroup(item));
    return this.#state.readSparks(
      rows,
      metrics.map(({ name }) => name),
    );
  }

  // What a person does

  press(i: number, column: number, { shiftKey }: { shiftKey: boolean }): void {
    const item = this.#state.shown.items[i];
    if (i < 0) this.#sort(column, shiftKey);
    else if (item !== undefined && isGroup(item)) this.#state.fold(item);
    else this.#state.toggle(i, shiftKey);
  }

  #sort(i: number, isMore: boolean): void {
    const { layout, shown } = this.#state;
    const { id } = shown.columns[i]!;
    this.#state.lay({ sort: sortedBy(layout, id, nextDirection(directionOf(layout, id)), isMore) });
  }

  /** Edits a cell, or folds a group. */
  open(i: number, at: number): void {
    const { items, columns } = this.#state.shown;
    const [item, column] = [items[i], columns[at]];
    if (item === undefined || !column) return;
    if (isGroup(item)) this.#state.fold(item);
    else if (this.#state.canAsk && isEditable(column)) this.#edit(item, column, this.#grid.cellAt(i, at));
  }

  #edit(row: number, column: Column, cell: HTMLElement | null): void {
    if (!cell) return;
    const done = async (value: string | null) => {
      if (value !== null) await this.#state.edit(row, column, value);
      // The grid draws nothing over a field.
      cell.textContent = "";
      this.#state.changed();
      this.#grid.el.focus({ preventScroll: true });
    };
    editCell(cell, { label: `${column.name} of this run`, value: level(column, row), done });
  }

  key(e: KeyboardEvent, _: number, column: number): boolean {
    const state = this.#state;
    if (e.ctrlKey || e.metaKey) {
      if (e.key !== "a") return false;
      state.selectAll();
    } else if (e.key === "Escape") state.selectNone();
    else if (e.key === "m" || e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey)) this.#openMenu(column);
    else if (e.key === "Delete" && state.canAsk && state.selected.size) state.change("delete");
    else return false;
    return true;
  }

  #openMenu(i: number): void {
    const anchor = this.#grid.cellAt(-1, i) ?? this.#grid.el;
    const parent = anchor.closest<HTMLElement>(".nbt-live");
    if (parent) menu(parent, anchor, columnItems(this.#state, i));
  }

  resize(i: number, width: number): void {
    const { layout, shown } = this.#state;
    this.#state.lay({ widths: resized(layout, shown.columns[i]!.id, width) });
  }

  move(from: number, to: number): void {
    this.#state.move(from, to);
  }
}
