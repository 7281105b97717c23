// What a table of runs shows: the runs, how they are arranged, and what is selected.
import type { ComparisonState } from "../comparison/state";
import { type Column, type Rows, setText } from "../data/columns";
import type { Ask, Source } from "../page/source";
import { State } from "../ui/state";
import { type Arrangement, arrangementOf, type Group, isGroup, NOTHING } from "./arrangement";
import { openComparison } from "./compared";
import { firstLayout, layoutOf, moved } from "./layout";
import { takeNews } from "./news";
import type { Layout, RowsNews, RunsProtocol, Snapshot, Statistic } from "./protocol";
import { Sparks } from "./sparks";

/** The pause before a layout is saved, in which more of it may change. */
const SAVE_PAUSE = 600;

export class RunsState extends State {
  now = 0;
  ids: string[] = [];
  columns: Column[] = [];
  layout: Layout = firstLayout();
  readonly sparks = new Sparks();
  /** The rows of deleted runs. */
  readonly deleted = new Set<number>();
  /** The rows of the selected runs. */
  readonly selected = new Set<number>();
  /** The rows that the filter leaves, null without one. */
  filtered: Rows | null = null;
  isGone = false;
  comparison: ComparisonState | null = null;
  /** What was drawn last, to which the places of items and columns refer. */
  shown: Arrangement = NOTHING;
  readonly ui = { filter: "", error: "", said: "", folded: new Set<number>() };
  readonly #ask: Ask<RunsProtocol["asks"]>;
  #isArranged = false;
  #saving: ReturnType<typeof setTimeout> | undefined;
  /** The item that was pressed last, from which a range is selected. */
  #anchor = -1;

  constructor(readonly source: Source<RunsProtocol>) {
    super();
    this.#ask = source.ask;
    source.on("snapshot", (value) => this.#take(value));
    source.on("rows", (news) => this.#update(news));
    source.onGone(() => {
      this.isGone = true;
      this.changed();
    });
  }

  get canAsk(): boolean {
    return !this.source.isOffline && !this.isGone;
  }

  override changed(): void {
    this.#isArranged = false;
    super.changed();
  }

  override close(): void {
    this.columns = [];
    this.shown = NOTHING;
    this.sparks.clear();
    this.comparison?.close();
    super.close();
  }

  /** Arranges rows and columns, unless nothing has changed since. */
  arrange(): Arrangement {
    const { columns, layout, now, filtered, ids } = this;
    if (!this.#isArranged)
      this.shown = arrangementOf({ columns, layout, now, rows: filtered ?? [...ids.keys()], folded: this.ui.folded });
    this.#isArranged = true;
    return this.shown;
  }

  // The layout

  /** Changes the layout, and saves it once nothing more changes. */
  lay(change: Partial<Layout>): void {
    Object.assign(this.layout, change);
    this.changed();
    clearTimeout(this.#saving);
    // A layout that could not be saved holds in the page all the same.
    const save = () => this.#ask("layout", { layout: this.layout }).catch(() => {});
    if (this.canAsk) this.#saving = setTimeout(save, SAVE_PAUSE);
  }

  /** Moves a column that is shown to the place of another one. */
  move(from: number, to: number): void {
    const { columns } = this.shown;
    if (from === to || !columns[to]) return;
    const ids = (own: Column[]) => own.map(({ id }) => id);
    this.lay({ order: moved(ids(columns), ids(this.columns), from, to) });
  }

  group(id: string): void {
    this.ui.folded.clear();
    this.lay({ group: id });
  }

  fold({ place }: Group): void {
    if (!this.ui.folded.delete(place)) this.ui.folded.add(place);
    this.changed();
  }

  /** Shows another statistic of a metric. */
  showStatistic(column: Column, stat: Statistic): Promise<void> {
    return this.#attempt(async () => {
      const { v } = await this.#ask("stat", { key: column.name, stat });
      Object.assign(column, { v, stat });
    });
  }

  // The selection

  /** Selects or unselects the run of an item, or all from the one before to this one. */
  toggle(item: number, isRange: boolean): void {
    const { items } = this.shown;
    const row = items[item];
    if (row === undefined || isGroup(row)) return;
    const from = isRange && this.#anchor >= 0 ? this.#anchor : item;
    const range = items.slice(Math.min(from, item), Math.max(from, item) + 1);
    const isOn = !this.selected.has(row);
    for (const each of range) if (!isGroup(each)) this.selected[isOn ? "add" : "delete"](each);
    this.#anchor = item;
    this.#select();
  }

  selectAll(): void {
    for (const row of Array.from(this.shown.rows)) this.selected.add(row);
    this.#select();
  }

  selectNone(): void {
    this.selected.clear();
    this.#select();
  }

  get selectedIds(): string[] {
    return [...this.selected].sort((a, b) => a - b).map((row) => this.ids[row]!);
  }

  #select(): void {
    // A selection that the kernel misses holds in the page all the same.
    if (this.canAsk) this.#ask("select", { ids: this.selectedIds }).catch(() => {});
    this.changed();
  }

  // What the kernel does

  /** Shows the runs that match the filter; where it has a mistake, what was shown stays. */
  filter(): Promise<void> {
    const text = this.ui.filter;
    return this.#attempt(async () => {
      this.filtered = text.trim() ? (await this.#ask("filter", { text })).rows : null;
    });
  }

  edit(row: number, column: Column, text: string): Promise<void> {
    return this.#attempt(async () => {
      await this.#ask("edit", { row, column: column.id, text });
      if (!column.v) setText(column, row, text);
    });
  }

  /** Deletes or restores the selected runs. */
  change(what: "delete" | "restore"): Promise<void> {
    const isDelete = what === "delete";
    const rows = [...this.selected].filter((row) => this.deleted.has(row) !== isDelete);
    return this.#attempt(async () => {
      await this.#ask(what, { ids: rows.map((row) => this.ids[row]!) });
      for (const row of rows) this.deleted[isDelete ? "add" : "delete"](row);
    });
  }

  compare(): Promise<void> {
    return this.#attempt(async () => {
      const snapshot = await this.#ask("compare", { ids: this.selectedIds });
      this.comparison?.close();
      this.comparison = openComparison(this.source, snapshot);
    });
  }

  closeComparison(): void {
    this.comparison?.close();
    this.comparison = null;
    this.changed();
  }

  /** Reads the small curves that have not arrived yet. */
  async readSparks(rows: number[], keys: string[]): Promise<void> {
    // Curves change nothing of the arrangement.
    if (this.canAsk && (await this.sparks.read(this.#ask, rows, keys))) super.changed();
  }

  /** Says what has been done. */
  say(said: string): void {
    this.ui.said = said;
    this.changed();
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.ui.error = "";
    } catch (problem) {
      this.ui.error = (problem as Error).message;
    }
    this.changed();
  }

  // What arrives

  #take({ now, ids, columns, deleted, layout, selected, sparks = [] }: Snapshot): void {
    const known = layout ? { ...firstLayout(), ...layout } : layoutOf(columns, [...ids.keys()]);
    Object.assign(this, { now, ids, columns, layout: known });
    refill(this.deleted, deleted);
    refill(
      this.selected,
      selected.map((id) => ids.indexOf(id)),
    );
    for (const { rows, keys, ...curves } of sparks) this.sparks.keep(rows, keys, curves);
    this.changed();
  }

  #update(news: RowsNews): void {
    this.now = news.now;
    takeNews(this.columns, news, this.ids.length);
    this.sparks.forget(news.rows);
    this.changed();
  }
}

function refill(set: Set<number>, rows: Iterable<number>): void {
  set.clear();
  for (const row of rows) set.add(row);
}
