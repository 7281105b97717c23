// A grid that draws only the cells in sight, for tens of thousands of rows and hundreds of columns.
import { dragColumn } from "./column_drag";
import { h } from "./dom";
import { type Across, columnsInSight, drawnColumns, type Head, ROW, rowsInSight, scrolledTo } from "./grid_window";
import { renewCells, renewed } from "./renew";
import { EachFrame } from "./state";

export type { Head } from "./grid_window";

/** What a grid shows, and what it is told; row -1 is the heads. */
export interface Model {
  label: string;
  heads(): Head[];
  count(): number;
  head(column: number, el: HTMLElement): void;
  row(row: number, el: HTMLElement): void;
  cell(row: number, column: number, el: HTMLElement): void;
  press(row: number, column: number, e: MouseEvent | KeyboardEvent): void;
  open(row: number, column: number): void;
  /** Whether a key that the grid does not know was used. */
  key(e: KeyboardEvent, row: number, column: number): boolean;
  resize(column: number, width: number): void;
  move(from: number, to: number): void;
  /** Other cells have come into sight. */
  seen(): void;
}

interface Sight {
  top: number;
  bottom: number;
  from: number;
  to: number;
}

const HEADS = 46;
const MOST_HEIGHT = 420;

export class Grid {
  readonly #model: Model;
  readonly el: HTMLElement;
  /** The rows and the columns in sight. */
  sight: Sight = { top: 0, bottom: 0, from: 0, to: 0 };
  readonly #id = `nbt-g${Math.random().toString(36).slice(2, 8)}`;
  readonly #head = h("div", { class: "nbt-row nbt-heads", role: "row", "aria-rowindex": "1" });
  readonly #body = h("div", { class: "nbt-body", role: "rowgroup" });
  readonly #frames = new EachFrame(() => this.#draw());
  readonly #resized = new ResizeObserver(this.#frames.soon);
  #drawn = new Map<number, HTMLElement>();
  // While a theme changes, or its tab is behind another, an element has no size; the last one still holds.
  #room = { width: 600, height: 400 };
  #at = { row: -1, column: 0 };
  #across = "";
  #heads: Head[];

  constructor(parent: HTMLElement, model: Model) {
    this.#model = model;
    this.#heads = model.heads();
    this.el = this.#made();
    parent.append(this.el);
    this.#resized.observe(this.el);
  }

