// What a comparison shows: runs, and the selection that all of its parts share.
import { type Column, written } from "../data/columns";
import type { Range } from "../data/curve";
import type { Source } from "../page/source";
import { State } from "../ui/state";
import type { Brushes } from "./brushes";
import { Curves } from "./curve_requests";
import { labelsOf } from "./labels";
import type { ComparisonProtocol, Document, Image, Snapshot, Statistics } from "./protocol";

export type Tab = "table" | "curves" | "scatter" | "parallel" | "code" | "images";

/** What the person has chosen; it stays when the view scrolls out of the page and back. */
export interface Choices {
  tab: Tab;
  /** The run to which differences are written. */
  reference: number;
  /** Whether all runs have a column, however many they are. */
  all: boolean;
  /** The column whose equal values make one curve. */
  group: string;
  smooth: number;
  /** `step`, `time`, or `=` and a metric. */
  axis: string;
  isLog: boolean;
  zoom: Range | null;
  /** The columns of the scatter plot; empty for those that tell most. */
  x: string;
  y: string;
  color: string;
  /** The columns of the parallel coordinates and of their colour, null for those that tell most. */
  axes: string[] | null;
  shade: string | null;
  brushes: Brushes;
  /** What is shown side by side, and of which runs. */
  what: Document | null;
  left: number;
  right: number;
  image: number;
  /** How much of the right image is covered, in percent. */
  swipe: number;
}

const FIRST_CHOICES: Choices = {
  tab: "table",
  reference: 0,
  all: false,
  group: "",
  smooth: 0.6,
  axis: "step",
  isLog: false,
  zoom: null,
  x: "",
  y: "",
  color: "",
  axes: null,
  shade: null,
  brushes: {},
  what: null,
  left: 0,
  right: 1,
  image: 0,
  swipe: 50,
};

export class ComparisonState extends State {
  now = 0;
  ids: string[] = [];
  /** The places of all runs. */
  runs: number[] = [];
  labels: string[] = [];
  columns: Column[] = [];
  stats: Record<string, Statistics> = {};
  documents: Document[][] = [];
  images: Image[] = [];
  /** The selected runs: another set after each change. */
  selected: ReadonlySet<number> = new Set();
  isGone = false;
  readonly ui: Choices = { ...FIRST_CHOICES };
  readonly curves: Curves;

  constructor(readonly source: Source<ComparisonProtocol>) {
    super();
    this.curves = new Curves(source.ask, this);
    source.on("snapshot", (value) => this.#take(value));
    source.onGone(() => {
      this.isGone = true;
      this.changed();
    });
  }

  get canAsk(): boolean {
    return !this.source.isOffline && !this.isGone;
  }

  override close(): void {
    this.columns = [];
    this.curves.clear();
    super.close();
  }

  columnOf(id: string | null): Column | undefined {
    return this.columns.find((column) => column.id === id);
  }

  choose(choices: Partial<Choices>): void {
    Object.assign(this.ui, choices);
    this.changed();
  }

  select(runs: Iterable<number>): void {
    this.selected = new Set(runs);
    const ids = [...this.selected].sort((a, b) => a - b).map((run) => this.ids[run]!);
    // A selection that the kernel misses holds in the page all the same.
    if (this.canAsk) this.source.ask("select", { ids }).catch(() => {});
    this.changed();
  }

  toggle(run: number): void {
    const next = new Set(this.selected);
    if (!next.delete(run)) next.add(run);
    this.select(next);
  }

  /** Whether a run stands out: it is selected, or none is. */
  stands(run: number): boolean {
    return !this.selected.size || this.selected.has(run);
  }

  #take({ selected, ...value }: Snapshot): void {
    const { ids } = value;
    Object.assign(this, value);
    this.runs = [...ids.keys()];
    this.selected = new Set(selected.map((id) => ids.indexOf(id)));
    const names = this.columnOf("name");
    this.labels = labelsOf(
      ids,
      this.runs.map((run) => (names ? written(names, run, 0) : "")),
    );
    this.ui.right = Math.min(this.ui.right, ids.length - 1);
    this.changed();
  }
}
