// What the view of a run shows.
import type { Curve, Range } from "../data/curve";
import { interrupt } from "../page/interrupt";
import type { Source } from "../page/source";
import { State } from "../ui/state";
import type { FileChoices } from "./files";
import { update } from "./metrics";
import type { Baseline, Detail, Metric, Pending, Run, RunProtocol } from "./protocol";

export type Part = "" | "note" | "params" | "files";

/** What the person has chosen; it stays when the view scrolls out of the page and back. */
export interface Choices {
  smooth: number;
  /** `step`, `time`, or `=` and a metric. */
  axis: string;
  isLog: boolean;
  zoom: Range | null;
  /** Metrics that are not drawn, and runs underneath by `\0` and their role. */
  hidden: Set<string>;
  open: Part;
  search: string;
  /** What is opened of its files. */
  files: FileChoices;
}

// Where nothing has been heard of a Stop for so long, the server's interrupt follows.
const STOP_PATIENCE = 4000;

export class RunState extends State {
  run: Run | null = null;
  metrics: Metric[] = [];
  under: Baseline[] = [];
  pinned: string | null = null;
  focus: string[] = [];
  pending: Pending = { rows: 0, why: "" };
  rate: number | null = null;
  isGone = false;
  isStopping = false;
  /** What went wrong with what was pressed, and with another horizontal axis. */
  problem = "";
  axisProblem = "";
  detail: Detail | null = null;
  readonly ui: Choices = {
    smooth: 0.6,
    axis: "step",
    isLog: false,
    zoom: null,
    hidden: new Set(),
    open: "",
    search: "",
    files: { toggled: new Set(), path: undefined },
  };
  /** Curves over another metric, by axis and metric; null while they are awaited. */
  #against = new Map<string, Map<string, Curve | null>>();
  /** Counts the curves over another metric that have come. */
  againstCount = 0;
  /** How much the kernel's clock is ahead of this one; in a saved page the time itself. */
  #skew = 0;
  #goneAt: number | null = null;

  constructor(readonly source: Source<RunProtocol>) {
    super();
    source.on("snapshot", ({ run, metrics, under, pinned, focus, ...moment }) => {
      this.#take(moment);
      Object.assign(this, { run, metrics, under, pinned, focus });
      this.changed();
    });
    source.on("frame", ({ metrics, run, ...moment }) => {
      this.#take(moment);
      for (const each of metrics) update(this.metrics, each);
      if (this.run) Object.assign(this.run, run);
      if (this.run && this.run.status !== "RUNNING") this.run.canStop = false;
      this.changed();
    });
    source.on("under", (value) => {
      Object.assign(this, value);
      this.changed();
    });
    source.onGone(() => this.#gone());
  }

  override close(): void {
    this.metrics = [];
    this.under = [];
    this.run = this.detail = null;
    this.#against.clear();
    super.close();
  }

  /** Whether somebody answers. */
  get canAsk(): boolean {
    return !this.source.isOffline && !this.isGone;
  }

  /** The kernel's time in milliseconds. */
  get now(): number {
    return this.source.isOffline ? this.#skew : Date.now() + this.#skew;
  }

  /** When the run ended, or until when it is known to have been running. */
  get until(): number {
    if (this.isGone) this.#goneAt ??= this.now;
    return this.run?.end ?? this.#goneAt ?? this.now;
  }

  toggle(part: Part): void {
    this.ui.open = this.ui.open === part ? "" : part;
    this.changed();
  }

  /** Changes what the person has chosen. */
  choose(choices: Partial<Choices>): void {
    Object.assign(this.ui, choices);
    this.changed();
  }

  setAxis(axis: string): void {
    this.detail = null;
    this.#against.clear();
    this.axisProblem = "";
    this.choose({ axis, zoom: null });
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.problem = "";
    this.changed();
    const fallback = setTimeout(() => interrupt(this.run?.kernel), STOP_PATIENCE);
    try {
      await this.source.ask("stop");
    } catch (error) {
      this.problem = String(error);
      this.isStopping = false;
      this.changed();
    }
    clearTimeout(fallback);
  }

  async pin(): Promise<void> {
    const { pinned } = await this.source.ask("pin", { pinned: this.pinned !== this.run?.id });
    this.pinned = pinned;
    this.changed();
  }

  async saveNote(text: string): Promise<void> {
    await this.source.ask("note", { text });
    if (this.run) this.run.note = text;
    this.choose({ open: "" });
  }

  /** The points of a metric on the horizontal axis that is chosen, null while they are awaited. */
  curveOf(metric: Metric): (Curve & { total?: number }) | null {
    const { axis, zoom } = this.ui;
    if (axis.startsWith("=")) return this.#curveAgainst(axis, metric.key);
    const detail = zoom ? this.detail?.series.get(metric.key) : undefined;
    const { t, x, y } = detail ?? metric;
    return { x: axis === "time" ? t : x, y, ...(detail && { total: detail.total }) };
  }

  #curveAgainst(axis: string, key: string): Curve | null {
    const known = this.#against.get(axis) ?? new Map<string, Curve | null>();
    this.#against.set(axis, known);
    if (!known.has(key)) {
      known.set(key, null);
      this.#askAgainst(axis, key, known);
    }
    return known.get(key) ?? null;
  }

  async #askAgainst(axis: string, key: string, known: Map<string, Curve | null>): Promise<void> {
    try {
      const { series } = await this.source.ask("against", { x: axis.slice(1), keys: [key], points: 1500 });
      known.set(key, series[0] ?? null);
      this.againstCount++;
    } catch (error) {
      this.axisProblem = (error as Error).message;
    }
    this.changed();
  }

  #take({ now, rate, pending }: { now: number; rate: number | null; pending: Pending }): void {
    this.rate = rate;
    this.pending = pending;
    this.#skew = this.source.isOffline ? now : now - Date.now();
  }

  #gone(): void {
    this.isGone = true;
    if (this.run) this.run.canStop = false;
    this.changed();
  }
}