  #made(): HTMLElement {
    const named = { role: "grid", "aria-label": this.#model.label, "aria-multiselectable": "true" };
    const keyboard = { tabindex: "0", "data-lm-suppress-shortcuts": "true" };
    return h(
      "div",
      { class: "nbt-grid", ...named, ...keyboard, onkeydown: (e) => this.#key(e), onscroll: this.#frames.soon },
      h("div", { role: "rowgroup", class: "nbt-headgroup" }, this.#head),
      this.#body,
    );
  }

  /** Draws it anew. */
  update(): void {
    this.#heads = this.#model.heads();
    this.el.style.height = `${Math.min(this.#model.count() * ROW, MOST_HEIGHT) + HEADS}px`;
    this.#draw(true);
  }

  cellAt(row: number, column: number): HTMLElement | null {
    return document.getElementById(this.#idOf(row, column));
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#frames.cancel();
    this.el.remove();
  }

  #idOf(row: number, column: number): string {
    return `${this.#id}-${row}-${column}`;
  }

  #draw(isForced = false): void {
    // A cell that is being edited is not drawn over; whoever has opened it draws when it is done.
    if (this.#body.querySelector("input")) return;
    const heads = this.#heads;
    const { el, sight } = this;
    if (el.clientWidth) this.#room = { width: el.clientWidth, height: el.clientHeight };
    const count = this.#model.count();
    const across = columnsInSight(heads, el.scrollLeft, this.#room.width);
    const down = rowsInSight(count, el.scrollTop, this.#room.height);
    const columns = `${across.first} ${across.end} ${count}`;
    const isSame = !isForced && columns === this.#across;
    if (isSame && down.first === sight.top && down.end === sight.bottom) return;
    this.#across = columns;
    this.sight = { top: down.first, bottom: down.end, from: across.first, to: across.end };
    this.#unmark();
    if (!isSame) this.#drawHeads(count, across);
    this.#exchange(isSame ? this.#drawn : new Map(), across);
    this.#mark();
    this.#model.seen();
  }

  #drawHeads(count: number, across: Across): void {
    this.el.setAttribute("aria-rowcount", String(count + 1));
    this.el.setAttribute("aria-colcount", String(this.#heads.length));
    this.#body.style.height = `${count * ROW}px`;
    this.#body.style.width = this.#head.style.width = `${across.width}px`;
    renewCells(
      this.#head,
      this.#line(across, (i) => this.#headCell(i)),
    );
  }

  // A row that is in sight already stays: making one costs much more than keeping it.
  #exchange(kept: Map<number, HTMLElement>, across: Across): void {
    const rows = new Map<number, HTMLElement>();
    for (let row = this.sight.top; row < this.sight.bottom; row++)
      rows.set(row, kept.get(row) ?? renewed(this.#drawn.get(row), this.#rowOf(row, across)));
    for (const [row, own] of this.#drawn) if (rows.get(row) !== own) own.remove();
    this.#drawn = rows;
    let last: HTMLElement | null = null;
    for (const own of rows.values()) {
      if (own.parentNode !== this.#body) last ? last.after(own) : this.#body.prepend(own);
      last = own;
    }
  }

  #rowOf(row: number, across: Across): HTMLElement {
    const style = { top: `${row * ROW}px`, width: `${across.width}px` };
    const own = h("div", { class: "nbt-row", role: "row", "aria-rowindex": String(row + 2), style });
    this.#model.row(row, own);
    own.append(...this.#line(across, (i) => this.#cell(row, i)));
    return own;
  }

  #cell(row: number, i: number): HTMLElement {
    const names = { role: "gridcell", "aria-colindex": String(i + 1), id: this.#idOf(row, i) };
    const cell = h("div", { class: "nbt-cell", ...names });
    // Properties, as a table has thousands of cells and these cost less than listeners.
    cell.onclick = (e) => {
      this.#put(row, i);
      this.#model.press(row, i, e);
    };
    cell.ondblclick = () => this.#model.open(row, i);
    this.#model.cell(row, i, cell);
    return cell;
  }

  #headCell(i: number): HTMLElement {
    const names = { role: "columnheader", "aria-colindex": String(i + 1), "aria-sort": this.#heads[i]!.sort };
    const cell = h("div", { class: "nbt-cell", ...names, id: this.#idOf(-1, i) });
    cell.onpointerdown = (e) => this.#drag(e, i, cell);
    this.#model.head(i, cell);
    cell.append(h("span", { class: "nbt-grip", "aria-hidden": "true" }));
    return cell;
  }

  /** The cells of a row: those pinned beside each other, and the others from where they are in sight. */
  #line(across: Across, make: (i: number) => HTMLElement): HTMLElement[] {
    let pinned = 0;
    let isFirst = true;
    return drawnColumns(this.#heads, across).flatMap((i) => {
      const cell = make(i);
      const { width, pinned: isPinned } = this.#heads[i]!;
      cell.style.flexBasis = `${width}px`;
      if (isPinned) {
        cell.classList.add("nbt-pinned");
        cell.style.left = `${pinned}px`;
        pinned += width;
      } else if (isFirst) {
        isFirst = false;
        return [h("div", { role: "presentation", style: { flex: `0 0 ${across.skipped}px` } }), cell];
      }
      return [cell];
    });
  }

  #drag(e: PointerEvent, i: number, head: HTMLElement): void {
    if (e.button || (e.target as Element).closest("button")) return;
    dragColumn(e, {
      head,
      width: this.#heads[i]!.width,
      resize: (width) => this.#model.resize(i, width),
      press: (m) => {
        this.#put(-1, i);
        this.#model.press(-1, i, m);
      },
      drop: (target) => {
        if (this.#head.contains(target)) this.#model.move(i, Number(target.getAttribute("aria-colindex")) - 1);
      },
    });
    this.el.focus({ preventScroll: true });
  }

  #put(row: number, column: number): void {
    const within = (place: number, least: number, end: number) => Math.max(least, Math.min(end - 1, place));
    this.#at = { row: within(row, -1, this.#model.count()), column: within(column, 0, this.#heads.length) };
    this.#mark();
  }

  #mark(): void {
    this.#unmark();
    const own = this.cellAt(this.#at.row, this.#at.column);
    own?.classList.add("nbt-here");
    if (own) this.el.setAttribute("aria-activedescendant", own.id);
    else this.el.removeAttribute("aria-activedescendant");
  }

  #unmark(): void {
    this.el.querySelector(".nbt-here")?.classList.remove("nbt-here");
  }

  /** Scrolls to where the keyboard is. */
  #scroll(): void {
    const [at, heads] = [this.#at, this.#heads];
    const { el } = this;
    const top = at.row * ROW;
    if (at.row >= 0) el.scrollTop = scrolledTo(top, ROW, el.scrollTop, el.clientHeight - this.#head.offsetHeight);
    const column = heads[at.column];
    if (column && !column.pinned) {
      const width = (own: readonly Head[]) => own.reduce((sum, each) => sum + each.width, 0);
      const x = width(heads.slice(0, at.column).filter(({ pinned }) => !pinned));
      const fixed = width(heads.filter(({ pinned }) => pinned));
      el.scrollLeft = scrolledTo(x, column.width, el.scrollLeft, el.clientWidth - fixed);
    }
    this.#draw();
    this.#mark();
  }

  #key(e: KeyboardEvent): void {
    if (e.target !== this.el) return;
    const { row, column } = this.#at;
    const to = e.altKey ? undefined : this.#reached(e);
    if (to) {
      this.#put(...to);
      this.#scroll();
    } else if (e.key === " ") this.#model.press(row, column, e);
    else if (e.key === "Enter" || e.key === "F2") this.#enter(e);
    else if (!this.#model.key(e, row, column)) return;
    e.preventDefault();
    e.stopPropagation();
  }

  #enter(e: KeyboardEvent): void {
    const { row, column } = this.#at;
    if (row < 0) this.#model.press(row, column, e);
    else this.#model.open(row, column);
  }

  /** Where a key leads to. */
  #reached({ key, ctrlKey, metaKey }: KeyboardEvent): [row: number, column: number] | undefined {
    const { row, column } = this.#at;
    const isFar = ctrlKey || metaKey;
    const page = Math.max(1, Math.floor(this.el.clientHeight / ROW) - 2);
    const places: Record<string, [number, number]> = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageDown: [row + page, column],
      PageUp: [row - page, column],
      Home: [isFar ? 0 : row, 0],
      End: [isFar ? Infinity : row, this.#heads.length - 1],
    };
    return places[key];
  }
}
